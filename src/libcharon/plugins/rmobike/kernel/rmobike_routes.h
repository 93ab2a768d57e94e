/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_routes rmobike_routes
 * @{ @ingroup rmobike
 *
 * Which of our addresses the kernel would use to reach a peer. With
 * install_routes each such question costs a dump of the routing table, so what
 * it said is believed for a moment: until charon hears of a change of addresses
 * or routes, and one second at most as it does not hear of all of them.
 */

#ifndef RMOBIKE_ROUTES_H_
#define RMOBIKE_ROUTES_H_

#include <networking/host.h>

/**
 * Begin to listen for changes. To be called before any of the other functions,
 * once charon's kernel interface is there.
 */
void rmobike_routes_init(void);

/**
 * Get the address to reach another one from, as
 * kernel_interface_t.get_source_addr() tells it. Thread safe, asks the kernel
 * if it was not asked yet.
 *
 * @param dest			address to reach
 * @param src			address that would do, NULL for any
 * @return				address, to be destroyed; NULL if there is none
 */
host_t *rmobike_routes_get_source(host_t *dest, host_t *src);

/**
 * Check that an address is one of this machine.
 *
 * @param to			address
 * @param why			receives which ones it has instead
 * @param len			size of that buffer
 * @return				TRUE if it is
 */
bool rmobike_routes_owns(host_t *to, char *why, size_t len);

/**
 * Believe nothing anymore. Thread safe.
 */
void rmobike_routes_forget(void);

/**
 * Don't listen anymore, after all threads that ask are gone.
 */
void rmobike_routes_deinit(void);

#endif /** RMOBIKE_ROUTES_H_ @}*/
