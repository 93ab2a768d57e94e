/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_replay.h"

/**
 * Last sequence number that was received
 */
static uint64_t get_top(rmobike_replay_t *this)
{
	return this->large ? (uint64_t)this->large->seq_hi << 32 | this->large->seq
					   : this->small->seq;
}

/**
 * How many packets up to that are known
 */
static uint32_t get_window(rmobike_replay_t *this)
{
	return this->large ? this->large->replay_window : this->window;
}

/**
 * Find the bit of a packet so far before the last one. The large window is a
 * ring.
 */
static uint32_t *get_bit(rmobike_replay_t *this, uint32_t before,
						 uint32_t *mask)
{
	uint32_t window, bit = before, *map;

	if (this->small)
	{
		map = &this->small->bitmap;
	}
	else
	{
		window = this->large->replay_window;
		bit = (this->large->seq - 1) % window;
		bit = bit >= before ? bit - before : window - (before - bit);
		map = &this->large->bmp[bit / 32];
	}
	*mask = 1U << bit % 32;
	return map;
}

/**
 * Was a packet received, or is it too old for that?
 */
static bool is_seen(rmobike_replay_t *this, uint64_t seq)
{
	uint64_t top = get_top(this);
	uint32_t mask;

	if (seq > top)
	{
		return FALSE;
	}
	return top - seq >= get_window(this) ||
		   (*get_bit(this, top - seq, &mask) & mask);
}

/**
 * Change the last sequence number, what is known by bits is lost
 */
static void set_top(rmobike_replay_t *this, uint64_t top)
{
	if (this->large)
	{
		this->large->seq_hi = top >> 32;
		this->large->seq = top;
	}
	else
	{
		this->small->seq = top;
	}
}

/*
 * Described in header
 */
bool rmobike_replay_jump(rmobike_replay_t *this, uint32_t jump)
{
	uint32_t *oseq = this->large ? &this->large->oseq : &this->small->oseq;

	if (*oseq + jump < *oseq)
	{
		if (!this->large || !this->esn)
		{
			return FALSE;
		}
		this->large->oseq_hi++;
	}
	*oseq += jump;
	return TRUE;
}

/*
 * Described in header
 */
bool rmobike_replay_raise(rmobike_replay_t *this, bool used)
{
	uint32_t *oseq = this->large ? &this->large->oseq : &this->small->oseq;
	u_int hands = used || *oseq ? 2 : 1;
	uint32_t bit;

	/* we had it after so many takeovers, the other one after one more */
	for (bit = 1U << 31; *oseq & bit; bit >>= 1)
	{
		hands++;
	}
	if (hands > RMOBIKE_REPLAY_HANDS)
	{
		return FALSE;
	}
	*oseq = ~(UINT32_MAX >> hands);
	return TRUE;
}

/*
 * Described in header
 */
void rmobike_replay_close(rmobike_replay_t *this)
{
	uint32_t i, window = get_window(this), mask, *map;

	for (i = 0; i < window; i++)
	{
		map = get_bit(this, i, &mask);
		*map |= mask;
	}
}

/*
 * Described in header
 */
bool rmobike_replay_merge(rmobike_replay_t *this, rmobike_replay_t *other)
{
	uint64_t own = get_top(this), theirs = get_top(other), top, seq;
	uint32_t i, window = get_window(this), mask, *map;
	bool changed = theirs > own, *seen;

	if (!window)
	{
		return FALSE;
	}
	top = max(own, theirs);
	seen = calloc(window, sizeof(bool));
	for (i = 0; i < window && i <= top; i++)
	{
		seq = top - i;
		seen[i] = is_seen(this, seq);
		if (!seen[i] && is_seen(other, seq))
		{
			seen[i] = changed = TRUE;
		}
	}
	set_top(this, top);
	for (i = 0; i < window; i++)
	{
		map = get_bit(this, i, &mask);
		*map = seen[i] ? *map | mask : *map & ~mask;
	}
	free(seen);
	return changed;
}
