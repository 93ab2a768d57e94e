/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_calm rmobike_calm
 * @{ @ingroup rmobike
 *
 * When an initiator has moved, the responder goes on to send from its old
 * address until it has the update. For the initiator's kernel each of these
 * packets may come from a new mapping of a NAT, which it reports: a line in
 * charon's log, and a job. For a while it is to report fewer.
 */

#ifndef RMOBIKE_CALM_H_
#define RMOBIKE_CALM_H_

#include <daemon.h>

/**
 * Have the kernel report only every other second for some seconds that packets
 * for an SA in UDP come from the same port somewhere else. Queues a job.
 *
 * @param id		inbound SA; its source does not matter
 */
void rmobike_calm_for_a_while(kernel_ipsec_sa_id_t *id);

#endif /** RMOBIKE_CALM_H_ @}*/
