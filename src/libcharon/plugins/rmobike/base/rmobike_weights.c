/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_weights.h"

#include <collections/enumerator.h>
#include <utils/utils.h>

typedef struct private_rmobike_weights_t private_rmobike_weights_t;

/**
 * Private data
 */
struct private_rmobike_weights_t {

	/**
	 * Public interface
	 */
	rmobike_weights_t public;

	/**
	 * Addresses with their weights
	 */
	struct {
		host_t *address;
		u_int weight;
	} entries[RMOBIKE_WEIGHTS_MAX];

	/**
	 * Number of addresses
	 */
	int count;
};

METHOD(rmobike_weights_t, count, int,
	private_rmobike_weights_t *this)
{
	return this->count;
}

METHOD(rmobike_weights_t, get_address, host_t*,
	private_rmobike_weights_t *this, int i)
{
	return this->entries[i].address;
}

METHOD(rmobike_weights_t, get_weight, u_int,
	private_rmobike_weights_t *this, int i)
{
	return this->entries[i].weight;
}

METHOD(rmobike_weights_t, find, int,
	private_rmobike_weights_t *this, host_t *address)
{
	int i;

	for (i = 0; i < this->count; i++)
	{
		if (address->ip_equals(address, this->entries[i].address))
		{
			return i;
		}
	}
	return -1;
}

METHOD(rmobike_weights_t, add, bool,
	private_rmobike_weights_t *this, host_t *address, u_int weight)
{
	if (this->count == RMOBIKE_WEIGHTS_MAX)
	{
		return FALSE;
	}
	this->entries[this->count].address = address->clone(address);
	this->entries[this->count++].weight = weight;
	return TRUE;
}

/**
 * Load of an address with one more, relative to that of another one: below 0 if
 * it is less
 */
static int64_t compare(private_rmobike_weights_t *this, const u_int *load,
					   int a, int a_more, int b, int b_more)
{
	return (int64_t)(load[a] + a_more) * this->entries[b].weight -
		   (int64_t)(load[b] + b_more) * this->entries[a].weight;
}

METHOD(rmobike_weights_t, choose, int,
	private_rmobike_weights_t *this, const u_int *load, const bool *usable,
	int current)
{
	int i, best = -1;

	for (i = 0; i < this->count; i++)
	{
		if (!usable[i] || !this->entries[i].weight)
		{
			continue;
		}
		if (best < 0 || compare(this, load, i, 1, best, 1) < 0)
		{
			best = i;
		}
	}
	if (best >= 0 && current >= 0 && usable[current] &&
		this->entries[current].weight &&
		compare(this, load, current, 1, best, 1) <= 0)
	{
		return current;
	}
	return best;
}

METHOD(rmobike_weights_t, divide, void,
	private_rmobike_weights_t *this, u_int total, u_int *share)
{
	uint64_t sum = 0, rest[RMOBIKE_WEIGHTS_MAX];
	u_int left = total;
	int i, best;

	for (i = 0; i < this->count; i++)
	{
		sum += this->entries[i].weight;
	}
	for (i = 0; i < this->count; i++)
	{
		share[i] = 0;
		rest[i] = 0;
		if (sum)
		{
			share[i] = (uint64_t)total * this->entries[i].weight / sum;
			rest[i] = (uint64_t)total * this->entries[i].weight % sum;
		}
		left -= share[i];
	}
	while (sum && left)
	{
		for (best = 0, i = 1; i < this->count; i++)
		{
			if (rest[i] > rest[best])
			{
				best = i;
			}
		}
		share[best]++;
		rest[best] = 0;
		left--;
	}
}

METHOD(rmobike_weights_t, is_overloaded, bool,
	private_rmobike_weights_t *this, const u_int *load, int i, u_int percent)
{
	u_int share[RMOBIKE_WEIGHTS_MAX], total = 0, margin;
	int j;

	for (j = 0; j < this->count; j++)
	{
		total += load[j];
	}
	divide(this, total, share);
	margin = max((uint64_t)share[i] * percent / 100, this->entries[i].weight ?
				 1 : 0);
	return load[i] > share[i] + margin;
}

METHOD(rmobike_weights_t, destroy, void,
	private_rmobike_weights_t *this)
{
	while (this->count)
	{
		host_t *address = this->entries[--this->count].address;

		address->destroy(address);
	}
	free(this);
}

static private_rmobike_weights_t *create_empty(void);

METHOD(rmobike_weights_t, clone_, rmobike_weights_t*,
	private_rmobike_weights_t *this)
{
	private_rmobike_weights_t *clone;
	host_t *address;
	int i;

	clone = create_empty();
	for (i = 0; i < this->count; i++)
	{
		address = this->entries[i].address;
		clone->entries[i].address = address->clone(address);
		clone->entries[i].weight = this->entries[i].weight;
	}
	clone->count = this->count;
	return &clone->public;
}

/**
 * Create an empty list
 */
static private_rmobike_weights_t *create_empty(void)
{
	private_rmobike_weights_t *this;

	INIT(this,
		.public = {
			.count = _count,
			.get_address = _get_address,
			.get_weight = _get_weight,
			.find = _find,
			.add = _add,
			.choose = _choose,
			.divide = _divide,
			.is_overloaded = _is_overloaded,
			.clone = _clone_,
			.destroy = _destroy,
		},
	);
	return this;
}

/**
 * Parse a weight
 */
static bool parse_weight(const char *value, u_int *weight)
{
	char *end;

	if (*value < '0' || *value > '9' || strlen(value) > 5)
	{
		return FALSE;
	}
	*weight = strtoul(value, &end, 10);
	return !*end && *weight <= RMOBIKE_WEIGHT_MAX;
}

/**
 * Parse and add an address
 */
static bool parse_entry(rmobike_weights_t *this, char *address,
						const char *weight, char *why, size_t len)
{
	u_int number = 1;
	host_t *host;
	bool valid = FALSE;

	host = host_create_from_string(address, 0);
	if (!host || host->is_anyaddr(host))
	{
		snprintf(why, len, "'%s' is not an IP address", address);
	}
	else if (weight && !parse_weight(weight, &number))
	{
		snprintf(why, len, "'%s' is not a weight from 0 to %d", weight,
				 RMOBIKE_WEIGHT_MAX);
	}
	else if (this->find(this, host) >= 0)
	{
		snprintf(why, len, "'%s' is listed twice", address);
	}
	else if (!this->add(this, host, number))
	{
		snprintf(why, len, "more than %d addresses", RMOBIKE_WEIGHTS_MAX);
	}
	else
	{
		valid = TRUE;
	}
	DESTROY_IF(host);
	return valid;
}

/*
 * Described in header
 */
rmobike_weights_t *rmobike_weights_create(const char *list, char *why,
										  size_t len)
{
	private_rmobike_weights_t *this;
	enumerator_t *enumerator;
	char *item, *weight;
	bool valid = TRUE;

	this = create_empty();
	if (!list)
	{
		return &this->public;
	}
	enumerator = enumerator_create_token(list, ",", " ");
	while (valid && enumerator->enumerate(enumerator, &item))
	{
		weight = strchr(item, '=');
		if (weight)
		{
			*weight++ = '\0';
		}
		valid = parse_entry(&this->public, item, weight, why, len);
	}
	enumerator->destroy(enumerator);
	if (valid && !this->count)
	{
		snprintf(why, len, "no address given");
		valid = FALSE;
	}
	if (!valid)
	{
		destroy(this);
		return NULL;
	}
	return &this->public;
}
