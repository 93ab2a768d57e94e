/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ike_sa rmobike_ike_sa
 * @{ @ingroup rmobike
 *
 * What everybody asks about an IKE_SA.
 */

#ifndef RMOBIKE_IKE_SA_H_
#define RMOBIKE_IKE_SA_H_

#include "base/rmobike_options.h"
#include "sa/rmobike_switches.h"

#include <daemon.h>

/**
 * Get the options that apply to an IKE_SA, see rmobike_settings.
 *
 * @param ike_sa	IKE_SA
 * @return			options, to be given back with rmobike_options_destroy()
 */
rmobike_options_t *rmobike_ike_sa_options(ike_sa_t *ike_sa);

/**
 * Why the peer of an IKE_SA must not be asked for a switch.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			static text, NULL if it may be asked
 */
const char *rmobike_ike_sa_refuses(ike_sa_t *ike_sa);

/**
 * Why the peer of an IKE_SA must not be led to another address by means of
 * MOBIKE alone (RFC 4555).
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			static text, NULL if it may be led
 */
const char *rmobike_ike_sa_refuses_mobike(ike_sa_t *ike_sa);

/**
 * Check if CHILD_SAs in transport mode bind an IKE_SA to the family of its
 * addresses: charon before 6.1.0, and before Linux 7.2 from IPv6 to IPv4 (see
 * docs/upstream/transport-mode-families.md), can't change that of selectors in
 * the kernel. Peers can't be asked for their version, they refuse if it is so
 * for them.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param to		address of either end
 * @return			TRUE if it is of another family, and that matters
 */
bool rmobike_ike_sa_is_bound(ike_sa_t *ike_sa, host_t *to);

/**
 * Check if the peer may be redirected (RFC 5685).
 *
 * @param ike_sa	IKE_SA
 * @return			FALSE if it does not support that, or is no initiator
 */
bool rmobike_ike_sa_is_redirectable(ike_sa_t *ike_sa);

/**
 * Redirect the peer of an IKE_SA, that is queue it.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param to		address to send it to
 * @return			FALSE if it can't be
 */
bool rmobike_ike_sa_redirect(ike_sa_t *ike_sa, host_t *to);

/**
 * Check if the peer could be reached from an address: one of the family of
 * its own current address, or of another one that it announced.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param from		address of this machine
 * @return			TRUE if it could
 */
bool rmobike_ike_sa_reaches(ike_sa_t *ike_sa, host_t *from);

/**
 * Get the source address that packets of an IKE_SA to an address would have.
 *
 * @param ike_sa	IKE_SA
 * @param to		destination
 * @return			source with the IKE_SA's port, NULL if there is none
 */
host_t *rmobike_ike_sa_source(ike_sa_t *ike_sa, host_t *to);

/**
 * Fill in what is known of an IKE_SA that is to be switched.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param to		address to switch to
 * @param tag		text for the records, NULL for none
 * @param peer_id	buffer for the identity of the peer
 * @param len		size of that buffer
 * @return			switch that refers to the arguments
 */
rmobike_switch_t rmobike_ike_sa_describe(ike_sa_t *ike_sa, host_t *to,
										 const char *tag, char *peer_id,
										 size_t len);

/**
 * Initiate the queued tasks of an IKE_SA in a job of its own.
 *
 * @param ike_sa	IKE_SA
 */
void rmobike_ike_sa_initiate(ike_sa_t *ike_sa);

/**
 * Something to do with an IKE_SA later.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param data		supplied data
 * @return			DESTROY_ME to destroy it, anything else to check it in
 */
typedef status_t (*rmobike_later_t)(ike_sa_t *ike_sa, void *data);

/**
 * Do something with an IKE_SA in a job of its own, unless it is gone then. One
 * that has replaced it is another one, see rmobike_refs for that.
 *
 * @param ike_sa	IKE_SA
 * @param ms		when, in milliseconds from now on
 * @param cb		what to do
 * @param data		data to pass, adopted
 * @param destroy	frees data
 */
void rmobike_ike_sa_later(ike_sa_t *ike_sa, u_int ms, rmobike_later_t cb,
						  void *data, void (*destroy)(void*));

/**
 * Check in an IKE_SA.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param status	DESTROY_ME to destroy it
 */
void rmobike_ike_sa_checkin(ike_sa_t *ike_sa, status_t status);

/**
 * Mark a packet as charon marks what it sends: what a message has is without.
 *
 * @param ike_sa	IKE_SA that the packet belongs to
 * @param packet	packet, changed
 */
void rmobike_ike_sa_set_dscp(ike_sa_t *ike_sa, packet_t *packet);

/**
 * Check out an IKE_SA of either role: whoever rekeyed it last is the initiator
 * of what charon has since, and the ha plugin says the same at another node.
 *
 * @param initiator_spi	SPI of the initiator, in network order
 * @param responder_spi	SPI of the responder, likewise
 * @return				IKE_SA, to be checked in, NULL if there is none
 */
ike_sa_t *rmobike_ike_sa_checkout(uint64_t initiator_spi,
								  uint64_t responder_spi);

/**
 * Abandon all exchanges of ours on an IKE_SA that somebody else serves from now
 * on: no task is left, and no CHILD_SA is about to be rekeyed or deleted.
 *
 * @param ike_sa	IKE_SA, checked out
 */
void rmobike_ike_sa_abandon(ike_sa_t *ike_sa);

/**
 * Rekey all CHILD_SAs (RFC 7296, 2.8). Those that were replaced already are
 * removed at once.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			DESTROY_ME to destroy it
 */
status_t rmobike_ike_sa_rekey_children(ike_sa_t *ike_sa);

#endif /** RMOBIKE_IKE_SA_H_ @}*/
