/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

/**
 * How much is an IKE_SA the one that a test means? 0 if not at all.
 */
static uint32_t rank(ike_sa_t *ike_sa)
{
	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_CREATED:
		case IKE_CONNECTING:
			return 0;
		case IKE_ESTABLISHED:
			return ike_sa->get_unique_id(ike_sa) + (1 << 30);
		default:
			return ike_sa->get_unique_id(ike_sa);
	}
}

/*
 * Described in header
 */
ike_sa_t *world_checkout(side_t side)
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;
	enumerator_t *enumerator;
	ike_sa_id_t *id = NULL;
	ike_sa_t *ike_sa;
	uint32_t best = 0;

	enumerator = manager->create_enumerator(manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (kernel_side_of(ike_sa) == side && rank(ike_sa) > best)
		{
			best = rank(ike_sa);
			DESTROY_IF(id);
			id = ike_sa->get_id(ike_sa);
			id = id->clone(id);
		}
	}
	enumerator->destroy(enumerator);
	if (!id)
	{
		return NULL;
	}
	ike_sa = manager->checkout(manager, id);
	id->destroy(id);
	return ike_sa;
}

/*
 * Described in header
 */
void world_checkin(ike_sa_t *ike_sa, status_t status)
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;

	if (!ike_sa)
	{
		return;
	}
	if (status == DESTROY_ME)
	{
		manager->checkin_and_destroy(manager, ike_sa);
	}
	else
	{
		manager->checkin(manager, ike_sa);
	}
}

/*
 * Described in header
 */
void world_each(side_t side, status_t (*what)(ike_sa_t *ike_sa))
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;
	linked_list_t *ids;
	enumerator_t *enumerator;
	ike_sa_id_t *id;
	ike_sa_t *ike_sa;

	ids = linked_list_create();
	enumerator = manager->create_enumerator(manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (kernel_side_of(ike_sa) == side && rank(ike_sa))
		{
			id = ike_sa->get_id(ike_sa);
			ids->insert_last(ids, id->clone(id));
		}
	}
	enumerator->destroy(enumerator);
	while (ids->remove_first(ids, (void**)&id) == SUCCESS)
	{
		ike_sa = manager->checkout(manager, id);
		if (ike_sa)
		{
			world_checkin(ike_sa, what(ike_sa));
		}
		id->destroy(id);
	}
	ids->destroy(ids);
}

/*
 * Described in header
 */
void world_initiate()
{
	ike_sa_t *ike_sa;
	status_t status;

	ike_sa = charon->ike_sa_manager->create_new(charon->ike_sa_manager,
												IKEV2, TRUE);
	charon->ike_sa_manager->checkout_new(charon->ike_sa_manager, ike_sa);
	charon->bus->set_sa(charon->bus, ike_sa);
	ike_sa->set_peer_cfg(ike_sa, config_get_peer());
	kernel_set_side(INITIATOR);
	status = ike_sa->initiate(ike_sa, config_get_child(INITIATOR, "net"), NULL);
	kernel_set_side(RESPONDER);
	world_checkin(ike_sa, status);
}

/**
 * Get the SPI of the youngest CHILD_SA that is installed, 0 if none.
 */
static uint32_t get_child(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child;
	uint32_t spi = 0;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child))
	{
		if (child->get_state(child) == CHILD_INSTALLED)
		{
			spi = child->get_spi(child, TRUE);
		}
	}
	enumerator->destroy(enumerator);
	return spi;
}

/*
 * Described in header
 */
void world_rekey_child(side_t side)
{
	ike_sa_t *ike_sa = world_checkout(side);
	status_t status = FAILED;

	if (ike_sa && get_child(ike_sa))
	{
		status = ike_sa->rekey_child_sa(ike_sa, PROTO_ESP, get_child(ike_sa));
	}
	world_checkin(ike_sa, status);
}

/*
 * Described in header
 */
void world_delete_child(side_t side)
{
	ike_sa_t *ike_sa = world_checkout(side);
	status_t status = FAILED;

	if (ike_sa && get_child(ike_sa))
	{
		status = ike_sa->delete_child_sa(ike_sa, PROTO_ESP, get_child(ike_sa),
										 FALSE);
	}
	world_checkin(ike_sa, status);
}

/*
 * Described in header
 */
void world_create_child(side_t side)
{
	world_call(side, initiate, config_get_child(side, "more"), NULL);
}

/*
 * Described in header
 */
uint32_t world_id(side_t side)
{
	ike_sa_t *ike_sa = world_checkout(side);
	uint32_t id = 0;

	if (ike_sa)
	{
		id = ike_sa->get_unique_id(ike_sa);
	}
	world_checkin(ike_sa, SUCCESS);
	return id;
}

/*
 * Described in header
 */
bool world_is_at(side_t side, char *address)
{
	ike_sa_t *ike_sa = world_checkout(side);
	host_t *host, *current;
	bool same = FALSE;

	if (ike_sa)
	{
		host = host_create_from_string(address, 0);
		current = side == RESPONDER ? ike_sa->get_my_host(ike_sa)
									: ike_sa->get_other_host(ike_sa);
		same = current->ip_equals(current, host);
		host->destroy(host);
	}
	world_checkin(ike_sa, SUCCESS);
	return same;
}

