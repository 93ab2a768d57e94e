/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/** vici command and event, of the same name */
#define RMOBIKE_SWITCH "rmobike-switch"

/** seconds to wait: more than the daemon lets a switch take at most, 165 s */
#define SWITCH_TIMEOUT 180

/** ms without events after which to look if the daemon is still there */
#define ALIVE_INTERVAL 1000

/** ms after which to look once more before giving up */
#define DEAD_INTERVAL 100

/**
 * Options, NULL if not given.
 */
static struct {
	char *ike;
	char *ike_id;
	char *peer_ip;
	char *peer_id;
	char *local_ip;
	char *to;
	bool all;
} opts;

/**
 * Progress of the switches, shared with the threads of libvici and the guard.
 */
static struct {
	/** locks everything below, and the output */
	pthread_mutex_t mutex;
	/** signaled if an outcome arrived */
	pthread_cond_t cond;
	/** marks the events of our own command */
	char tag[64];
	/** the daemon answered the command, so the next one is known */
	bool answered;
	/** number of switches the daemon started */
	unsigned int matches;
	/** number of switches that came to an end */
	unsigned int ended;
	/** number of those that moved the IKE_SA */
	unsigned int moved;
} progress = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
};

/**
 * Check for a single unicast address, numeric.
 */
static bool is_address(const char *str)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, str, &v4) == 1)
	{
		return v4.s_addr != htonl(INADDR_ANY) &&
			   v4.s_addr != htonl(INADDR_BROADCAST) &&
			   !IN_MULTICAST(ntohl(v4.s_addr));
	}
	return inet_pton(AF_INET6, str, &v6) == 1 &&
		   !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_MULTICAST(&v6);
}

/**
 * Parse a numeric address, return its family.
 */
static int parse_address(const char *str, size_t len)
{
	char buf[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (len < sizeof(buf))
	{
		memcpy(buf, str, len);
		buf[len] = '\0';
		if (inet_pton(AF_INET, buf, &addr) == 1)
		{
			return AF_INET;
		}
		if (inet_pton(AF_INET6, buf, &addr) == 1)
		{
			return AF_INET6;
		}
	}
	return AF_UNSPEC;
}

/**
 * Check for an address, a subnet or a range, numeric.
 */
static bool is_network(const char *str)
{
	size_t len = strcspn(str, "/-");
	const char *rest = str + len + 1;
	unsigned long bits;
	char *end;
	int family;

	family = parse_address(str, len);
	if (family == AF_UNSPEC || !str[len])
	{
		return family != AF_UNSPEC;
	}
	if (str[len] == '-')
	{
		return parse_address(rest, strlen(rest)) == family;
	}
	bits = strtoul(rest, &end, 10);
	return *rest >= '0' && *rest <= '9' && !*end &&
		   bits <= (family == AF_INET ? 32 : 128);
}

/**
 * Check for a unique id, as charon assigns them.
 */
static bool is_unique_id(const char *str)
{
	unsigned long long id;
	char *end;

	errno = 0;
	id = strtoull(str, &end, 10);
	return *str >= '0' && *str <= '9' && !*end && !errno &&
		   id > 0 && id <= UINT32_MAX;
}

/**
 * Take a value, complain if it won't do.
 */
static bool take(char **opt, char *name, char *arg, bool good, char *takes)
{
	if (!*arg || !good)
	{
		command_error("'%s' won't do for --%s, it takes %s", arg, name, takes);
		return false;
	}
	*opt = arg;
	return true;
}

/**
 * Implements command_t.option
 */
static bool option(char op, char *arg)
{
	switch (op)
	{
		case 'i':
			return take(&opts.ike, "ike", arg, true,
						"the name of a connection");
		case 'I':
			return take(&opts.ike_id, "ike-id", arg, is_unique_id(arg),
						"the number of an IKE_SA, 3 in rw[3]");
		case 'p':
			return take(&opts.peer_ip, "peer-ip", arg, is_network(arg),
						"an address, a subnet (192.0.2.0/24) or a range "
						"(192.0.2.1-192.0.2.9)");
		case 'd':
			return take(&opts.peer_id, "peer-id", arg, true,
						"an identity, perhaps with wildcards");
		case 'l':
			return take(&opts.local_ip, "local-ip", arg, is_address(arg),
						"a numeric address of this machine");
		case 't':
			return take(&opts.to, "to", arg, is_address(arg),
						"a numeric address of this machine, without port or "
						"prefix length");
		case 'a':
			opts.all = true;
			return true;
		default:
			return false;
	}
}

/**
 * Implements command_t.check
 */
static bool check(void)
{
	bool selected = opts.ike || opts.ike_id || opts.peer_ip || opts.peer_id ||
					opts.local_ip;

	if (!opts.to)
	{
		command_error("missing --to ADDR: which of this machine's addresses to "
					  "switch to");
		return false;
	}
	if (opts.all && selected)
	{
		command_error("--all can't be combined with --ike, --ike-id, "
					  "--peer-ip, --peer-id or --local-ip");
		return false;
	}
	if (!opts.all && !selected)
	{
		command_error("missing selector: which IKE_SAs to switch, --ike, "
					  "--ike-id, --peer-ip, --peer-id, --local-ip or --all");
		return false;
	}
	return true;
}

/**
 * Make up a tag that no other command uses.
 */
static void create_tag(void)
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
	{
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		random = now.tv_nsec;
	}
	snprintf(progress.tag, sizeof(progress.tag), "rmobike-%d-%08lx%08lx",
			 (int)getpid(), (unsigned long)(random >> 32),
			 (unsigned long)(random & 0xffffffff));
}

