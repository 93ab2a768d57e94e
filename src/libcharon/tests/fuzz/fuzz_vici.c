/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Messages of vici clients: strongSwan's own socket, dispatcher and parser, on
 * a real Unix socket, with the plugin's commands and events behind it. There
 * are IKE_SAs to move.
 *
 * Whatever is sent, each request is answered once, and in order. What can't be
 * parsed moves nobody. Each IKE_SA that a reply counts gets its event, and all
 * are in order afterwards. Locks are watched by world/locks.c.
 *
 * The input is text, a line is a step, its first character tells which:
 *
 *     (first line)  what the world is like: a list of letters, see read_world()
 *     !NAME         begins the request of a command
 *     +NAME         registers for an event, ~NAME unregisters
 *     ?OCTETS       begins a message of these octets
 *     KEY=VALUE     adds a value to the message
 *     %N            pads the next value to N octets
 *     {NAME         begins a section, } ends it
 *     [NAME         begins a list, ] ends it, -VALUE is an item
 *     :OCTETS       adds octets
 *     *N            adds the last line N times more
 *     <N            takes N octets from the end
 *     >N            sends a header that promises N octets more than there are
 *     .N            lets N milliseconds pass, 0 is enough for replies
 *     @N            goes on as another client of vici
 *     |             hangs up at once
 *     &             one more IKE_SA is established
 *
 * Messages are sent when something follows that is no part of them.
 */

#include "world_parts.h"

#include "operator/rmobike_vici.h"

#include <plugins/vici/vici_dispatcher.h>
#include <plugins/vici/vici_socket.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** Clients that the input has, the next one watches */
#define CLIENTS 3
#define WATCHING CLIENTS

/** Limits of what the input can ask for */
#define MAX_SAS 4
#define MAX_TIME 600000
#define MAX_MESSAGE (VICI_MESSAGE_SIZE_MAX + 64 * 1024)
#define MAX_SENT (2 * MAX_MESSAGE)

/** So many descriptors at most */
#define MAX_FD 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/** What charon's watcher would watch, by descriptor */
static struct {
	watcher_event_t events;
	watcher_cb_t cb;
	void *data;
} watched[MAX_FD];

/** A request that was not answered yet */
typedef struct {
	/** what it is */
	vici_operation_t op;
	/** can it be parsed, and does it move IKE_SAs? */
	bool valid, moves;
} asked_t;

/** Clients of vici */
static struct {
	/** its end, 0 if it is not connected */
	int fd;
	/** requests without answer, as asked_t, in order */
	linked_list_t *asked;
	/** what was received of the next message */
	u_char *in;
	/** how much that is */
	size_t len;
	/** TRUE if the daemon may hang up */
	bool rude;
} clients[CLIENTS + 1];

/** The client whose turn it is */
static int current;

/** The message that is made, and where its last element begins */
static u_char message[MAX_MESSAGE];
static size_t message_len, last;

/** Is there one, and how many octets more does its header promise? */
static bool begun;
static uint32_t promised;

/** Length of the next value */
static uint16_t padding;

/** Octets sent, IKE_SAs, and milliseconds so far */
static size_t sent;
static u_int sas, ms;

/** IKE_SAs counted by replies, and switches that ended */
static u_int counted, ended;

/** What vici's plugin looks like to ours */
static struct {
	plugin_t public;
	vici_dispatcher_t *dispatcher;
} plugin;

/** Where it listens */
static char uri[64];

/*
 * Described in header
 */
void world_failed(const char *file, int line, const char *why)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, why);
	abort();
}

METHOD(watcher_t, watcher_add, void,
	watcher_t *this, int fd, watcher_event_t events, watcher_cb_t cb,
	void *data)
{
	world_require(fd < MAX_FD && !watched[fd].events);
	watched[fd].events = events;
	watched[fd].cb = cb;
	watched[fd].data = data;
}

METHOD(watcher_t, watcher_remove, void,
	watcher_t *this, int fd)
{
	watched[fd].events = 0;
}

