/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "bar.h"
#include "guard.h"
#include "move.h"
#include "options.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

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
	/** there is no time left to wait */
	bool over;
	/** the daemon was told so */
	bool cancelled;
	/** what became of the switches */
	tally_t tally;
	/** who decides what is printed, or NULL */
	move_filter_t filter;
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
	if (streq(message_text(event, "tag"), progress.tag))
	{
		outcome = outcome_get(event);
		pthread_mutex_lock(&progress.mutex);
		tally_add(&progress.tally, outcome, event);
		if (progress.filter ? progress.filter(outcome, event)
							: !is_bar_enough(outcome))
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

	while (tally->ended < tally->matches && dead < 2 && !progress.over)
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

	if (tally->ended < tally->matches && !progress.over)
	{
		print_error("the daemon at %s closed the connection, the outcome of "
					"%u of %u switches is unknown", daemon->where,
					tally->matches - tally->ended, tally->matches);
		status = COMMAND_TROUBLE;
	}
	else if (!progress.filter && tally_good(tally) < tally->matches)
	{
		status = COMMAND_FAILED;
	}
	if (!progress.filter &&
		(output_format == OUTPUT_JSON ||
		 (output_format == OUTPUT_TEXT && tally->matches &&
		  (tally->matches >= MANY || progress.interrupted))))
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
	if (streq(this->name, "drain"))
	{
		print_line("%s is drained%s, newcomers are moved until 'rmobike "
				   "--undrain %s'", address,
				   matches ? "" : ", nothing was there", address);
	}
	else if (streq(this->name, "balance") && !matches)
	{
		print_line("balanced already, nothing moves");
	}
	else if (streq(this->name, "prefer") && !matches)
	{
		print_line("all are at the best address, nothing moves");
	}
}

/**
 * Ask the daemon to start, gets the request owned. Returns with the lock held
 * if it answered.
 */
static command_status_t ask(const char *vici, daemon_t *daemon, vici_req_t *req)
{
	bool print = output_format != OUTPUT_JSON || options_get("no-wait");
	command_status_t status;
	message_t *reply;

	daemon_add(req, "tag", progress.tag);
	reply = daemon_ask(daemon, req, print ? vici : NULL);
	if (!reply)
	{
		return daemon_failed(daemon, vici);
	}
	pthread_mutex_lock(&progress.mutex);
	status = daemon_success(reply);
	progress.tally.matches += message_number(reply, "matches");
	progress.answered = status == COMMAND_OK;
	message_destroy(reply);
	return status;
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
 * Described in header
 */
command_status_t move_begin(daemon_t *daemon, move_filter_t filter)
{
	progress.filter = filter;
	prepare();
	errno = 0;
	return vici_register(daemon->vici, RMOBIKE_SWITCH, on_event, NULL) == 0
		? COMMAND_OK : daemon_failed(daemon, RMOBIKE_SWITCH);
}

/**
 * Described in header
 */
command_status_t move_some(daemon_t *daemon, const char *vici, vici_req_t *req)
{
	command_status_t status;

	status = ask(vici, daemon, req);
	if (status == COMMAND_OK || status == COMMAND_FAILED)
	{
		if (progress.answered)
		{
			wait_for_outcomes(daemon);
			status = report(daemon);
		}
		pthread_mutex_unlock(&progress.mutex);
	}
	return status;
}

/**
 * Described in header
 */
bool move_pause(unsigned int ms)
{
	uint64_t end = guard_now() + ms;
	bool more;

	pthread_mutex_lock(&progress.mutex);
	while (!progress.over && !progress.interrupted && guard_now() < end)
	{
		wait_for_signal(end - guard_now());
	}
	more = !progress.over && !progress.interrupted;
	pthread_mutex_unlock(&progress.mutex);
	return more;
}

/**
 * Described in header
 */
unsigned int move_count(outcome_t outcome)
{
	unsigned int count;

	pthread_mutex_lock(&progress.mutex);
	count = progress.tally.of[outcome];
	pthread_mutex_unlock(&progress.mutex);
	return count;
}

/**
 * Described in header
 */
bool move_end(bool cancel)
{
	bool first;

	pthread_mutex_lock(&progress.mutex);
	first = !progress.over && !progress.interrupted;
	progress.interrupted |= cancel;
	progress.over |= !cancel;
	pthread_cond_signal(&progress.cond);
	pthread_mutex_unlock(&progress.mutex);
	return first;
}

/**
 * Described in header
 */
command_status_t move_call(const command_t *this, daemon_t *daemon)
{
	bool unattended = options_get("no-wait");
	command_status_t status = COMMAND_OK;

	if (unattended)
	{
		prepare();
	}
	else
	{
		status = move_begin(daemon, NULL);
	}
	if (status == COMMAND_OK)
	{
		status = ask(this->vici, daemon, options_request(this));
	}
	if (status != COMMAND_OK && status != COMMAND_FAILED)
	{
		return status;
	}
	if (progress.answered && !unattended)
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
 * Described in header
 */
command_status_t move_stop(unsigned int seconds, bool ctrl_c)
{
	tally_t *tally = &progress.tally;
	char why[32] = "interrupted";

	pthread_mutex_lock(&progress.mutex);
	if (ctrl_c && progress.answered && !progress.interrupted)
	{
		progress.interrupted = true;
		pthread_cond_signal(&progress.cond);
		pthread_mutex_unlock(&progress.mutex);
		return COMMAND_UNKNOWN;
	}
	/* not to be unlocked, nothing shall be printed after this */
	bar_hide();
	if (progress.answered)
	{
		if (seconds)
		{
			snprintf(why, sizeof(why), "waited for %u s", seconds);
		}
		print_error("%s, %u of %u switches still in flight: the daemon carries "
					"on, see 'rmobike --status'", why,
					tally->matches - tally->ended, tally->matches);
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
