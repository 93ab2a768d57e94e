/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include <encoding/message.h>
#include <network/sender.h>
#include <processing/jobs/process_message_job.h>

#include "exchange/rmobike_raw_socket.h"

typedef struct flight_t flight_t;
typedef struct busy_t busy_t;

/**
 * A packet on its way
 */
struct flight_t {
	/** the packet, with addresses as seen outside of the NAT */
	packet_t *packet;
	/** who sent it */
	side_t from;
	/** its entry in the trace */
	trace_t *trace;
};

/**
 * An IKE_SA that processes a message
 */
struct busy_t {
	side_t side;
	uint64_t spi;
	uint32_t mid;
	uint64_t until;
};

/** What charon sends with */
static sender_t *sender, *replaced;

/** Microseconds under way, by sender */
static uint64_t delay[2];

/** Current weather: percent, percent, microseconds */
static u_int loss, doubled, jitter;

/** Where the responder claims to be, NULL if it doesn't */
static host_t *lie;

/** Blocked addresses as host_t, busy_t */
static linked_list_t *blocked, *busy;

/**
 * Destroy a packet on its way.
 */
static void flight_destroy(flight_t *this)
{
	this->packet->destroy(this->packet);
	free(this);
}

/**
 * Send the same packet once more.
 */
static flight_t *flight_clone(flight_t *this)
{
	flight_t *clone;

	INIT(clone,
		.packet = this->packet->clone(this->packet),
		.from = this->from,
		.trace = this->trace,
	);
	return clone;
}

/**
 * A packet ends somewhere else than where it should.
 */
static void flight_fail(flight_t *this, const char *why)
{
	this->trace->why = why;
	flight_destroy(this);
}

/**
 * How long is an IKE_SA busy with another message? -1 if that has the same ID
 * and charon drops this one.
 */
static int64_t check_busy(side_t side, message_t *message)
{
	ike_sa_id_t *id = message->get_ike_sa_id(message);
	enumerator_t *enumerator;
	busy_t *current;
	int64_t wait = 0;

	enumerator = busy->create_enumerator(busy);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (current->until <= time_us())
		{
			busy->remove_at(busy, enumerator);
			free(current);
		}
		else if (current->side == side &&
				 current->spi == id->get_initiator_spi(id))
		{
			wait = current->mid == message->get_message_id(message) ?
							-1 : (int64_t)(current->until - time_us());
			break;
		}
	}
	enumerator->destroy(enumerator);
	return wait;
}

/**
 * From now on an IKE_SA is busy with a message.
 */
static void set_busy(side_t side, message_t *message)
{
	ike_sa_id_t *id = message->get_ike_sa_id(message);
	busy_t *entry;

	if (world_conf.busy)
	{
		INIT(entry,
			.side = side,
			.spi = id->get_initiator_spi(id),
			.mid = message->get_message_id(message),
			.until = time_us() + world_conf.busy * 1000ULL,
		);
		busy->insert_last(busy, entry);
	}
}

/**
 * Let charon process a packet, as its receiver would.
 */
static void process(flight_t *this)
{
	packet_t *packet = this->packet;
	message_t *message;
	job_t *job;
	int64_t wait;

	message = message_create_from_packet(packet->clone(packet));
	if (message->parse_header(message) != SUCCESS)
	{
		message->destroy(message);
		flight_fail(this, "malformed");
		return;
	}
	wait = check_busy(!this->from, message);
	if (wait)
	{
		message->destroy(message);
		if (wait < 0)
		{
			flight_fail(this, "busy");
			return;
		}
		time_schedule(wait, (void*)process, (void*)flight_destroy, this);
		return;
	}
	set_busy(!this->from, message);
	flight_destroy(this);
	job = (job_t*)process_message_job_create(message);
	job->execute(job);
	job->destroy(job);
}

/**
 * A packet arrives.
 */
static void arrive(flight_t *this)
{
	host_t *src, *dst;

	src = this->packet->get_source(this->packet);
	dst = this->packet->get_destination(this->packet);
	if (this->from == RESPONDER)
	{
		dst = nat_in(dst, src);
		if (!dst)
		{
			flight_fail(this, "nat");
			return;
		}
		this->packet->set_destination(this->packet, dst);
	}
	if (!kernel_has_address(!this->from, dst))
	{
		flight_fail(this, "no such address");
		return;
	}
	if (this->packet->get_data(this->packet).len == 1)
	{
		flight_destroy(this);
		return;
	}
	process(this);
}

/**
 * A packet is on its way.
 */
static void depart(flight_t *this, uint64_t more)
{
	time_schedule(delay[this->from] + more, (void*)arrive,
				  (void*)flight_destroy, this);
}

/**
 * Send a packet as the weather is.
 */
static void depart_in_weather(flight_t *this)
{
	if (world_random(100) < loss)
	{
		flight_fail(this, "lost");
		return;
	}
	if (world_random(100) < doubled)
	{
		depart(flight_clone(this), world_random(jitter));
	}
	depart(this, world_random(jitter));
}

/**
 * Flip a bit.
 */
static void garble(flight_t *this)
{
	chunk_t data = this->packet->get_data(this->packet);

	this->trace->why = "garbled";
	data.ptr[data.len - 1] ^= 1;
}

/**
 * Send a packet, unless the test has something else in mind.
 */
