/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>

#include <encoding/message.h>
#include <encoding/payloads/notify_payload.h>

typedef struct content_t content_t;

/**
 * What is in a message, by its encrypted form
 */
struct content_t {
	chunk_t data;
	char text[384];
};

/** content_t */
static linked_list_t *contents;

/** What is in the message that is being generated */
static char current[384];

/** trace_t; log lines as strings */
static linked_list_t *trace, *logs;

/** Number of those before world_mark() */
static u_int trace_marked, logs_marked;

/** What listens to charon */
static listener_t listener;
static logger_t logger;

/**
 * Append to a text, blank separated.
 */
static void append(char *text, size_t len, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list args;

	if (used && used < len - 1)
	{
		text[used++] = ' ';
		text[used] = '\0';
	}
	va_start(args, fmt);
	vsnprintf(text + used, len - used, fmt, args);
	va_end(args);
}

/**
 * Describe a notify; those of our type by their address.
 */
static void describe_notify(notify_payload_t *notify, char *text, size_t len)
{
	notify_type_t type = notify->get_notify_type(notify);
	chunk_t data = notify->get_notification_data(notify);
	host_t *host = NULL;
	char *name;

	name = enum_to_name(notify_type_short_names, type);
	if (name)
	{
		append(text, len, "%s%s", name,
			   type == MOBIKE_SUPPORTED && data.len ? "=R" : "");
		return;
	}
	if (data.len == 4 || data.len == 16)
	{
		host = host_create_from_chunk(AF_UNSPEC, data, 0);
	}
	if (host)
	{
		append(text, len, "SWITCH=%H", host);
		host->destroy(host);
	}
	else
	{
		append(text, len, "N(%d)", type);
	}
}

METHOD(listener_t, message, bool,
	listener_t *this, ike_sa_t *ike_sa, message_t *message, bool incoming,
	bool plain)
{
	enumerator_t *enumerator;
	payload_t *payload;
	content_t *content;

	if (incoming)
	{
		return TRUE;
	}
	if (!plain)
	{
		INIT(content,
			.data = chunk_clone(message->get_packet_data(message)),
		);
		strcpy(content->text, current);
		contents->insert_first(contents, content);
		return TRUE;
	}
	current[0] = '\0';
	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		if (payload->get_type(payload) == PLV2_NOTIFY)
		{
			describe_notify((notify_payload_t*)payload, current,
							sizeof(current));
		}
		else
		{
			append(current, sizeof(current), "%s",
				   enum_to_name(payload_type_short_names,
								payload->get_type(payload)));
		}
	}
	enumerator->destroy(enumerator);
	return TRUE;
}

/**
 * What was encrypted in a message?
 */
