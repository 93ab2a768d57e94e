/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "kernel/rmobike_routes.h"
#include "kernel/rmobike_xfrm_state.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>
#include <processing/jobs/initiate_tasks_job.h>

/**
 * A job for an IKE_SA
 */
typedef struct {
	/** the IKE_SA */
	ike_sa_id_t *id;
	/** what to do */
	rmobike_later_t cb;
	/** data to pass */
	void *data;
	/** frees that */
	void (*destroy)(void *data);
} later_t;

/*
 * Described in header
 */
rmobike_options_t *rmobike_ike_sa_options(ike_sa_t *ike_sa)
{
	return rmobike_settings_get(ike_sa->get_name(ike_sa));
}

/**
 * Is there a CHILD_SA whose selectors are the addresses of both ends?
 */
static bool has_transport_mode(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	bool found = FALSE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!found && enumerator->enumerate(enumerator, &child_sa))
	{
		found = child_sa->get_mode(child_sa) == MODE_TRANSPORT;
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Why the peer must not be asked for something that takes MOBIKE, or also our
 * extension of it
 */
static const char *refuses(ike_sa_t *ike_sa, bool extended)
{
	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_ESTABLISHED:
		case IKE_REKEYING:
			break;
		default:
			return "the IKE_SA is not established";
	}
	if (ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		return "initiated by us, only responders can ask for a switch";
	}
	if (!ike_sa->supports_extension(ike_sa, EXT_MOBIKE))
	{
		return "MOBIKE is not enabled";
	}
	if (extended && !ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION))
	{
		return "peer does not support it";
	}
	return NULL;
}

/*
 * Described in header
 */
const char *rmobike_ike_sa_refuses(ike_sa_t *ike_sa)
{
	return refuses(ike_sa, TRUE);
}

/*
 * Described in header
 */
const char *rmobike_ike_sa_refuses_mobike(ike_sa_t *ike_sa)
{
	const char *why = refuses(ike_sa, FALSE);

	if (!why && has_transport_mode(ike_sa))
	{
		why = "peer does not support it, and has transport mode CHILD_SAs";
	}
	return why;
}

/*
 * Described in header
 */
bool rmobike_ike_sa_is_bound(ike_sa_t *ike_sa, host_t *to)
{
	host_t *me = ike_sa->get_my_host(ike_sa);

	if (me->get_family(me) == to->get_family(to) || !has_transport_mode(ike_sa))
	{
		return FALSE;
	}
#ifdef RMOBIKE_HAVE_SA_SELECTORS
	return !rmobike_xfrm_state_can_migrate();
#else
	return TRUE;
#endif
}

/*
 * Described in header
 */
bool rmobike_ike_sa_is_redirectable(ike_sa_t *ike_sa)
{
	return ike_sa->supports_extension(ike_sa, EXT_IKE_REDIRECTION) &&
		   !ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
}

/*
 * Described in header
 */
bool rmobike_ike_sa_redirect(ike_sa_t *ike_sa, host_t *to)
{
	identification_t *gateway;
	bool success;

	if (!rmobike_ike_sa_is_redirectable(ike_sa))
	{
		return FALSE;
	}
	gateway = identification_create_from_sockaddr(to->get_sockaddr(to));
	success = ike_sa->redirect(ike_sa, gateway) == SUCCESS;
	gateway->destroy(gateway);
	return success;
}

/*
 * Described in header
 */
bool rmobike_ike_sa_reaches(ike_sa_t *ike_sa, host_t *from)
{
	enumerator_t *enumerator;
	host_t *other, *source;
	bool usable = FALSE;

	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (!usable && enumerator->enumerate(enumerator, &other))
	{
		if (other->get_family(other) == from->get_family(from))
		{
			source = rmobike_routes_get_source(other, from);
			usable = source && source->ip_equals(source, from);
			DESTROY_IF(source);
		}
	}
	enumerator->destroy(enumerator);
	return usable;
}

/*
 * Described in header
 */
host_t *rmobike_ike_sa_source(ike_sa_t *ike_sa, host_t *to)
{
	host_t *me, *current = ike_sa->get_my_host(ike_sa);

	/* of this very moment: charon notices that an initiator roamed late, and an
	 * initiator has few IKE_SAs */
	me = charon->kernel->get_source_addr(charon->kernel, to,
			current->get_family(current) == to->get_family(to) ? current
															   : NULL);
	if (me)
	{
		me->set_port(me, current->get_port(current));
	}
	return me;
}

/*
 * Described in header
 */
