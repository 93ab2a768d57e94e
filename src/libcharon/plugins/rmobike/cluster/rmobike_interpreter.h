/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_interpreter rmobike_interpreter
 * @{ @ingroup rmobike
 *
 * Has the ha plugin tell the other node in the version that one understands
 * (rmobike_dialect.h), by taking the place of the method that sends messages.
 * They go where they always went, by the plugin's own socket, and so does what
 * comes: the other node has seen to it that it is of our version.
 */

#ifndef RMOBIKE_INTERPRETER_H_
#define RMOBIKE_INTERPRETER_H_

#include <daemon.h>

typedef struct rmobike_interpreter_t rmobike_interpreter_t;

/**
 * Thread safe, nothing blocks. There is one at most.
 */
struct rmobike_interpreter_t {

	/**
	 * Can it translate what the ha plugin sends? Not if that isn't loaded, or
	 * not what we know.
	 */
	bool (*is_ready)(rmobike_interpreter_t *this);

	/**
	 * Note which version the other node understands.
	 *
	 * @param version	version of ha messages
	 */
	void (*set_other)(rmobike_interpreter_t *this, u_int version);

	/**
	 * Find out why the other node can't be told of an IKE_SA.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @return			reason, static; NULL if it can
	 */
	const char *(*refuse)(rmobike_interpreter_t *this, ike_sa_t *ike_sa);

	/**
	 * Leave the ha plugin as it was, before it goes.
	 */
	void (*stop)(rmobike_interpreter_t *this);

	/**
	 * Destroy a rmobike_interpreter_t.
	 */
	void (*destroy)(rmobike_interpreter_t *this);
};

/**
 * Create it, after the ha plugin was initialized.
 *
 * @param heartbeat	between two signs of life, in milliseconds
 */
rmobike_interpreter_t *rmobike_interpreter_create(u_int heartbeat);

#endif /** RMOBIKE_INTERPRETER_H_ @}*/
