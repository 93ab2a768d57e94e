/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_scope rmobike_scope
 * @{ @ingroup rmobike
 *
 * One update of hosts of an IKE_SA: what is to be done at its end, and how its
 * SAs get to their new addresses. Used by one thread.
 */

#ifndef RMOBIKE_SCOPE_H_
#define RMOBIKE_SCOPE_H_

#include "kernel/rmobike_lingering.h"
#include "kernel/rmobike_reqids.h"

#include <collections/array.h>
#include <daemon.h>

typedef struct rmobike_scope_t rmobike_scope_t;

/**
 * An update of hosts
 */
struct rmobike_scope_t {

	/**
	 * charon's methods
	 */
	kernel_interface_t *stock;

	/**
	 * SAs at old addresses
	 */
	rmobike_lingering_t *lingering;

	/**
	 * How many CHILD_SAs have the same
	 */
	rmobike_reqids_t *reqids;

	/**
	 * Our address afterwards
	 */
	host_t *me;

	/**
	 * Is it the responder's address that changes?
	 */
	bool switched;

	/**
	 * Does the peer's address change?
	 */
	bool peer_moves;

	/**
	 * SAs that charon takes out and adds again, see rmobike_gaps_find()
	 */
	array_t *gaps;

	/**
	 * TRUE if a CHILD_SA may be done, and none began since
	 */
	bool ended;

	/**
	 * Policies to be added at the end
	 */
	array_t *added;

	/**
	 * Policies to be deleted after that
	 */
	array_t *policies;

	/**
	 * SAs that others take over from, kernel_ipsec_sa_id_t by value
	 */
	array_t *sas;
};

/**
 * Add a policy at the end.
 *
 * @param id		what charon passed to add_policy(), cloned
 * @param data		the same
 */
void rmobike_scope_add_later(rmobike_scope_t *scope,
							 kernel_ipsec_policy_id_t *id,
							 kernel_ipsec_manage_policy_t *data);

/**
 * Delete a policy at the end.
 *
 * @param id		what charon passed to del_policy(), cloned
 * @param data		the same
 */
void rmobike_scope_delete_later(rmobike_scope_t *scope,
								kernel_ipsec_policy_id_t *id,
								kernel_ipsec_manage_policy_t *data);

/**
 * Another CHILD_SA may begin: does what was to be done at the end of one. Not
 * before, charon may install policies again that it could not replace.
 */
void rmobike_scope_next(rmobike_scope_t *scope);

/**
 * The end: does what was to be done then.
 */
void rmobike_scope_flush(rmobike_scope_t *scope);

/**
 * Add an inbound SA at our new address, its policies follow.
 *
 * @param id		SA at the old address
 * @param data		what changes
 * @return			FALSE if that is not possible
 */
bool rmobike_scope_copy(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_update_sa_t *data);

/**
 * Add an outbound SA to the peer's new address, its policies follow.
 *
 * @param id		SA to the old address
 * @param data		what changes
 * @return			FALSE if that is not possible
 */
bool rmobike_scope_copy_ahead(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
							  kernel_ipsec_update_sa_t *data);

/**
 * Put the same in the place of an outbound SA to the same address of the peer,
 * its policies follow.
 *
 * @param id		SA from the old address
 * @param data		what changes
 * @return			see rmobike_xfrm_replace()
 */
status_t rmobike_scope_replace(rmobike_scope_t *scope,
							   kernel_ipsec_sa_id_t *id,
							   kernel_ipsec_update_sa_t *data);

/**
 * Move an SA with its policies.
 *
 * @param id		SA at the old address
 * @param data		what changes
 * @return			FALSE if that is not possible
 */
bool rmobike_scope_move(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_update_sa_t *data);

/**
 * Move an SA whatever changes, with its policies if it is known which these
 * are.
 *
 * @param scope		NULL if it is not an update of ours
 * @param id		SA at the old address
 * @param data		what changes
 * @return			FALSE if that is not possible
 */
bool rmobike_scope_migrate(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
							  kernel_ipsec_update_sa_t *data);

/**
 * Take an SA back that was replaced by one at its new address. charon does so
 * since 6.1.0 if it can't update the other SA of the same CHILD_SA.
 *
 * @param id		SA at the new address
 * @param data		what changes
 * @return			FALSE if there is none
 */
bool rmobike_scope_go_back(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_update_sa_t *data);

/**
 * Keep an SA for a while that another one takes over from.
 *
 * @param id		SA at the old address, cloned
 */
void rmobike_scope_keep_old(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id);

#endif /** RMOBIKE_SCOPE_H_ @}*/
