/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_seal.h"

#include <collections/array.h>
#include <threading/mutex.h>

typedef struct private_rmobike_seal_t private_rmobike_seal_t;
typedef struct head_t head_t;

/**
 * What a message begins with, for those who look at what is on the wire
 */
#define MAGIC "rmc1"

/**
 * How many messages may come late
 */
#define WINDOW 64

/**
 * Private data
 */
struct private_rmobike_seal_t {

	/**
	 * Public interface
	 */
	rmobike_seal_t public;

	/**
	 * Shared secret
	 */
	chunk_t secret;

	/**
	 * Our session
	 */
	uint64_t session;

	/**
	 * Session of the other end, 0 until it is known
	 */
	uint64_t other;

	/**
	 * Those it had before since we started, uint64_t: what was recorded of them
	 * is old
	 */
	array_t *former;

	/**
	 * Number of the last message we sent
	 */
	uint64_t sent;

	/**
	 * Highest number we received in the other end's session
	 */
	uint64_t top;

	/**
	 * Which of those up to it we received, the highest is the lowest bit
	 */
	uint64_t seen;

	/**
	 * Protects the numbers
	 */
	mutex_t *mutex;
};

/**
 * What stands before the content; numbers in network order
 */
struct head_t {
	char magic[4];
	uint64_t from;
	uint64_t to;
	uint64_t number;
	uint8_t type;
} __attribute__((packed));

/**
 * Calculate what authenticates a message
 */
static bool get_mac(private_rmobike_seal_t *this, chunk_t message,
					uint8_t mac[HASH_SIZE_SHA256])
{
	bool success;
	prf_t *prf;

	prf = lib->crypto->create_prf(lib->crypto, PRF_HMAC_SHA2_256);
	success = prf && prf->set_key(prf, this->secret) &&
			  prf->get_bytes(prf, message, mac);
	DESTROY_IF(prf);
	return success;
}

/**
 * Build a message for a session
 */
static chunk_t build(private_rmobike_seal_t *this, uint64_t to, uint8_t type,
					 chunk_t data)
{
	uint8_t mac[HASH_SIZE_SHA256];
	head_t head = {
		.from = htobe64(this->session),
		.to = htobe64(to),
		.type = type,
	};
	chunk_t message;

	memcpy(head.magic, MAGIC, sizeof(head.magic));
	this->mutex->lock(this->mutex);
	head.number = htobe64(++this->sent);
	this->mutex->unlock(this->mutex);
	message = chunk_cat("cc", chunk_from_thing(head), data);
	if (!get_mac(this, message, mac))
	{
		chunk_free(&message);
		return chunk_empty;
	}
	return chunk_cat("mc", message, chunk_from_thing(mac));
}

METHOD(rmobike_seal_t, seal, chunk_t,
	private_rmobike_seal_t *this, uint8_t type, chunk_t data)
{
	uint64_t other;

	this->mutex->lock(this->mutex);
	other = this->other;
	this->mutex->unlock(this->mutex);
	return build(this, other, type, data);
}

METHOD(rmobike_seal_t, answer, chunk_t,
	private_rmobike_seal_t *this, chunk_t stranger, uint8_t type)
{
	head_t head;

	memcpy(&head, stranger.ptr, sizeof(head));
	return build(this, be64toh(head.from), type, chunk_empty);
}

/**
 * Is a message of the known session new? With the lock.
 */
static bool is_new(private_rmobike_seal_t *this, uint64_t number)
{
	uint64_t behind, bit;

	if (number > this->top)
	{
		behind = number - this->top;
		this->seen = behind < WINDOW ? this->seen << behind | 1 : 1;
		this->top = number;
		return TRUE;
	}
	behind = this->top - number;
	bit = behind < WINDOW ? 1ULL << behind : 0;
	if (!bit || this->seen & bit)
	{
		return FALSE;
	}
	this->seen |= bit;
	return TRUE;
}

/**
 * Did the other end have a session before? With the lock.
 */
static bool is_former(private_rmobike_seal_t *this, uint64_t session)
{
	uint64_t former;
	int i;

	for (i = 0; i < array_count(this->former); i++)
	{
		array_get(this->former, i, &former);
		if (former == session)
		{
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * What is an authentic message for our session worth? With the lock.
 */
static rmobike_sealed_t note(private_rmobike_seal_t *this, uint64_t from,
							 uint64_t number)
{
	if (from == this->other)
	{
		return is_new(this, number) ? RMOBIKE_SEAL_FRESH : RMOBIKE_SEAL_BROKEN;
	}
	if (is_former(this, from))
	{
		return RMOBIKE_SEAL_BROKEN;
	}
	/* it knows ours, so it was started since, or we were */
	if (this->other)
	{
		array_insert(this->former, ARRAY_TAIL, &this->other);
	}
	this->other = from;
	this->top = number;
	this->seen = 1;
	return RMOBIKE_SEAL_FIRST;
}

METHOD(rmobike_seal_t, open_, rmobike_sealed_t,
	private_rmobike_seal_t *this, chunk_t message, uint8_t *type,
	chunk_t *data)
{
	uint8_t mac[HASH_SIZE_SHA256];
	rmobike_sealed_t worth = RMOBIKE_SEAL_STRANGER;
	head_t head;
	chunk_t body;

	if (message.len < sizeof(head) + sizeof(mac))
	{
		return RMOBIKE_SEAL_BROKEN;
	}
	memcpy(&head, message.ptr, sizeof(head));
	body = chunk_create(message.ptr, message.len - sizeof(mac));
	if (!memeq(head.magic, MAGIC, sizeof(head.magic)) ||
		be64toh(head.from) == this->session ||
		!get_mac(this, body, mac) ||
		!memeq_const(mac, message.ptr + body.len, sizeof(mac)))
	{
		return RMOBIKE_SEAL_BROKEN;
	}
	if (be64toh(head.to) == this->session)
	{
		this->mutex->lock(this->mutex);
		worth = note(this, be64toh(head.from), be64toh(head.number));
		this->mutex->unlock(this->mutex);
	}
	*type = head.type;
	*data = chunk_skip(body, sizeof(head));
	return worth;
}

METHOD(rmobike_seal_t, destroy, void,
	private_rmobike_seal_t *this)
{
	array_destroy(this->former);
	this->mutex->destroy(this->mutex);
	chunk_clear(&this->secret);
	free(this);
}

/**
 * Choose a session that isn't 0, which stands for none
 */
static bool choose_session(uint64_t *session)
{
	bool success;
	rng_t *rng;

	rng = lib->crypto->create_rng(lib->crypto, RNG_WEAK);
	success = rng && rng->get_bytes(rng, sizeof(*session), (void*)session) &&
			  *session;
	DESTROY_IF(rng);
	return success;
}

/*
 * Described in header
 */
rmobike_seal_t *rmobike_seal_create(chunk_t secret)
{
	private_rmobike_seal_t *this;
	uint8_t mac[HASH_SIZE_SHA256];

	INIT(this,
		.public = {
			.seal = _seal,
			.answer = _answer,
			.open = _open_,
			.destroy = _destroy,
		},
		.secret = chunk_clone(secret),
		.former = array_create(sizeof(uint64_t), 0),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	if (!choose_session(&this->session) || !get_mac(this, chunk_empty, mac))
	{
		destroy(this);
		return NULL;
	}
	return &this->public;
}
