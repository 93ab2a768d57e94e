/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_paths.h"
#include "exchange/rmobike_rescue.h"
#include "exchange/rmobike_task.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"
#include "sa/rmobike_requests.h"

/**
 * When a request is sent again, in milliseconds after the switch began, or
 * after the request if that came later. A peer that didn't get it yet answers
 * the first one, where we can't hear it, so the second one follows soon.
 */
static const u_int resend_times[] = { 0, 50, 150, 450, 1050, 3000, 6000 };

/**
 * The first one of them for a request that charon sent where it has to go: no
 * answer is to be had before
 */
#define SOON 2

/**
 * From then on it leaves the responder from the new address, too: packets from
 * the old one may be filtered. And from then on from all that it has.
 */
#define LATE 3000
#define LATER 6000

/**
 * When an IKE_SA that was replaced needs no further one
 */
#define LAST 1050

/**
 * From which of charon's retransmissions on, by default after 24 seconds, a
 * request is sent again every so many milliseconds. charon's own intervals grow
 * beyond a minute, and a path may be there for less than that: a dozen times
 * "over a period of at least several minutes" (RFC 7296, 2.4) it is like this.
 */
#define PATIENT 3
#define EVERY 20000

typedef struct private_rmobike_rescue_t private_rmobike_rescue_t;
typedef struct resend_t resend_t;

/**
 * Private data
 */
struct private_rmobike_rescue_t {

	/**
	 * Public interface
	 */
	rmobike_rescue_t public;

	/**
	 * Sends from addresses that are gone, or NULL
	 */
	rmobike_raw_socket_t *raw_socket;

	/**
	 * Requests in the air
	 */
	rmobike_requests_t *requests;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_records_t *records;
};

/**
 * Data of a job
 */
struct resend_t {

	/**
	 * Us
	 */
	private_rmobike_rescue_t *this;

	/**
	 * Message ID of the request
	 */
	uint32_t mid;

	/**
	 * Which paths are silent
	 */
	rmobike_silence_t silent;

	/**
	 * TRUE if that was often enough for an IKE_SA that was replaced
	 */
	bool last;
};

/**
 * As responder: send the packets of a request from the address of the IKE_SA,
 * and from others if that is silent
 */
static void send_from(private_rmobike_rescue_t *this,
					  rmobike_sent_t *request, ike_sa_t *ike_sa,
					  rmobike_silence_t silent)
{
	enumerator_t *enumerator;
	packet_t *packet;

	enumerator = request->packets->create_enumerator(request->packets);
	while (enumerator->enumerate(enumerator, &packet))
	{
		rmobike_paths_send_from(ike_sa, this->raw_socket, packet, request->to,
								silent);
	}
	enumerator->destroy(enumerator);
}

METHOD(rmobike_rescue_t, send_to, bool,
	private_rmobike_rescue_t *this, ike_sa_t *ike_sa, host_t *to)
{
	rmobike_sent_t *request;
	bool sent;

	request = this->requests->get(this->requests, ike_sa->get_unique_id(ike_sa),
								  ike_sa->get_message_id(ike_sa, TRUE));
	sent = request && rmobike_paths_send_to(ike_sa, request->packets, to);
	rmobike_sent_destroy(request);
	return sent;
}

/**
 * Send a request of charon again, where it depends on who we are; FALSE if it
 * is not in the air
 */
static bool send_request(private_rmobike_rescue_t *this, ike_sa_t *ike_sa,
						 uint32_t mid, rmobike_silence_t silent)
{
	rmobike_sent_t *request;

	request = this->requests->get(this->requests, ike_sa->get_unique_id(ike_sa),
								  mid);
	if (!request)
	{
		return FALSE;
	}
	DBG2(DBG_IKE, "sending request with message ID %u again", mid);
	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		send_from(this, request, ike_sa, silent);
	}
	else
	{
		if (request->to)
		{
			rmobike_paths_send_to(ike_sa, request->packets, request->to);
		}
		if (!request->to || time_monotonic(NULL) > request->until)
		{
			rmobike_paths_send_to(ike_sa, request->packets,
								  ike_sa->get_other_host(ike_sa));
		}
	}
	rmobike_sent_destroy(request);
	return TRUE;
}

