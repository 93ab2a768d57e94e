/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_seamless rmobike_seamless
 * @{ @ingroup rmobike
 *
 * Moves CHILD_SAs in the kernel without a moment in which packets are lost.
 *
 * charon blocks outbound traffic and removes policies and SAs before it adds
 * them with other addresses; and ESP that arrives at the responder's new
 * address before charon handled the update finds no SA. With a packet every ten
 * milliseconds about one is lost per switch. Instead:
 *
 * - before it asks, the responder accepts ESP at the new address, too: "must be
 *   able to receive on the new address" (draft-smyslov-ipsecme-ikev2-r-mobike)
 * - what charon's update of the hosts of an IKE_SA asks of the kernel is
 *   reordered: SAs at the new address take over from the old ones first, by a
 *   copy if both can be there (rmobike_xfrm.h), else in place
 *   (XFRM_MSG_MIGRATE, or XFRM_MSG_MIGRATE_STATE for what the responder sends
 *   with); what is left is removed then, the old SAs a moment later
 *   (rmobike_lingering.h)
 *
 * That is for a change of the responder's address within a family, in the Linux
 * kernel. Since Linux 7.2 it also changes single SAs in place whatever changes
 * (XFRM_MSG_MIGRATE_STATE, rmobike_xfrm_state.h), so new ports of the peer's
 * NAT block nothing either. Anything else is left to charon as it is.
 */

#ifndef RMOBIKE_SEAMLESS_H_
#define RMOBIKE_SEAMLESS_H_

#include "kernel/rmobike_reqids.h"

#include <daemon.h>

typedef struct rmobike_seamless_t rmobike_seamless_t;

/**
 * Replaces methods of charon->kernel as long as it exists; there can be one.
 */
struct rmobike_seamless_t {

	/**
	 * From now on, move the CHILD_SAs of an IKE_SA without a gap. Replaces
	 * its method update_hosts(), may be called again.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*attach)(rmobike_seamless_t *this, ike_sa_t *ike_sa);

	/**
	 * Accept ESP for the CHILD_SAs of an IKE_SA at another address, too.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param serial	number to release it with
	 * @param to		other address of ours
	 */
	void (*prepare)(rmobike_seamless_t *this, ike_sa_t *ike_sa, u_int serial,
					host_t *to);

	/**
	 * Are the CHILD_SAs of an IKE_SA in the Linux kernel?
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @return			FALSE if it has none, or they are elsewhere
	 */
	bool (*is_in_kernel)(rmobike_seamless_t *this, ike_sa_t *ike_sa);

	/**
	 * Count the ESP packets for the CHILD_SAs of an IKE_SA at an address.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param at		address of ours, the IKE_SA's or one that was prepared
	 * @return			number of packets, in a copy with those before it was
	 *					made
	 */
	uint64_t (*count_received)(rmobike_seamless_t *this, ike_sa_t *ike_sa,
							   host_t *at);

	/**
	 * Is ESP accepted at an address, for all CHILD_SAs?
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param at		address of this machine
	 * @return			FALSE if some CHILD_SA has no inbound SA there
	 */
	bool (*is_prepared)(rmobike_seamless_t *this, ike_sa_t *ike_sa, host_t *at);

	/**
	 * Remove what was prepared, but not what CHILD_SAs were moved to since.
	 *
	 * @param serial	number given to prepare()
	 */
	void (*release)(rmobike_seamless_t *this, u_int serial);

	/**
	 * An IKE_SA was rekeyed, what was prepared goes on with the new one.
	 *
	 * @param id		unique ID of the old IKE_SA
	 * @param new_id	unique ID of the new IKE_SA
	 */
	void (*rekeyed)(rmobike_seamless_t *this, uint32_t id, uint32_t new_id);

	/**
	 * Remove what was prepared for an IKE_SA.
	 *
	 * @param id		unique ID of the IKE_SA
	 */
	void (*forget)(rmobike_seamless_t *this, uint32_t id);

	/**
	 * Destroy a rmobike_seamless_t, after all IKE_SAs are gone.
	 */
	void (*destroy)(rmobike_seamless_t *this);
};

/**
 * Create it and replace the methods.
 *
 * @param reqids	how many CHILD_SAs have the same
 */
rmobike_seamless_t *rmobike_seamless_create(rmobike_reqids_t *reqids);

#endif /** RMOBIKE_SEAMLESS_H_ @}*/
