/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_ike_sa.h"
#include "sa/rmobike_requests.h"

/**
 * For how long an IKE_SA is taken to be about to go somewhere, in seconds
 */
#define LEAVING_TIME 10

/**
 * For how many seconds a request is not sent again if the peer is heard
 */
#define PAUSE 2

typedef struct private_rmobike_requests_t private_rmobike_requests_t;

/**
 * Private data
 */
struct private_rmobike_requests_t {

	/**
	 * Public interface
	 */
	rmobike_requests_t public;

	/**
	 * Records of IKE_SAs, their lock protects rmobike_sent_t
	 */
	rmobike_records_t *records;
};

/**
 * Free packets
 */
static void destroy_packets(linked_list_t *packets)
{
	if (packets)
	{
		packets->destroy_offset(packets, offsetof(packet_t, destroy));
	}
}

/*
 * Described in header
 */
void rmobike_sent_destroy(rmobike_sent_t *this)
{
	if (this)
	{
		destroy_packets(this->packets);
		DESTROY_IF(this->to);
		free(this);
	}
}

/*
 * Described in header
 */
bool rmobike_inflight_is_due(time_t *sent)
{
	time_t now = time_monotonic(NULL);

	if (now - *sent < PAUSE)
	{
		return FALSE;
	}
	*sent = now;
	return TRUE;
}

/*
 * Described in header
 */
linked_list_t *rmobike_requests_packets(ike_sa_t *ike_sa, message_t *message)
{
	linked_list_t *packets = linked_list_create();
	enumerator_t *enumerator;
	packet_t *packet;

	if (message->is_fragmented(message))
	{
		enumerator = message->get_fragments(message);
		while (enumerator->enumerate(enumerator, &packet))
		{
			packets->insert_last(packets, packet->clone(packet));
		}
		enumerator->destroy(enumerator);
	}
	else if (message->is_encoded(message))
	{
		packets->insert_last(packets, message->get_packet(message));
	}
	enumerator = packets->create_enumerator(packets);
	while (enumerator->enumerate(enumerator, &packet))
	{
		rmobike_ike_sa_set_dscp(ike_sa, packet);
	}
	enumerator->destroy(enumerator);
	return packets;
}

/**
 * Get the request of an IKE_SA, with the lock; NULL if there is none
 */
static rmobike_sent_t *find(private_rmobike_requests_t *this, uint32_t id)
{
	return this->records->get(this->records, id, RMOBIKE_PART_REQUEST);
}

METHOD(rmobike_requests_t, keep, bool,
	private_rmobike_requests_t *this, uint32_t id, uint32_t mid,
	linked_list_t *packets, host_t *here)
{
	rmobike_sent_t *request, *last;
	bool leaving;

	INIT(request,
		.mid = mid,
		.packets = packets,
		.sent = time_monotonic(NULL),
	);
	this->records->lock(this->records);
	last = this->records->set(this->records, id, RMOBIKE_PART_REQUEST, request);
	leaving = last && last->to && time_monotonic(NULL) < last->until &&
			  !last->to->ip_equals(last->to, here);
	if (leaving)
	{
		request->to = last->to;
		request->until = last->until;
		last->to = NULL;
	}
	this->records->unlock(this->records);
	rmobike_sent_destroy(last);
	return leaving;
}

METHOD(rmobike_requests_t, answered, void,
	private_rmobike_requests_t *this, uint32_t id, uint32_t mid)
{
	rmobike_sent_t *request, *removed = NULL;
	linked_list_t *packets = NULL;

	this->records->lock(this->records);
	request = find(this, id);
	if (request && request->mid == mid)
	{
		packets = request->packets;
		request->packets = NULL;
		if (!request->to)
		{
			removed = this->records->set(this->records, id,
										 RMOBIKE_PART_REQUEST, NULL);
		}
	}
	this->records->unlock(this->records);
	destroy_packets(packets);
	rmobike_sent_destroy(removed);
}

METHOD(rmobike_requests_t, leaving, bool,
	private_rmobike_requests_t *this, uint32_t id, uint32_t mid, host_t *to)
{
	rmobike_sent_t *request;
	bool in_air;

	this->records->lock(this->records);
	request = find(this, id);
	if (!request)
	{
		INIT(request);
		this->records->set(this->records, id, RMOBIKE_PART_REQUEST, request);
	}
	in_air = request->packets && request->mid == mid;
	DESTROY_IF(request->to);
	request->to = to->clone(to);
	request->until = time_monotonic(NULL) + LEAVING_TIME;
	this->records->unlock(this->records);
	return in_air;
}

METHOD(rmobike_requests_t, get, rmobike_sent_t*,
	private_rmobike_requests_t *this, uint32_t id, uint32_t mid)
{
	rmobike_sent_t *request, *copy = NULL;

	this->records->lock(this->records);
	request = find(this, id);
	if (request && request->packets && request->mid == mid)
	{
		INIT(copy,
			.mid = mid,
			.packets = request->packets->clone_offset(request->packets,
												offsetof(packet_t, clone)),
			.to = request->to ? request->to->clone(request->to) : NULL,
			.until = request->until,
		);
	}
	this->records->unlock(this->records);
	return copy;
}

METHOD(rmobike_requests_t, is_due, bool,
	private_rmobike_requests_t *this, uint32_t id, uint32_t mid)
{
	rmobike_sent_t *request;
	bool due;

	this->records->lock(this->records);
	request = find(this, id);
	due = request && request->packets && request->mid == mid &&
		  rmobike_inflight_is_due(&request->sent);
	this->records->unlock(this->records);
	return due;
}

METHOD(rmobike_requests_t, destroy, void,
	private_rmobike_requests_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_requests_t *rmobike_requests_create(rmobike_records_t *records)
{
	private_rmobike_requests_t *this;

	INIT(this,
		.public = {
			.keep = _keep,
			.answered = _answered,
			.leaving = _leaving,
			.get = _get,
			.is_due = _is_due,
			.destroy = _destroy,
		},
		.records = records,
	);
	records->own(records, RMOBIKE_PART_REQUEST, (void*)rmobike_sent_destroy,
				 NULL);
	return &this->public;
}
