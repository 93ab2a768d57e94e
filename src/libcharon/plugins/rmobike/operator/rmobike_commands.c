/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_routes.h"
#include "operator/rmobike_commands.h"

/**
 * Keys of the requests that start a move
 */
#define MOVE_KEYS "max-in-flight", "rate", "max-failures", "dry-run", "tag"

/**
 * Length of texts that are repeated for each IKE_SA or address, replies have to
 * fit into a message
 */
#define TEXT_MAX 255

static char *switch_keys[] = {
	MOVE_KEYS, "to", "fallback", "ike", "ike-id", "peer-ip", "peer-id",
	"local-ip", "all", NULL,
};
static char *drain_keys[] = {
	MOVE_KEYS, "to", "fallback", "address", "reason", NULL,
};
static char *balance_keys[] = {
	MOVE_KEYS, NULL,
};
static char *undrain_keys[] = {
	"address", NULL,
};
static char *cancel_keys[] = {
	NULL,
};

/*
 * Described in header
 */
vici_message_t *rmobike_commands_refuse(rmobike_commands_t *this,
										const char *why)
{
	vici_builder_t *builder;

	builder = this->create_builder();
	builder->add_kv(builder, "success", "no");
	builder->add_kv(builder, "matches", "0");
	builder->add_kv(builder, "errmsg", "%s", why);
	return builder->finalize(builder);
}

/**
 * Check if a key is one that we know
 */
static bool is_known(char *name, char *keys[])
{
	int i;

	for (i = 0; keys[i]; i++)
	{
		if (streq(name, keys[i]))
		{
			return TRUE;
		}
	}
	return FALSE;
}

/*
 * Described in header
 */
bool rmobike_commands_check(vici_message_t *request, char *keys[], char *why,
							size_t len)
{
	enumerator_t *enumerator;
	vici_type_t type;
	chunk_t value;
	char *name;
	bool good;

	enumerator = request->create_enumerator(request);
	do
	{
		/* it stays so if the end is encoded: the parser accepts that, but
		 * doesn't tell */
		type = VICI_START;
		good = enumerator->enumerate(enumerator, &type, &name, &value) &&
			   type != VICI_START;
		if (!good)
		{
			snprintf(why, len, "malformed request");
		}
		else if (type == VICI_END)
		{
			break;
		}
		else if (type != VICI_KEY_VALUE || !is_known(name, keys))
		{
			snprintf(why, len, "unknown key '%s'", name);
			good = FALSE;
		}
		else if (!chunk_printable(value, NULL, 0))
		{
			snprintf(why, len, "invalid %s, expected printable ASCII", name);
			good = FALSE;
		}
	}
	while (good);
	enumerator->destroy(enumerator);
	return good;
}

/**
 * Parse an address as number, names are not resolved
 */
static host_t *parse_address(const char *str)
{
	host_t *host;

	host = str ? host_create_from_string((char*)str, 0) : NULL;
	if (host && host->is_anyaddr(host))
	{
		host->destroy(host);
		host = NULL;
	}
	return host;
}

/**
 * Get the address that a request is about
 */
static host_t *get_address(vici_message_t *request, const char *expected,
						   char *why, size_t len)
{
	host_t *address;
	char *str;

	str = request->get_str(request, NULL, "address");
	address = parse_address(str);
	if (!address)
	{
		snprintf(why, len, "%s address '%s', expected %s",
				 str ? "invalid" : "missing", str ?: "", expected);
	}
	return address;
}

/**
 * Parse a number
 */
static bool parse_number(vici_message_t *request, char *key, u_int min,
						 u_int max, u_int *number, char *why, size_t len)
{
	unsigned long long value;
	char *str, *end;

	str = request->get_str(request, NULL, key);
	if (!str)
	{
		return TRUE;
	}
	value = strtoull(str, &end, 10);
	if (*str < '0' || *str > '9' || strlen(str) > 10 || *end || value < min ||
		value > max)
	{
		snprintf(why, len, "invalid %s '%s', expected %u to %u", key, str, min,
				 max);
		return FALSE;
	}
	*number = value;
	return TRUE;
}

/**
 * Parse the criteria of a request
 */