static const char *find_text(chunk_t data)
{
	enumerator_t *enumerator;
	content_t *content;
	const char *text = "?";

	enumerator = contents->create_enumerator(contents);
	while (enumerator->enumerate(enumerator, &content))
	{
		if (chunk_equals(data, content->data))
		{
			text = content->text;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return text;
}

/**
 * Describe a message.
 */
static void describe(chunk_t data, char *text, size_t len)
{
	message_t *message;
	packet_t *packet;

	text[0] = '\0';
	if (data.len == 1)
	{
		append(text, len, "KEEPALIVE");
		return;
	}
	packet = packet_create();
	packet->set_data(packet, chunk_clone(data));
	message = message_create_from_packet(packet);
	if (message->parse_header(message) == SUCCESS)
	{
		append(text, len, "%N %s %u {%s}", exchange_type_names,
			   message->get_exchange_type(message),
			   message->get_request(message) ? "req" : "resp",
			   message->get_message_id(message), find_text(data));
	}
	else
	{
		append(text, len, "MALFORMED");
	}
	message->destroy(message);
}

/*
 * Described in header
 */
trace_t *trace_add(side_t from, host_t *initiator, host_t *responder,
				   chunk_t data)
{
	trace_t *entry;
	char text[448];

	describe(data, text, sizeof(text));
	INIT(entry,
		.at = time_us(),
	);
	snprintf(entry->line, sizeof(entry->line), "%H %s %H %s", initiator,
			 from == INITIATOR ? "->" : "<-", responder, text);
	trace->insert_last(trace, entry);
	return entry;
}

/*
 * Described in header
 */
void trace_print(trace_t *entry, char *buf, size_t len)
{
	snprintf(buf, len, "%s%s%s", entry->line, entry->why ? " !" : "",
			 entry->why ?: "");
}

/**
 * Remember a line.
 */
static void add_log(char *text)
{
	char line[640];

	snprintf(line, sizeof(line), "%.3f %s", time_us() / 1000000.0, text);
	logs->insert_last(logs, strdup(line));
}

/*
 * Described in header
 */
void trace_note(const char *fmt, ...)
{
	char text[640];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	add_log(text);
}

METHOD(logger_t, log_, void,
	logger_t *this, debug_t group, level_t level, int thread, ike_sa_t *ike_sa,
	const char *text)
{
	char line[640];

	snprintf(line, sizeof(line), "[%c] %s",
			 !ike_sa ? '-' : kernel_side_of(ike_sa) ? 'i' : 'r', text);
	add_log(line);
}

METHOD(logger_t, get_level, level_t,
	logger_t *this, debug_t group)
{
	return group == DBG_LIB || group == DBG_ENC ? 0 : 1;
}

/*
 * Described in header
 */
void world_mark()
{
	trace_marked = trace->get_count(trace);
	logs_marked = logs->get_count(logs);
	time_mark();
}

/*
 * Described in header
 */
void world_forget()
{
	char *text;
	trace_t *entry;

	while (trace->remove_last(trace, (void**)&entry) == SUCCESS)
	{
		free(entry);
	}
	while (logs->remove_last(logs, (void**)&text) == SUCCESS)
	{
		free(text);
	}
	world_mark();
}

/**
 * Enumerate what was added since the mark.
 */
static enumerator_t *create_enumerator(linked_list_t *list, u_int marked)
{
	enumerator_t *enumerator;
	void *skipped;

	enumerator = list->create_enumerator(list);
	while (marked-- && enumerator->enumerate(enumerator, &skipped))
	{
		/* skip */
	}
	return enumerator;
}

/**
 * Find packets since the mark.
 */
static u_int count(char *pattern, trace_t **first)
{
	enumerator_t *enumerator;
	trace_t *entry;
	char line[640];
	u_int found = 0;

	enumerator = create_enumerator(trace, trace_marked);
	while (enumerator->enumerate(enumerator, &entry))
	{
		trace_print(entry, line, sizeof(line));
		if (!fnmatch(pattern, line, 0) && !found++ && first)
		{
			*first = entry;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
u_int world_count(char *pattern)
{
	return count(pattern, NULL);
}

/*
 * Described in header
 */
double world_sent_at(char *pattern)
{
	trace_t *first;

	if (!count(pattern, &first))
	{
		return -1;
	}
	return first->at / 1000.0 - (time_us() / 1000.0 - world_now());
}

/*
 * Described in header
 */
u_int world_logged(char *pattern)
{
	enumerator_t *enumerator;
	char *line;
	u_int found = 0;

	enumerator = create_enumerator(logs, logs_marked);
	while (enumerator->enumerate(enumerator, &line))
	{
		if (!fnmatch(pattern, line, 0))
		{
			found++;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
void world_dump()
{
	enumerator_t *enumerator;
	trace_t *entry;
	char line[512], *text;

	fprintf(stderr, "--- log\n");
	enumerator = create_enumerator(logs, logs_marked);
	while (enumerator->enumerate(enumerator, &text))
	{
		fprintf(stderr, "%s\n", text);
	}
	enumerator->destroy(enumerator);
	fprintf(stderr, "--- trace\n");
	enumerator = create_enumerator(trace, trace_marked);
	while (enumerator->enumerate(enumerator, &entry))
	{
		trace_print(entry, line, sizeof(line));
		fprintf(stderr, "%.3f %s\n", entry->at / 1000000.0, line);
	}
	enumerator->destroy(enumerator);
	fprintf(stderr, "---\n");
}

/*
 * Described in header
 */
void world_assert_dialogue(const char *file, int line, char **patterns)
{
	enumerator_t *enumerator;
	trace_t *entry;
	char text[640];

	enumerator = create_enumerator(trace, trace_marked);
	while (enumerator->enumerate(enumerator, &entry))
	{
		trace_print(entry, text, sizeof(text));
		if (!strstr(text, "KEEPALIVE") &&
			(!*patterns || fnmatch(*patterns++, text, 0)))
		{
			enumerator->destroy(enumerator);
			trace_fail(file, line, "unexpected packet: %s", text);
			return;
		}
	}
	enumerator->destroy(enumerator);
	if (*patterns)
	{
		trace_fail(file, line, "missing packet: %s", *patterns);
	}
}

/*
 * Described in header
 */
void trace_listen()
{
	listener = (listener_t){
		.message = _message,
	};
	logger = (logger_t){
		.log = _log_,
		.get_level = _get_level,
	};
	charon->bus->add_listener(charon->bus, &listener);
	charon->bus->add_logger(charon->bus, &logger);
}

/*
 * Described in header
 */
void trace_ignore()
{
	charon->bus->remove_listener(charon->bus, &listener);
	charon->bus->remove_logger(charon->bus, &logger);
}

/*
 * Described in header
 */
void trace_create()
{
	contents = linked_list_create();
	trace = linked_list_create();
	logs = linked_list_create();
	trace_marked = logs_marked = 0;
}

/**
 * Destroy the content of a message.
 */
static void content_destroy(content_t *this)
{
	free(this->data.ptr);
	free(this);
}

/*
 * Described in header
 */
void trace_destroy()
{
	contents->destroy_function(contents, (void*)content_destroy);
	trace->destroy_function(trace, free);
	logs->destroy_function(logs, free);
}
