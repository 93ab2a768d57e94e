/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_accepted.h"

#include <collections/array.h>

/**
 * Reasons remembered per IKE_SA so that they are not logged too often
 */
#define LOGGED_REASONS 8

/**
 * How long they are not logged again, in seconds
 */
#define LOG_INTERVAL 60

/**
 * How many responses are sent to other addresses as well in how many seconds
 */
#define ECHOES 8
#define ECHO_INTERVAL 10

/**
 * How many are sent on their path again in that time
 */
#define REPEATS 32

/**
 * How many accepted requests are remembered
 */
#define MOVES 1000

typedef struct private_rmobike_accepted_t private_rmobike_accepted_t;
typedef struct request_t request_t;
typedef struct moves_t moves_t;
typedef struct lately_t lately_t;

/**
 * Private data
 */
struct private_rmobike_accepted_t {

	/**
	 * Public interface
	 */
	rmobike_accepted_t public;

	/**
	 * Records of IKE_SAs, their lock protects all of this
	 */
	rmobike_records_t *records;

	/**
	 * Last serial number
	 */
	u_int serial;
};

/**
 * How often something was done lately
 */
struct lately_t {

	/**
	 * Monotonic time of the first one that counts
	 */
	time_t since;

	/**
	 * Number
	 */
	u_int count;
};

/**
 * Last accepted request
 */
struct request_t {

	/**
	 * Message ID
	 */
	uint32_t mid;

	/**
	 * As received
	 */
	chunk_t message;

	/**
	 * Path of the response, NULL if that of the request
	 */
	host_t *me, *other;

	/**
	 * Our response, NULL if not generated yet
	 */
	packet_t *response;

	/**
	 * Where the responder was when it asked last, NULL if it never did
	 */
	host_t *left;

	/**
	 * Last message ID that it may have used there
	 */
	uint32_t left_mid;
};

/**
 * What was accepted, and what not
 */
struct moves_t {

	/**
	 * Serial number of the last accepted request, 0 for none
	 */
	u_int serial;

	/**
	 * When requests were accepted, time_t by value, NULL if none were
	 */
	array_t *times;

	/**
	 * Responses that were sent to other addresses as well, and those that were
	 * sent on their path again
	 */
	lately_t echoes, repeats;

	/**
	 * What was logged, and when
	 */
	struct {
		/** static text */
		const char *reason;
		/** monotonic time */
		time_t time;
	} logged[LOGGED_REASONS];
};

/**
 * Forget a request
 */
static void clear_request(request_t *request)
{
	chunk_free(&request->message);
	DESTROY_IF(request->me);
	DESTROY_IF(request->other);
	DESTROY_IF(request->response);
	request->me = NULL;
	request->other = NULL;
	request->response = NULL;
}

/**
 * Free what is known of the last request
 */
static void request_destroy(void *part)
{
	request_t *request = part;

	clear_request(request);
	DESTROY_IF(request->left);
	free(request);
}

/**
 * Get what is known of the last request, with the lock; NULL if there was none,
 * unless it is to be created
 */
static request_t *get_request(private_rmobike_accepted_t *this, uint32_t id,
							  bool create)
{
	request_t *request;

	request = this->records->get(this->records, id, RMOBIKE_PART_ACCEPTED);
	if (!request && create)
	{
		INIT(request);
		this->records->set(this->records, id, RMOBIKE_PART_ACCEPTED, request);
	}
	return request;
}

/**
 * Free what was accepted, and what not
 */
static void moves_destroy(void *part)
{
	moves_t *moves = part;

	array_destroy(moves->times);
	free(moves);
}

/**
 * Get what was accepted, and what not, with the lock; NULL if nothing was,
 * unless it is to be created
 */
static moves_t *get_moves(private_rmobike_accepted_t *this, uint32_t id,
						  bool create)
{
	moves_t *moves;

	moves = this->records->get(this->records, id, RMOBIKE_PART_MOVES);
	if (!moves && create)
	{
		INIT(moves);
		this->records->set(this->records, id, RMOBIKE_PART_MOVES, moves);
	}
	return moves;
}

/**
 * Replace the last request
 */
static void set_request(request_t *request, uint32_t mid, chunk_t message,
						host_t *me, host_t *other)
{
	clear_request(request);
	request->mid = mid;
	request->message = chunk_clone(message);
	if (me && other)
	{
		request->me = me->clone(me);
		request->other = other->clone(other);
	}
}

METHOD(rmobike_accepted_t, add, u_int,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	chunk_t message, host_t *me, host_t *other)
{
	u_int serial;

	this->records->lock(this->records);
	set_request(get_request(this, id, TRUE), mid, message, me, other);
	serial = get_moves(this, id, TRUE)->serial = ++this->serial;
	this->records->unlock(this->records);
	return serial;
}

METHOD(rmobike_accepted_t, redirect, void,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	chunk_t message, host_t *me, host_t *other)
{
	this->records->lock(this->records);
	set_request(get_request(this, id, TRUE), mid, message, me, other);
	this->records->unlock(this->records);
}

METHOD(rmobike_accepted_t, get_path, bool,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	host_t **me, host_t **other)
{
	request_t *request;
	bool found = FALSE;

	this->records->lock(this->records);
	request = get_request(this, id, FALSE);
	if (request && request->me && request->mid == mid)
	{
		*me = request->me->clone(request->me);
		*other = request->other->clone(request->other);
		found = TRUE;
	}
	this->records->unlock(this->records);
	return found;
}

METHOD(rmobike_accepted_t, get_serial, u_int,
	private_rmobike_accepted_t *this, uint32_t id)
{
	moves_t *moves;
	u_int serial;

	this->records->lock(this->records);
	moves = get_moves(this, id, FALSE);
	serial = moves ? moves->serial : 0;
	this->records->unlock(this->records);
	return serial;
}