static bool parse_selector(vici_message_t *request,
						   rmobike_selector_t *selector, char *why, size_t len)
{
	char *str;

	selector->all = request->get_bool(request, FALSE, "all");
	selector->ike = request->get_str(request, NULL, "ike");
	if (!parse_number(request, "ike-id", 1, UINT32_MAX, &selector->ike_id, why,
					  len))
	{
		return FALSE;
	}
	str = request->get_str(request, NULL, "peer-ip");
	if (str)
	{
		selector->peer_ip = rmobike_addrs_create(str, why, len);
		if (!selector->peer_ip)
		{
			return FALSE;
		}
	}
	str = request->get_str(request, NULL, "peer-id");
	if (str)
	{
		if (!*str)
		{	/* would be any */
			snprintf(why, len, "invalid peer-id '', expected an identity");
			return FALSE;
		}
		selector->peer_id = identification_create_from_string(str);
	}
	str = request->get_str(request, NULL, "local-ip");
	if (str)
	{
		selector->local_ip = parse_address(str);
		if (!selector->local_ip)
		{
			snprintf(why, len, "invalid local-ip '%s', expected an IP address",
					 str);
			return FALSE;
		}
	}
	if (!selector->all && !selector->ike && !selector->ike_id &&
		!selector->peer_ip && !selector->peer_id && !selector->local_ip)
	{
		snprintf(why, len, "missing selector, one of ike, ike-id, peer-ip, "
				 "peer-id, local-ip or all = yes");
		return FALSE;
	}
	return TRUE;
}

/**
 * Parse yes or no
 */
static bool parse_bool(vici_message_t *request, char *key, bool *yes,
					   char *why, size_t len)
{
	char *str;

	str = request->get_str(request, NULL, key);
	if (!str)
	{
		return TRUE;
	}
	*yes = request->get_bool(request, FALSE, key);
	if (*yes != request->get_bool(request, TRUE, key))
	{
		snprintf(why, len, "invalid %s '%s', expected yes or no", key, str);
		return FALSE;
	}
	return TRUE;
}

/**
 * Parse a text that is kept
 */
static bool parse_text(vici_message_t *request, char *key, const char **text,
					   char *why, size_t len)
{
	*text = request->get_str(request, NULL, key);
	if (*text && strlen(*text) > TEXT_MAX)
	{
		snprintf(why, len, "invalid %s, expected at most %d characters", key,
				 TEXT_MAX);
		return FALSE;
	}
	return TRUE;
}

/**
 * Parse one of the ways to move peers that can't be asked; tells what is wrong
 */
static const char *parse_way(const char *way, bool *mobike, bool *redirect,
							 bool *none)
{
	bool *found = streq(way, "mobike") ? mobike :
				  streq(way, "redirect") ? redirect :
				  streq(way, "none") ? none : NULL;

	if (!found)
	{
		return *way ? "is none of these" : "is empty";
	}
	if (*found)
	{
		return "is there twice";
	}
	*found = TRUE;
	return *none && (*mobike || *redirect) ? "is not alone" : NULL;
}

/**
 * Parse what to do about peers that can't be asked
 */
static bool parse_fallback(vici_message_t *request, rmobike_move_t *move,
						   char *why, size_t len)
{
	char *str, *pos, way[BUF_LEN];
	const char *wrong;
	bool none = FALSE;
	size_t end;

	pos = str = request->get_str(request, "none", "fallback");
	do
	{
		pos += strspn(pos, " ");
		end = strcspn(pos, ",");
		snprintf(way, sizeof(way), "%.*s", (int)end, pos);
		pos += end;
		for (end = strlen(way); end && way[end - 1] == ' '; end--)
		{
			way[end - 1] = '\0';
		}
		wrong = parse_way(way, &move->mobike, &move->redirect, &none);
	}
	while (!wrong && *pos++);
	if (wrong)
	{
		snprintf(why, len, "invalid fallback '%s', expected mobike, redirect, "
				 "both, or none: '%s' %s", str, way, wrong);
	}
	return !wrong;
}

/**
 * Parse how to move, and where to if that is part of the request, which may
 * have these keys only
 */
static bool parse_move(vici_message_t *request, char *keys[],
					   rmobike_move_t *move, char *why, size_t len)
{
	char *str;

	move->max_in_flight = RMOBIKE_MAX_IN_FLIGHT;
	if (!rmobike_commands_check(request, keys, why, len) ||
		!parse_number(request, "max-in-flight", 1, 10000, &move->max_in_flight,
					  why, len) ||
		!parse_number(request, "rate", 0, 100000, &move->rate, why, len) ||
		!parse_number(request, "max-failures", 0, 1000000, &move->max_failures,
					  why, len) ||
		!parse_bool(request, "dry-run", &move->dry_run, why, len) ||
		!parse_fallback(request, move, why, len) ||
		!parse_text(request, "tag", &move->tag, why, len))
	{
		return FALSE;
	}
	str = request->get_str(request, NULL, "to");
	if (str)
	{
		move->targets = rmobike_weights_create(str, why, len);
		return move->targets != NULL;
	}
	return TRUE;
}

/**
 * Build the reply to a request to start a move, and free what was parsed
 */
