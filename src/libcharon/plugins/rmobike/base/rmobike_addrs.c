/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_addrs.h"

#include <collections/array.h>
#include <collections/enumerator.h>
#include <selectors/traffic_selector.h>

#include <sys/socket.h>

typedef struct private_rmobike_addrs_t private_rmobike_addrs_t;

/**
 * Private data of an rmobike_addrs_t.
 */
struct private_rmobike_addrs_t {

	/**
	 * Public interface.
	 */
	rmobike_addrs_t public;

	/**
	 * Entries, as traffic_selector_t.
	 */
	array_t *entries;
};

METHOD(rmobike_addrs_t, index_, int,
	private_rmobike_addrs_t *this, host_t *host)
{
	traffic_selector_t *ts;
	int i;

	for (i = 0; i < array_count(this->entries); i++)
	{
		array_get(this->entries, i, &ts);
		if (ts->includes(ts, host))
		{
			return i;
		}
	}
	return -1;
}

METHOD(rmobike_addrs_t, includes, bool,
	private_rmobike_addrs_t *this, host_t *host)
{
	return _index_(this, host) >= 0;
}

METHOD(rmobike_addrs_t, get_hosts, linked_list_t*,
	private_rmobike_addrs_t *this)
{
	linked_list_t *hosts = linked_list_create();
	traffic_selector_t *ts;
	host_t *host;
	uint8_t mask;
	int i;

	for (i = 0; i < array_count(this->entries); i++)
	{
		array_get(this->entries, i, &ts);
		if (ts->is_host(ts, NULL) && ts->to_subnet(ts, &host, &mask))
		{
			hosts->insert_last(hosts, host);
		}
	}
	return hosts;
}

METHOD(rmobike_addrs_t, count, int,
	private_rmobike_addrs_t *this)
{
	return array_count(this->entries);
}

METHOD(rmobike_addrs_t, destroy, void,
	private_rmobike_addrs_t *this)
{
	array_destroy_offset(this->entries, offsetof(traffic_selector_t, destroy));
	free(this);
}

/**
 * Parse a numeric address; NULL if it is none, which %any is not.
 */
static host_t *parse_host(char *text)
{
	if (*text == '%')
	{
		return NULL;
	}
	/* knowing the family, IPv6 addresses may end in an IPv4 one */
	return host_create_from_string_and_family(text,
									strchr(text, ':') ? AF_INET6 : AF_INET, 0);
}

/**
 * Get the number of bits in addresses of the same family.
 */
static u_int address_bits(host_t *host)
{
	return host->get_address(host).len * 8;
}

/**
 * Parse the length of a prefix: a decimal number up to max.
 */
static bool parse_prefix(char *text, u_int max, u_int *bits)
{
	*bits = 0;
	do
	{
		if (*text < '0' || *text > '9')
		{
			return FALSE;
		}
		*bits = *bits * 10 + *text - '0';
		if (*bits > max)
		{
			return FALSE;
		}
	}
	while (*++text);
	return TRUE;
}

/**
 * Parse an address with an optional prefix, NULL if it can't be one.
 */
static traffic_selector_t *parse_subnet(char *addr, char *prefix)
{
	host_t *net;
	u_int bits;

	net = parse_host(addr);
	if (!net)
	{
		return NULL;
	}
	bits = address_bits(net);
	if (prefix && !parse_prefix(prefix, bits, &bits))
	{
		net->destroy(net);
		return NULL;
	}
	return traffic_selector_create_from_subnet(net, bits, 0, 0, 65535);
}

/**
 * Parse a range, NULL if its ends can't be ones.
 */
static traffic_selector_t *parse_range(char *first, char *last)
{
	traffic_selector_t *ts = NULL;
	host_t *from, *to;
	chunk_t low, high;

	from = parse_host(first);
	to = parse_host(last);
	if (from && to && address_bits(from) == address_bits(to))
	{
		low = from->get_address(from);
		high = to->get_address(to);
		if (memcmp(low.ptr, high.ptr, low.len) <= 0)
		{
			ts = traffic_selector_create_from_bytes(0,
								from->get_family(from) == AF_INET ?
									TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE,
								low, 0, high, 65535);
		}
	}
	DESTROY_IF(from);
	DESTROY_IF(to);
	return ts;
}

/**
 * Cut text at the given separator, NULL if it isn't there.
 */
static char *cut(char *text, char separator)
{
	char *pos;

	pos = strchr(text, separator);
	if (pos)
	{
		*pos++ = '\0';
	}
	return pos;
}

/**
 * Parse an entry. If it is not valid NULL is returned, and what it should be.
 */
static traffic_selector_t *parse_entry(const char *entry, const char **expected)
{
	traffic_selector_t *ts;
	char *copy, *end;

	copy = strdup(entry);
	end = cut(copy, '-');
	if (end)
	{
		*expected = "a range (a-b) from a lower to a higher address";
		ts = parse_range(copy, end);
	}
	else
	{
		end = cut(copy, '/');
		*expected = end ? "an address with a valid prefix length"
						: "an address, subnet (a/24) or range (a-b)";
		ts = parse_subnet(copy, end);
	}
	free(copy);
	return ts;
}

/**
 * Add all entries; stop at the first bad one, say why and return FALSE.
 */
static bool add_entries(private_rmobike_addrs_t *this, const char *list,
						char *why, size_t len)
{
	enumerator_t *enumerator;
	traffic_selector_t *ts;
	const char *expected;
	bool valid = TRUE;
	char *entry;

	enumerator = enumerator_create_token(list, ", \t\r\n", " \t\r\n");
	while (valid && enumerator->enumerate(enumerator, &entry))
	{
		ts = parse_entry(entry, &expected);
		if (ts)
		{
			array_insert(this->entries, ARRAY_TAIL, ts);
		}
		else
		{
			snprintf(why, len, "'%s' is not %s", entry, expected);
			valid = FALSE;
		}
	}
	enumerator->destroy(enumerator);
	return valid;
}

/*
 * Described in header
 */
rmobike_addrs_t *rmobike_addrs_create(const char *list, char *why, size_t len)
{
	private_rmobike_addrs_t *this;

	INIT(this,
		.public = {
			.includes = _includes,
			.index = _index_,
			.count = _count,
			.get_hosts = _get_hosts,
			.destroy = _destroy,
		},
		.entries = array_create(0, 0),
	);

	if (list && !add_entries(this, list, why, len))
	{
		destroy(this);
		return NULL;
	}
	return &this->public;
}