METHOD(rmobike_accepted_t, responded, void,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	packet_t *response)
{
	request_t *request;

	this->records->lock(this->records);
	request = get_request(this, id, FALSE);
	if (request && request->me && request->mid == mid)
	{
		DESTROY_IF(request->response);
		request->response = response;
		response = NULL;
	}
	this->records->unlock(this->records);
	DESTROY_IF(response);
}

METHOD(rmobike_accepted_t, get_response, packet_t*,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	chunk_t message)
{
	packet_t *response = NULL;
	request_t *request;

	this->records->lock(this->records);
	request = get_request(this, id, FALSE);
	if (request && request->response && request->mid == mid &&
		chunk_equals(request->message, message))
	{
		response = request->response->clone(request->response);
	}
	this->records->unlock(this->records);
	return response;
}

/**
 * Remember when we moved
 */
static void add_move(moves_t *moves)
{
	time_t now = time_monotonic(NULL);

	if (!moves->times)
	{
		moves->times = array_create(sizeof(time_t), 0);
	}
	array_insert(moves->times, ARRAY_TAIL, &now);
	if (array_count(moves->times) > MOVES)
	{
		array_remove(moves->times, ARRAY_HEAD, NULL);
	}
}

METHOD(rmobike_accepted_t, leaving, void,
	private_rmobike_accepted_t *this, uint32_t id, host_t *from)
{
	request_t *request;

	this->records->lock(this->records);
	request = get_request(this, id, TRUE);
	add_move(get_moves(this, id, TRUE));
	DESTROY_IF(request->left);
	request->left = from->clone(from);
	request->left_mid = UINT32_MAX;
	this->records->unlock(this->records);
}

METHOD(rmobike_accepted_t, updated, void,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid)
{
	request_t *request;

	this->records->lock(this->records);
	request = get_request(this, id, FALSE);
	if (request)
	{
		request->left_mid = mid;
	}
	this->records->unlock(this->records);
}

METHOD(rmobike_accepted_t, is_outdated, bool,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid, host_t *from)
{
	request_t *request;
	bool outdated;

	this->records->lock(this->records);
	request = get_request(this, id, FALSE);
	outdated = request && request->left && mid <= request->left_mid &&
			   from->ip_equals(from, request->left);
	this->records->unlock(this->records);
	return outdated;
}

METHOD(rmobike_accepted_t, count_recent, u_int,
	private_rmobike_accepted_t *this, uint32_t id, u_int interval)
{
	time_t now = time_monotonic(NULL), time;
	moves_t *moves;
	u_int count = 0;

	this->records->lock(this->records);
	moves = get_moves(this, id, FALSE);
	while (moves && array_get(moves->times, ARRAY_HEAD, &time) &&
		   now - time >= (time_t)interval)
	{
		array_remove(moves->times, ARRAY_HEAD, NULL);
	}
	count = moves ? array_count(moves->times) : 0;
	this->records->unlock(this->records);
	return count;
}

METHOD(rmobike_accepted_t, may_log, bool,
	private_rmobike_accepted_t *this, uint32_t id, const char *reason)
{
	time_t now = time_monotonic(NULL);
	moves_t *moves;
	bool may = TRUE;
	int i, slot = 0;

	this->records->lock(this->records);
	moves = get_moves(this, id, TRUE);
	for (i = 0; i < LOGGED_REASONS; i++)
	{
		if (moves->logged[i].reason && streq(moves->logged[i].reason, reason))
		{
			may = now - moves->logged[i].time >= LOG_INTERVAL;
			slot = i;
			break;
		}
		if (moves->logged[i].time < moves->logged[slot].time)
		{
			slot = i;
		}
	}
	if (may)
	{
		moves->logged[slot].reason = reason;
		moves->logged[slot].time = now;
	}
	this->records->unlock(this->records);
	return may;
}

/**
 * May something be done once more, then count it
 */
static bool may_do(lately_t *lately, u_int limit)
{
	time_t now = time_monotonic(NULL);
	bool may;

	if (!lately->count || now - lately->since >= ECHO_INTERVAL)
	{
		lately->since = now;
		lately->count = 0;
	}
	may = lately->count < limit;
	lately->count += may;
	return may;
}

METHOD(rmobike_accepted_t, may_echo, bool,
	private_rmobike_accepted_t *this, uint32_t id)
{
	bool may;

	this->records->lock(this->records);
	may = may_do(&get_moves(this, id, TRUE)->echoes, ECHOES);
	this->records->unlock(this->records);
	return may;
}

METHOD(rmobike_accepted_t, may_repeat, bool,
	private_rmobike_accepted_t *this, uint32_t id)
{
	bool may;

	this->records->lock(this->records);
	may = may_do(&get_moves(this, id, TRUE)->repeats, REPEATS);
	this->records->unlock(this->records);
	return may;
}

METHOD(rmobike_accepted_t, destroy, void,
	private_rmobike_accepted_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_accepted_t *rmobike_accepted_create(rmobike_records_t *records)
{
	private_rmobike_accepted_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.redirect = _redirect,
			.get_path = _get_path,
			.get_serial = _get_serial,
			.responded = _responded,
			.get_response = _get_response,
			.leaving = _leaving,
			.updated = _updated,
			.is_outdated = _is_outdated,
			.count_recent = _count_recent,
			.may_log = _may_log,
			.may_echo = _may_echo,
			.may_repeat = _may_repeat,
			.destroy = _destroy,
		},
		.records = records,
	);
	records->own(records, RMOBIKE_PART_ACCEPTED, request_destroy, NULL);
	records->own(records, RMOBIKE_PART_MOVES, moves_destroy, NULL);

	return &this->public;
}
