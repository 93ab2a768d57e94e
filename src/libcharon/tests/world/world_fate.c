/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What a test orders to become of single packets.
 */

#include "world_parts.h"

#include <fnmatch.h>

typedef struct order_t order_t;
typedef struct held_t held_t;

/**
 * What shall become of the next packets that match
 */
struct order_t {
	fate_t fate;
	char *pattern;
	u_int count;
};

/**
 * A packet that waits
 */
struct held_t {
	trace_t *trace;
	/** what to do when it arrives, or if it never does, and how to copy it */
	void (*arrive)(void*);
	void (*discard)(void*);
	void *(*copy)(void*);
	void *data;
};

/** order_t, held_t */
static linked_list_t *orders, *held;

/*
 * Described in header
 */
int fate_of(trace_t *trace)
{
	enumerator_t *enumerator;
	order_t *order;
	int fate = -1;

	enumerator = orders->create_enumerator(orders);
	while (fate == -1 && enumerator->enumerate(enumerator, &order))
	{
		if (!fnmatch(order->pattern, trace->line, 0))
		{
			fate = order->fate;
			if (!--order->count)
			{
				orders->remove_at(orders, enumerator);
				free(order);
			}
		}
	}
	enumerator->destroy(enumerator);
	return fate;
}

/*
 * Described in header
 */
void fate_hold(trace_t *trace, void (*arrive)(void*), void (*discard)(void*),
			   void *(*copy)(void*), void *data)
{
	held_t *this;

	trace->why = "held";
	INIT(this,
		.trace = trace,
		.arrive = arrive,
		.discard = discard,
		.copy = copy,
		.data = data,
	);
	held->insert_last(held, this);
}

/*
 * Described in header
 */
void world_fate(fate_t fate, char *pattern, u_int count)
{
	order_t *order;

	INIT(order,
		.fate = fate,
		.pattern = pattern,
		.count = count,
	);
	orders->insert_last(orders, order);
}

/*
 * Described in header
 */
void world_fate_none()
{
	order_t *order;

	while (orders->remove_first(orders, (void**)&order) == SUCCESS)
	{
		free(order);
	}
}

/*
 * Described in header
 */
void world_release(char *pattern)
{
	enumerator_t *enumerator;
	held_t *current;

	enumerator = held->create_enumerator(held);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (!fnmatch(pattern, current->trace->line, 0))
		{
			held->remove_at(held, enumerator);
			current->trace->why = NULL;
			time_schedule(0, current->arrive, current->discard, current->data);
			free(current);
		}
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
bool world_deliver(char *pattern)
{
	enumerator_t *enumerator;
	held_t *current;
	bool found = FALSE;

	enumerator = held->create_enumerator(held);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = !fnmatch(pattern, current->trace->line, 0);
	}
	enumerator->destroy(enumerator);
	if (found)
	{
		time_schedule(0, current->arrive, current->discard,
					  current->copy(current->data));
	}
	return found;
}

/*
 * Described in header
 */
void fate_create()
{
	orders = linked_list_create();
	held = linked_list_create();
}

/*
 * Described in header
 */
void fate_destroy()
{
	held_t *current;

	world_fate_none();
	orders->destroy(orders);
	while (held->remove_first(held, (void**)&current) == SUCCESS)
	{
		current->discard(current->data);
		free(current);
	}
	held->destroy(held);
}
