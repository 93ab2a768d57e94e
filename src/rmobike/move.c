/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "bar.h"
#include "guard.h"
#include "options.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/** seconds without any outcome to wait: more than the daemon lets a switch take
 * at most, 165 s */
#define MOVE_TIMEOUT 180

/** ms after which to look once more before giving up */
#define DEAD_INTERVAL 100

/** that many IKE_SAs are too many to look at the lines */
#define MANY 10

/**
 * Progress of the switches, shared with the threads of libvici and the guard.
 */
static struct {
	/** locks everything below, and the output */
	pthread_mutex_t mutex;
	/** signaled if an outcome arrived, or to cancel */
	pthread_cond_t cond;
	/** marks the events of our own command */
	char tag[64];
	/** when it was asked for */
	uint64_t start;
	/** the daemon answered the command, so the number of switches is known */
	bool answered;
	/** there is a terminal to draw a bar on */
	bool bar;
	/** Ctrl-C was pressed */
	bool interrupted;
	/** the daemon was told so */
	bool cancelled;
	/** what became of the switches */
	tally_t tally;
} progress = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
};

/**
 * Make up a tag that no other command uses.
 */
static void create_tag(void)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
	{
		random = guard_now();
	}
	snprintf(progress.tag, sizeof(progress.tag), "rmobike-%d-%016" PRIx64,
			 (int)getpid(), random);
}

/**
 * Check if an outcome has no line of its own, as the bar tells enough.
 */
static bool is_bar_enough(outcome_t outcome)
{
	return progress.bar && progress.tally.matches >= MANY &&
		   isatty(STDOUT_FILENO) &&
		   (outcome == OUTCOME_DONE || outcome == OUTCOME_REDIRECTED ||
			outcome == OUTCOME_CANCELLED);
}

/**
 * A switch came to an end, maybe one of ours. Called by a thread of libvici,
 * possibly before the reply to the command arrived.
 */
static void on_event(void *user, char *name, vici_res_t *res)
{
	message_t *event;
	outcome_t outcome;

	event = message_create(res);
	outcome = outcome_get(event);
	if (streq(message_text(event, "tag"), progress.tag) &&
		outcome != OUTCOME_COUNT)
	{
		pthread_mutex_lock(&progress.mutex);
		tally_add(&progress.tally, outcome, event);
		if (!is_bar_enough(outcome))
		{
			bar_hide();
			if (!print_message(event, res, name))
			{
				outcome_print(event, "");
			}
		}
		pthread_cond_signal(&progress.cond);
		pthread_mutex_unlock(&progress.mutex);
		guard_extend();
	}
	message_destroy(event);
}

/**
 * Tell the daemon to start no further switches. Called with the lock held,
 * which is released meanwhile.
 */
static void cancel(daemon_t *daemon)
{
	message_t *reply;

	progress.cancelled = true;
	pthread_mutex_unlock(&progress.mutex);
	reply = daemon_ask(daemon, vici_begin(RMOBIKE_CANCEL), NULL);
	pthread_mutex_lock(&progress.mutex);

	bar_hide();
	if (!reply)
	{
		print_error("stopping failed, the daemon carries on (Ctrl-C again to "
					"leave)");
	}
	else if (streq(message_text(reply, "success"), "yes"))
	{	/* otherwise it was just coming to an end, nothing to tell about that */
		print_error("stopping: %s not started, waiting for %s in flight "
					"(Ctrl-C again to leave them to the daemon)",
					message_text(reply, "cancelled"),
					message_text(reply, "in-flight"));
	}
	message_destroy(reply);
}

/**
 * Wait for a signal about progress.
 *
 * @return				true if there was one, false if the time is over
 */
static bool wait_for_signal(unsigned int ms)
{
	uint64_t end = guard_now() + ms;
	struct timespec time = {
		.tv_sec = end / 1000,
		.tv_nsec = end % 1000 * 1000000,
	};

	return pthread_cond_timedwait(&progress.cond, &progress.mutex,
								  &time) != ETIMEDOUT;
}

/**
 * Wait until all switches came to an end, or the daemon did. Called with the
 * lock held.
 */
static void wait_for_outcomes(daemon_t *daemon)
{
	uint64_t now, seen = guard_now(), drawn = 0;
	tally_t *tally = &progress.tally;
	unsigned int interval, ended;
	bool alive, heard;
	int dead = 0;

	while (tally->ended < tally->matches && dead < 2)
	{
		if (progress.interrupted && !progress.cancelled)
		{
			cancel(daemon);
			continue;
		}
		now = guard_now();
		if (progress.bar && now >= drawn + BAR_INTERVAL)
		{
			bar_draw(tally, now, progress.cancelled);
			drawn = now;
		}
		ended = tally->ended;
		interval = dead ? DEAD_INTERVAL : DAEMON_ALIVE_INTERVAL;
		heard = wait_for_signal(progress.bar ? BAR_INTERVAL : interval);
		now = guard_now();
		if (heard || tally->ended != ended)
		{
			seen = now;
		}
		else if (now >= seen + interval)
		{
			/* don't keep libvici's thread from delivering events */
			pthread_mutex_unlock(&progress.mutex);
			alive = daemon_is_alive(daemon);
			pthread_mutex_lock(&progress.mutex);
			/* what was received already may still be on its way to us */
			dead = alive ? 0 : dead + 1;
			seen = guard_now();
		}
	}
	bar_hide();
}