rmobike_switch_t rmobike_ike_sa_describe(ike_sa_t *ike_sa, host_t *to,
										const char *tag, char *peer_id,
										size_t len)
{
	snprintf(peer_id, len, "%Y", ike_sa->get_other_eap_id(ike_sa));
	return (rmobike_switch_t){
		.id = ike_sa->get_unique_id(ike_sa),
		.name = ike_sa->get_name(ike_sa),
		.peer_id = peer_id,
		.from = ike_sa->get_my_host(ike_sa),
		.remote = ike_sa->get_other_host(ike_sa),
		.to = to,
		.tag = (char*)tag,
	};
}

/*
 * Described in header
 */
void rmobike_ike_sa_initiate(ike_sa_t *ike_sa)
{
	lib->processor->queue_job(lib->processor,
			(job_t*)initiate_tasks_job_create(ike_sa->get_id(ike_sa)));
}

/*
 * Described in header
 */
void rmobike_ike_sa_checkin(ike_sa_t *ike_sa, status_t status)
{
	if (status == DESTROY_ME)
	{
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
	}
	else
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
}

CALLBACK(later_execute, job_requeue_t,
	later_t *later)
{
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager,
											  later->id);
	if (ike_sa)
	{
		rmobike_ike_sa_checkin(ike_sa, later->cb(ike_sa, later->data));
	}
	return JOB_REQUEUE_NONE;
}

CALLBACK(later_destroy, void,
	later_t *later)
{
	later->id->destroy(later->id);
	later->destroy(later->data);
	free(later);
}

/*
 * Described in header
 */
void rmobike_ike_sa_later(ike_sa_t *ike_sa, u_int ms, rmobike_later_t cb,
						  void *data, void (*destroy)(void*))
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	later_t *later;

	INIT(later,
		.id = id->clone(id),
		.cb = cb,
		.data = data,
		.destroy = destroy,
	);
	lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create(later_execute, later, later_destroy,
										NULL), ms);
}

/*
 * Described in header
 */
void rmobike_ike_sa_set_dscp(ike_sa_t *ike_sa, packet_t *packet)
{
	ike_cfg_t *ike_cfg = ike_sa->get_ike_cfg(ike_sa);

	if (ike_cfg)
	{
		packet->set_dscp(packet, ike_cfg->get_dscp(ike_cfg));
	}
}

/**
 * Remove what was rekeyed before the IKE_SA went to the other node and came
 * back: charon does so some seconds later, unless the IKE_SA is passive then
 */
static void remove_deleted(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa, *deleted;

	do
	{
		deleted = NULL;
		enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
		while (!deleted && enumerator->enumerate(enumerator, &child_sa))
		{
			if (child_sa->get_state(child_sa) == CHILD_DELETED)
			{
				deleted = child_sa;
			}
		}
		enumerator->destroy(enumerator);
	}
	while (deleted &&
		   ike_sa->destroy_child_sa(ike_sa, deleted->get_protocol(deleted),
								deleted->get_spi(deleted, TRUE)) == SUCCESS);
}

/*
 * Described in header
 */
ike_sa_t *rmobike_ike_sa_checkout(uint64_t initiator_spi,
								  uint64_t responder_spi)
{
	ike_sa_t *ike_sa = NULL;
	ike_sa_id_t *id;
	int initiator;

	for (initiator = FALSE; !ike_sa && initiator <= TRUE; initiator++)
	{
		id = ike_sa_id_create(IKEV2_MAJOR_VERSION, initiator_spi, responder_spi,
							  initiator);
		ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager, id);
		id->destroy(id);
	}
	return ike_sa;
}

/*
 * Described in header
 */
void rmobike_ike_sa_abandon(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;

	/* queues what is active */
	ike_sa->set_message_id(ike_sa, TRUE, ike_sa->get_message_id(ike_sa, TRUE));
	ike_sa->flush_queue(ike_sa, TASK_QUEUE_QUEUED);
	ike_sa->flush_queue(ike_sa, TASK_QUEUE_PASSIVE);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_state(child_sa) == CHILD_REKEYING ||
			child_sa->get_state(child_sa) == CHILD_DELETING)
		{
			/* one that was replaced does not send anymore */
			child_sa->set_state(child_sa,
				child_sa->get_outbound_state(child_sa) == CHILD_OUTBOUND_NONE ?
											CHILD_DELETED : CHILD_INSTALLED);
		}
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
status_t rmobike_ike_sa_rekey_children(ike_sa_t *ike_sa)
{
	status_t status = SUCCESS;
	enumerator_t *enumerator;
	child_sa_t *child_sa;

	remove_deleted(ike_sa);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (status != DESTROY_ME &&
		   enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_state(child_sa) == CHILD_INSTALLED)
		{
			status = ike_sa->rekey_child_sa(ike_sa,
										child_sa->get_protocol(child_sa),
										child_sa->get_spi(child_sa, TRUE));
		}
	}
	enumerator->destroy(enumerator);
	return status;
}
