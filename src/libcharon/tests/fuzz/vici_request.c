/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "vici_request.h"

#include <plugins/vici/vici_dispatcher.h>

#include <stdlib.h>

/** The message that is made, and where its last element begins */
static u_char message[REQUEST_MAX];
static size_t message_len, last;

/** Is there one, and how many octets more does its header promise? */
static bool begun;
static uint32_t promised;

/** Length of the next value */
static uint16_t padding;

/**
 * Add octets to the message.
 */
static void add(const void *octets, size_t len)
{
	len = min(len, sizeof(message) - message_len);
	memcpy(message + message_len, octets, len);
	message_len += len;
}

/**
 * Begin an element of the message.
 */
static void add_type(uint8_t type)
{
	last = message_len;
	add(&type, 1);
}

/**
 * Add an octet, and a text after its length.
 */
static void add_name(uint8_t type, const char *name, size_t len)
{
	uint8_t octet = min(len, 0xff);

	add_type(type);
	add(&octet, 1);
	add(name, octet);
}

/**
 * Add a value after its length, the last octet again and again.
 */
static void add_value(const char *value, size_t len, size_t padded)
{
	u_char octets[2];

	padded = max(len, padded);
	htoun16(octets, padded);
	add(octets, sizeof(octets));
	add(value, len);
	while (len && padded-- > len)
	{
		add(value + len - 1, 1);
	}
}

/**
 * Add a key with a value; without "=" that is empty.
 */
static void add_pair(const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	size_t key = equals ? (size_t)(equals - line) : len;

	add_name(VICI_KEY_VALUE, line, key);
	line += min(key + 1, len);
	len -= min(key + 1, len);
	add_value(line, len, padding);
	padding = 0;
}

/**
 * Add the last element of the message again.
 */
static void repeat(u_int times)
{
	size_t len = message_len - last;

	while (len && times-- && message_len + len <= sizeof(message))
	{
		add(message + last, len);
	}
}

/*
 * Described in header
 */
void request_begin(const char *line, size_t len)
{
	begun = TRUE;
	switch (*line)
	{
		case '!':
			add_name(VICI_CMD_REQUEST, line + 1, len - 1);
			break;
		case '+':
			add_name(VICI_EVENT_REGISTER, line + 1, len - 1);
			break;
		case '~':
			add_name(VICI_EVENT_UNREGISTER, line + 1, len - 1);
			break;
		default:
			add(line + 1, len - 1);
			break;
	}
}

/*
 * Described in header
 */
void request_add(const char *line, size_t len)
{
	u_int number = atoi(line + 1);

	switch (*line)
	{
		case '{':
			add_name(VICI_SECTION_START, line + 1, len - 1);
			break;
		case '[':
			add_name(VICI_LIST_START, line + 1, len - 1);
			break;
		case '}':
			add_type(VICI_SECTION_END);
			break;
		case ']':
			add_type(VICI_LIST_END);
			break;
		case '-':
			add_type(VICI_LIST_ITEM);
			add_value(line + 1, len - 1, 0);
			break;
		case ':':
			last = message_len;
			add(line + 1, len - 1);
			break;
		case '*':
			repeat(number);
			break;
		case '<':
			message_len -= min(number, message_len);
			last = min(last, message_len);
			break;
		case '>':
			promised = number;
			break;
		case '%':
			padding = number;
			break;
		default:
			add_pair(line, len);
			break;
	}
}

/*
 * Described in header
 */
bool request_end(chunk_t *ended, uint32_t *more)
{
	bool any = begun;

	*ended = chunk_create(message, message_len);
	*more = promised;
	begun = FALSE;
	message_len = last = promised = 0;
	return any;
}

/*
 * Described in header
 */
void request_reset()
{
	padding = 0;
}