/**
 * Sum up what is known after the waiting, with the lock held.
 */
static command_status_t report(daemon_t *daemon)
{
	command_status_t status = COMMAND_OK;
	tally_t *tally = &progress.tally;

	if (tally->ended < tally->matches)
	{
		print_error("the daemon at %s closed the connection, the outcome of "
					"%u of %u switches is unknown", daemon->where,
					tally->matches - tally->ended, tally->matches);
		status = COMMAND_TROUBLE;
	}
	else if (tally_good(tally) < tally->matches)
	{
		status = COMMAND_FAILED;
	}
	if (output_format == OUTPUT_JSON ||
		(output_format == OUTPUT_TEXT && tally->matches &&
		 (tally->matches >= MANY || progress.interrupted)))
	{
		tally_print(tally, guard_now() - progress.start);
	}
	return status;
}

/**
 * Say what was started, or achieved besides.
 */
static void print_achieved(const command_t *this, bool unattended)
{
	unsigned int matches = progress.tally.matches;
	char *address = options_get("address");

	if (unattended && matches)
	{
		print_line("move of %u IKE_SA%s started, see 'rmobike --stats' and "
				   "'rmobike --monitor'", matches, matches == 1 ? "" : "s");
	}
	if (this == &cmd_drain)
	{
		print_line("%s is drained%s, newcomers are moved until 'rmobike "
				   "--undrain %s'", address,
				   matches ? "" : ", nothing was there", address);
	}
	else if (this == &cmd_balance && !matches)
	{
		print_line("balanced already, nothing moves");
	}
}

/**
 * Take the reply of the daemon, with the lock held.
 *
 * @return				exit status if there is nothing to wait for, or
 *						COMMAND_OK
 */
static command_status_t process_reply(const command_t *this, daemon_t *daemon,
									  message_t *reply)
{
	command_status_t status;

	status = daemon_success(daemon, reply);
	if (status != COMMAND_OK)
	{
		return status;
	}
	if (!message_get(reply, "matches"))
	{
		print_error("the daemon at %s did not tell how many IKE_SAs match, are "
					"tool and plugin of the same version?", daemon->where);
		return COMMAND_TROUBLE;
	}
	progress.tally.matches = message_number(reply, "matches");
	if (!progress.tally.matches && this == &cmd_switch)
	{
		print_error("no IKE_SA matches");
		return COMMAND_FAILED;
	}
	progress.answered = true;
	return COMMAND_OK;
}

/**
 * Ask the daemon to start.
 */
static message_t *ask(const command_t *this, daemon_t *daemon)
{
	bool print = output_format != OUTPUT_JSON || options_get("no-wait");
	vici_req_t *req;

	req = vici_begin(this->vici);
	options_add(req);
	daemon_add(req, "tag", progress.tag);
	return daemon_ask(daemon, req, print ? this->vici : NULL);
}

/**
 * Get ready for events.
 */
static void prepare(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&progress.cond, &attr);
	pthread_condattr_destroy(&attr);
	create_tag();
	progress.bar = bar_available() &&
				   (output_format == OUTPUT_TEXT || !isatty(STDOUT_FILENO));
	progress.start = guard_now();
}

/**
 * Implements command_t.call
 */
static command_status_t call(const command_t *this, daemon_t *daemon)
{
	bool unattended = options_get("no-wait");
	command_status_t status;
	message_t *reply;

	prepare();
	errno = 0;
	if (!unattended &&
		vici_register(daemon->vici, RMOBIKE_SWITCH, on_event, NULL) != 0)
	{
		return daemon_failed(daemon, RMOBIKE_SWITCH);
	}
	reply = ask(this, daemon);
	if (!reply)
	{
		return daemon_failed(daemon, this->vici);
	}
	pthread_mutex_lock(&progress.mutex);
	status = process_reply(this, daemon, reply);
	message_destroy(reply);
	if (status == COMMAND_OK && !unattended)
	{
		wait_for_outcomes(daemon);
		status = report(daemon);
	}
	if (progress.answered && status != COMMAND_TROUBLE &&
		output_format == OUTPUT_TEXT && !options_get("dry-run"))
	{
		print_achieved(this, unattended);
	}
	pthread_mutex_unlock(&progress.mutex);
	return status;
}

/**
 * Implements command_t.interrupt
 */
