/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * swanctl --switch-address, in strongSwan's own tree: see docs/upstream.md.
 */

#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <threading/condvar.h>
#include <threading/mutex.h>

/** The command of the plugin, and the event for what became of each IKE_SA */
#define SWITCH "rmobike-switch"

/** ms without an event after which to see if the daemon is still there */
#define ALIVE_INTERVAL 2000

/**
 * What happened to the IKE_SAs so far, shared with the threads of libvici.
 */
typedef struct {
	/** locks what follows */
	mutex_t *mutex;
	/** signaled for each event */
	condvar_t *condvar;
	/** how to print it */
	command_format_options_t format;
	/** marks the events of our request */
	char tag[48];
	/** IKE_SAs that were selected, known by the reply */
	u_int matches;
	/** those that something became of */
	u_int ended;
	/** those of them that are at the new address */
	u_int done;
} progress_t;

/**
 * Print what became of an IKE_SA
 */
static void print_outcome(vici_res_t *res)
{
	char *state, *reason, *to;

	state = vici_find_str(res, "", "state");
	reason = vici_find_str(res, "", "reason");
	to = vici_find_str(res, "", "to");
	printf("%s[%s] '%s' %s%s%s: %s", vici_find_str(res, "", "name"),
		   vici_find_str(res, "", "id"), vici_find_str(res, "", "peer-id"),
		   vici_find_str(res, "", "from"), *to ? " -> " : "", to, state);
	if (streq(state, "done"))
	{
		printf(" in %s ms\n", vici_find_str(res, "", "ms"));
	}
	else if (*reason && !streq(reason, state))
	{
		printf(": %s\n", reason);
	}
	else
	{
		printf("\n");
	}
}

/**
 * A switch ended, maybe one of ours, and maybe before the reply arrives
 */
static void switch_ended(void *user, char *name, vici_res_t *res)
{
	progress_t *this = user;

	if (!streq(vici_find_str(res, "", "tag"), this->tag))
	{
		return;
	}
	this->mutex->lock(this->mutex);
	this->ended++;
	if (streq(vici_find_str(res, "", "state"), "done"))
	{
		this->done++;
	}
	if (this->format & COMMAND_FORMAT_RAW)
	{
		vici_dump(res, SWITCH " event", this->format & COMMAND_FORMAT_PRETTY,
				  stdout);
	}
	else
	{
		print_outcome(res);
	}
	fflush(stdout);
	this->condvar->signal(this->condvar);
	this->mutex->unlock(this->mutex);
}

/**
 * Check if the daemon still answers
 */
static bool is_alive(vici_conn_t *conn)
{
	vici_res_t *res;

	res = vici_submit(vici_begin("version"), conn);
	if (!res)
	{
		return FALSE;
	}
	vici_free_res(res);
	return TRUE;
}

/**
 * Wait until something became of all IKE_SAs. The daemon ends every switch, so
 * only its own end can leave some open.
 */
static bool wait_for_all(progress_t *this, vici_conn_t *conn)
{
	bool alive = TRUE;
	u_int ended;

	this->mutex->lock(this->mutex);
	while (alive && this->ended < this->matches)
	{
		ended = this->ended;
		if (this->condvar->timed_wait(this->condvar, this->mutex,
									  ALIVE_INTERVAL) && this->ended == ended)
		{	/* libvici's thread has to get at the lock meanwhile */
			this->mutex->unlock(this->mutex);
			alive = is_alive(conn);
			this->mutex->lock(this->mutex);
		}
	}
	alive = this->ended >= this->matches;
	this->mutex->unlock(this->mutex);
	return alive;
}

/**
 * Tell why the daemon can't be asked
 */
static int request_failed()
{
	int err = errno;

	if (err == EINVAL || err == ENOENT)
	{
		fprintf(stderr, "the daemon does not know '%s', is its rmobike plugin "
				"loaded?\n", SWITCH);
	}
	else
	{
		fprintf(stderr, "switch-address request failed: %s\n", strerror(err));
	}
	return err;
}

/**
 * Wait for what becomes of the IKE_SAs, if the daemon accepted the request
 */
static int await(progress_t *this, vici_conn_t *conn, vici_res_t *res)
{
	if (this->format & COMMAND_FORMAT_RAW)
	{
		vici_dump(res, SWITCH " reply", this->format & COMMAND_FORMAT_PRETTY,
				  stdout);
	}
	if (!streq(vici_find_str(res, "no", "success"), "yes"))
	{
		fprintf(stderr, "switch-address failed: %s\n",
				vici_find_str(res, "", "errmsg"));
		return 1;
	}
	this->matches = vici_find_int(res, 0, "matches");
	if (!wait_for_all(this, conn))
	{
		fprintf(stderr, "switch-address failed: the daemon is gone, the "
				"outcome of %u of %u switches is unknown\n",
				this->matches - this->ended, this->matches);
		return 1;
	}
	/* no event may come when nobody waits for it anymore */
	vici_register(conn, SWITCH, NULL, NULL);
	return this->done == this->matches ? 0 : 1;
}

