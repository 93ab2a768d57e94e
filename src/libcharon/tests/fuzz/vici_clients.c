/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "vici_clients.h"
#include "vici_server.h"

#include "world.h"

#include <collections/linked_list.h>
#include <plugins/vici/vici_dispatcher.h>
#include <plugins/vici/vici_socket.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/** A request that was not answered yet */
typedef struct {
	/** what it is */
	vici_operation_t op;
	/** can it be parsed, and does it move IKE_SAs? */
	bool valid, moves;
} asked_t;

/** A client of vici */
typedef struct {
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
} client_t;

static client_t clients[CLIENTS + 1];

/** IKE_SAs counted by replies, and switches that ended */
static u_int counted, ended;

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
 * Note that an answer is due to a message, if one is.
 */
static void expect(client_t *client, chunk_t message)
{
	chunk_t name;
	char text[257];
	asked_t *asked;

	if (message.len < 2 || message.ptr[1] + 2 > message.len ||
		(*message.ptr != VICI_CMD_REQUEST &&
		 *message.ptr != VICI_EVENT_REGISTER &&
		 *message.ptr != VICI_EVENT_UNREGISTER))
	{
		return;
	}
	name = chunk_create(message.ptr + 2, message.ptr[1]);
	if (vici_stringify(name, text, sizeof(text)))
	{
		INIT(asked,
			.op = *message.ptr,
			.valid = is_valid(chunk_skip(message, 2 + name.len)),
			.moves = is_move(text),
		);
		client->asked->insert_last(client->asked, asked);
	}
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
static void receive(client_t *client, chunk_t data)
{
	asked_t *asked;
	chunk_t name;
	bool command;

	if (*data.ptr == VICI_EVENT)
	{
		world_require(data.len > 1 && data.ptr[1] + 2 <= data.len);
		name = chunk_create(data.ptr + 2, data.ptr[1]);
		ended += client == &clients[WATCHING] &&
				 chunk_equals(name, chunk_from_str("rmobike-switch"));
		world_require(is_valid(chunk_skip(data, 2 + name.len)));
		return;
	}
	if (client->rude)
	{
		return;
	}
	world_require(client->asked->remove_first(client->asked,
											  (void**)&asked) == SUCCESS);
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
static void hang_up(client_t *client)
{
	if (client->fd)
	{
		close(client->fd);
		client->asked->destroy_function(client->asked, free);
		free(client->in);
		memset(client, 0, sizeof(*client));
	}
}

/**
 * Read what a client has got.
 */
static bool read_client(client_t *client)
{
	u_char *in = client->in;
	uint32_t len;
	ssize_t got;

	if (!client->fd)
	{
		return FALSE;
	}
	got = recv(client->fd, in + client->len,
			   sizeof(len) + VICI_MESSAGE_SIZE_MAX - client->len, MSG_DONTWAIT);
	if (got <= 0)
	{
		if (got == 0 || errno != EAGAIN)
		{
			world_require(client->rude);
			hang_up(client);
		}
		return FALSE;
	}
	client->len += got;
	while (client->len >= sizeof(len))
	{
		len = untoh32(in);
		world_require(len && len <= VICI_MESSAGE_SIZE_MAX);
		if (client->len < sizeof(len) + len)
		{
			break;
		}
		receive(client, chunk_create(in + sizeof(len), len));
		client->len -= sizeof(len) + len;
		memmove(in, in + sizeof(len) + len, client->len);
	}
	return TRUE;
}

/*
 * Described in header
 */
void clients_settle()
{
	bool busy;
	int i;

	do
	{
		world_step();
		busy = server_watch();
		for (i = 0; i <= WATCHING; i++)
		{
			busy |= read_client(&clients[i]);
		}
	}
	while (busy);
}

/**
 * Send octets as a client, unless the daemon hangs up.
 */
static void send_octets(client_t *client, chunk_t octets)
{
	ssize_t done;

	while (octets.len && client->fd)
	{
		done = send(client->fd, octets.ptr, octets.len,
					MSG_DONTWAIT | MSG_NOSIGNAL);
		if (done > 0)
		{
			octets = chunk_skip(octets, done);
		}
		else
		{	/* the socket is full; or nobody reads it */
			world_require(errno == EAGAIN || client->rude);
			clients_settle();
		}
	}
}

/*
 * Described in header
 */
void clients_send(int number, chunk_t message, uint32_t promised)
{
	client_t *client = &clients[number];
	u_char header[sizeof(uint32_t)];

	if (!client->fd)
	{
		client->fd = server_connect();
		client->asked = linked_list_create();
		client->in = malloc(sizeof(header) + VICI_MESSAGE_SIZE_MAX);
		clients_settle();
	}
	if (promised || message.len > VICI_MESSAGE_SIZE_MAX)
	{	/* what follows is part of it, or the daemon hangs up */
		client->rude = TRUE;
	}
	else if (!client->rude)
	{
		expect(client, message);
	}
	htoun32(header, message.len + promised);
	send_octets(client, chunk_from_thing(header));
	send_octets(client, message);
}

/*
 * Described in header
 */
void clients_hang_up(int number)
{
	hang_up(&clients[number]);
}

/*
 * Described in header
 */
bool clients_are_answered()
{
	int i;

	for (i = 0; i <= WATCHING; i++)
	{
		if (clients[i].fd && !clients[i].rude &&
			clients[i].asked->get_count(clients[i].asked))
		{
			return FALSE;
		}
	}
	return TRUE;
}

/*
 * Described in header
 */
bool clients_are_informed()
{
	return ended >= counted;
}

/*
 * Described in header
 */
void clients_leave()
{
	int i;

	for (i = 0; i <= WATCHING; i++)
	{
		hang_up(&clients[i]);
	}
	clients_settle();
	counted = ended = 0;
}
