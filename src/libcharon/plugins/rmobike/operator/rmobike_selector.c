/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "operator/rmobike_selector.h"
#include "sa/rmobike_ike_sa.h"

#include <collections/hashtable.h>

/**
 * Check if an IKE_SA is meant
 */
static bool matches(const rmobike_selector_t *selector, ike_sa_t *ike_sa)
{
	identification_t *id;

	if (ike_sa->get_version(ike_sa) != IKEV2)
	{
		return FALSE;
	}
	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_REKEYED:
		case IKE_DELETING:
		case IKE_DESTROYING:
			/* replaced, or gone soon */
		case IKE_PASSIVE:
			/* the other node's */
			return FALSE;
		default:
			break;
	}
	if (selector->ike && !streq(selector->ike, ike_sa->get_name(ike_sa)))
	{
		return FALSE;
	}
	if (selector->ike_id && selector->ike_id != ike_sa->get_unique_id(ike_sa))
	{
		return FALSE;
	}
	if (selector->peer_ip &&
		!selector->peer_ip->includes(selector->peer_ip,
									 ike_sa->get_other_host(ike_sa)))
	{
		return FALSE;
	}
	if (selector->local_ip &&
		!selector->local_ip->ip_equals(selector->local_ip,
									   ike_sa->get_my_host(ike_sa)))
	{
		return FALSE;
	}
	if (selector->wanted && !selector->wanted(selector->user, ike_sa))
	{
		return FALSE;
	}
	id = ike_sa->get_other_eap_id(ike_sa);
	return !selector->peer_id || id->matches(id, selector->peer_id);
}

/**
 * Is it one of those that are too many at their address? It is not for the next
 * one then.
 */
static bool is_surplus(const rmobike_selector_t *this,
					   rmobike_weights_t *targets, ike_sa_t *ike_sa)
{
	int i;

	if (!this->surplus)
	{
		return TRUE;
	}
	i = targets->find(targets, ike_sa->get_my_host(ike_sa));
	if (i < 0 || !this->surplus[i] || rmobike_ike_sa_refuses(ike_sa))
	{
		return FALSE;
	}
	this->surplus[i]--;
	return TRUE;
}

/**
 * Remove those that are there twice, as they were rekeyed during the selection
 */
static void remove_duplicates(linked_list_t *turns)
{
	enumerator_t *enumerator;
	rmobike_turn_t *turn;
	hashtable_t *ids;
	void *id;

	ids = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 32);
	enumerator = turns->create_enumerator(turns);
	while (enumerator->enumerate(enumerator, &turn))
	{
		id = (void*)(uintptr_t)turn->ref->get_id(turn->ref);
		if (ids->put(ids, id, id))
		{
			turns->remove_at(turns, enumerator);
			rmobike_turn_destroy(turn);
		}
	}
	enumerator->destroy(enumerator);
	ids->destroy(ids);
}

/*
 * Described in header
 */
linked_list_t *rmobike_selector_select(const rmobike_selector_t *this,
									   rmobike_ask_t *ask,
									   rmobike_refs_t *refs,
									   rmobike_weights_t *targets,
									   const char *tag)
{
	enumerator_t *enumerator;
	linked_list_t *turns;
	rmobike_switch_t info;
	char peer_id[BUF_LEN];
	ike_sa_t *ike_sa;
	host_t *first = NULL;
	rmobike_turn_t *turn;

	if (targets)
	{
		first = targets->get_address(targets, 0);
	}
	turns = linked_list_create();
	enumerator = charon->ike_sa_manager->create_enumerator(
											charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (!ask->is_link(ask, ike_sa) && matches(this, ike_sa) &&
			is_surplus(this, targets, ike_sa))
		{
			info = rmobike_ike_sa_describe(ike_sa, first, tag, peer_id,
										  sizeof(peer_id));
			turn = rmobike_turn_create(RMOBIKE_MOVE, 0,
									   refs->create_ref(refs, ike_sa),
									   rmobike_switch_clone(&info));
			turns->insert_last(turns, turn);
		}
	}
	enumerator->destroy(enumerator);
	remove_duplicates(turns);
	return turns;
}
