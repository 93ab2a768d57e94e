/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_fillers rmobike_fillers
 * @{ @ingroup rmobike
 *
 * Message IDs after the other node has died: it may have told ours of a request
 * that it never sent, or have sent one that it didn't tell of. A request with
 * an ID that is too high is ignored by the client for ever, one that is too low
 * does no harm. So there are empty requests with the ID before the one we
 * believe in and with that one, and what we have to say follows.
 *
 * And the client's last request: if the other node handled it but its response
 * got lost, it is sent again with an ID that we take for done, and nothing else
 * is until it is answered (window of one, RFC 7296, 2.3).
 */

#ifndef RMOBIKE_FILLERS_H_
#define RMOBIKE_FILLERS_H_

#include "cluster/rmobike_ownership.h"
#include "exchange/rmobike_raw_socket.h"
#include "sa/rmobike_refs.h"

#include <daemon.h>

/**
 * How many message IDs may be the wrong one
 */
#define RMOBIKE_FILLERS 4

/**
 * Send these requests, now and a few times more while nobody has come, and
 * raise the ID of our next request accordingly. Each is encrypted once, as IVs
 * depend on message IDs.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param refs			follows IKE_SAs
 * @param raw_socket	sends from addresses of the other node
 * @param first			ID of the first of them
 * @param next			ID of our next request; of those before it the last
 *						RMOBIKE_FILLERS are filled
 */
void rmobike_fillers_send(ike_sa_t *ike_sa, rmobike_refs_t *refs,
						  rmobike_raw_socket_t *raw_socket, uint32_t first,
						  uint32_t next);

/**
 * Does charon count the IVs of an IKE_SA's messages by their IDs? Then an ID
 * can be used for two messages here, of requests and responses together, and
 * later ones need higher IDs (iv_gen_seq of libstrongswan).
 *
 * @param ike_sa		IKE_SA, checked out
 * @return				FALSE if IVs are random, as with CBC
 */
bool rmobike_fillers_count_ivs(ike_sa_t *ike_sa);

/**
 * A request that was not verified yet has a higher ID than the next one: if it
 * is authentic that is the next one, as its client had answers to all before it
 * (RFC 7296, 2.3), from the other node.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param message		request that arrived
 * @return				TRUE if it is
 */
bool rmobike_fillers_skip(ike_sa_t *ike_sa, message_t *message);

/**
 * A request that was not verified yet has the ID of the one before the next: if
 * it is authentic, have charon handle it once more. That is only done where it
 * can't do harm, as somebody may have recorded it: only INFORMATIONAL requests,
 * an update of addresses, and all of peers without MOBIKE, from the client's
 * own address; and to create CHILD_SAs is refused for the moment (RFC 7296,
 * 2.25), where it came from. The others wait while a request of ours is in the
 * air.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param ownership		keeps what was refused
 * @param message		request that arrived
 */
void rmobike_fillers_repeat(ike_sa_t *ike_sa, rmobike_ownership_t *ownership,
							message_t *message);

#endif /** RMOBIKE_FILLERS_H_ @}*/
