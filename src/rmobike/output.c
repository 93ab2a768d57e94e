/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "output.h"

#include <stdarg.h>
#include <stdlib.h>

/** what stands for octets that are not valid UTF-8 */
#define UTF8_INVALID 0xfffd

/** most digits of a number that every reader takes for the same one */
#define DIGITS_MAX 15

/**
 * Described in header
 */
output_format_t output_format;

/**
 * Keys of values that are text, even if they look like numbers.
 */
static const char *const texts[] = {
	"name", "peer-id", "local", "remote", "from", "to", "state", "reason",
	"tag", "errmsg", "interface",
};

void print_to(FILE *out, const char *fmt, ...)
{
	char *line, *pos;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&line, fmt, args);
	va_end(args);
	if (len == -1)
	{
		return;
	}
	for (pos = line; *pos; pos++)
	{	/* nothing that a terminal might obey */
		if (*pos < ' ' || *pos > '~')
		{
			*pos = '?';
		}
	}
	fprintf(out, "%s\n", line);
	fflush(out);
	free(line);
}

/**
 * Get the next character of a text, UTF8_INVALID for an octet that begins none.
 */
static uint32_t utf8_next(const uint8_t **pos, const uint8_t *end)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const uint8_t *next = *pos + 1;
	uint32_t c = **pos;
	size_t more, i;

	*pos = next;
	if (c < 0x80)
	{
		return c;
	}
	more = (c >= 0xc2) + (c >= 0xe0) + (c >= 0xf0);
	if (!more || c > 0xf4 || (size_t)(end - next) < more)
	{
		return UTF8_INVALID;
	}
	c &= 0x3f >> more;
	for (i = 0; i < more; i++)
	{
		if ((next[i] & 0xc0) != 0x80)
		{
			return UTF8_INVALID;
		}
		c = c << 6 | (next[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
	{
		return UTF8_INVALID;
	}
	*pos = next + more;
	return c;
}

/**
 * Write a string.
 */
static void write_string(FILE *out, const char *text, size_t len)
{
	const uint8_t *pos = (const uint8_t*)text, *end = pos + len;
	uint32_t c;

	fputc('"', out);
	while (pos < end)
	{
		c = utf8_next(&pos, end);
		if (c == '"' || c == '\\')
		{
			fprintf(out, "\\%c", (char)c);
		}
		else if (c >= ' ' && c <= '~')
		{
			fputc(c, out);
		}
		else if (c < 0x10000)
		{
			fprintf(out, "\\u%04x", c);
		}
		else
		{
			c -= 0x10000;
			fprintf(out, "\\u%04x\\u%04x", 0xd800 | c >> 10,
					0xdc00 | (c & 0x3ff));
		}
	}
	fputc('"', out);
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

/**
 * Write a value.
 */
static void write_value(FILE *out, message_t *element)
{
	char *value = element->value;
	bool quoted = strlen(value) != element->len;
	size_t i;

	for (i = 0; i < countof(texts) && !quoted; i++)
	{
		quoted = streq(element->name, texts[i]);
	}
	if (!quoted && is_number(value))
	{
		fputs(value, out);
	}
	else if (!quoted && (streq(value, "yes") || streq(value, "no")))
	{
		fputs(streq(value, "yes") ? "true" : "false", out);
	}
	else
	{
		write_string(out, value, element->len);
	}
}

/**
 * Write what is in an object.
 */
static void write_elements(FILE *out, message_t *section)
{
	message_t *element;

	for (element = section->first; element; element = element->next)
	{
		write_string(out, element->name, strlen(element->name));
		fputc(':', out);
		if (element->value)
		{
			write_value(out, element);
		}
		else
		{
			fputc('{', out);
			write_elements(out, element);
			fputc('}', out);
		}
		if (element->next)
		{
			fputc(',', out);
		}
	}
}

void print_json(message_t *message, const char *time)
{
	/* whoever ends the process meanwhile waits for the whole line */
	flockfile(stdout);
	fputc('{', stdout);
	if (time)
	{
		printf("\"time\":\"%s\"%s", time, message->first ? "," : "");
	}
	write_elements(stdout, message);
	fputs("}\n", stdout);
	fflush(stdout);
	funlockfile(stdout);
}

bool print_message(message_t *message, vici_res_t *res, char *what)
{
	bool valid = message, pretty = output_format == OUTPUT_PRETTY;

	if (output_format == OUTPUT_TEXT)
	{
		return false;
	}
	flockfile(stdout);
	if (output_format != OUTPUT_JSON)
	{
		valid = vici_dump(res, what, pretty, stdout) == 0;
	}
	else if (message)
	{
		print_json(message, NULL);
	}
	fflush(stdout);
	funlockfile(stdout);
	if (!valid)
	{
		print_error("%s: invalid message from the daemon", what);
	}
	return true;
}

bool print_end(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
	{
		print_error("writing the output failed");
		return false;
	}
	return true;
}
