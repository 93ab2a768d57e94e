/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_seal rmobike_seal
 * @{ @ingroup rmobike
 *
 * Authenticates messages between two ends that share a secret (HMAC-SHA-256,
 * RFC 4868), each of which is taken once. Nothing is encrypted.
 *
 * Each end has a session, random octets that change when it starts. A message
 * has the sender's, the one of the receiver as the sender knows it, and a
 * number that grows. So what was recorded before either end started, and what
 * comes back to its sender, is recognized without clocks or files. A message
 * for another session only proves that its sender knows the secret: it is to be
 * answered, to tell ours.
 */

#ifndef RMOBIKE_SEAL_H_
#define RMOBIKE_SEAL_H_

#include <library.h>

typedef struct rmobike_seal_t rmobike_seal_t;
typedef enum rmobike_sealed_t rmobike_sealed_t;

/**
 * What a received message is worth.
 */
enum rmobike_sealed_t {
	/** nothing */
	RMOBIKE_SEAL_BROKEN,
	/** sent by somebody who doesn't know our session, or not anymore */
	RMOBIKE_SEAL_STRANGER,
	/** authentic, and seen for the first time */
	RMOBIKE_SEAL_FRESH,
	/** the same, the first one of the other end's session */
	RMOBIKE_SEAL_FIRST,
};

/**
 * One end. Thread safe.
 */
struct rmobike_seal_t {

	/**
	 * Build a message.
	 *
	 * @param type		type of message
	 * @param data		its content
	 * @return			message, allocated, empty if that failed
	 */
	chunk_t (*seal)(rmobike_seal_t *this, uint8_t type, chunk_t data);

	/**
	 * Build an answer to a message that is RMOBIKE_SEAL_STRANGER, for the
	 * session that it came from.
	 *
	 * @param stranger	the message
	 * @param type		type of the answer, which has no content
	 * @return			message, allocated, empty if that failed
	 */
	chunk_t (*answer)(rmobike_seal_t *this, chunk_t stranger, uint8_t type);

	/**
	 * Check a message.
	 *
	 * @param message	what was received
	 * @param type		receives the type
	 * @param data		receives the content, which points into the message
	 * @return			what it is worth
	 */
	rmobike_sealed_t (*open)(rmobike_seal_t *this, chunk_t message,
							 uint8_t *type, chunk_t *data);

	/**
	 * Destroy a rmobike_seal_t.
	 */
	void (*destroy)(rmobike_seal_t *this);
};

/**
 * Create one end.
 *
 * @param secret	what both ends know
 * @return			NULL if there is no random number generator or no HMAC
 */
rmobike_seal_t *rmobike_seal_create(chunk_t secret);

#endif /** RMOBIKE_SEAL_H_ @}*/
