/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_neighbours rmobike_neighbours
 * @{ @ingroup rmobike
 *
 * Tells the neighbours on a link that an address is to be found here from now
 * on: by a gratuitous ARP request (RFC 5227, 3) or an unsolicited neighbor
 * advertisement (RFC 4861, 7.2.6).
 */

#ifndef RMOBIKE_NEIGHBOURS_H_
#define RMOBIKE_NEIGHBOURS_H_

#include <networking/host.h>

/**
 * Tell the neighbours. Doesn't block, thread safe; the log says what failed.
 *
 * @param interface		name of the interface
 * @param address		address that is here
 * @return				FALSE if they can't be told
 */
bool rmobike_neighbours_tell(const char *interface, host_t *address);

#endif /** RMOBIKE_NEIGHBOURS_H_ @}*/