/**
 * Print the outcome for a single IKE_SA.
 */
static void print_outcome(vici_res_t *res, bool moved, char *state)
{
	char *id, *name, *peer, *from, *to, *reason, *ms;

	id = command_find(res, "id");
	name = command_find(res, "name");
	peer = command_find(res, "peer-id");
	from = command_find(res, "from");
	to = command_find(res, "to");
	reason = command_find(res, "reason");
	ms = command_find(res, "ms");

	if (moved)
	{
		command_print("%s[%s] '%s' %s -> %s: %s in %s ms", name ?: "?",
					  id ?: "?", peer ?: "?", from ?: "?", to ?: "?", state,
					  ms ?: "?");
	}
	else
	{
		command_print("%s[%s] '%s' %s -> %s: %s%s%s", name ?: "?", id ?: "?",
					  peer ?: "?", from ?: "?", to ?: "?", state,
					  reason ? ": " : "", reason ?: "");
	}

	free(id);
	free(name);
	free(peer);
	free(from);
	free(to);
	free(reason);
	free(ms);
}

/**
 * A switch came to an end, maybe one of ours. Called by a thread of libvici,
 * possibly before the reply to the command arrived.
 */
static void on_event(void *user, char *name, vici_res_t *res)
{
	command_conn_t *conn = user;
	char *tag, *state;
	bool moved;

	tag = command_find(res, "tag");
	state = command_find(res, "state");
	if (tag && streq(tag, progress.tag) &&
		state && !streq(state, "asked") && !streq(state, "answered"))
	{
		moved = streq(state, "done");

		pthread_mutex_lock(&progress.mutex);
		progress.ended++;
		progress.moved += moved;
		if (!command_dump(conn, res, name))
		{
			print_outcome(res, moved, state);
		}
		pthread_cond_signal(&progress.cond);
		pthread_mutex_unlock(&progress.mutex);
	}
	free(tag);
	free(state);
}

/**
 * Add a value to a request, as it is.
 */
static void add_value(vici_req_t *req, char *key, char *value)
{
	if (value)
	{
		vici_add_key_value(req, key, value, strlen(value));
	}
}

/**
 * Ask the daemon to start the switches.
 */
static vici_res_t *submit_switch(command_conn_t *conn)
{
	vici_req_t *req;

	req = vici_begin(RMOBIKE_SWITCH);
	add_value(req, "to", opts.to);
	add_value(req, "ike", opts.ike);
	add_value(req, "ike-id", opts.ike_id);
	add_value(req, "peer-ip", opts.peer_ip);
	add_value(req, "peer-id", opts.peer_id);
	add_value(req, "local-ip", opts.local_ip);
	add_value(req, "all", opts.all ? "yes" : NULL);
	add_value(req, "tag", progress.tag);
	errno = 0;
	return vici_submit(req, conn->vici);
}

/**
 * Check if the daemon is still there. libvici reports a closed connection only
 * to those who ask for something.
 */
static bool is_alive(command_conn_t *conn)
{
	vici_res_t *res;

	errno = 0;
	res = vici_submit(vici_begin("version"), conn->vici);
	if (res)
	{
		vici_free_res(res);
		return true;
	}
	/* the plugin's own socket does not know that command, but says so */
	return errno == ENOENT;
}

/**
 * Get the time that it will be in some milliseconds.
 */
