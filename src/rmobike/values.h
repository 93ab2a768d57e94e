/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_values values
 * @{ @ingroup rmobike
 *
 * Checks of what is given on the command line, so that a mistake is named
 * before a daemon is asked. Pure functions.
 */

#ifndef VALUES_H_
#define VALUES_H_

#include <stdbool.h>

/**
 * Check for a single unicast address, numeric.
 *
 * @param str			text
 * @return				true if it is one
 */
bool is_address(const char *str);

/**
 * Check for one or more such addresses, separated by commas, each perhaps with
 * a weight: 192.0.2.2=3,192.0.2.3.
 *
 * @param str			text
 * @return				true if that is what it is
 */
bool is_weighted(const char *str);

/**
 * Check for an address, a subnet or a range, numeric.
 *
 * @param str			text
 * @return				true if it is one
 */
bool is_network(const char *str);

/**
 * Check for a unique id, as charon assigns them.
 *
 * @param str			text
 * @return				true if it is one
 */
bool is_unique_id(const char *str);

#endif /** VALUES_H_ @}*/
