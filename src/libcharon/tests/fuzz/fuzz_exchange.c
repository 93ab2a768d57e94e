/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Whole INFORMATIONAL requests of a peer with valid keys: any payloads in any
 * number, encrypted and sent by one of two real IKE_SAs, the other one has our
 * hooks. It may ask for what it likes, the IKE_SA stays or moves to an address
 * that policy allows, and nothing remains.
 */

#include "world_parts.h"

#include <encoding/message.h>
#include <encoding/parser.h>
#include <encoding/payloads/notify_payload.h>

#include <stdio.h>
#include <stdlib.h>

/** At most so many requests are sent, each has at most so many payloads */
#define MAX_REQUESTS 8
#define MAX_PAYLOADS 32

/** Kinds of payloads from here on are no notifies, the last ends a request */
#define OTHERS 0xc0
#define NEXT_REQUEST 0xff

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/** What the client accepts */
static char *policies[] = {
	"plugins { rmobike { accept = announced } }",
	"plugins { rmobike { accept = none } }",
	"plugins { rmobike { accept = any } }",
	"plugins { rmobike { path_check = always\n reply_path = request } }",
};

/** Payloads for the next request, and who sends it */
static linked_list_t *payloads;
static side_t from;

/** Addresses that the input announced, as text */
static linked_list_t *announced;

/** Listens to charon */
static listener_t listener;

/*
 * Described in header
 */
void world_failed(const char *file, int line, const char *why)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, why);
	abort();
}

METHOD(listener_t, message, bool,
	listener_t *this, ike_sa_t *ike_sa, message_t *message, bool incoming,
	bool plain)
{
	payload_t *payload;

	if (!incoming && plain && message->get_request(message) &&
		message->get_exchange_type(message) == INFORMATIONAL &&
		kernel_side_of(ike_sa) == from)
	{
		while (payloads->remove_first(payloads, (void**)&payload) == SUCCESS)
		{
			message->add_payload(message, payload);
		}
	}
	return TRUE;
}

/**
 * May a notify be sent? Some of them make charon close or replace the IKE_SA.
 */
static bool allow_notify(notify_payload_t *notify)
{
	host_t *host;
	char text[64];

	switch (notify->get_notify_type(notify))
	{
		case AUTHENTICATION_FAILED:
		case AUTH_LIFETIME:
		case REDIRECT:
			return FALSE;
		case ADDITIONAL_IP4_ADDRESS:
		case ADDITIONAL_IP6_ADDRESS:
			host = host_create_from_chunk(AF_UNSPEC,
								notify->get_notification_data(notify), 0);
			if (host)
			{
				snprintf(text, sizeof(text), "%H", host);
				announced->insert_last(announced, strdup(text));
				host->destroy(host);
			}
			return TRUE;
		default:
			return TRUE;
	}
}

/**
 * Make a payload of any type, if it can be sent.
 */
static void add_payload(payload_type_t type, bool critical, chunk_t body)
{
	payload_t *payload = NULL;
	parser_t *parser;
	chunk_t raw;
	u_char header[] = {
		0, critical ? 0x80 : 0, (body.len + 4) >> 8, body.len + 4,
	};

	raw = chunk_cata("cc", chunk_from_thing(header), body);
	parser = parser_create(raw);
	parser->set_major_version(parser, IKEV2_MAJOR_VERSION);
	if (parser->parse_payload(parser, type, &payload) == SUCCESS)
	{
		/* otherwise charon rejects the message before we see it */
		if (payload->verify(payload) == SUCCESS &&
			payloads->get_count(payloads) < MAX_PAYLOADS &&
			(type != PLV2_NOTIFY || allow_notify((notify_payload_t*)payload)))
		{
			payloads->insert_last(payloads, payload);
			payload = NULL;
		}
		DESTROY_IF(payload);
	}
	parser->destroy(parser);
}

/**
 * The type of a payload of that kind, 0 for none: SAs may not be deleted, and
 * what is encrypted can't be encrypted once more.
 */
static payload_type_t get_type(uint8_t kind)
{
	payload_type_t type;

	if (kind < OTHERS)
	{
		return PLV2_NOTIFY;
	}
	type = PLV2_SECURITY_ASSOCIATION + kind - OTHERS;
	return type == PLV2_DELETE || type == PLV2_ENCRYPTED ||
		   type == PLV2_FRAGMENT ? 0 : type;
}