/*
 * Described in header
 */
uint32_t world_mid(side_t side, bool initiate)
{
	ike_sa_t *ike_sa = world_checkout(side);
	uint32_t mid = 0;

	if (ike_sa)
	{
		mid = ike_sa->get_message_id(ike_sa, initiate);
	}
	world_checkin(ike_sa, SUCCESS);
	return mid;
}

/*
 * Described in header
 */
u_int world_children(side_t side)
{
	ike_sa_t *ike_sa = world_checkout(side);
	u_int count = 0;

	if (ike_sa)
	{
		count = ike_sa->get_child_count(ike_sa);
	}
	world_checkin(ike_sa, SUCCESS);
	return count;
}

/*
 * Described in header
 */
u_int world_tasks()
{
	task_queue_t queues[] = {
		TASK_QUEUE_ACTIVE, TASK_QUEUE_PASSIVE, TASK_QUEUE_QUEUED,
	};
	enumerator_t *sas, *tasks;
	ike_sa_t *ike_sa;
	task_t *task;
	u_int count = 0;
	int i;

	sas = charon->ike_sa_manager->create_enumerator(charon->ike_sa_manager,
													TRUE);
	while (sas->enumerate(sas, &ike_sa))
	{
		for (i = 0; i < countof(queues); i++)
		{
			tasks = ike_sa->create_task_enumerator(ike_sa, queues[i]);
			while (tasks->enumerate(tasks, &task))
			{
				count++;
			}
			tasks->destroy(tasks);
		}
	}
	sas->destroy(sas);
	return count;
}

/**
 * Find the other end of an IKE_SA, as long as the caller enumerates them.
 */
static ike_sa_t *find_other(linked_list_t *sas, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	ike_sa_id_t *id = ike_sa->get_id(ike_sa), *other;
	ike_sa_t *current, *found = NULL;

	enumerator = sas->create_enumerator(sas);
	while (enumerator->enumerate(enumerator, &current))
	{
		other = current->get_id(current);
		if (current != ike_sa &&
			other->get_initiator_spi(other) == id->get_initiator_spi(id) &&
			other->get_responder_spi(other) == id->get_responder_spi(id))
		{
			found = current;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Do both ends of an IKE_SA believe the same?
 */
static const char *check_pair(ike_sa_t *init, ike_sa_t *resp)
{
	host_t *other, *outside;
	bool same;

	if (init->get_state(init) != IKE_ESTABLISHED ||
		resp->get_state(resp) != IKE_ESTABLISHED)
	{
		return "an IKE_SA is not established";
	}
	other = init->get_other_host(init);
	if (!other->equals(other, resp->get_my_host(resp)))
	{
		return "the ends disagree on the responder's address";
	}
	outside = nat_peek(init->get_my_host(init));
	same = outside && outside->equals(outside, resp->get_other_host(resp));
	DESTROY_IF(outside);
	if (!same)
	{
		return "the ends disagree on the initiator's address";
	}
	if (!kernel_has_address(INITIATOR, init->get_my_host(init)) ||
		!kernel_has_address(RESPONDER, other))
	{
		return "an end uses an address that it hasn't";
	}
	if (init->get_child_count(init) != resp->get_child_count(resp))
	{
		return "ESP: different numbers of CHILD_SAs";
	}
	same = world_conf.nat && other->get_family(other) == AF_INET;
	if (init->has_condition(init, COND_NAT_HERE) != same ||
		resp->has_condition(resp, COND_NAT_THERE) != same)
	{
		return "wrong idea of the NAT";
	}
	return NULL;
}

/*
 * Described in header
 */
const char *world_disagreement()
{
	linked_list_t *sas;
	enumerator_t *enumerator;
	ike_sa_t *ike_sa, *other;
	const char *why = NULL;

	sas = linked_list_create_from_enumerator(
					charon->ike_sa_manager->create_enumerator(
									charon->ike_sa_manager, FALSE));
	if (!sas->get_count(sas))
	{
		why = "no IKE_SA";
	}
	if (sas->get_count(sas) !=
		charon->ike_sa_manager->get_count(charon->ike_sa_manager))
	{
		why = "an IKE_SA is checked out";
	}
	enumerator = sas->create_enumerator(sas);
	while (!why && enumerator->enumerate(enumerator, &ike_sa))
	{
		other = find_other(sas, ike_sa);
		if (!other)
		{
			why = "only one end has the IKE_SA";
		}
		else if (kernel_side_of(ike_sa) == kernel_side_of(other))
		{
			why = "both ends believe to be the same";
		}
		else if (kernel_side_of(ike_sa) == INITIATOR)
		{
			why = check_pair(ike_sa, other);
		}
	}
	enumerator->destroy(enumerator);
	sas->destroy(sas);
	return why ?: esp_check();
}