static struct timespec get_time_in(unsigned int ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += ms % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000)
	{
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

/**
 * Wait until all switches came to an end.
 */
static command_status_t wait_for_outcomes(command_conn_t *conn)
{
	command_status_t status = COMMAND_OK;
	struct timespec until;
	bool alive;
	int dead = 0;

	pthread_mutex_lock(&progress.mutex);
	while (progress.ended < progress.matches && dead < 2)
	{
		until = get_time_in(dead ? DEAD_INTERVAL : ALIVE_INTERVAL);
		if (pthread_cond_timedwait(&progress.cond, &progress.mutex,
								   &until) == ETIMEDOUT)
		{
			/* don't keep libvici's thread from delivering events */
			pthread_mutex_unlock(&progress.mutex);
			alive = is_alive(conn);
			pthread_mutex_lock(&progress.mutex);
			/* what was received already may still be on its way to us */
			dead = alive ? 0 : dead + 1;
		}
	}
	if (progress.ended < progress.matches)
	{
		command_error("the daemon at %s closed the connection, the outcome of "
					  "%u of %u switches is unknown", conn->where,
					  progress.matches - progress.ended, progress.matches);
		status = COMMAND_TROUBLE;
	}
	else if (progress.moved < progress.matches)
	{
		status = COMMAND_FAILED;
	}
	pthread_mutex_unlock(&progress.mutex);
	return status;
}

/**
 * Take the reply of the daemon.
 *
 * @return				exit status if there is nothing to wait for, or
 *						COMMAND_OK
 */
static command_status_t process_reply(command_conn_t *conn, vici_res_t *res)
{
	command_status_t status = COMMAND_OK;
	char *success, *errmsg;
	int matches;

	success = command_find(res, "success");
	errmsg = command_find(res, "errmsg");
	matches = vici_find_int(res, -1, "matches");

	pthread_mutex_lock(&progress.mutex);
	command_dump(conn, res, RMOBIKE_SWITCH " reply");
	if (!success || (streq(success, "yes") && matches < 0))
	{
		command_error("the daemon at %s sent a reply that makes no sense, are "
					  "tool and plugin of the same version?", conn->where);
		status = COMMAND_TROUBLE;
	}
	else if (!streq(success, "yes"))
	{
		command_error("%s", errmsg ?: "the daemon gave no reason");
		status = COMMAND_FAILED;
	}
	else if (!matches)
	{
		command_error("no IKE_SA matches");
		status = COMMAND_FAILED;
	}
	else
	{
		progress.matches = matches;
		progress.answered = true;
	}
	pthread_mutex_unlock(&progress.mutex);

	free(success);
	free(errmsg);
	return status;
}

/**
 * Implements command_t.call
 */
static command_status_t call(command_conn_t *conn)
{
	pthread_condattr_t attr;
	command_status_t status;
	vici_res_t *res;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&progress.cond, &attr);
	pthread_condattr_destroy(&attr);
	create_tag();

	errno = 0;
	if (vici_register(conn->vici, RMOBIKE_SWITCH, on_event, conn) != 0)
	{
		return command_vici_failed(conn, RMOBIKE_SWITCH);
	}
	res = submit_switch(conn);
	if (!res)
	{
		return command_vici_failed(conn, RMOBIKE_SWITCH);
	}
	status = process_reply(conn, res);
	vici_free_res(res);
	return status == COMMAND_OK ? wait_for_outcomes(conn) : status;
}

/**
 * Implements command_t.stopped
 */
static command_status_t stopped(command_stop_t why, unsigned int seconds)
{
	unsigned int left;

	/* not to be unlocked, nothing shall be printed after this */
	pthread_mutex_lock(&progress.mutex);
	left = progress.matches - progress.ended;
	if (why == COMMAND_STOP_SIGNAL)
	{
		if (progress.answered)
		{
			command_error("interrupted, %u of %u switches still in flight: the "
						  "daemon carries on, see 'rmobike --status'", left,
						  progress.matches);
		}
		else
		{
			command_error("interrupted before the daemon answered, see "
						  "'rmobike --status'");
		}
		return COMMAND_FAILED;
	}
	if (progress.answered)
	{
		command_error("waited for %u s, %u of %u switches still in flight: the "
					  "daemon carries on, see 'rmobike --status'", seconds,
					  left, progress.matches);
		return COMMAND_FAILED;
	}
	command_error("the daemon did not answer within %u s", seconds);
	return COMMAND_TROUBLE;
}

/**
 * Described in header
 */
const command_t cmd_switch = {
	.name = "switch",
	.op = 's',
	.desc = "move IKE_SAs to another address of this machine",
	.vici = RMOBIKE_SWITCH,
	.usage = {
		"--to ADDR (--ike NAME | --ike-id ID | --peer-ip ADDR |",
		"--peer-id ID | --local-ip ADDR | --all)",
		"[--timeout SECONDS] [--raw | --pretty] [--uri URI]",
	},
	.timeout = SWITCH_TIMEOUT,
	.options = {
		{ "to",			't', "ADDR",	"address of this machine to move to" },
		{ "ike",		'i', "NAME",	"IKE_SAs of that connection" },
		{ "ike-id",		'I', "ID",		"the IKE_SA of that unique id" },
		{ "peer-ip",	'p', "ADDR",	"peers at address, subnet, range" },
		{ "peer-id",	'd', "ID",		"peers of that identity (wildcards)" },
		{ "local-ip",	'l', "ADDR",	"IKE_SAs that use that local address" },
		{ "all",		'a', NULL,		"all IKE_SAs" },
	},
	.option = option,
	.check = check,
	.call = call,
	.stopped = stopped,
};
