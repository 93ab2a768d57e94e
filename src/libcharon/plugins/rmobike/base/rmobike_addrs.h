/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_addrs rmobike_addrs
 * @{ @ingroup rmobike
 */

#ifndef RMOBIKE_ADDRS_H_
#define RMOBIKE_ADDRS_H_

#include <collections/linked_list.h>
#include <networking/host.h>

typedef struct rmobike_addrs_t rmobike_addrs_t;

/**
 * An ordered list of addresses, subnets and address ranges.
 *
 * Immutable once created, so all methods but destroy() may be called from
 * several threads at once.
 */
struct rmobike_addrs_t {

	/**
	 * Check if an entry of this list includes the given address.
	 *
	 * @param host		address, the port is ignored
	 * @return			TRUE if included
	 */
	bool (*includes)(rmobike_addrs_t *this, host_t *host);

	/**
	 * Get the position of the first entry that includes the given address.
	 *
	 * @param host		address, the port is ignored
	 * @return			position, counted from 0, -1 if not included
	 */
	int (*index)(rmobike_addrs_t *this, host_t *host);

	/**
	 * Get the number of entries.
	 *
	 * @return			number of entries
	 */
	int (*count)(rmobike_addrs_t *this);

	/**
	 * Get those entries that are addresses, without subnets and ranges.
	 *
	 * @return			list of host_t, to be destroyed with them
	 */
	linked_list_t *(*get_hosts)(rmobike_addrs_t *this);

	/**
	 * Destroy an rmobike_addrs_t.
	 */
	void (*destroy)(rmobike_addrs_t *this);
};

/**
 * Create a list from text.
 *
 * Entries are separated by commas and/or whitespace: addresses (192.0.2.1),
 * subnets in CIDR notation (2001:db8::/32) and ranges whose ends are included
 * (192.0.2.1-192.0.2.9, no spaces around the dash). Both families may be mixed.
 * Host names are not resolved. All entries have to be valid.
 *
 * @param list			text to parse, an empty or NULL one is an empty list
 * @param why			buffer for text that quotes the first bad entry and says
 *						what would do, terminated and possibly truncated, only
 *						written if NULL is returned (may be NULL if len is 0)
 * @param len			size of that buffer
 * @return				list of addresses, NULL if an entry is not valid
 */
rmobike_addrs_t *rmobike_addrs_create(const char *list, char *why, size_t len);

#endif /** RMOBIKE_ADDRS_H_ @}*/