METHOD(plugin_t, get_name, char*,
	plugin_t *this)
{
	return "vici";
}

METHOD(plugin_loader_t, create_plugin_enumerator, enumerator_t*,
	plugin_loader_t *this)
{
	return enumerator_create_single(&plugin, NULL);
}

/**
 * Tell charon about descriptors that are ready, as its watcher does.
 */
static bool watch(int fd, short poll_for, watcher_event_t event)
{
	struct pollfd ready = {
		.fd = fd,
		.events = poll_for,
	};

	if (!(watched[fd].events & event) || poll(&ready, 1, 0) <= 0)
	{
		return FALSE;
	}
	if (!watched[fd].cb(watched[fd].data, fd, event))
	{
		watched[fd].events &= ~event;
	}
	return TRUE;
}

/**
 * Can a message be parsed to its end?
 */
static bool is_valid(chunk_t data)
{
	vici_message_t *parsed;
	enumerator_t *enumerator;
	vici_type_t type;
	chunk_t value;
	char *name;
	int depth = 0;

	parsed = vici_message_create_from_data(data, FALSE);
	enumerator = parsed->create_enumerator(parsed);
	do
	{	/* the parser accepts an end that it doesn't tell */
		type = VICI_START;
		if (!enumerator->enumerate(enumerator, &type, &name, &value))
		{
			type = VICI_START;
		}
		depth += type == VICI_SECTION_START || type == VICI_LIST_START;
		depth -= type == VICI_SECTION_END || type == VICI_LIST_END;
	}
	while (type != VICI_START && type != VICI_END);
	enumerator->destroy(enumerator);
	parsed->destroy(parsed);
	return type == VICI_END && !depth;
}

/**
 * Does a command move IKE_SAs?
 */
static bool is_move(const char *name)
{
	return streq(name, "rmobike-switch") || streq(name, "rmobike-drain") ||
		   streq(name, "rmobike-balance") || streq(name, "rmobike-prefer");
}

/**
 * Check the reply to a request.
 */
static void check_reply(asked_t *asked, chunk_t data)
{
	vici_message_t *reply;
	char *success;

	world_require(is_valid(data));
	reply = vici_message_create_from_data(data, FALSE);
	success = reply->get_str(reply, NULL, "success");
	if (!success || streq(success, "no"))
	{
		world_require(!success || reply->get_str(reply, NULL, "errmsg"));
	}
	else if (asked->moves)
	{
		world_require(asked->valid);
		counted += reply->get_int(reply, 0, "matches");
	}
	reply->destroy(reply);
}

/**
 * A client receives a message.
 */
static void receive(int client, chunk_t data)
{
	linked_list_t *requests = clients[client].asked;
	asked_t *asked;
	chunk_t name;
	bool command;

	if (*data.ptr == VICI_EVENT)
	{
		world_require(data.len > 1 && data.ptr[1] + 2 <= data.len);
		name = chunk_create(data.ptr + 2, data.ptr[1]);
		ended += client == WATCHING &&
				 chunk_equals(name, chunk_from_str("rmobike-switch"));
		world_require(is_valid(chunk_skip(data, 2 + name.len)));
		return;
	}
	if (clients[client].rude)
	{
		return;
	}
	world_require(requests->remove_first(requests, (void**)&asked) == SUCCESS);
	command = *data.ptr == VICI_CMD_RESPONSE || *data.ptr == VICI_CMD_UNKNOWN;
	world_require(command || *data.ptr == VICI_EVENT_CONFIRM ||
				  *data.ptr == VICI_EVENT_UNKNOWN);
	world_require(command == (asked->op == VICI_CMD_REQUEST));
	if (*data.ptr == VICI_CMD_RESPONSE)
	{
		check_reply(asked, chunk_skip(data, 1));
	}
	free(asked);
}

/**
 * A client hangs up, or somebody else did.
 */
static void hang_up(int client)
{
	if (clients[client].fd)
	{
		close(clients[client].fd);
		clients[client].asked->destroy_function(clients[client].asked, free);
		free(clients[client].in);
		memset(&clients[client], 0, sizeof(clients[client]));
	}
}

