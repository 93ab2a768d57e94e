/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_weights rmobike_weights
 * @{ @ingroup rmobike
 *
 * Addresses with weights, and who belongs to which of them. Pure: knows numbers
 * of IKE_SAs, not IKE_SAs.
 */

#ifndef RMOBIKE_WEIGHTS_H_
#define RMOBIKE_WEIGHTS_H_

#include <networking/host.h>
#include <settings/settings.h>

typedef struct rmobike_weights_t rmobike_weights_t;

/**
 * Most addresses a list may have.
 */
#define RMOBIKE_WEIGHTS_MAX 64

/**
 * Highest weight.
 */
#define RMOBIKE_WEIGHT_MAX 10000

/**
 * Not changed after it was created.
 */
struct rmobike_weights_t {

	/**
	 * Get the number of addresses.
	 */
	int (*count)(rmobike_weights_t *this);

	/**
	 * Get an address.
	 *
	 * @param i			position, less than count()
	 * @return			address, owned by the list
	 */
	host_t *(*get_address)(rmobike_weights_t *this, int i);

	/**
	 * Get the weight of an address.
	 *
	 * @param i			position, less than count()
	 * @return			weight, 0 if nobody shall be there
	 */
	u_int (*get_weight)(rmobike_weights_t *this, int i);

	/**
	 * Find an address.
	 *
	 * @param address	address, the port is ignored
	 * @return			position, -1 if not in the list
	 */
	int (*find)(rmobike_weights_t *this, host_t *address);

	/**
	 * Add an address at the end.
	 *
	 * @param address	address that is not in the list yet, cloned
	 * @param weight	its weight
	 * @return			FALSE if the list is full
	 */
	bool (*add)(rmobike_weights_t *this, host_t *address, u_int weight);

	/**
	 * Choose the address that has least for its weight.
	 *
	 * @param load		how many each address has
	 * @param usable	which addresses may be chosen
	 * @param current	position of the address it is at, which wins if it is as
	 *					good as any; -1 if it is at none
	 * @return			position, -1 if none is usable and has a weight
	 */
	int (*choose)(rmobike_weights_t *this, const u_int *load,
				  const bool *usable, int current);

	/**
	 * Divide a number by weights, so that the sum is exact (largest remainder).
	 *
	 * @param total		number to divide
	 * @param share		receives count() numbers
	 */
	void (*divide)(rmobike_weights_t *this, u_int total, u_int *share);

	/**
	 * Check if an address has more than its share, and more than the hysteresis
	 * allows.
	 *
	 * @param load		how many each address has
	 * @param i			position
	 * @param percent	hysteresis, in percent of the share, at least one
	 * @return			TRUE if it has too many
	 */
	bool (*is_overloaded)(rmobike_weights_t *this, const u_int *load, int i,
						  u_int percent);

	/**
	 * Clone a list.
	 */
	rmobike_weights_t *(*clone)(rmobike_weights_t *this);

	/**
	 * Destroy a rmobike_weights_t.
	 */
	void (*destroy)(rmobike_weights_t *this);
};

/**
 * Parse "address[=weight],...", the default weight is 1.
 *
 * @param list		comma separated list, NULL for an empty one
 * @param why		receives what is wrong with it
 * @param len		size of that buffer
 * @return			NULL if not valid
 */
rmobike_weights_t *rmobike_weights_create(const char *list, char *why,
										  size_t len);

#endif /** RMOBIKE_WEIGHTS_H_ @}*/
