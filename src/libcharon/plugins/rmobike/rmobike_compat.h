/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_compat rmobike_compat
 * @{ @ingroup rmobike
 *
 * Everything that depends on which strongSwan the daemon is.
 */

#ifndef RMOBIKE_COMPAT_H_
#define RMOBIKE_COMPAT_H_

#include <daemon.h>

/**
 * Extension bit of an IKE_SA whose initiator advertised the extension ('R' in
 * MOBIKE_SUPPORTED), set on both ends.
 *
 * Bits are never used on the wire. This one is free in all versions up to
 * 6.1.0, is inherited by rekeyed IKE_SAs and replicated by the ha plugin.
 */
#define RMOBIKE_EXTENSION ((ike_extension_t)(1 << 30))

#ifndef PLUGIN_DEFINE
/**
 * Versions before 6.0.3 only look for the constructor.
 */
#define PLUGIN_DEFINE(name) \
	const char *name##_plugin_version = VERSION; \
	plugin_t *name##_plugin_create()
#endif

/**
 * Check if the reqid of an IPsec SA changes while its addresses are updated.
 *
 * @param data		what is updated
 * @return			TRUE if it changes
 */
static inline bool rmobike_compat_new_reqid(kernel_ipsec_update_sa_t *data)
{
#ifdef RMOBIKE_HAVE_OLD_REQID
	return data->new_reqid != data->old_reqid;
#else
	return data->new_reqid != 0;
#endif
}

/**
 * Let no CHILD_SA of an IKE_SA refer to one that is destroyed.
 *
 * Since 6.0 one that the peer replaced refers to its replacement until the peer
 * deletes it. The replacement may be gone by then: it is rekeyed, as by a move
 * under userland ESP, and the peer doesn't know it. charon would use what was
 * freed (docs/upstream/rekeyed-child-sa.md).
 *
 * @param ike_sa	IKE_SA, checked out
 * @param child_sa	CHILD_SA that is about to be destroyed
 */
void rmobike_compat_forget(ike_sa_t *ike_sa, child_sa_t *child_sa);

/**
 * Check if there are key exchanges besides the first one (RFC 9370).
 *
 * @param proposal	proposal that was chosen
 * @return			TRUE if there are, never before strongSwan 6
 */
static inline bool rmobike_compat_has_more_exchanges(proposal_t *proposal)
{
#ifdef MAX_ADDITIONAL_KEY_EXCHANGES
	uint16_t method;
	int i;

	for (i = 0; i < MAX_ADDITIONAL_KEY_EXCHANGES; i++)
	{
		if (proposal->get_algorithm(proposal, ADDITIONAL_KEY_EXCHANGE_1 + i,
									&method, NULL) && method)
		{
			return TRUE;
		}
	}
#endif
	return FALSE;
}

/**
 * Check that the running daemon is what this module was compiled for.
 *
 * Versions before 6.0.3 load any plugin; a module built for other structures
 * would crash them. In strongSwan's own tree (RMOBIKE_IN_TREE) it is always
 * right: all is built together.
 *
 * @param why		receives the reason if it is not
 * @param len		size of that buffer
 * @return			TRUE if the module may be used
 */
bool rmobike_compat_check(char *why, size_t len);

/**
 * Get the version of the messages that ha plugins send each other. Others are
 * dropped.
 *
 * @return				version, that of the running daemon
 */
u_int rmobike_compat_ha(void);

#endif /** RMOBIKE_COMPAT_H_ @}*/