static bool interrupt(void)
{
	bool first;

	pthread_mutex_lock(&progress.mutex);
	/* nothing to be stopped if nothing is known to have been started */
	first = progress.answered && !progress.interrupted;
	if (first)
	{
		progress.interrupted = true;
		pthread_cond_signal(&progress.cond);
	}
	pthread_mutex_unlock(&progress.mutex);
	return first;
}

/**
 * Implements command_t.stopped
 */
static command_status_t stopped(unsigned int seconds)
{
	unsigned int matches, left;
	char why[32] = "interrupted";

	/* not to be unlocked, nothing shall be printed after this */
	pthread_mutex_lock(&progress.mutex);
	bar_hide();
	if (progress.answered)
	{
		matches = progress.tally.matches;
		left = matches - progress.tally.ended;
		if (seconds)
		{
			snprintf(why, sizeof(why), "waited for %u s", seconds);
		}
		print_error("%s, %u of %u switches still in flight: the daemon carries "
					"on, see 'rmobike --status'", why, left, matches);
		return COMMAND_FAILED;
	}
	if (!seconds)
	{
		print_error("interrupted before the daemon answered, see "
					"'rmobike --status'");
		return COMMAND_FAILED;
	}
	return guard_unanswered(seconds);
}

/* clang-format off */

/** what all of them take */
#define MOVE_OPTIONS \
	{ "max-in-flight",	'm', "N",	"switches under way at a time (64)" }, \
	{ "rate",			'R', "N",	"start at most N per second" }, \
	{ "max-failures",	'f', "N",	"stop after N that did not move" }, \
	{ "dry-run",		'n', NULL,	"show what would be done" }, \
	{ "wait",			'w', NULL,	"wait for all outcomes (default)", true }, \
	{ "no-wait",		'W', NULL,	"return as soon as it started", true }

/* clang-format on */

/** lines for their synopsis */
#define MOVE_USAGE \
	"[--max-in-flight N] [--rate N] [--max-failures N]", \
	"[--dry-run | --no-wait] [--timeout SECONDS]", \
	"[--raw | --pretty | --json] [--uri URI]"

/** how they are executed */
#define MOVE_CALLS \
	.timeout = MOVE_TIMEOUT, .call = call, .interrupt = interrupt, \
	.stopped = stopped

/**
 * Described in header
 */
const command_t cmd_switch = {
	.name = "switch",
	.op = 's',
	.desc = "move IKE_SAs to other addresses of this machine",
	.vici = RMOBIKE_SWITCH,
	.usage = {
		"--to ADDR[=WEIGHT][,...]",
		"(--all | [--ike NAME] [--ike-id ID] [--peer-ip ADDR]",
		"[--peer-id ID] [--local-ip ADDR]) [--fallback HOW]",
		MOVE_USAGE,
	},
	.options = {
		{ "to",			't', "ADDR",	"where to, several are spread evenly" },
		{ "ike",		'i', "NAME",	"IKE_SAs of that connection" },
		{ "ike-id",		'I', "ID",		"the IKE_SA of that unique id" },
		{ "peer-ip",	'p', "ADDR",	"peers at address, subnet, range" },
		{ "peer-id",	'd', "ID",		"peers of that identity (wildcards)" },
		{ "local-ip",	'l', "ADDR",	"IKE_SAs that use that local address" },
		{ "all",		'a', NULL,		"all IKE_SAs" },
		{ "fallback",	'F', "HOW",		"for others: redirect or none" },
		MOVE_OPTIONS,
	},
	.needs = {
		{ { "to" },
		  "--to ADDR: which of this machine's addresses to switch to" },
		{ { "all", "ike", "ike-id", "peer-ip", "peer-id", "local-ip" },
		  "selector: which IKE_SAs to switch, --ike, --ike-id, --peer-ip, "
		  "--peer-id, --local-ip or --all" },
	},
	MOVE_CALLS,
};

/**
 * Described in header
 */
const command_t cmd_drain = {
	.name = "drain",
	.op = 'd',
	.value = "ADDR",
	.desc = "move everything off an address, newcomers too",
	.vici = "rmobike-drain",
	.usage = {
		"[--to ADDR[=WEIGHT][,...]] [--fallback HOW]",
		MOVE_USAGE,
	},
	.options = {
		{ "to",			't', "ADDR",	"where to (any other address)" },
		{ "fallback",	'F', "HOW",		"for others: redirect or none" },
		MOVE_OPTIONS,
	},
	.needs = {
		{ { "address" }, "address: which of this machine's addresses shall not "
						 "be used anymore" },
	},
	MOVE_CALLS,
};

/**
 * Described in header
 */
const command_t cmd_balance = {
	.name = "balance",
	.op = 'b',
	.desc = "spread IKE_SAs as the configured weights say",
	.vici = "rmobike-balance",
	.usage = {
		MOVE_USAGE,
	},
	.options = {
		MOVE_OPTIONS,
	},
	MOVE_CALLS,
};
