/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_copies rmobike_copies
 * @{ @ingroup rmobike
 *
 * Inbound SAs in the kernel that accept ESP at an address that their IKE_SA may
 * go to. Each belongs to us until it is used, and is deleted if it never is.
 */

#ifndef RMOBIKE_COPIES_H_
#define RMOBIKE_COPIES_H_

#include <daemon.h>

typedef struct rmobike_copies_t rmobike_copies_t;

/**
 * Records by SPI. Thread safe.
 */
struct rmobike_copies_t {

	/**
	 * Add an SA that is in the kernel now. One with the same SPI is deleted.
	 *
	 * @param serial	serial number of the switch it is for
	 * @param id		unique ID of the IKE_SA
	 * @param sa		the SA, cloned; its source with the port of the peer
	 */
	void (*add)(rmobike_copies_t *this, u_int serial, uint32_t id,
				kernel_ipsec_sa_id_t *sa);

	/**
	 * Take the SA that was prepared for an address: kept in the kernel if it is
	 * wanted and still fits, deleted otherwise as it is in the way.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param src		address and port of the peer
	 * @param dst		our address
	 * @param spi		SPI
	 * @param wanted	FALSE to delete it anyway
	 * @return			TRUE if there is one, which belongs to the caller now
	 */
	bool (*use)(rmobike_copies_t *this, uint32_t id, host_t *src, host_t *dst,
				uint32_t spi, bool wanted);

	/**
	 * Delete the SAs of an IKE_SA.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param dst		only those at this address, NULL for all
	 */
	void (*discard)(rmobike_copies_t *this, uint32_t id, host_t *dst);

	/**
	 * Delete the SAs for a switch.
	 *
	 * @param serial	serial number of the switch
	 */
	void (*release)(rmobike_copies_t *this, u_int serial);

	/**
	 * An IKE_SA was rekeyed, and passed its CHILD_SAs on.
	 *
	 * @param id		unique ID of the old IKE_SA
	 * @param new_id	unique ID of the new IKE_SA
	 */
	void (*rekeyed)(rmobike_copies_t *this, uint32_t id, uint32_t new_id);

	/**
	 * Destroy a rmobike_copies_t, deletes all SAs.
	 */
	void (*destroy)(rmobike_copies_t *this);
};

/**
 * Create it.
 */
rmobike_copies_t *rmobike_copies_create(void);

#endif /** RMOBIKE_COPIES_H_ @}*/
