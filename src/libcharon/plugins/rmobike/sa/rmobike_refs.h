/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_refs rmobike_refs
 * @{ @ingroup rmobike
 *
 * References to IKE_SAs that somebody wants to check out later. They follow an
 * IKE_SA that is rekeyed, and find it without looking at all others, as
 * ike_sa_manager_t.checkout_by_id() does.
 */

#ifndef RMOBIKE_REFS_H_
#define RMOBIKE_REFS_H_

#include "sa/rmobike_records.h"

typedef struct rmobike_ref_t rmobike_ref_t;
typedef struct rmobike_refs_t rmobike_refs_t;

/**
 * A reference to an IKE_SA. Thread safe.
 */
struct rmobike_ref_t {

	/**
	 * Check out the IKE_SA, or the one that has replaced it. Waits for it if it
	 * is in use, so must not be called with one checked out.
	 *
	 * @return			IKE_SA, to be checked in; NULL if it is gone
	 */
	ike_sa_t *(*checkout)(rmobike_ref_t *this);

	/**
	 * Get the unique ID of the IKE_SA, or of the one that has replaced it.
	 *
	 * @return			unique ID
	 */
	uint32_t (*get_id)(rmobike_ref_t *this);

	/**
	 * Forget the IKE_SA.
	 */
	void (*destroy)(rmobike_ref_t *this);
};

/**
 * Creates references. Thread safe, nothing blocks.
 */
struct rmobike_refs_t {

	/**
	 * Create a reference.
	 *
	 * @param ike_sa	IKE_SA, checked out or enumerated, so that it can't be
	 *					rekeyed meanwhile
	 * @return			reference, to be destroyed
	 */
	rmobike_ref_t *(*create_ref)(rmobike_refs_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy a rmobike_refs_t, after all references.
	 */
	void (*destroy)(rmobike_refs_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 */
rmobike_refs_t *rmobike_refs_create(rmobike_records_t *records);

#endif /** RMOBIKE_REFS_H_ @}*/
