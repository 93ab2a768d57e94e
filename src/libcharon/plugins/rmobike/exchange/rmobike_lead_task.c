/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_lead_task.h"
#include "exchange/rmobike_paths.h"
#include "exchange/rmobike_task.h"
#include "sa/rmobike_ike_sa.h"

typedef struct private_rmobike_lead_task_t private_rmobike_lead_task_t;

/**
 * Private data
 */
struct private_rmobike_lead_task_t {

	/**
	 * What charon sees, and what we share with the other exchanges
	 */
	rmobike_task_t base;

	/**
	 * What for; owns the address
	 */
	rmobike_lead_t lead;

	/**
	 * TRUE if the new path was silent: nobody knows by which one the peer gets
	 * the request, as it takes the old one as well from then on
	 */
	bool gave_up;
};

/*
 * Described in header
 */
const char *rmobike_lead_task_refuses(ike_sa_t *ike_sa,
									  rmobike_seamless_t *seamless, host_t *to)
{
	host_t *other = ike_sa->get_other_host(ike_sa);
	const char *why;

	why = rmobike_ike_sa_refuses_mobike(ike_sa);
	if (why)
	{
		return why;
	}
	if (ike_sa->has_condition(ike_sa, COND_NAT_THERE))
	{
		return "peer does not support it, and a NAT is in front of it";
	}
	if (other->get_family(other) != to->get_family(to))
	{
		return "peer does not support it, and is of another address family";
	}
	if (!seamless->is_in_kernel(seamless, ike_sa))
	{
		return "peer does not support it, and ESP is not done by the kernel";
	}
	return NULL;
}

/*
 * Described in header
 */
void rmobike_lead_task_give_up(ike_sa_t *ike_sa, const rmobike_lead_t *lead,
							   rmobike_state_t state, const char *why)
{
	if (lead->redirect && rmobike_ike_sa_redirect(ike_sa, lead->to))
	{
		state = RMOBIKE_REDIRECTED;
	}
	lead->switches->end(lead->switches, lead->serial, state, why);
}

/**
 * Send the request from the new address, and if nothing comes from the old one
 * as well: it has to be answered before anything else can be asked
 */
static bool send_request(rmobike_task_t *base, packet_t *packet)
{
	private_rmobike_lead_task_t *this = (private_rmobike_lead_task_t*)base;
	ike_sa_t *ike_sa = base->ike_sa;

	rmobike_paths_send(packet, this->lead.to, ike_sa->get_other_host(ike_sa));
	if (this->gave_up)
	{
		rmobike_paths_send_from(ike_sa, this->lead.raw_socket, packet, NULL,
								RMOBIKE_SILENT_NONE);
	}
	return TRUE;
}

/**
 * Is this about an IKE_SA that was rekeyed? Then the new one goes on with it
 */
static bool is_replaced(private_rmobike_lead_task_t *this)
{
	rmobike_switches_t *switches = this->lead.switches;
	ike_sa_t *ike_sa = this->base.ike_sa;
	uint32_t id;

	id = switches->get_id(switches, this->lead.serial);
	return id && id != ike_sa->get_unique_id(ike_sa);
}

/**
 * Implements rmobike_task_t.expired()
 */
static void path_expired(rmobike_task_t *base)
{
	private_rmobike_lead_task_t *this = (private_rmobike_lead_task_t*)base;

	if (!this->gave_up && !is_replaced(this))
	{
		this->gave_up = TRUE;
		if (this->lead.switches->is_asked(this->lead.switches,
										  this->lead.serial))
		{	/* otherwise the peer came, or shall go somewhere else */
			rmobike_lead_task_give_up(base->ike_sa, &this->lead, RMOBIKE_FAILED,
									  "no answer at the new address");
		}
	}
}