/**
 * Is this the end of an IKE_SA that was replaced? Peers forget it at once when
 * they are told, and don't answer again.
 */
static bool is_over(private_rmobike_rescue_t *this, ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_DELETING &&
		   this->records->is_replaced(this->records,
									  ike_sa->get_unique_id(ike_sa));
}

/**
 * As responder: is the address of an IKE_SA gone, and are we to do something
 * about it? charon may not have noticed yet.
 */
static bool is_lost(ike_sa_t *ike_sa)
{
	host_t *me = ike_sa->get_my_host(ike_sa);
	rmobike_options_t *options;
	bool enabled = FALSE;

	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		!me->is_anyaddr(me) &&
		!charon->kernel->get_interface(charon->kernel, me, NULL))
	{
		options = rmobike_ike_sa_options(ike_sa);
		enabled = options->auto_switch;
		rmobike_options_destroy(options);
	}
	return enabled;
}

/**
 * Send a request again after a while, implements rmobike_later_t
 */
static status_t resend_execute(ike_sa_t *ike_sa, void *data)
{
	resend_t *resend = data;

	if (send_request(resend->this, ike_sa, resend->mid, resend->silent) &&
		resend->last && is_over(resend->this, ike_sa))
	{
		return DESTROY_ME;
	}
	return SUCCESS;
}

/**
 * Schedule the packets of a request, from one of the times on
 */
static void schedule(private_rmobike_rescue_t *this, ike_sa_t *ike_sa,
					 uint32_t mid, int i)
{
	resend_t *resend;

	for (; i < (int)countof(resend_times); i++)
	{
		INIT(resend,
			.this = this,
			.mid = mid,
			.silent = (resend_times[i] >= LATE) + (resend_times[i] >= LATER),
			.last = resend_times[i] >= LAST,
		);
		rmobike_ike_sa_later(ike_sa, resend_times[i], resend_execute, resend,
							 free);
	}
}

/**
 * As responder: an answer has to arrive although the address is gone
 */
static void schedule_from(private_rmobike_rescue_t *this, ike_sa_t *ike_sa,
						  uint32_t mid)
{
	DBG2(DBG_IKE, "request with message ID %u of IKE_SA %s[%u] has to be "
		 "answered although its address %H is gone", mid,
		 ike_sa->get_name(ike_sa), ike_sa->get_unique_id(ike_sa),
		 ike_sa->get_my_host(ike_sa));
	schedule(this, ike_sa, mid, 0);
}

METHOD(rmobike_rescue_t, leave, void,
	private_rmobike_rescue_t *this, ike_sa_t *ike_sa, host_t *to)
{
	uint32_t mid = ike_sa->get_message_id(ike_sa, TRUE);
	host_t *from, *me = ike_sa->get_my_host(ike_sa);

	from = to->clone(to);
	from->set_port(from, me->get_port(me));
	if (this->requests->leaving(this->requests, ike_sa->get_unique_id(ike_sa),
								mid, from))
	{
		schedule_from(this, ike_sa, mid);
	}
	from->destroy(from);
}

METHOD(rmobike_rescue_t, follow, void,
	private_rmobike_rescue_t *this, ike_sa_t *ike_sa, host_t *to)
{
	uint32_t mid = ike_sa->get_message_id(ike_sa, TRUE);

	if (this->requests->leaving(this->requests, ike_sa->get_unique_id(ike_sa),
								mid, to))
	{
		schedule(this, ike_sa, mid, 0);
	}
}

/**
 * Keep a request, and see to it that its answer can arrive
 */
static void keep(private_rmobike_rescue_t *this, ike_sa_t *ike_sa,
				 message_t *message)
{
	bool initiator = ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
	uint32_t mid = message->get_message_id(message);
	bool leaving;

	leaving = this->requests->keep(this->requests,
							ike_sa->get_unique_id(ike_sa), mid,
							rmobike_requests_packets(ike_sa, message),
							initiator ? ike_sa->get_other_host(ike_sa)
									  : ike_sa->get_my_host(ike_sa));
	if (is_lost(ike_sa))
	{
		schedule_from(this, ike_sa, mid);
	}
	else if (initiator && leaving)
	{
		schedule(this, ike_sa, mid, 0);
	}
}