/**
 * Send the request
 */
static int request(progress_t *this, vici_conn_t *conn, vici_req_t *req)
{
	vici_res_t *res;
	int ret;

	if (vici_register(conn, SWITCH, switch_ended, this) != 0)
	{
		vici_free_req(req);
		return request_failed();
	}
	res = vici_submit(req, conn);
	if (!res)
	{
		return request_failed();
	}
	ret = await(this, conn, res);
	vici_free_res(res);
	return ret;
}

/**
 * Add an option to the request, whose value the daemon checks
 */
static bool add_option(vici_req_t *req, int op, char *arg)
{
	static const struct {
		char op;
		char *key;
	} keys[] = {
		{ 't', "to" },		{ 'i', "ike" },		 { 'I', "ike-id" },
		{ 'p', "peer-ip" }, { 'd', "peer-id" }, { 'l', "local-ip" },
		{ 'a', "all" },
	};
	int i;

	for (i = 0; i < countof(keys); i++)
	{
		if (keys[i].op == op)
		{
			vici_add_key_valuef(req, keys[i].key, "%s", arg ?: "yes");
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Read the options into a request
 *
 * @return			NULL if they are fine, an error to show if not
 */
static char *read_options(progress_t *this, vici_req_t *req, bool *help)
{
	bool to = FALSE, selected = FALSE;
	char *arg;
	int op;

	while ((op = command_getopt(&arg)) != EOF)
	{
		switch (op)
		{
			case 'h':
				*help = TRUE;
				return NULL;
			case 'P':
				this->format |= COMMAND_FORMAT_PRETTY;
				/* fall through to raw */
			case 'r':
				this->format |= COMMAND_FORMAT_RAW;
				break;
			default:
				if (!add_option(req, op, arg))
				{
					return "invalid --switch-address option";
				}
				to |= op == 't';
				selected |= op != 't';
				break;
		}
	}
	return !to ? "--to <address> is missing" :
		   !selected ? "missing which IKE_SAs to move" : NULL;
}

static int switch_address(vici_conn_t *conn)
{
	progress_t progress = {};
	vici_req_t *req;
	uint64_t number;
	bool help = FALSE;
	char *error;
	int ret;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
	{
		number = time(NULL);
	}
	snprintf(progress.tag, sizeof(progress.tag), "swanctl-%d-%016" PRIx64,
			 (int)getpid(), number);
	req = vici_begin(SWITCH);
	vici_add_key_valuef(req, "tag", "%s", progress.tag);
	error = read_options(&progress, req, &help);
	if (error || help)
	{
		vici_free_req(req);
		return error ? command_usage("%s", error) : command_usage(NULL);
	}
	progress.mutex = mutex_create(MUTEX_TYPE_DEFAULT);
	progress.condvar = condvar_create(CONDVAR_TYPE_DEFAULT);
	ret = request(&progress, conn, req);
	progress.condvar->destroy(progress.condvar);
	progress.mutex->destroy(progress.mutex);
	return ret;
}

/**
 * Register the command.
 */
static void __attribute__((constructor)) reg()
{
	command_register((command_t){
		switch_address, 'w', "switch-address",
		"move IKE_SAs to another address of the daemon",
		{ "--to <address>",
		  "--ike <name> | --ike-id <id> | --peer-id <id|wildcards>",
		  "| --peer-ip <ip|subnet|range> | --local-ip <address> | --all",
		  "[--raw|--pretty]" },
		{
			{ "help",		'h', 0, "show usage information" },
			{ "to",			't', 1, "address of the daemon to move to" },
			{ "ike",		'i', 1, "move by IKE_SA name" },
			{ "ike-id",		'I', 1, "move by IKE_SA unique identifier" },
			{ "peer-ip",	'p', 1, "move by IP of the peer" },
			{ "peer-id",	'd', 1, "move by identity of the peer" },
			{ "local-ip",	'l', 1, "move by IP of the daemon" },
			{ "all",		'a', 0, "move all IKE_SAs" },
			{ "raw",		'r', 0, "dump raw response and event messages" },
			{ "pretty",		'P', 0, "dump them in pretty print" },
		}
	});
}
