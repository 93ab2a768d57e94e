/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What rmobike_xfrm_state.h asks of the kernels of both ends: this file takes
 * the place of rmobike_xfrm_state.c.
 */

#include "world_parts.h"

#include "kernel/rmobike_xfrm_state.h"

/*
 * Described in header
 */
bool state_has_keys()
{
	return !world_conf.locked;
}

/*
 * Described in header
 */
bool state_is_updated(bool inbound)
{
	return inbound || !world_conf.no_outbound_updates ||
		   kernel_side() != RESPONDER;
}

/*
 * Described in rmobike_xfrm_state.h
 */
bool rmobike_xfrm_state_is_locked(kernel_ipsec_sa_id_t *id)
{
	return !world_conf.userland_esp && world_conf.locked &&
		   esp_find(kernel_side(), id->spi, id->dst);
}

/*
 * Described in rmobike_xfrm_state.h
 */
bool rmobike_xfrm_state_exists(kernel_ipsec_sa_id_t *id)
{
	return !world_conf.userland_esp && !world_conf.plain_kernel &&
		   esp_find(kernel_side(), id->spi, id->dst);
}

/*
 * Described in rmobike_xfrm_state.h. There is no hardware for it here.
 */
bool rmobike_xfrm_state_is_offloaded(kernel_ipsec_sa_id_t *id)
{
	return FALSE;
}

/*
 * Described in rmobike_xfrm_state.h
 */
bool rmobike_xfrm_state_make_room(kernel_ipsec_sa_id_t *id)
{
	esp_t *sa = esp_find(kernel_side(), id->spi, id->dst);

	if (world_conf.userland_esp || !sa || !sa->larval)
	{
		return FALSE;
	}
	esp_remove(sa);
	return TRUE;
}

/*
 * Described in rmobike_xfrm_state.h
 */
bool rmobike_xfrm_state_can_migrate(void)
{
	return world_conf.new_kernel;
}

/*
 * Described in rmobike_xfrm_state.h
 */
bool rmobike_xfrm_state_migrate(kernel_ipsec_sa_id_t *id,
								kernel_ipsec_update_sa_t *data,
								array_t *policies)
{
	kernel_ipsec_policy_id_t *policy;
	enumerator_t *enumerator;
	esp_t *sa, *other;

	sa = esp_find(kernel_side(), id->spi, id->dst);
	other = esp_find(kernel_side(), id->spi, data->new_dst);
	if (!world_conf.new_kernel || !sa || !sa->tunnel ||
		(other && other != sa) || !state_is_updated(sa->inbound))
	{
		return FALSE;
	}
	esp_move(sa, data->new_src, data->new_dst);
	sa->encap = data->new_encap;
	sa->reqid = data->new_reqid ?: sa->reqid;
	enumerator = array_create_enumerator(policies);
	while (enumerator->enumerate(enumerator, &policy))
	{
		xfrm_turn_policy(policy, sa->reqid, sa->src, sa->dst);
	}
	enumerator->destroy(enumerator);
	return TRUE;
}
