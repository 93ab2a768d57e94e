/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_replay rmobike_replay
 * @{ @ingroup rmobike
 *
 * Sequence numbers of SAs and the windows of those that were received (RFC
 * 4303, section 3.4.3), in the two forms that the Linux kernel has: up to 32
 * packets, or any number of them with extended sequence numbers (ESN) or
 * without.
 */

#ifndef RMOBIKE_REPLAY_H_
#define RMOBIKE_REPLAY_H_

#include <library.h>

#include <linux/xfrm.h>

/**
 * How many times an SA can change hands, each takes half of the sequence
 * numbers that are left: the last one has 65536
 */
#define RMOBIKE_REPLAY_HANDS 16

typedef struct rmobike_replay_t rmobike_replay_t;

/**
 * State of an SA, in one of two forms, the other one is NULL. Not owned.
 */
struct rmobike_replay_t {
	/** up to 32 packets */
	struct xfrm_replay_state *small;
	/** how many of them */
	u_int window;
	/** any number of packets */
	struct xfrm_replay_state_esn *large;
	/** TRUE if sequence numbers are extended */
	bool esn;
};

/**
 * Have an outbound SA go on that much later.
 *
 * @param this		state to change
 * @param jump		how many sequence numbers to leave out
 * @return			FALSE if there are not that many left
 */
bool rmobike_replay_jump(rmobike_replay_t *this, uint32_t jump);

/**
 * Have an outbound SA, or a copy of it, go on with sequence numbers that nobody
 * has used. Two who share it and only use it by turns begin in the first half
 * of the numbers; whoever takes it from the other one goes on in the next half
 * of what was left to that. So does this in the low 32 bits of extended ones:
 * the high ones are not sent, and the receiver would have others.
 *
 * @param this		state to change
 * @param used		TRUE if it was ours before, even if we sent nothing
 * @return			FALSE if there are not enough left
 */
bool rmobike_replay_raise(rmobike_replay_t *this, bool used);

/**
 * Take all packets up to the last one that was received for seen.
 *
 * @param this		state to change
 */
void rmobike_replay_close(rmobike_replay_t *this);

/**
 * Take packets for seen that another SA with the same keys has seen.
 *
 * @param this		state to change
 * @param other		what the other SA has seen, in the same form
 * @return			FALSE if there is nothing that would have to change
 */
bool rmobike_replay_merge(rmobike_replay_t *this, rmobike_replay_t *other);

#endif /** RMOBIKE_REPLAY_H_ @}*/