static vici_message_t *reply_move(rmobike_commands_t *this,
								  rmobike_move_t *move, bool started,
								  u_int matches, const char *why)
{
	vici_builder_t *builder;

	DESTROY_IF(move->targets);
	DESTROY_IF(move->selector.peer_ip);
	DESTROY_IF(move->selector.peer_id);
	DESTROY_IF(move->selector.local_ip);
	if (!started)
	{
		return rmobike_commands_refuse(this, why);
	}
	builder = this->create_builder();
	builder->add_kv(builder, "success", "yes");
	builder->add_kv(builder, "matches", "%u", matches);
	return builder->finalize(builder);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_switch(void *user, char *name, u_int id,
									   vici_message_t *request)
{
	rmobike_commands_t *this = user;
	rmobike_move_t move = {};
	char why[BUF_LEN] = "";
	u_int matches = 0;

	if (parse_move(request, switch_keys, &move, why, sizeof(why)))
	{
		if (!move.targets)
		{
			snprintf(why, sizeof(why), "missing to, an IP address of this "
					 "machine, or several with weights");
		}
		else if (parse_selector(request, &move.selector, why, sizeof(why)))
		{
			matches = this->mover->start(this->mover, &move, why, sizeof(why));
		}
	}
	return reply_move(this, &move, matches > 0, matches, why);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_drain(void *user, char *name, u_int id,
									  vici_message_t *request)
{
	rmobike_commands_t *this = user;
	rmobike_move_t move = {};
	char why[BUF_LEN] = "";
	const char *reason;
	host_t *address = NULL;
	u_int matches = 0;
	bool started;

	if (parse_move(request, drain_keys, &move, why, sizeof(why)) &&
		parse_text(request, "reason", &reason, why, sizeof(why)))
	{
		address = get_address(request, "an IP address of this machine", why,
							  sizeof(why));
	}
	started = address && rmobike_routes_owns(address, why, sizeof(why)) &&
			  this->placement->drain(this->placement, address, reason, &move,
									 &matches, why, sizeof(why));
	this->homing->look(this->homing, FALSE);
	DESTROY_IF(address);
	return reply_move(this, &move, started, matches, why);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_undrain(void *user, char *name, u_int id,
										vici_message_t *request)
{
	rmobike_commands_t *this = user;
	vici_builder_t *builder;
	char why[BUF_LEN] = "";
	host_t *address = NULL;

	if (rmobike_commands_check(request, undrain_keys, why, sizeof(why)))
	{
		address = get_address(request, "a drained IP address", why,
							  sizeof(why));
	}
	if (address)
	{
		this->placement->undrain(this->placement, address, why, sizeof(why));
		this->homing->look(this->homing, FALSE);
	}
	DESTROY_IF(address);
	if (*why)
	{
		return rmobike_commands_refuse(this, why);
	}
	builder = this->create_builder();
	builder->add_kv(builder, "success", "yes");
	return builder->finalize(builder);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_balance(void *user, char *name, u_int id,
										vici_message_t *request)
{
	rmobike_commands_t *this = user;
	rmobike_move_t move = {};
	char why[BUF_LEN] = "";
	u_int matches = 0;
	bool started;

	started = parse_move(request, balance_keys, &move, why, sizeof(why)) &&
			  this->placement->balance(this->placement, &move, &matches, why,
									   sizeof(why));
	return reply_move(this, &move, started, matches, why);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_prefer(void *user, char *name, u_int id,
									   vici_message_t *request)
{
	rmobike_commands_t *this = user;
	rmobike_move_t move = {};
	char why[BUF_LEN] = "";
	u_int matches = 0;
	bool started;

	started = parse_move(request, balance_keys, &move, why, sizeof(why)) &&
			  this->homing->start(this->homing, &move, &matches, why,
								  sizeof(why));
	return reply_move(this, &move, started, matches, why);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_cancel(void *user, char *name, u_int id,
									   vici_message_t *request)
{
	rmobike_commands_t *this = user;
	vici_builder_t *builder;
	u_int cancelled, in_flight;
	char why[BUF_LEN];

	if (!rmobike_commands_check(request, cancel_keys, why, sizeof(why)))
	{
		return rmobike_commands_refuse(this, why);
	}
	cancelled = this->mover->cancel(this->mover, &in_flight);
	builder = this->create_builder();
	builder->add_kv(builder, "success", "%s",
					cancelled || in_flight ? "yes" : "no");
	builder->add_kv(builder, "cancelled", "%u", cancelled);
	builder->add_kv(builder, "in-flight", "%u", in_flight);
	if (!cancelled && !in_flight)
	{
		builder->add_kv(builder, "errmsg", "no move is under way");
	}
	return builder->finalize(builder);
}