static void send_flight(flight_t *this)
{
	host_t *src = this->packet->get_source(this->packet);
	int fate = fate_of(this->trace);

	if (!kernel_has_family(this->from, src->get_family(src)))
	{
		flight_fail(this, "no route");
		return;
	}
	switch (fate)
	{
		case DROP:
			flight_fail(this, "dropped");
			break;
		case HOLD:
			fate_hold(this->trace, (void*)arrive, (void*)flight_destroy,
					  (void*)flight_clone, this);
			break;
		case DOUBLE:
			depart(flight_clone(this), 0);
			depart(this, 0);
			break;
		case GARBLE:
			garble(this);
			depart(this, 0);
			break;
		case DELAY:
			depart(this, LATE * 1000ULL);
			break;
		default:
			depart_in_weather(this);
			break;
	}
}

/*
 * Described in header
 */
bool wire_is_blocked(host_t *host)
{
	enumerator_t *enumerator;
	host_t *current;
	bool found = FALSE;

	enumerator = blocked->create_enumerator(blocked);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = current->ip_equals(current, host);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Who sends a packet?
 */
static side_t get_sender(host_t *src)
{
	if (charon->bus->get_sa(charon->bus))
	{
		return kernel_side();
	}
	return kernel_has_address(INITIATOR, src) ? INITIATOR : RESPONDER;
}

/**
 * Forge the source of a packet.
 */
static void forge_source(packet_t *packet)
{
	host_t *src = packet->get_source(packet), *forged = lie->clone(lie);

	forged->set_port(forged, src->get_port(src));
	packet->set_source(packet, forged);
}

/**
 * Send a packet, if it may have that source.
 */
static void send_packet(packet_t *packet, bool raw)
{
	host_t *src, *dst, *outside = NULL;
	bool mine;
	flight_t *flight;

	src = packet->get_source(packet);
	dst = packet->get_destination(packet);
	INIT(flight,
		.packet = packet,
		.from = get_sender(src),
	);
	mine = raw || kernel_has_address(flight->from, src);
	if (flight->from == INITIATOR)
	{
		outside = mine ? nat_out(src, dst) : src->clone(src);
	}
	else if (lie)
	{
		forge_source(packet);
		src = packet->get_source(packet);
	}
	flight->trace = trace_add(flight->from, outside ?: dst,
							  outside ? dst : src, packet->get_data(packet));
	if (outside)
	{
		packet->set_source(packet, outside);
		src = outside;
	}
	if (!mine)
	{
		flight_fail(flight, "not our address");
	}
	else if (wire_is_blocked(src) || wire_is_blocked(dst))
	{
		flight_fail(flight, "blocked");
	}
	else
	{
		send_flight(flight);
	}
}

METHOD(sender_t, send_, void,
	sender_t *this, packet_t *packet)
{
	send_packet(packet, FALSE);
}

METHOD(rmobike_raw_socket_t, source_send, bool,
	rmobike_raw_socket_t *this, packet_t *packet, host_t *me, host_t *other)
{
	packet_t *copy;

	copy = packet->clone(packet);
	copy->set_source(copy, me->clone(me));
	copy->set_destination(copy, other->clone(other));
	send_packet(copy, TRUE);
	return TRUE;
}

/*
 * Described in header
 */
rmobike_raw_socket_t *wire_create_source()
{
	rmobike_raw_socket_t *this;

	INIT(this,
		.send = _source_send,
		.destroy = (void*)free,
	);
	return this;
}

/*
 * Described in header
 */
void world_block(char *address)
{
	blocked->insert_last(blocked, host_create_from_string(address, 0));
}

/*
 * Described in header
 */
void world_unblock(char *address)
{
	enumerator_t *enumerator;
	host_t *host, *current;

	host = host_create_from_string(address, 0);
	enumerator = blocked->create_enumerator(blocked);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (current->ip_equals(current, host))
		{
			blocked->remove_at(blocked, enumerator);
			current->destroy(current);
		}
	}
	enumerator->destroy(enumerator);
	host->destroy(host);
}

/*
 * Described in header
 */
void world_lie(char *address)
{
	DESTROY_IF(lie);
	lie = address ? host_create_from_string(address, 0) : NULL;
}

/*
 * Described in header
 */
void world_delay(side_t from, u_int ms)
{
	delay[from] = ms * 1000ULL;
}

/*
 * Described in header
 */
uint64_t wire_get_delay(side_t from)
{
	return delay[from];
}

/*
 * Described in header
 */
void world_weather(u_int l, u_int d, u_int j)
{
	loss = l;
	doubled = d;
	jitter = j * 1000;
}

/*
 * Described in header
 */
void wire_create()
{
	delay[INITIATOR] = delay[RESPONDER] = (world_conf.delay ?: 10) * 1000ULL;
	loss = doubled = jitter = 0;
	blocked = linked_list_create();
	fate_create();
	busy = linked_list_create();
	INIT(sender,
		.send = _send_,
		.send_no_marker = _send_,
		.flush = (void*)nop,
		.destroy = (void*)free,
	);
	replaced = charon->sender;
	charon->sender = sender;
}

/*
 * Described in header
 */
void wire_destroy()
{
	charon->sender = replaced;
	sender->destroy(sender);
	blocked->destroy_offset(blocked, offsetof(host_t, destroy));
	world_lie(NULL);
	fate_destroy();
	busy->destroy_function(busy, (void*)free);
}
