/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_gaps.h"
#include "kernel/rmobike_xfrm.h"
#include "kernel/rmobike_xfrm_state.h"

/**
 * Is a selector of a CHILD_SA the address of an end? charon gives it another
 * one then, and the SA another reqid.
 */
static bool follows(child_sa_t *child_sa, bool local, host_t *end)
{
	traffic_selector_t *ts;
	enumerator_t *enumerator;
	bool found = FALSE;

	enumerator = child_sa->create_ts_enumerator(child_sa, local);
	while (!found && enumerator->enumerate(enumerator, &ts))
	{
		found = ts->is_host(ts, end);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Is the outbound SA of a CHILD_SA in hardware? It may have to be, or may be.
 */
static bool is_offloaded(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	child_cfg_t *config = child_sa->get_config(child_sa);
	kernel_ipsec_sa_id_t id = rmobike_xfrm_get_outbound(ike_sa, child_sa);

	return config->get_hw_offload(config) != HW_OFFLOAD_NO &&
		   rmobike_xfrm_state_is_offloaded(&id);
}

/**
 * Does charon move the SAs of a CHILD_SA? There is no other way for some, and
 * for others if the kernel can't migrate them.
 */
static bool has_gap(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	bool encap = ike_sa->has_condition(ike_sa, COND_NAT_ANY);

	if (child_sa->get_mode(child_sa) != MODE_TUNNEL ||
		child_sa->get_ipcomp(child_sa) != IPCOMP_NONE ||
		is_offloaded(ike_sa, child_sa))
	{
		return TRUE;
	}
	return !rmobike_xfrm_state_can_migrate() &&
		   (encap != child_sa->has_encap(child_sa) ||
			follows(child_sa, TRUE, ike_sa->get_my_host(ike_sa)) ||
			follows(child_sa, FALSE, ike_sa->get_other_host(ike_sa)));
}

/*
 * Described in header
 */
array_t *rmobike_gaps_find(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	array_t *gaps = NULL;
	uint32_t spi;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		if (has_gap(ike_sa, child_sa))
		{
			spi = child_sa->get_spi(child_sa, FALSE);
			gaps = gaps ?: array_create(sizeof(spi), 0);
			array_insert(gaps, ARRAY_TAIL, &spi);
		}
	}
	enumerator->destroy(enumerator);
	return gaps;
}

/*
 * Described in header
 */
bool rmobike_gaps_include(array_t *gaps, kernel_ipsec_manage_policy_t *policy)
{
	uint32_t spi;
	int i;

	for (i = 0; i < array_count(gaps); i++)
	{
		array_get(gaps, i, &spi);
		if (spi == rmobike_xfrm_get_spi(policy->sa))
		{
			return TRUE;
		}
	}
	return FALSE;
}
