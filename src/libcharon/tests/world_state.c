/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What rmobike_xfrm_state.h asks of the kernels of both ends: this file takes
 * the place of rmobike_xfrm_state.c.
 */

#include "world_parts.h"

#include "rmobike_xfrm_state.h"

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