/**
 * Read what a client has got.
 */
static bool read_client(int client)
{
	u_char *in = clients[client].in;
	uint32_t len;
	ssize_t got;

	if (!clients[client].fd)
	{
		return FALSE;
	}
	got = recv(clients[client].fd, in + clients[client].len,
			   sizeof(len) + MAX_MESSAGE - clients[client].len, MSG_DONTWAIT);
	if (got <= 0)
	{
		if (got == 0 || errno != EAGAIN)
		{
			world_require(clients[client].rude);
			hang_up(client);
		}
		return FALSE;
	}
	clients[client].len += got;
	while (clients[client].len >= sizeof(len))
	{
		len = untoh32(in);
		world_require(len && len <= MAX_MESSAGE);
		if (clients[client].len < sizeof(len) + len)
		{
			break;
		}
		receive(client, chunk_create(in + sizeof(len), len));
		clients[client].len -= sizeof(len) + len;
		memmove(in, in + sizeof(len) + len, clients[client].len);
	}
	return TRUE;
}

/**
 * Let all happen that is due now.
 */
static void settle()
{
	bool busy;
	int i;

	do
	{
		busy = FALSE;
		world_step();
		for (i = 0; i < MAX_FD; i++)
		{
			if (watched[i].events)
			{
				busy |= watch(i, POLLIN, WATCHER_READ);
				busy |= watch(i, POLLOUT, WATCHER_WRITE);
			}
		}
		for (i = 0; i <= WATCHING; i++)
		{
			busy |= read_client(i);
		}
	}
	while (busy);
}

/**
 * Let time pass; everything that was asked for has to be answered.
 */
static void pass(u_int time)
{
	int i;

	settle();
	for (i = 0; i <= WATCHING; i++)
	{
		world_require(!clients[i].fd || clients[i].rude ||
					  !clients[i].asked->get_count(clients[i].asked));
	}
	if (time)
	{
		world_run(time);
		ms += time;
		settle();
	}
}

/**
 * Have a client connected.
 */
static void connect_client(int client)
{
	struct sockaddr_un addr = {
		.sun_family = AF_UNIX,
	};

	if (!clients[client].fd)
	{
		clients[client].fd = socket(AF_UNIX, SOCK_STREAM, 0);
		clients[client].asked = linked_list_create();
		clients[client].in = malloc(sizeof(uint32_t) + MAX_MESSAGE);
		strcpy(addr.sun_path, uri + strlen("unix://"));
		world_require(connect(clients[client].fd, (struct sockaddr*)&addr,
							  sizeof(addr)) == 0);
		settle();
	}
}

/**
 * Send octets as the current client.
 */
static void send_octets(const u_char *octets, size_t len)
{
	ssize_t done;

	while (len && clients[current].fd)
	{
		done = send(clients[current].fd, octets, len,
					MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done > 0)
		{
			octets += done;
			len -= done;
		}
		else
		{	/* the socket is full; or nobody reads it */
			world_require(errno == EAGAIN || clients[current].rude);
			settle();
		}
	}
}

/**
 * Note that an answer is due to the message, if one is.
 */
static void expect()
{
	chunk_t body = chunk_create(message, message_len), name;
	char text[257];
	asked_t *asked;

	if (message_len < 2 || message[1] + 2 > message_len ||
		(*message != VICI_CMD_REQUEST && *message != VICI_EVENT_REGISTER &&
		 *message != VICI_EVENT_UNREGISTER))
	{
		return;
	}
	name = chunk_create(message + 2, message[1]);
	if (vici_stringify(name, text, sizeof(text)))
	{
		INIT(asked,
			.op = *message,
			.valid = is_valid(chunk_skip(body, 2 + name.len)),
			.moves = is_move(text),
		);
		clients[current].asked->insert_last(clients[current].asked, asked);
	}
}

/**
 * Send the message that was made.
 */
