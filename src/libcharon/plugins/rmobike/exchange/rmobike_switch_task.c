/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_paths.h"
#include "exchange/rmobike_switch_task.h"
#include "exchange/rmobike_task.h"
#include "kernel/rmobike_routes.h"
#include "sa/rmobike_ike_sa.h"

/**
 * How long after the answer the addresses are told once more if they have to,
 * in milliseconds: the peer's update comes first
 */
#define TELL_AGAIN 1000

typedef struct private_rmobike_switch_task_t private_rmobike_switch_task_t;

/**
 * Private data
 */
struct private_rmobike_switch_task_t {

	/**
	 * What charon sees, and what we share with the other exchange
	 */
	rmobike_task_t base;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_switches_t *switches;

	/**
	 * Accepts ESP at the new address
	 */
	rmobike_seamless_t *seamless;

	/**
	 * Sends from addresses that are gone, or NULL
	 */
	rmobike_raw_socket_t *raw_socket;

	/**
	 * Serial number of the switch
	 */
	u_int serial;

	/**
	 * Address to switch to
	 */
	host_t *to;

	/**
	 * Type of the notify
	 */
	uint16_t notify_type;
};

/**
 * Is there any way to the peer?
 */
static bool is_reachable(host_t *other)
{
	host_t *source;

	source = rmobike_routes_get_source(other, NULL);
	DESTROY_IF(source);
	return source != NULL;
}

/**
 * The path is that of the IKE_SA, which changes if the peer's update overtakes
 * its response. Packets with that source may not get out of this network, or
 * not into the peer's, so try the new address as well after a while, and if
 * that doesn't work either all that we have.
 */
static bool send_request(rmobike_task_t *base, packet_t *packet)
{
	private_rmobike_switch_task_t *this = (private_rmobike_switch_task_t*)base;
	ike_sa_t *ike_sa = base->ike_sa;

	if (!is_reachable(ike_sa->get_other_host(ike_sa)))
	{
		return FALSE;
	}
	rmobike_paths_send_from(ike_sa, this->raw_socket, packet, this->to,
							base->silent);
	return TRUE;
}

METHOD(task_t, build_i, status_t,
	private_rmobike_switch_task_t *this, message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;

	rmobike_task_start(&this->base, FALSE);

	if (!this->switches->is_asked(this->switches, this->serial))
	{
		return rmobike_task_skip(message);
	}
	DBG2(DBG_IKE, "asking peer to switch IKE_SA %s[%u] from %H to %H",
		 ike_sa->get_name(ike_sa), ike_sa->get_unique_id(ike_sa),
		 ike_sa->get_my_host(ike_sa), this->to);
	this->seamless->prepare(this->seamless, ike_sa, this->serial, this->to);
	message->add_notify(message, FALSE, this->notify_type,
						this->to->get_address(this->to));
	/* so that the new one is among them, however many there are: the peer needs
	 * to know it still when it has moved there */
	rmobike_paths_announce(message, ike_sa->get_my_host(ike_sa), this->to);
	return NEED_MORE;
}

/**
 * Tell the peer our addresses, implements rmobike_later_t
 */
static status_t tell_again(ike_sa_t *ike_sa, void *data)
{
	if (ike_sa->get_state(ike_sa) != IKE_ESTABLISHED)
	{
		return SUCCESS;
	}
	rmobike_task_announce(ike_sa);
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

METHOD(task_t, process_i, status_t,
	private_rmobike_switch_task_t *this, message_t *message)
{
	host_t *me;

	me = message->get_destination(message);
	if (this->base.silent)
	{	/* the list lacks the address where it was made, a peer may add the one
		 * that it came from instead (RFC 4555, 3.6) */
		rmobike_ike_sa_later(this->base.ike_sa, TELL_AGAIN, tell_again, NULL,
							 free);
	}
	this->switches->answered(this->switches, this->serial,
							 me->ip_equals(me, this->to));
	return SUCCESS;
}

METHOD(task_t, migrate, void,
	private_rmobike_switch_task_t *this, ike_sa_t *ike_sa)
{
	rmobike_task_migrate(&this->base, ike_sa);
}

METHOD(task_t, destroy, void,
	private_rmobike_switch_task_t *this)
{
	rmobike_task_deinit(&this->base);
	this->to->destroy(this->to);
	free(this);
}

/*
 * Described in header
 */
void rmobike_switch_task_queue(ike_sa_t *ike_sa, rmobike_switches_t *switches,
							   rmobike_seamless_t *seamless,
							   rmobike_raw_socket_t *raw_socket, u_int serial,
							   host_t *to, bool patient,
							   rmobike_options_t *options)
{
	private_rmobike_switch_task_t *this;
	host_t *me = ike_sa->get_my_host(ike_sa);
	bool queued;

	this = (void*)rmobike_task_find(ike_sa, TASK_QUEUE_QUEUED, (void*)_build_i);
	queued = this != NULL;
	if (queued)
	{
		this->to->destroy(this->to);
	}
	else
	{
		INIT(this,
			.switches = switches,
			.seamless = seamless,
			.raw_socket = raw_socket,
		);
		rmobike_task_init(&this->base, ike_sa, send_request);
		this->base.mobike.task.build = _build_i;
		this->base.mobike.task.process = _process_i;
		this->base.mobike.task.migrate = _migrate;
		this->base.mobike.task.destroy = _destroy;
	}
	this->serial = serial;
	this->to = to->clone(to);
	this->to->set_port(this->to, me->get_port(me));
	this->notify_type = options->notify_type;
	this->base.expires = options->path_timeout;
	this->base.patient = patient;

	if (!queued)
	{
		ike_sa->queue_task(ike_sa, &this->base.mobike.task);
	}
}