METHOD(task_t, build_i, status_t,
	private_rmobike_lead_task_t *this, message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	rmobike_lead_t *lead = &this->lead;
	host_t *me = ike_sa->get_my_host(ike_sa);

	/* what comes along is the list, another one would come from the old address
	 * and bring the peer back */
	this->base.wanted.addresses = FALSE;
	rmobike_task_start(&this->base, FALSE);

	if (!lead->switches->is_asked(lead->switches, lead->serial))
	{	/* it may have taken the place of one that was sent */
		rmobike_lead_task_settle(ike_sa);
		return rmobike_task_skip(message);
	}
	DBG2(DBG_IKE, "leading peer of IKE_SA %s[%u] from %H to %H",
		 ike_sa->get_name(ike_sa), ike_sa->get_unique_id(ike_sa),
		 me, lead->to);
	lead->seamless->prepare(lead->seamless, ike_sa, lead->serial, lead->to);
	if (!lead->seamless->is_prepared(lead->seamless, ike_sa, lead->to))
	{	/* it would go there, and its ESP be dropped */
		rmobike_lead_task_give_up(ike_sa, lead, RMOBIKE_FAILED,
								  "a CHILD_SA can't be copied to the new "
								  "address");
		return rmobike_task_skip(message);
	}
	lead->received = lead->seamless->count_received(lead->seamless, ike_sa,
													lead->to);
	message->set_source(message, lead->to->clone(lead->to));
	rmobike_paths_announce(message, lead->to,
				charon->kernel->get_interface(charon->kernel, me, NULL)
					? me : lead->to);
	return NEED_MORE;
}

METHOD(task_t, process_i, status_t,
	private_rmobike_lead_task_t *this, message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	rmobike_lead_t *lead = &this->lead;

	if (is_replaced(this))
	{
		return SUCCESS;
	}
	if (this->gave_up ||
		!lead->switches->is_asked(lead->switches, lead->serial))
	{
		rmobike_lead_task_settle(ike_sa);
	}
	else
	{	/* not "at the new address", which would be no news */
		lead->switches->answered(lead->switches, lead->serial, FALSE);
		rmobike_lead_task_watch(ike_sa, lead);
	}
	return SUCCESS;
}

METHOD(task_t, migrate, void,
	private_rmobike_lead_task_t *this, ike_sa_t *ike_sa)
{
	rmobike_task_migrate(&this->base, ike_sa);
}

METHOD(task_t, destroy, void,
	private_rmobike_lead_task_t *this)
{
	rmobike_task_deinit(&this->base);
	this->lead.to->destroy(this->lead.to);
	free(this);
}

/**
 * Milliseconds until charon sends a request again for the first time
 */
static u_int retransmit_timeout(void)
{
	return 1000 * lib->settings->get_double(lib->settings,
						"%s.retransmit_timeout", RETRANSMIT_TIMEOUT, lib->ns);
}

/*
 * Described in header
 */
void rmobike_lead_task_queue(ike_sa_t *ike_sa, const rmobike_lead_t *lead)
{
	private_rmobike_lead_task_t *this;
	host_t *me = ike_sa->get_my_host(ike_sa);
	bool queued;

	this = (void*)rmobike_task_find(ike_sa, TASK_QUEUE_QUEUED, (void*)_build_i);
	queued = this != NULL;
	if (queued)
	{
		this->lead.to->destroy(this->lead.to);
	}
	else
	{
		INIT(this);
		rmobike_task_init(&this->base, ike_sa, send_request);
		this->base.mobike.task.build = _build_i;
		this->base.mobike.task.process = _process_i;
		this->base.mobike.task.migrate = _migrate;
		this->base.mobike.task.destroy = _destroy;
		this->base.expired = path_expired;
	}
	this->lead = *lead;
	this->lead.to = lead->to->clone(lead->to);
	this->lead.to->set_port(this->lead.to, me->get_port(me));
	/* charon may give up after that, so the old path has to be tried before */
	this->base.expires = min(lead->path_timeout, retransmit_timeout());

	if (!queued)
	{
		ike_sa->queue_task(ike_sa, &this->base.mobike.task);
	}
}

/*
 * Described in header
 */
void rmobike_lead_task_settle(ike_sa_t *ike_sa)
{
	if (!rmobike_task_find(ike_sa, TASK_QUEUE_QUEUED, (void*)_build_i))
	{
		rmobike_task_announce(ike_sa);
		rmobike_ike_sa_initiate(ike_sa);
	}
}

/*
 * Described in header
 */
void rmobike_lead_task_resume(ike_sa_t *ike_sa, rmobike_switches_t *switches)
{
	rmobike_switch_t *asked;

	asked = switches->get_switch(switches, ike_sa->get_unique_id(ike_sa));
	if (asked && asked->led && asked->state >= RMOBIKE_REFUSED)
	{
		rmobike_lead_task_settle(ike_sa);
	}
	rmobike_switch_destroy(asked);
}