/**
 * Take the payloads of one request from the input: kind, flags, length, body.
 * Two in three notifies are for us.
 */
static chunk_t read_request(chunk_t in)
{
	u_char body[64];
	payload_type_t type;
	uint8_t kind;
	bool critical;
	size_t len;

	while (in.len >= 3 && *in.ptr != NEXT_REQUEST)
	{
		kind = in.ptr[0];
		critical = in.ptr[1] & 1;
		len = min(in.ptr[2] % sizeof(body), in.len - 3);
		memcpy(body, in.ptr + 3, len);
		in = chunk_skip(in, 3 + len);
		if (kind < OTHERS * 2 / 3 && len >= 4)
		{
			htoun16(body + 2, 41042);
		}
		type = get_type(kind);
		if (type)
		{
			add_payload(type, critical, chunk_create(body, len));
		}
	}
	return chunk_skip(in, 1);
}

/**
 * May the client be sent there?
 */
static bool is_allowed(host_t *host)
{
	enumerator_t *enumerator;
	char text[64], *address;
	bool allowed;

	snprintf(text, sizeof(text), "%H", host);
	allowed = streq(text, OLD) || streq(text, NEW) || streq(text, NEWER) ||
			  world_conf.settings == policies[2];
	enumerator = announced->create_enumerator(announced);
	while (!allowed && enumerator->enumerate(enumerator, &address))
	{
		allowed = streq(text, address);
	}
	enumerator->destroy(enumerator);
	return allowed;
}

/**
 * Check what a request came to.
 */
static void check()
{
	ike_sa_t *ike_sa;
	host_t *host;

	ike_sa = world_checkout(INITIATOR);
	world_require(ike_sa);
	host = ike_sa->get_other_host(ike_sa);
	world_require(is_allowed(host));
	world_checkin(ike_sa, SUCCESS);
	world_require(world_id(RESPONDER));
	/* no more than one of each room for each end of the IKE_SA */
	world_require(world_records() <= 8);
}

/**
 * Did charon itself refuse a message as a whole, before our hooks saw it? It
 * closes the IKE_SA then.
 */
static bool is_refused()
{
	return world_count("* resp *{INVAL_SYN}*");
}

/**
 * Did a task of charon's refuse what its notify has in it? Such a request is
 * not answered, so that it is sent again and again.
 */
static bool is_ignored()
{
	return world_logged("*ignore invalid*");
}

/**
 * Delete without waiting for the other end.
 */
static status_t delete(ike_sa_t *ike_sa)
{
	return ike_sa->delete(ike_sa, TRUE);
}

/**
 * The first octet is about the world, the rest are requests.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	chunk_t in = chunk_create((u_char*)data, len);
	u_int requests;

	if (len < 4)
	{
		return 0;
	}
	payloads = linked_list_create();
	announced = linked_list_create();
	world_establish(.nat = *in.ptr & 1, .settings = policies[*in.ptr >> 1 & 3]);
	from = *in.ptr & 8 ? INITIATOR : RESPONDER;
	listener = (listener_t){
		.message = _message,
	};
	charon->bus->add_listener(charon->bus, &listener);
	in = chunk_skip(in, 1);
	for (requests = 0; in.len && requests < MAX_REQUESTS && !is_refused();
		 requests++)
	{
		in = read_request(in);
		world_call(from, send_dpd);
		world_run(50);
		if (!is_refused())
		{
			check();
		}
	}
	world_run(30000);
	if (!is_refused())
	{
		check();
	}
	/* who waits for an answer that can't come looks for a way to the peer */
	world_require(is_ignored() || !world_plugin_jobs());
	/* each copy of what is not answered is a request again, that may ask for a
	 * sign of life, and that for another copy: some in a second */
	world_require(world_count("*") < 20 + requests * 30 +
									 (is_ignored() ? 600 : 0));

	charon->bus->remove_listener(charon->bus, &listener);
	world_each(INITIATOR, delete);
	world_each(RESPONDER, delete);
	world_run(is_ignored() ? 30000 : 1000);
	assert_gone();
	world_destroy();
	payloads->destroy_offset(payloads, offsetof(payload_t, destroy));
	announced->destroy_function(announced, free);
	return 0;
}
