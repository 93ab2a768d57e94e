/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_task.h"
#include "sa/rmobike_ike_sa.h"
#include "sa/rmobike_requests.h"

/**
 * When a request is sent again, in milliseconds after the first time; charon's
 * own retransmission starts after four seconds by default.
 */
static const u_int resend_times[] = { 150, 450, 1050 };

/**
 * The same for patient ones
 */
static const u_int patient_times[countof(resend_times)] = { 1000, 2000, 3000 };

/**
 * A message is dropped by charon while the peer's IKE_SA is busy with one of
 * the same message ID, even if one is a request and the other a response. That
 * happens to a request that follows the response to the peer's request at once.
 */
#define RESEND_SAME_MID 20

/**
 * How long a response may be overtaken by the message that follows it
 */
#define OVERTAKEN 20

typedef struct timer_t_ rmobike_timer_t;

/**
 * Data of a timer, one after the other is started until there is an answer
 */
struct timer_t_ {

	/**
	 * Message ID of the request
	 */
	uint32_t mid;

	/**
	 * How long after the request was sent it is over, in milliseconds
	 */
	u_int at;

	/**
	 * When the time of the path is over, 0 if that doesn't matter
	 */
	u_int expires;
};

METHOD(ike_mobike_t, transmit, bool,
	rmobike_task_t *this, packet_t *packet)
{
	if (this->packet)
	{	/* retransmission by charon */
		return this->send(this, this->packet);
	}
	this->packet = packet->clone(packet);
	this->sent = time_monotonic(NULL);
	return rmobike_task_resend(this);
}

/*
 * Described in header
 */
