/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/**
 * Create an element without a value.
 */
static message_t *create(const char *name)
{
	message_t *element;

	element = calloc(1, sizeof(*element));
	if (!element || (name && !(element->name = strdup(name))))
	{
		abort();
	}
	return element;
}

/**
 * Read what is in a section, up to its end.
 */
static bool parse(vici_res_t *res, message_t *section)
{
	message_t **tail = &section->first;
	void *value;
	int len;

	while (true)
	{
		switch (vici_parse(res))
		{
			case VICI_PARSE_BEGIN_SECTION:
				*tail = create(vici_parse_name(res));
				if (!parse(res, *tail))
				{
					return false;
				}
				tail = &(*tail)->next;
				break;
			case VICI_PARSE_KEY_VALUE:
				value = vici_parse_value(res, &len);
				*tail = create(vici_parse_name(res));
				(*tail)->len = len;
				(*tail)->value = calloc(1, len + 1);
				if (!(*tail)->value)
				{
					abort();
				}
				memcpy((*tail)->value, value ?: "", len);
				tail = &(*tail)->next;
				break;
			case VICI_PARSE_END_SECTION:
			case VICI_PARSE_END:
				return true;
			case VICI_PARSE_ERROR:
				return false;
			default:
				break;
		}
	}
}

message_t *message_create(vici_res_t *res)
{
	message_t *message;

	message = create(NULL);
	if (res && !parse(res, message))
	{
		message_destroy(message);
		errno = EILSEQ;
		return NULL;
	}
	return message;
}

message_t *message_add(message_t *section, const char *name,
					   const char *fmt, ...)
{
	message_t **tail = &section->first;
	va_list args;

	while (*tail)
	{
		tail = &(*tail)->next;
	}
	*tail = create(name);
	if (fmt)
	{
		va_start(args, fmt);
		if (vasprintf(&(*tail)->value, fmt, args) == -1)
		{
			abort();
		}
		va_end(args);
		(*tail)->len = strlen((*tail)->value);
	}
	return *tail;
}

/**
 * Find a value or a section.
 */
static message_t *find(message_t *section, const char *name, bool value)
{
	message_t *element = section ? section->first : NULL;

	while (element && (!element->value == value || !streq(element->name, name)))
	{
		element = element->next;
	}
	return element;
}

message_t *message_section(message_t *section, const char *name)
{
	return find(section, name, false);
}

message_t *message_items(message_t *section, const char *name)
{
	message_t *found;

	found = message_section(section, name);
	return found ? found->first : NULL;
}

char *message_get(message_t *section, const char *key)
{
	message_t *element;

	element = find(section, key, true);
	return element ? element->value : NULL;
}

char *message_text(message_t *section, const char *key)
{
	return message_get(section, key) ?: "?";
}

unsigned long long message_number(message_t *section, const char *key)
{
	char *value;

	value = message_get(section, key);
	return value ? strtoull(value, NULL, 10) : 0;
}

void message_destroy(message_t *message)
{
	message_t *element;

	if (message)
	{
		while ((element = message->first))
		{
			message->first = element->next;
			message_destroy(element);
		}
		free(message->name);
		free(message->value);
		free(message);
	}
}
