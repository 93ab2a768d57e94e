/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "bar.h"
#include "guard.h"
#include "json.h"
#include "move.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/** vici command that stops a move */
#define RMOBIKE_CANCEL "rmobike-cancel"

/** ms without events after which to look if the daemon is still there */
#define ALIVE_INTERVAL 1000

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
 * Print an outcome, unless the bar tells enough.
 */
static void print_outcome(command_conn_t *conn, char *name, outcome_t outcome,
						  vici_res_t *res)
{
	bool counted = outcome == OUTCOME_DONE || outcome == OUTCOME_REDIRECTED ||
				   outcome == OUTCOME_CANCELLED;

	if (progress.bar && counted && progress.tally.matches >= MANY &&
		isatty(STDOUT_FILENO))
	{
		return;
	}
	bar_hide();
	if (!command_dump(conn, res, name))
	{
		outcome_print(res, "");
	}
}

/**
 * A switch came to an end, maybe one of ours. Called by a thread of libvici,
 * possibly before the reply to the command arrived.
 */
static void on_event(void *user, char *name, vici_res_t *res)
{
	outcome_t outcome;
	char *tag;

	tag = command_find(res, "tag");
	outcome = outcome_get(res);
	if (tag && streq(tag, progress.tag) && outcome != OUTCOME_COUNT)
	{
		pthread_mutex_lock(&progress.mutex);
		tally_add(&progress.tally, outcome, res);
		print_outcome(user, name, outcome, res);
		pthread_cond_signal(&progress.cond);
		pthread_mutex_unlock(&progress.mutex);
		guard_extend();
	}
	free(tag);
}

/**
 * Tell the daemon to start no further switches. Called with the lock held,
 * which is released meanwhile.
 */
static void cancel(command_conn_t *conn)
{
	char *success, *count, *left;
	vici_res_t *res;

	progress.cancelled = true;
	pthread_mutex_unlock(&progress.mutex);
	errno = 0;
	res = vici_submit(vici_begin(RMOBIKE_CANCEL), conn->vici);
	pthread_mutex_lock(&progress.mutex);

	bar_hide();
	if (!res)
	{
		command_error("stopping failed, the daemon carries on (Ctrl-C again "
					  "to leave)");
		return;
	}
	success = command_find(res, "success");
	count = command_find(res, "cancelled");
	left = command_find(res, "in-flight");
	/* otherwise it was just coming to an end, nothing to tell about that */
	if (success && streq(success, "yes"))
	{
		command_error("stopping: %s not started, waiting for %s in flight "
					  "(Ctrl-C again to leave them to the daemon)",
					  count ?: "?", left ?: "?");
	}
	free(success);
	free(count);
	free(left);
	vici_free_res(res);
}

/**
 * Wait for a signal about progress.
 *
 * @return				true if there was one, false if the time is over
 */
static bool wait_for_signal(unsigned int ms)
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
	return pthread_cond_timedwait(&progress.cond, &progress.mutex,
								  &time) != ETIMEDOUT;
}

/**
 * Wait until all switches came to an end, or the daemon did. Called with the
 * lock held.
 */
static void wait_for_outcomes(command_conn_t *conn)
{
	uint64_t now, seen = command_now(), drawn = 0;
	tally_t *tally = &progress.tally;
	unsigned int interval, ended;
	bool alive, heard;
	int dead = 0;

	while (tally->ended < tally->matches && dead < 2)
	{
		if (progress.interrupted && !progress.cancelled)
		{
			cancel(conn);
			continue;
		}
		now = command_now();
		if (progress.bar && now >= drawn + BAR_INTERVAL)
		{
			bar_draw(tally, progress.cancelled);
			drawn = now;
		}
		ended = tally->ended;
		interval = dead ? DEAD_INTERVAL : ALIVE_INTERVAL;
		heard = wait_for_signal(progress.bar ? BAR_INTERVAL : interval);
		now = command_now();
		if (heard || tally->ended != ended)
		{
			seen = now;
		}
		else if (now >= seen + interval)
		{
			/* don't keep libvici's thread from delivering events */
			pthread_mutex_unlock(&progress.mutex);
			alive = command_is_alive(conn);
			pthread_mutex_lock(&progress.mutex);
			/* what was received already may still be on its way to us */
			dead = alive ? 0 : dead + 1;
			seen = command_now();
		}
	}
	bar_hide();
}

/**
 * Sum up what is known after the waiting, with the lock held.
 */
