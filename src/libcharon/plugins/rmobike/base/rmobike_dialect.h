/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_dialect rmobike_dialect
 * @{ @ingroup rmobike
 *
 * The messages of strongSwan's ha plugin in each of its versions: 3 up to
 * strongSwan 6.0.0, 4 in 6.0.1, and 5 since 6.0.2. A node drops those of
 * another version than its own. Pure functions, callable from any thread.
 *
 * A message is its version, its type, and attributes that each consist of a
 * number and a value (src/libcharon/plugins/ha/ha_message.c). Types and values
 * are the same in all three. Version 4 added two attributes, for key exchanges
 * that follow the first one, by which the numbers of those behind them grew.
 * Version 5 has conditions and extensions twice, the second time the private
 * ones, which the highest bit tells.
 */

#ifndef RMOBIKE_DIALECT_H_
#define RMOBIKE_DIALECT_H_

#include <utils/chunk.h>

/**
 * Can messages of a version be translated, and to it?
 *
 * @param version	version of messages
 */
bool rmobike_dialect_is_known(u_int version);

/**
 * Does a node know a key exchange method, as far as that depends on the version
 * of its messages? ML-KEM came with strongSwan 6, NTRU and NewHope went.
 *
 * @param version	version of its messages
 * @param method	transform ID (RFC 7296, 3.3.2)
 */
bool rmobike_dialect_has_method(u_int version, uint16_t method);

/**
 * The same for key exchanges that follow the first one (RFC 9370), which came
 * with strongSwan 6, and with 6.0.1 for the ha plugin.
 *
 * @param version	version of its messages
 */
bool rmobike_dialect_has_more_exchanges(u_int version);

/**
 * The same for the mode of a CHILD_SA: IP-TFS came with strongSwan 6.0.2.
 *
 * @param version	version of its messages
 * @param mode		mode, as charon numbers them
 */
bool rmobike_dialect_has_mode(u_int version, uint8_t mode);

/**
 * Is a message a node's request for copies of what the other one has?
 *
 * @param message	message
 */
bool rmobike_dialect_is_request(chunk_t message);

/**
 * If a message tells of a new IKE_SA, or of new keys of one that is being set
 * up, get its SPIs.
 *
 * @param message	message, of any known version
 * @param initiator	receives the initiator's SPI
 * @param responder	receives the responder's SPI
 * @return			FALSE if it tells of something else
 */
bool rmobike_dialect_get_added(chunk_t message, uint64_t *initiator,
							   uint64_t *responder);

/**
 * Translate a message.
 *
 * @param message	message
 * @param version	version to translate it to
 * @param reason	receives the reason if that can't be, static
 * @return			message, allocated, may have keys; empty if it can't be said
 *					in that version, or is not understood
 */
chunk_t rmobike_dialect_translate(chunk_t message, u_int version,
								  const char **reason);

#endif /** RMOBIKE_DIALECT_H_ @}*/
