/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * ESP packets: which of them arrive?
 */

#include "world_parts.h"

typedef struct ping_t ping_t;

/**
 * A packet in an SA
 */
struct ping_t {
	side_t from;
	uint32_t spi;
	host_t *src, *dst;
	bool encap;
	/** it needs more than an SA, see ping_send() */
	bool picky;
};

/** Packets that were sent and received */
static u_int sent, received;

/**
 * A packet is lost, or has been received.
 */
static void ping_destroy(ping_t *this)
{
	DESTROY_IF(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

/**
 * A packet arrives.
 */
static void ping_arrive(ping_t *this)
{
	host_t *dst;
	esp_t *sa;

	dst = this->from == RESPONDER ? nat_in(this->dst, this->src)
								  : this->dst->clone(this->dst);
	sa = dst ? esp_find(!this->from, this->spi, dst) : NULL;
	if (sa && !sa->larval &&
		(!this->picky || (kernel_has_address(!this->from, dst) &&
						  sa->encap == this->encap)))
	{
		received++;
		sa->received++;
	}
	else
	{
		trace_note("ESP from %H to %H lost", this->src, this->dst);
	}
	DESTROY_IF(dst);
	ping_destroy(this);
}

/*
 * Described in header
 */
void ping_send(esp_t *sa, bool picky)
{
	ping_t *ping;

	sent++;
	if (!sa || (picky && !kernel_has_address(sa->side, sa->src)))
	{
		return;
	}
	INIT(ping,
		.from = sa->side,
		.spi = sa->spi,
		.src = sa->side == INITIATOR ? nat_out(sa->src, sa->dst)
									 : sa->src->clone(sa->src),
		.dst = sa->dst->clone(sa->dst),
		.encap = sa->encap,
		.picky = picky,
	);
	if (picky && (!ping->src || wire_is_blocked(ping->src) ||
				  wire_is_blocked(ping->dst)))
	{
		ping_destroy(ping);
		return;
	}
	time_schedule(wire_get_delay(sa->side), (void*)ping_arrive,
				  (void*)ping_destroy, ping);
}

/**
 * Send a packet in each SA.
 */
static void ping_all(void *null)
{
	enumerator_t *enumerator;
	esp_t *sa;

	enumerator = esp_create_enumerator();
	while (enumerator->enumerate(enumerator, &sa))
	{
		if (!sa->inbound && !sa->larval && !esp_is_spare(sa))
		{
			ping_send(sa, FALSE);
		}
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
void world_ping(u_int ms)
{
	u_int i;

	for (i = 0; i < ms; i++)
	{
		world_later(i, ping_all, NULL);
	}
}

/*
 * Described in header
 */
u_int world_lost_pings()
{
	return sent - received;
}

/*
 * Described in header
 */
void ping_create()
{
	sent = received = 0;
}
