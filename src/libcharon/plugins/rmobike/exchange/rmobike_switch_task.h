/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_switch_task rmobike_switch_task
 * @{ @ingroup rmobike
 *
 * The responder's exchange: an INFORMATIONAL request with SWITCH_TO_IP_ADDRESS
 * (draft-smyslov-ipsecme-ikev2-r-mobike), over the path the IKE_SA is using. It
 * has the addresses of this machine with it (RFC 4555, 3.6), so that one
 * exchange tells both; the initiator decides about the new one by what it was
 * told before.
 */

#ifndef RMOBIKE_SWITCH_TASK_H_
#define RMOBIKE_SWITCH_TASK_H_

#include "base/rmobike_options.h"
#include "exchange/rmobike_raw_socket.h"
#include "kernel/rmobike_seamless.h"
#include "sa/rmobike_switches.h"

#include <daemon.h>

/**
 * Queue the exchange on an IKE_SA; one that is still queued is replaced. It is
 * skipped if the peer needs not be asked anymore when its turn comes.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param switches		records, where the answer is noted
 * @param seamless		accepts ESP at the new address
 * @param raw_socket	sends if our address is gone, NULL not to
 * @param serial		serial number of the switch in those records
 * @param to			address to name, cloned
 * @param patient		TRUE if the answer may have to wait for other IKE_SAs
 * @param options		type of the notify, time for the old path
 */
void rmobike_switch_task_queue(ike_sa_t *ike_sa, rmobike_switches_t *switches,
							   rmobike_seamless_t *seamless,
							   rmobike_raw_socket_t *raw_socket, u_int serial,
							   host_t *to, bool patient,
							   rmobike_options_t *options);

#endif /** RMOBIKE_SWITCH_TASK_H_ @}*/