static command_status_t report(command_conn_t *conn, const move_t *move)
{
	tally_t *tally = &progress.tally;
	command_status_t status = COMMAND_OK;

	if (tally->ended < tally->matches)
	{
		command_error("the daemon at %s closed the connection, the outcome of "
					  "%u of %u switches is unknown", conn->where,
					  tally->matches - tally->ended, tally->matches);
		status = COMMAND_TROUBLE;
	}
	else if (tally_good(tally) < tally->matches)
	{
		status = COMMAND_FAILED;
	}
	if (conn->json || (!conn->raw && tally->matches &&
					   (tally->matches >= MANY || progress.interrupted)))
	{
		tally_print(tally, command_now() - progress.start, conn->json);
	}
	if (status != COMMAND_TROUBLE && move->achieved && !conn->raw &&
		!conn->json && !move_is_dry())
	{
		move->achieved(tally->matches);
	}
	return status;
}

/**
 * Take the reply of the daemon, with the lock held.
 *
 * @return				exit status if there is nothing to wait for, or
 *						COMMAND_OK
 */
static command_status_t process_reply(command_conn_t *conn, vici_res_t *res,
									  const move_t *move)
{
	command_status_t status;
	int matches;

	if (!conn->json || move_is_unattended())
	{
		command_dump_reply(conn, res, move->vici);
	}
	status = command_success(conn, res);
	if (status != COMMAND_OK)
	{
		return status;
	}
	matches = vici_find_int(res, -1, "matches");
	if (matches < 0)
	{
		command_error("the daemon at %s did not tell how many IKE_SAs match, "
					  "are tool and plugin of the same version?", conn->where);
		return COMMAND_TROUBLE;
	}
	if (!matches && move->must_match)
	{
		command_error("no IKE_SA matches");
		return COMMAND_FAILED;
	}
	progress.tally.matches = matches;
	progress.answered = true;
	return COMMAND_OK;
}

/**
 * Say what was started, as nobody waits for it.
 */
static void print_started(command_conn_t *conn, const move_t *move)
{
	unsigned int matches = progress.tally.matches;

	if (!conn->raw && !conn->json)
	{
		if (matches)
		{
			command_print("move of %u IKE_SA%s started, see "
						  "'rmobike --stats' and 'rmobike --monitor'",
						  matches, matches == 1 ? "" : "s");
		}
		if (move->achieved)
		{
			move->achieved(matches);
		}
	}
}

/**
 * Ask the daemon to start.
 */
static vici_res_t *submit(command_conn_t *conn, const move_t *move)
{
	vici_req_t *req;

	req = vici_begin(move->vici);
	move->add(req);
	move_add(req);
	command_add(req, "tag", progress.tag);
	errno = 0;
	return vici_submit(req, conn->vici);
}

command_status_t move_call(command_conn_t *conn, const move_t *move)
{
	pthread_condattr_t attr;
	command_status_t status;
	vici_res_t *res;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&progress.cond, &attr);
	pthread_condattr_destroy(&attr);
	create_tag();
	progress.bar = bar_available() &&
				   !((conn->raw || conn->json) && isatty(STDOUT_FILENO));
	progress.start = command_now();

	errno = 0;
	if (!move_is_unattended() &&
		vici_register(conn->vici, RMOBIKE_SWITCH, on_event, conn) != 0)
	{
		return command_vici_failed(conn, RMOBIKE_SWITCH);
	}
	res = submit(conn, move);
	if (!res)
	{
		return command_vici_failed(conn, move->vici);
	}
	pthread_mutex_lock(&progress.mutex);
	status = process_reply(conn, res, move);
	vici_free_res(res);
	if (status == COMMAND_OK && move_is_unattended())
	{
		print_started(conn, move);
	}
	else if (status == COMMAND_OK)
	{
		wait_for_outcomes(conn);
		status = report(conn, move);
	}
	pthread_mutex_unlock(&progress.mutex);
	return status;
}

bool move_interrupt(void)
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

command_status_t move_stopped(command_stop_t why, unsigned int seconds)
{
	unsigned int matches, left;

	/* not to be unlocked, nothing shall be printed after this */
	pthread_mutex_lock(&progress.mutex);
	bar_hide();
	matches = progress.tally.matches;
	left = matches - progress.tally.ended;
	if (progress.answered)
	{
		if (why == COMMAND_STOP_SIGNAL)
		{
			command_error("interrupted, %u of %u switches still in flight: the "
						  "daemon carries on, see 'rmobike --status'", left,
						  matches);
		}
		else
		{
			command_error("waited for %u s, %u of %u switches still in flight: "
						  "the daemon carries on, see 'rmobike --status'",
						  seconds, left, matches);
		}
		return COMMAND_FAILED;
	}
	if (why == COMMAND_STOP_SIGNAL)
	{
		command_error("interrupted before the daemon answered, see "
					  "'rmobike --status'");
		return COMMAND_FAILED;
	}
	command_error("the daemon did not answer within %u s", seconds);
	return COMMAND_TROUBLE;
}
