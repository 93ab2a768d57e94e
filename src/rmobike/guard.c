/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "guard.h"
#include "output.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/** how often to look if the time was extended, in ms */
#define LOOK_INTERVAL 1000

/**
 * What the guard watches over.
 */
static struct {
	/** command in execution */
	const command_t *cmd;
	/** seconds until it is stopped, 0 for never */
	unsigned int timeout;
	/** that is until progress is made, not until the end */
	bool extends;
	/** signals that stop it */
	sigset_t signals;
	/** locks everything below, and exiting */
	pthread_mutex_t mutex;
	/** when it is stopped, in ms */
	uint64_t end;
	/** the command came to an end by itself */
	bool finished;
} guard = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
};

uint64_t guard_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

command_status_t guard_unanswered(unsigned int seconds)
{
	if (!seconds)
	{
		print_error("interrupted");
		return COMMAND_FAILED;
	}
	print_error("the daemon did not answer within %u s", seconds);
	return COMMAND_TROUBLE;
}

/**
 * Wait for a signal, or until the time is over.
 *
 * @return				number of the signal, -1 if there was none
 */
static int wait_for_signal(void)
{
	struct timespec time;
	uint64_t now, end, left;
	int sig;

	do
	{
		pthread_mutex_lock(&guard.mutex);
		end = guard.end;
		pthread_mutex_unlock(&guard.mutex);
		now = guard_now();
		left = end > now ? end - now : 0;
		if (!guard.timeout || left > LOOK_INTERVAL)
		{
			left = LOOK_INTERVAL;
		}
		time.tv_sec = left / 1000;
		time.tv_nsec = left % 1000 * 1000000;
		sig = sigtimedwait(&guard.signals, NULL, &time);
	}
	while (sig == -1 && left);
	return sig;
}

/**
 * Stop the command, unless it comes to an end by itself now.
 *
 * @param sig			signal that asks to, -1 if the time is over
 */
static void stop(int sig)
{
	unsigned int seconds = sig == -1 ? guard.timeout : 0;
	const command_t *cmd = guard.cmd;
	command_status_t status;

	status = cmd->stop ? cmd->stop(seconds, sig == SIGINT) :
			 cmd->timeout ? guard_unanswered(seconds) : COMMAND_OK;
	if (status != COMMAND_UNKNOWN)
	{
		/* nothing is printed after this, but lines are never cut */
		flockfile(stdout);
		fflush(stdout);
		/* other threads may be anywhere, so don't clean up behind them */
		_exit(status);
	}
	if (seconds)
	{
		guard.end = guard_now() + GUARD_MORE * 1000;
	}
}

/**
 * Thread that stops the command if it takes too long, or if asked to.
 */
static void *guard_main(void *unused)
{
	bool finished;
	int sig;

	do
	{
		sig = wait_for_signal();
		pthread_mutex_lock(&guard.mutex);
		finished = guard.finished;
		if (!finished)
		{
			stop(sig);
		}
		pthread_mutex_unlock(&guard.mutex);
	}
	while (!finished);
	return NULL;
}

/**
 * Set the time to end.
 */
static void set_end(void)
{
	pthread_mutex_lock(&guard.mutex);
	guard.end = guard_now() + guard.timeout * 1000ULL;
	pthread_mutex_unlock(&guard.mutex);
}

bool guard_start(const command_t *cmd, unsigned int timeout, bool extends)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	pthread_t thread;
	size_t i;

	guard.cmd = cmd;
	guard.timeout = timeout;
	guard.extends = extends;
	set_end();
	sigemptyset(&guard.signals);
	for (i = 0; i < countof(signals); i++)
	{	/* leave alone what e.g. nohup ignores for us */
		if (sigaction(signals[i], NULL, &action) == 0 &&
			action.sa_handler != SIG_IGN)
		{
			sigaddset(&guard.signals, signals[i]);
		}
	}
	pthread_sigmask(SIG_BLOCK, &guard.signals, NULL);
	if (pthread_create(&thread, NULL, guard_main, NULL) != 0)
	{
		print_error("starting a thread failed");
		return false;
	}
	pthread_detach(thread);
	return true;
}

void guard_extend(void)
{
	if (guard.extends)
	{
		set_end();
	}
}

void guard_stop(void)
{
	pthread_mutex_lock(&guard.mutex);
	guard.finished = true;
	pthread_mutex_unlock(&guard.mutex);
}
