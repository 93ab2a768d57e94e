/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_xfrm_state.h"
#include "rmobike_keys.h"

/*
 * Described in header
 */
bool rmobike_xfrm_state_has_keys(rmobike_netlink_t *sa)
{
	size_t fixed = NLMSG_SPACE(sizeof(struct xfrm_usersa_info));
	static bool told = FALSE;

	if (rmobike_keys_given(chunk_create(sa->data + fixed,
										sa->header.nlmsg_len - fixed)))
	{
		return TRUE;
	}
	if (!told)
	{
		told = TRUE;
		DBG1(DBG_KNL, "the kernel keeps the keys of SAs to itself (lockdown), "
			 "no SA is added with what it tells");
	}
	return FALSE;
}

/*
 * Described in header
 */
bool rmobike_xfrm_state_is_locked(kernel_ipsec_sa_id_t *id)
{
	rmobike_netlink_t sa;
	bool locked;

	locked = rmobike_netlink_get_sa(id, &sa) &&
			 !rmobike_xfrm_state_has_keys(&sa);
	memwipe(&sa, sizeof(sa));
	return locked;
}