static void send_message()
{
	u_char header[sizeof(uint32_t)];

	if (begun && sent < MAX_SENT)
	{
		connect_client(current);
		if (promised || message_len > VICI_MESSAGE_SIZE_MAX)
		{	/* what follows is part of it, or the daemon hangs up */
			clients[current].rude = TRUE;
		}
		else if (!clients[current].rude)
		{
			expect();
		}
		htoun32(header, message_len + promised);
		send_octets(header, sizeof(header));
		send_octets(message, message_len);
		sent += message_len;
	}
	begun = FALSE;
	message_len = last = promised = 0;
}

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
 * Add an octet, and a text after its length.
 */
static void add_name(uint8_t type, const char *name, size_t len)
{
	uint8_t octet = min(len, 0xff);

	last = message_len;
	add(&type, 1);
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
 * Begin a message.
 */
static void begin(vici_operation_t op, const char *name, size_t len)
{
	send_message();
	begun = TRUE;
	add_name(op, name, len);
}

/**
 * Number of octets before one of a kind, or all.
 */
static size_t count_before(const char *octets, size_t len, char end)
{
	const char *found = memchr(octets, end, len);

	return found ? (size_t)(found - octets) : len;
}

/**
 * Add a key with a value; without "=" that is empty.
 */
static void add_pair(const char *line, size_t len)
{
	size_t key = count_before(line, len, '=');

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

/**
 * One line of the input.
 */
static void step(char *line, size_t len)
{
	u_int number = atoi(line + 1);
	uint8_t type = 0;

	switch (*line)
	{
		case '!':
			begin(VICI_CMD_REQUEST, line + 1, len - 1);
			return;
		case '+':
			begin(VICI_EVENT_REGISTER, line + 1, len - 1);
			return;
		case '~':
			begin(VICI_EVENT_UNREGISTER, line + 1, len - 1);
			return;
		case '?':
			send_message();
			begun = TRUE;
			add(line + 1, len - 1);
			return;
		case '{':
			add_name(VICI_SECTION_START, line + 1, len - 1);
			return;
		case '[':
			add_name(VICI_LIST_START, line + 1, len - 1);
			return;
		case '}':
		case ']':
			last = message_len;
			type = *line == '}' ? VICI_SECTION_END : VICI_LIST_END;
			add(&type, 1);
			return;
		case '-':
			last = message_len;
			type = VICI_LIST_ITEM;
			add(&type, 1);
			add_value(line + 1, len - 1, 0);
			return;
		case ':':
			last = message_len;
			add(line + 1, len - 1);
			return;
		case '*':
			repeat(number);
			return;
		case '<':
			message_len -= min(number, message_len);
			last = min(last, message_len);
			return;
		case '>':
			promised = number;
			return;
		case '%':
			padding = number;
			return;
		case '.':
			send_message();
			pass(ms < MAX_TIME ? number % MAX_TIME : 0);
			return;
		case '@':
			send_message();
			current = number % CLIENTS;
			return;
		case '|':
			send_message();
			hang_up(current);
			return;
		case '&':
			send_message();
			if (sas < MAX_SAS)
			{
				sas++;
				world_initiate();
				pass(1000);
			}
			return;
		default:
			add_pair(line, len);
			return;
	}
}

/**
 * What the world is like.
 */
static world_conf_t read_world(const char *line, size_t len)
{
	world_conf_t conf = {
		.nat = memchr(line, 'n', len),
		.no_mobike = memchr(line, 'm', len),
		.stock_initiator = memchr(line, 's', len),
		.settings = memchr(line, 'b', len) ?
			"plugins { rmobike { balance { addresses {\n"
			"a { address = " OLD " } b { address = " NEW "\n weight = 2 } }\n"
			"} } }" :
			memchr(line, 'p', len) ?
			"plugins { rmobike { prefer = " NEW ", " OLD "\n prefer_after = 5\n"
			"drained = " NEWER " } }" :
			memchr(line, 'r', len) ?
			"plugins { rmobike { accept = none } }" : NULL,
	};

	return conf;
}

/**
 * Delete without waiting for the other end.
 */
static status_t delete(ike_sa_t *ike_sa)
{
	return ike_sa->delete(ike_sa, TRUE);
}

/**
 * Were clients redirected? They set up another IKE_SA, or none at all.
 */
static bool is_redirected()
{
	return world_count("* INFORMATIONAL req * {*REDIR*");
}

/**
 * Is somebody about to go elsewhere?
 */
static bool is_busy()
{
	rmobike_mover_t *mover = world_commands()->mover;
	u_int in_flight;

	return mover->get_queued(mover, &in_flight) || in_flight ||
		   (!is_redirected() && world_tasks());
}

/**
 * Check that the daemon and its IKE_SAs are well.
 */
static void check()
{
	const char *why;

	world_run(200000);
	if (is_busy())
	{	/* just now some return to a better address */
		world_run(10000);
	}
	settle();
	world_require(!is_busy());
	world_require(ended >= counted);
	if (!is_redirected())
	{
		why = world_disagreement();
		if (why)
		{
			trace_fail(__FILE__, __LINE__, "%s", why);
		}
		world_require(charon->ike_sa_manager->get_count(
										charon->ike_sa_manager) == 2 * sas);
	}
}

/**
 * The client that watches.
 */
static void watch_events(bool begins)
{
	static char *events[] = {
		"rmobike-switch", "rmobike-drain", "rmobike-node",
	};
	int i;

	current = WATCHING;
	for (i = 0; i < (int)countof(events); i++)
	{
		begin(begins ? VICI_EVENT_REGISTER : VICI_EVENT_UNREGISTER, events[i],
			  strlen(events[i]));
	}
	begin(VICI_CMD_REQUEST, "rmobike-status", strlen("rmobike-status"));
	send_message();
	pass(0);
	current = 0;
}

/**
 * Read the input, line by line.
 */
static void play(char *line, size_t len)
{
	size_t end;

	while (len)
	{
		end = count_before(line, len, '\n');
		if (end)
		{
			step(line, end);
		}
		line += min(end + 1, len);
		len -= min(end + 1, len);
	}
	send_message();
	pass(0);
}

/**
 * The daemon begins to listen.
 */
static rmobike_vici_t *listen_to_clients()
{
	plugin_loader_t loader = *lib->plugins;
	rmobike_vici_t *vici;

	/* as charon does: clients hang up */
	signal(SIGPIPE, SIG_IGN);
	lib->watcher->add = _watcher_add;
	lib->watcher->remove = _watcher_remove;
	snprintf(uri, sizeof(uri), "unix:///tmp/fuzz_vici.%d", getpid());
	plugin.public.get_name = _get_name;
	plugin.dispatcher = vici_dispatcher_create(uri);
	world_require(plugin.dispatcher);
	lib->plugins->create_plugin_enumerator = _create_plugin_enumerator;
	vici = rmobike_vici_create(world_commands());
	*lib->plugins = loader;
	world_require(vici);
	return vici;
}

/**
 * The first line is about the world, the others are steps.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	rmobike_vici_t *vici;
	size_t first;
	char *input;
	int i;

	input = calloc(1, len + 1);
	memcpy(input, data, len);
	first = count_before(input, len, '\n');
	world_establish_(__FILE__, __LINE__, read_world(input, first));
	sas = 1;
	sent = ms = counted = ended = padding = 0;
	vici = listen_to_clients();

	watch_events(TRUE);
	play(input + first, len - min(first, len));
	check();
	watch_events(FALSE);

	for (i = 0; i <= WATCHING; i++)
	{
		hang_up(i);
	}
	settle();
	vici->destroy(vici);
	plugin.dispatcher->destroy(plugin.dispatcher);
	unlink(uri + strlen("unix://"));
	world_each(INITIATOR, delete);
	world_each(RESPONDER, delete);
	/* whether somebody would return now is looked at once more */
	world_run(2 * 3600 * 1000);
	assert_gone();
	world_destroy();
	free(input);
	return 0;
}