task_t *rmobike_task_find(ike_sa_t *ike_sa, task_queue_t queue,
						  status_t (*build)(task_t*, message_t*))
{
	enumerator_t *enumerator;
	task_t *task, *found = NULL;

	enumerator = ike_sa->create_task_enumerator(ike_sa, queue);
	while (!found && enumerator->enumerate(enumerator, &task))
	{
		if (task->get_type(task) == TASK_IKE_MOBIKE &&
			(!build || task->build == build))
		{
			found = task;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Is a MOBIKE task one of ours?
 */
static bool is_ours(task_t *task)
{
	return ((ike_mobike_t*)task)->transmit == (void*)_transmit;
}

/**
 * Find our task that is active; there is one of MOBIKE at most
 */
static rmobike_task_t *find_active(ike_sa_t *ike_sa)
{
	task_t *task;

	task = rmobike_task_find(ike_sa, TASK_QUEUE_ACTIVE, NULL);
	return task && is_ours(task) ? (rmobike_task_t*)task : NULL;
}

/**
 * Find our task whose request is in the air
 */
static rmobike_task_t *find_sent(ike_sa_t *ike_sa, uint32_t mid)
{
	rmobike_task_t *found = NULL;

	if (ike_sa->get_message_id(ike_sa, TRUE) == mid)
	{
		found = find_active(ike_sa);
	}
	return found && found->packet ? found : NULL;
}

/*
 * Described in header
 */
bool rmobike_task_is_active(ike_sa_t *ike_sa)
{
	return find_active(ike_sa) != NULL;
}

static void schedule_next(rmobike_task_t *this, u_int now, u_int expires);

/**
 * Implements rmobike_later_t
 */
static status_t timer_over(ike_sa_t *ike_sa, void *data)
{
	rmobike_timer_t *timer = data;
	rmobike_task_t *task;

	task = find_sent(ike_sa, timer->mid);
	if (!task)
	{
		return SUCCESS;
	}
	schedule_next(task, timer->at, timer->expires);
	if (timer->at == timer->expires)
	{
		task->silent++;
		if (task->expired)
		{
			task->expired(task);
		}
		rmobike_task_resend(task);
	}
	else
	{
		DBG2(DBG_IKE, "sending request with message ID %u again", timer->mid);
		task->send(task, task->packet);
	}
	return SUCCESS;
}

/**
 * Schedule a timer for the request in the air, and thereby those that follow
 */
static void schedule(rmobike_task_t *this, u_int now, u_int at, u_int expires)
{
	rmobike_timer_t *timer;

	INIT(timer,
		.mid = this->ike_sa->get_message_id(this->ike_sa, TRUE),
		.at = at,
		.expires = expires,
	);
	rmobike_ike_sa_later(this->ike_sa, at - now, timer_over, timer, free);
}

/**
 * Schedule the next time that the request in the air is sent again, or that of
 * the path is over
 */
static void schedule_next(rmobike_task_t *this, u_int now, u_int expires)
{
	const u_int *times = this->patient ? patient_times : resend_times;
	u_int at = expires > now ? expires : UINT_MAX;
	int i;

	for (i = 0; i < (int)countof(resend_times); i++)
	{
		if (times[i] > now)
		{
			at = min(at, times[i]);
		}
	}
	if (at != UINT_MAX)
	{
		schedule(this, now, at, expires);
	}
}

/*
 * Described in header
 */
bool rmobike_task_resend(rmobike_task_t *this)
{
	ike_sa_t *ike_sa = this->ike_sa;
	u_int expires;

	if (!this->send(this, this->packet))
	{
		return FALSE;
	}
	expires = this->silent < RMOBIKE_SILENT_BOTH ? this->expires : 0;
	if (ike_sa->get_message_id(ike_sa, TRUE) + 1 ==
		ike_sa->get_message_id(ike_sa, FALSE))
	{
		schedule(this, 0, RESEND_SAME_MID, expires);
	}
	else
	{
		schedule_next(this, 0, expires);
	}
	return TRUE;
}

/*
 * Described in header
 */
void rmobike_task_hurry(ike_sa_t *ike_sa)
{
	rmobike_task_t *task;

	task = find_sent(ike_sa, ike_sa->get_message_id(ike_sa, TRUE));
	if (task && !task->patient)
	{
		schedule(task, 0, OVERTAKEN, 0);
	}
}

/*
 * Described in header
 */
void rmobike_task_heard(ike_sa_t *ike_sa)
{
	rmobike_task_t *task;

	task = find_sent(ike_sa, ike_sa->get_message_id(ike_sa, TRUE));
	if (task && rmobike_inflight_is_due(&task->sent))
	{
		schedule(task, 0, OVERTAKEN, 0);
	}
}

/*
 * Described in header
 */
bool rmobike_task_again(ike_sa_t *ike_sa, uint32_t mid)
{
	rmobike_task_t *task;

	task = find_sent(ike_sa, mid);
	if (task)
	{
		task->send(task, task->packet);
	}
	return task != NULL;
}

METHOD(ike_mobike_t, transmit_on_path, bool,
	ike_mobike_t *this, packet_t *packet)
{
	ike_sa_t *ike_sa = charon->bus->get_sa(charon->bus);

	rmobike_paths_send(packet, ike_sa->get_my_host(ike_sa),
					   ike_sa->get_other_host(ike_sa));
	return TRUE;
}

/**
 * Is this a task of charon that looks for a path?
 */
static bool is_probe(task_t *task)
{
	ike_mobike_t *mobike = (ike_mobike_t*)task;

	return task->get_type(task) == TASK_IKE_MOBIKE &&
		   mobike->is_probing(mobike);
}

/**
 * Take back what was queued, returns TRUE if there was any
 */
static bool remove_probes(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	task_t *task;
	bool found = FALSE;

	enumerator = ike_sa->create_task_enumerator(ike_sa, TASK_QUEUE_QUEUED);
	while (enumerator->enumerate(enumerator, &task))
	{
		if (is_probe(task))
		{
			ike_sa->remove_task(ike_sa, enumerator);
			task->destroy(task);
			found = TRUE;
		}
		else if (task->get_type(task) == TASK_IKE_MOBIKE && is_ours(task))
		{
			((rmobike_task_t*)task)->wanted.roam = FALSE;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Send the one that is in the air on the path that works, returns TRUE if there
 * is one
 */
static bool redirect_probe(ike_sa_t *ike_sa)
{
	task_t *task;

	task = rmobike_task_find(ike_sa, TASK_QUEUE_ACTIVE, NULL);
	if (!task || !is_probe(task))
	{
		return FALSE;
	}
	((ike_mobike_t*)task)->transmit = _transmit_on_path;
	return TRUE;
}

/*
 * Described in header
 */
task_t *rmobike_task_announce(ike_sa_t *ike_sa)
{
	ike_mobike_t *mobike;
	task_t *queued;

	queued = rmobike_task_find(ike_sa, TASK_QUEUE_QUEUED, NULL);
	mobike = (ike_mobike_t*)queued ?: ike_mobike_create(ike_sa, TRUE);
	mobike->addresses(mobike);
	if (queued)
	{
		return NULL;
	}
	ike_sa->queue_task(ike_sa, &mobike->task);
	return &mobike->task;
}

/*
 * Described in header
 */
bool rmobike_task_settle(ike_sa_t *ike_sa)
{
	bool queued, active;

	queued = remove_probes(ike_sa);
	active = redirect_probe(ike_sa);
	if (queued || active)
	{
		rmobike_task_announce(ike_sa);
		rmobike_ike_sa_initiate(ike_sa);
	}
	return active;
}

METHOD(ike_mobike_t, addresses, void,
	rmobike_task_t *this)
{
	this->wanted.addresses = TRUE;
}

METHOD(ike_mobike_t, roam, void,
	rmobike_task_t *this, bool address)
{
	this->wanted.roam = TRUE;
	this->wanted.addresses |= address;
}

METHOD(ike_mobike_t, dpd, void,
	rmobike_task_t *this)
{
	this->wanted.dpd = TRUE;
}

METHOD(ike_mobike_t, is_probing, bool,
	rmobike_task_t *this)
{
	/* charon gives an IKE_SA up after a few path probings */
	return FALSE;
}

METHOD(ike_mobike_t, enable_probing, void,
	rmobike_task_t *this)
{
	this->roamed = TRUE;
}

METHOD(task_t, get_type, task_type_t,
	rmobike_task_t *this)
{
	return TASK_IKE_MOBIKE;
}

/*
 * Described in header
 */
void rmobike_task_start(rmobike_task_t *this, bool moves)
{
	ike_mobike_t *mobike;

	DESTROY_IF(this->packet);
	this->packet = NULL;
	this->silent = RMOBIKE_SILENT_NONE;

	if (moves && this->wanted.roam)
	{
		this->wanted.roam = FALSE;
		this->roamed = TRUE;
	}

	if (this->wanted.addresses || this->wanted.roam || this->wanted.dpd)
	{
		mobike = ike_mobike_create(this->ike_sa, TRUE);
		if (this->wanted.roam)
		{
			mobike->roam(mobike, this->wanted.addresses);
		}
		else if (this->wanted.addresses)
		{
			mobike->addresses(mobike);
		}
		if (this->wanted.dpd)
		{
			mobike->dpd(mobike);
		}
		this->ike_sa->queue_task(this->ike_sa, &mobike->task);
		memset(&this->wanted, 0, sizeof(this->wanted));
	}
}

/*
 * Described in header
 */
status_t rmobike_task_skip(message_t *message)
{
	message->set_exchange_type(message, EXCHANGE_TYPE_UNDEFINED);
	return SUCCESS;
}

/*
 * Described in header
 */
void rmobike_task_migrate(rmobike_task_t *this, ike_sa_t *ike_sa)
{
	this->ike_sa = ike_sa;
	this->roamed = FALSE;
	DESTROY_IF(this->packet);
	this->packet = NULL;
}

/*
 * Described in header
 */
void rmobike_task_deinit(rmobike_task_t *this)
{
	DESTROY_IF(this->packet);
}

/*
 * Described in header
 */
void rmobike_task_init(rmobike_task_t *this, ike_sa_t *ike_sa,
					   bool (*send)(rmobike_task_t*, packet_t*))
{
	this->mobike = (ike_mobike_t){
		.task = {
			.get_type = _get_type,
		},
		.addresses = _addresses,
		.roam = _roam,
		.dpd = _dpd,
		.transmit = _transmit,
		.is_probing = _is_probing,
		.enable_probing = _enable_probing,
	};
	this->ike_sa = ike_sa;
	this->send = send;
}