static status_t patient_execute(ike_sa_t *ike_sa, void *data);

/**
 * Send a request, be it charon's or ours, every so often from now on
 */
static void schedule_patient(private_rmobike_rescue_t *this,
							 ike_sa_t *ike_sa, uint32_t mid)
{
	resend_t *resend;

	INIT(resend,
		.this = this,
		.mid = mid,
	);
	rmobike_ike_sa_later(ike_sa, EVERY, patient_execute, resend, free);
}

/**
 * Do so, as charon would, until it was answered; implements rmobike_later_t
 */
static status_t patient_execute(ike_sa_t *ike_sa, void *data)
{
	resend_t *resend = data;

	if (send_request(resend->this, ike_sa, resend->mid,
					 is_lost(ike_sa) ? RMOBIKE_SILENT_BOTH
									 : RMOBIKE_SILENT_NONE) ||
		rmobike_task_again(ike_sa, resend->mid))
	{
		schedule_patient(resend->this, ike_sa, resend->mid);
	}
	return SUCCESS;
}

METHOD(listener_t, alert, bool,
	private_rmobike_rescue_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	uint32_t mid;

	if (alert != ALERT_RETRANSMIT_SEND || !ike_sa ||
		!ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION))
	{
		return TRUE;
	}
	mid = ike_sa->get_message_id(ike_sa, TRUE);
	(void)va_arg(args, packet_t*);
	if (va_arg(args, u_int) == PATIENT)
	{
		schedule_patient(this, ike_sa, mid);
	}
	if (is_lost(ike_sa))
	{	/* charon sends it from there */
		send_request(this, ike_sa, mid, RMOBIKE_SILENT_BOTH);
	}
	return TRUE;
}

/**
 * The peer sent a request, so it is there. What was sent to it while it was not
 * is sent again: charon's next retransmission may be far away.
 */
static void heard(private_rmobike_rescue_t *this, ike_sa_t *ike_sa)
{
	uint32_t mid = ike_sa->get_message_id(ike_sa, TRUE);

	rmobike_task_heard(ike_sa);
	if (this->requests->is_due(this->requests, ike_sa->get_unique_id(ike_sa),
							   mid))
	{
		schedule(this, ike_sa, mid, 0);
	}
}

/**
 * Is a request one of charon that tells the responder that we moved? Until it
 * arrives the responder can't reach us.
 */
static bool is_urgent(ike_sa_t *ike_sa, message_t *message)
{
	return ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		   message->get_notify(message, UPDATE_SA_ADDRESSES) &&
		   !rmobike_task_is_active(ike_sa);
}

METHOD(listener_t, message, bool,
	private_rmobike_rescue_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (!ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) ||
		message->get_exchange_type(message) == IKE_SA_INIT ||
		message->get_exchange_type(message) == IKE_AUTH)
	{
		return TRUE;
	}
	if (!incoming && !plain && message->get_request(message) &&
		!rmobike_task_is_active(ike_sa))
	{
		keep(this, ike_sa, message);
	}
	else if (!incoming && plain && message->get_request(message) &&
			 is_urgent(ike_sa, message))
	{
		schedule(this, ike_sa, message->get_message_id(message), SOON);
	}
	else if (incoming && plain && message->get_request(message))
	{
		heard(this, ike_sa);
	}
	else if (incoming && plain)
	{
		this->requests->answered(this->requests, ike_sa->get_unique_id(ike_sa),
								 message->get_message_id(message));
	}
	return TRUE;
}

METHOD(rmobike_rescue_t, destroy, void,
	private_rmobike_rescue_t *this)
{
	this->requests->destroy(this->requests);
	free(this);
}

/*
 * Described in header
 */
rmobike_rescue_t *rmobike_rescue_create(rmobike_records_t *records,
										rmobike_raw_socket_t *raw_socket)
{
	private_rmobike_rescue_t *this;

	INIT(this,
		.public = {
			.listener = {
				.alert = _alert,
				.message = _message,
			},
			.leave = _leave,
			.follow = _follow,
			.send_to = _send_to,
			.destroy = _destroy,
		},
		.raw_socket = raw_socket,
		.requests = rmobike_requests_create(records),
		.records = records,
	);
	return &this->public;
}
