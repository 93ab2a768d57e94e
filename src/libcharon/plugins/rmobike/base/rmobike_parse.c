/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_parse.h"

#include <settings/settings.h>

/*
 * Described in header
 */
bool rmobike_parse_bool(char *value, bool *result)
{
	bool yes = settings_value_as_bool(value, FALSE);

	if (yes != settings_value_as_bool(value, TRUE))
	{	/* not one of the words known for yes or no */
		return FALSE;
	}
	*result = yes;
	return TRUE;
}

/*
 * Described in header
 */
bool rmobike_parse_number(char *value, u_int min, u_int max, u_int *result)
{
	uint64_t number = UINT64_MAX;

	if (*value >= '0' && *value <= '9')
	{	/* signs, and thus overflows, are not for us */
		number = settings_value_as_uint64(value, UINT64_MAX);
	}
	if (number < min || number > max)
	{
		return FALSE;
	}
	*result = number;
	return TRUE;
}

/*
 * Described in header
 *
 * strtod() depends on the locale and takes much that is no time at all.
 */
bool rmobike_parse_seconds(char *value, u_int min, u_int max, u_int *result)
{
	static const char digits[] = "0123456789";
	size_t len = strspn(value, digits), i;
	uint64_t ms;
	u_int unit = 100;

	if (len < 1 || len > 9)
	{
		return FALSE;
	}
	ms = strtoull(value, NULL, 10) * 1000;
	if (value[len] == '.')
	{
		value += len + 1;
		len = strspn(value, digits);
		for (i = 0; i < len; i++, unit /= 10)
		{
			ms += (value[i] - '0') * unit;
		}
	}
	if (!len || value[len] || ms < min || ms > max)
	{
		return FALSE;
	}
	*result = ms;
	return TRUE;
}
