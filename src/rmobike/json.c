/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "json.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/** most digits of a number that every reader takes for the same one */
#define DIGITS_MAX 15

struct json_t {
	/** where it is written to */
	FILE *out;
	/** what was written */
	char *text;
	/** its length */
	size_t len;
	/** nothing is in the current object yet */
	bool first;
};

/**
 * Keys of values that are text, even if they look like numbers.
 */
static const char *const texts[] = {
	"name", "peer-id", "local", "remote", "from", "to", "state", "reason",
	"tag", "errmsg",
};

json_t *json_begin(void)
{
	json_t *json;

	json = calloc(1, sizeof(*json));
	if (json)
	{
		json->out = open_memstream(&json->text, &json->len);
		json->first = true;
	}
	if (!json || !json->out)
	{
		abort();
	}
	fputc('{', json->out);
	return json;
}

/**
 * Write a string.
 */
static void write_string(json_t *json, const uint8_t *pos, size_t len)
{
	const uint8_t *end = pos + len;
	uint32_t c;

	fputc('"', json->out);
	while (pos < end)
	{
		c = utf8_next(&pos, end);
		if (c == '"' || c == '\\')
		{
			fprintf(json->out, "\\%c", (char)c);
		}
		else if (c >= ' ' && c <= '~')
		{
			fputc(c, json->out);
		}
		else if (c < 0x10000)
		{
			fprintf(json->out, "\\u%04x", c);
		}
		else
		{
			c -= 0x10000;
			fprintf(json->out, "\\u%04x\\u%04x", 0xd800 | c >> 10,
					0xdc00 | (c & 0x3ff));
		}
	}
	fputc('"', json->out);
}

/**
 * Write the name of what follows.
 */
static void write_key(json_t *json, const char *key)
{
	if (!json->first)
	{
		fputc(',', json->out);
	}
	json->first = false;
	write_string(json, (const uint8_t*)key, strlen(key));
	fputc(':', json->out);
}

/**
 * Check for a number as JSON has them.
 */
static bool is_number(const char *text)
{
	size_t whole, part;

	whole = strspn(text, "0123456789");
	if (!whole || whole > DIGITS_MAX || (whole > 1 && *text == '0'))
	{
		return false;
	}
	if (!text[whole])
	{
		return true;
	}
	part = strspn(text + whole + 1, "0123456789");
	return text[whole] == '.' && part && whole + part <= DIGITS_MAX &&
		   !text[whole + 1 + part];
}

void json_add(json_t *json, const char *key, const void *value, size_t len)
{
	char text[DIGITS_MAX + 3] = "";
	size_t i;

	write_key(json, key);
	for (i = 0; i < countof(texts) && !streq(key, texts[i]); i++)
	{
		/* just look it up */
	}
	if (i == countof(texts) && len < sizeof(text) && !memchr(value, 0, len))
	{
		memcpy(text, value, len);
	}
	if (is_number(text))
	{
		fputs(text, json->out);
	}
	else if (streq(text, "yes") || streq(text, "no"))
	{
		fputs(streq(text, "yes") ? "true" : "false", json->out);
	}
	else
	{
		write_string(json, value, len);
	}
}

void json_addf(json_t *json, const char *key, const char *fmt, ...)
{
	va_list args;

	write_key(json, key);
	va_start(args, fmt);
	vfprintf(json->out, fmt, args);
	va_end(args);
}

void json_open(json_t *json, const char *key)
{
	write_key(json, key);
	fputc('{', json->out);
	json->first = true;
}

void json_close(json_t *json)
{
	fputc('}', json->out);
	json->first = false;
}

/**
 * Key/value pair of a message.
 */
static int message_kv(void *user, vici_res_t *res, char *name, void *value,
					  int len)
{
	json_add(user, name, value, len);
	return 0;
}

/**
 * Section of a message.
 */
static int message_section(void *user, vici_res_t *res, char *name)
{
	int ret;

	json_open(user, name);
	ret = vici_parse_cb(res, message_section, message_kv, NULL, user);
	json_close(user);
	return ret;
}

json_t *json_message(json_t *json, vici_res_t *res)
{
	if (vici_parse_cb(res, message_section, message_kv, NULL, json) != 0)
	{
		command_error("invalid message from the daemon");
	}
	return json;
}

void json_print(json_t *json)
{
	fputs("}\n", json->out);
	fclose(json->out);
	command_write(json->text);
	free(json->text);
	free(json);
}
