/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_mapping rmobike_mapping
 * @{ @ingroup rmobike
 *
 * Initiator: tells the responder where the NAT has us now, once in each IKE_SA.
 *
 * charon notices that the mapping changed by comparing what a DPD says with
 * what the first one of the IKE_SA said (RFC 4555, 3.8). That is taken for the
 * mapping which the responder knows, but the NAT may have forgotten that
 * before: since the IKE_SA was established or rekeyed, or since the last DPD
 * before that. The responder then answers, but all that it sends by itself,
 * ESP as well, is lost for good.
 */

#ifndef RMOBIKE_MAPPING_H_
#define RMOBIKE_MAPPING_H_

#include <encoding/message.h>
#include <sa/ike_sa.h>

/**
 * From now on, see to it that the responder is told. What is left to do is
 * noted in a method of the IKE_SA.
 *
 * @param ike_sa	IKE_SA, nothing happens if we are not the initiator
 */
void rmobike_mapping_attach(ike_sa_t *ike_sa);

/**
 * The responder answered: if that was a DPD, and there is a NAT, have charon
 * believe that the mapping changed, so that an update follows. Not if there is
 * one anyway, and not while we may be elsewhere soon: the next DPD will do.
 *
 * @param ike_sa	IKE_SA
 * @param message	response, not processed yet
 */
void rmobike_mapping_answered(ike_sa_t *ike_sa, message_t *message);

/**
 * We refused to switch and check if the responder is there, it is not to take
 * that for more than a refusal: what is queued next must be no update.
 *
 * @param ike_sa	IKE_SA
 */
void rmobike_mapping_wait(ike_sa_t *ike_sa);

#endif /** RMOBIKE_MAPPING_H_ @}*/
