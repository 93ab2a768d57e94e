/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** highest weight, and the digits it has */
#define WEIGHT_MAX 10000
#define WEIGHT_DIGITS 5

bool is_address(const char *str)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, str, &v4) == 1)
	{
		return v4.s_addr != htonl(INADDR_ANY) &&
			   v4.s_addr != htonl(INADDR_BROADCAST) &&
			   !IN_MULTICAST(ntohl(v4.s_addr));
	}
	return inet_pton(AF_INET6, str, &v6) == 1 &&
		   !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_MULTICAST(&v6);
}

bool is_weighted(const char *str)
{
	char item[INET6_ADDRSTRLEN + WEIGHT_DIGITS + 2], *weight;
	bool good = true;
	size_t len;

	do
	{
		len = strcspn(str, ",");
		if (len >= sizeof(item))
		{
			return false;
		}
		memcpy(item, str, len);
		item[len] = '\0';
		weight = strchr(item, '=');
		if (weight)
		{
			*weight++ = '\0';
			good = *weight && strlen(weight) <= WEIGHT_DIGITS &&
				   strspn(weight, "0123456789") == strlen(weight) &&
				   atoi(weight) <= WEIGHT_MAX;
		}
		good = good && is_address(item);
		str += len;
	}
	while (good && *str++ == ',');
	return good;
}

/**
 * Parse a numeric address, return its family.
 */
static int parse_address(const char *str, size_t len)
{
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (len < sizeof(buf))
	{
		memcpy(buf, str, len);
		buf[len] = '\0';
		if (inet_pton(AF_INET, buf, &addr) == 1)
		{
			return AF_INET;
		}
		if (inet_pton(AF_INET6, buf, &addr) == 1)
		{
			return AF_INET6;
		}
	}
	return AF_UNSPEC;
}

bool is_network(const char *str)
{
	size_t len = strcspn(str, "/-");
	const char *rest = str + len + 1;
	unsigned long bits;
	char *end;
	int family;

	family = parse_address(str, len);
	if (family == AF_UNSPEC || !str[len])
	{
		return family != AF_UNSPEC;
	}
	if (str[len] == '-')
	{
		return parse_address(rest, strlen(rest)) == family;
	}
	bits = strtoul(rest, &end, 10);
	return *rest >= '0' && *rest <= '9' && !*end &&
		   bits <= (family == AF_INET ? 32 : 128);
}

bool is_unique_id(const char *str)
{
	unsigned long long id;
	char *end;

	errno = 0;
	id = strtoull(str, &end, 10);
	return *str >= '0' && *str <= '9' && !*end && !errno &&
		   id > 0 && id <= UINT32_MAX;
}
