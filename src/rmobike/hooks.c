/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "daemon.h"
#include "guard.h"
#include "hooks.h"
#include "output.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/** what the variables begin with */
#define PREFIX "RMOBIKE_"

/** most variables of an event */
#define VARIABLES_MAX 24

/** how a variable is called if that is not the name of its key */
static const struct {
	const char *key;
	const char *variable;
} variables[] = {
	{ "name",			"CONNECTION" },
	{ "peer-id",		"PEER" },
	{ "why",			"REASON" },
	/* charon's names for the same, in its own event */
	{ "uniqueid",		"ID" },
	{ "local-host",		"LOCAL" },
	{ "remote-host",	"REMOTE" },
};

/** keys of charon's event that are of use */
static const char *updown_keys[] = { "uniqueid", "local-host", "remote-host" };

/**
 * What waits, and what runs.
 */
static struct {
	/** program to run, NULL if not started */
	const char *program;
	/** seconds it may take */
	unsigned int timeout;
	/** locks everything below */
	pthread_mutex_t mutex;
	/** signaled when something is added, and when the program ended */
	pthread_cond_t cond;
	/** variables of the events that wait, a ring */
	char **queue[HOOKS_MAX];
	/** where the first one is, and how many there are */
	size_t first, count;
	/** how many there was no room for since one was told that */
	unsigned int dropped;
	/** process that runs, 0 if none does */
	pid_t pid;
	/** the thread is busy with an event */
	bool busy;
} hooks = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
};

/**
 * Append a variable. Control characters become question marks: programs read
 * lines, and peers choose their names.
 */
static void add_variable(char **env, const char *name, const char *value)
{
	size_t i, n = 0;
	char *pos;

	for (i = 0; i < countof(variables); i++)
	{
		if (streq(name, variables[i].key))
		{
			name = variables[i].variable;
		}
	}
	while (env[n])
	{
		n++;
	}
	if (n == VARIABLES_MAX ||
		asprintf(&env[n], PREFIX "%s=%s", name, value) == -1)
	{
		env[n] = NULL;
		return;
	}
	for (pos = env[n]; *pos && *pos != '='; pos++)
	{
		*pos = *pos == '-' ? '_' : toupper((unsigned char)*pos);
	}
	for (; *pos; pos++)
	{
		*pos = iscntrl((unsigned char)*pos) ? '?' : *pos;
	}
}

/**
 * Append what charon says of an IKE_SA.
 */
static void add_updown(char **env, message_t *event)
{
	message_t *sa = event->first;
	size_t i;

	while (sa && sa->value)
	{	/* the IKE_SA is the one section in it, with its connection's name */
		sa = sa->next;
	}
	add_variable(env, "state", message_get(event, "up") ? "up" : "down");
	if (sa)
	{
		add_variable(env, "name", sa->name);
		add_variable(env, "peer-id", message_get(sa, "remote-eap-id") ?:
					 message_text(sa, "remote-id"));
		for (i = 0; i < countof(updown_keys); i++)
		{
			add_variable(env, updown_keys[i],
						 message_text(sa, updown_keys[i]));
		}
	}
}

/**
 * Make variables of an event.
 */
static char **create_variables(const char *name, message_t *event,
							   const char *time)
{
	message_t *value;
	char **env;

	env = calloc(VARIABLES_MAX + 1, sizeof(*env));
	if (!env)
	{
		return NULL;
	}
	add_variable(env, "event", streq(name, RMOBIKE_SWITCH) ? "switch" :
				 streq(name, RMOBIKE_NODE) ? "node" :
				 streq(name, RMOBIKE_UPDOWN) ? "updown" : name);
	add_variable(env, "time", time);
	if (streq(name, RMOBIKE_UPDOWN))
	{
		add_updown(env, event);
		return env;
	}
	for (value = event ? event->first : NULL; value; value = value->next)
	{
		if (value->value)
		{
			add_variable(env, value->name, value->value);
		}
	}
	return env;
}

/**
 * Release variables.
 */
static void destroy_variables(char **env)
{
	size_t i;

	for (i = 0; env[i]; i++)
	{
		free(env[i]);
	}
	free(env);
}

void hooks_add(const char *name, message_t *event, const char *time)
{
	char **env = create_variables(name, event, time);

	pthread_mutex_lock(&hooks.mutex);
	if (env && hooks.count < HOOKS_MAX)
	{
		hooks.queue[(hooks.first + hooks.count++) % HOOKS_MAX] = env;
		env = NULL;
		pthread_cond_broadcast(&hooks.cond);
	}
	else
	{
		hooks.dropped++;
	}
	pthread_mutex_unlock(&hooks.mutex);
	if (env)
	{
		destroy_variables(env);
	}
}

/**
 * Get our own environment, but for variables that look like those of an event,
 * and these behind it. It is to be freed, its elements are not.
 */
static char **merge(char **env)
{
	size_t i, n = 0;
	char **all;

	for (i = 0; environ[i]; i++)
	{
		/* just count them */
	}
	all = calloc(i + VARIABLES_MAX + 1, sizeof(*all));
	for (i = 0; all && environ[i]; i++)
	{
		if (strncmp(environ[i], PREFIX, strlen(PREFIX)) != 0)
		{
			all[n++] = environ[i];
		}
	}
	for (i = 0; all && env[i]; i++)
	{
		all[n++] = env[i];
	}
	return all;
}

/**
 * Start the program, in a process group of its own, with the signals that the
 * guard waits for. What it prints goes to our stderr.
 */
static pid_t start(char **env)
{
	char *argv[] = { (char*)hooks.program, NULL };
	char **all = merge(env);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, pipe;
	pid_t pid = 0;
	int err;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
							 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, 2, 1);
	err = all ? posix_spawn(&pid, hooks.program, &files, &attr, argv, all)
			  : ENOMEM;
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	free(all);
	if (err)
	{
		print_error("running %s failed: %s", hooks.program, strerror(err));
		return 0;
	}
	return pid;
}

/**
 * Get a variable of an event.
 */
static const char *get_variable(char **env, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; env[i]; i++)
	{
		if (strncmp(env[i] + strlen(PREFIX), name, len) == 0 &&
			env[i][strlen(PREFIX) + len] == '=')
		{
			return env[i] + strlen(PREFIX) + len + 1;
		}
	}
	return "-";
}

/**
 * Wait for the program, or kill it if it takes too long.
 *
 * @return				its status, -1 if it was killed
 */
static int wait_for(pid_t pid)
{
	struct pollfd fd = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	uint64_t now = guard_now(), end = now + hooks.timeout * 1000ULL;
	bool ended = fd.fd == -1;
	int status = 0;

	while (!ended && now < end)
	{
		ended = poll(&fd, 1, end - now) == 1;
		now = guard_now();
	}
	pthread_mutex_lock(&hooks.mutex);
	/* as long as it is not waited for nobody else gets this number */
	hooks.pid = 0;
	pthread_mutex_unlock(&hooks.mutex);
	if (!ended)
	{
		kill(-pid, SIGKILL);
	}
	waitpid(pid, &status, 0);
	if (fd.fd != -1)
	{
		close(fd.fd);
	}
	return ended ? status : -1;
}

/**
 * Run the program for an event, and say if that went wrong.
 */
static void run(char **env)
{
	char how[64] = "";
	int status;
	pid_t pid;

	pthread_mutex_lock(&hooks.mutex);
	pid = hooks.pid = start(env);
	pthread_mutex_unlock(&hooks.mutex);
	if (!pid)
	{
		return;
	}
	status = wait_for(pid);
	if (status == -1)
	{
		snprintf(how, sizeof(how), "was killed after %u s", hooks.timeout);
	}
	else if (WIFSIGNALED(status))
	{
		snprintf(how, sizeof(how), "was ended by signal %d", WTERMSIG(status));
	}
	else if (WEXITSTATUS(status))
	{
		snprintf(how, sizeof(how), "failed with status %d",
				 WEXITSTATUS(status));
	}
	if (*how)
	{
		print_error("%s %s, for %s %s[%s] '%s' %s", hooks.program, how,
					get_variable(env, "EVENT"), get_variable(env, "CONNECTION"),
					get_variable(env, "ID"), get_variable(env, "PEER"),
					get_variable(env, "STATE"));
	}
}

/**
 * Tell of events that were dropped, us and the program.
 */
static void tell_dropped(char **env, unsigned int dropped)
{
	char number[16];

	if (dropped)
	{
		print_error("%s is too slow, %u events were dropped", hooks.program,
					dropped);
	}
	snprintf(number, sizeof(number), "%u", dropped);
	add_variable(env, "dropped", number);
}

/**
 * Thread that runs the program for one event after the other.
 */
static void *hooks_main(void *unused)
{
	unsigned int dropped;
	char **env;

	pthread_mutex_lock(&hooks.mutex);
	while (true)
	{
		while (!hooks.count)
		{
			pthread_cond_wait(&hooks.cond, &hooks.mutex);
		}
		env = hooks.queue[hooks.first];
		hooks.first = (hooks.first + 1) % HOOKS_MAX;
		hooks.count--;
		dropped = hooks.dropped;
		hooks.dropped = 0;
		hooks.busy = true;
		pthread_mutex_unlock(&hooks.mutex);

		tell_dropped(env, dropped);
		run(env);
		destroy_variables(env);

		pthread_mutex_lock(&hooks.mutex);
		hooks.busy = false;
		pthread_cond_broadcast(&hooks.cond);
	}
	return NULL;
}

bool hooks_start(const char *program, unsigned int timeout)
{
	pthread_condattr_t attr;
	pthread_t thread;

	if (*program != '/')
	{
		print_error("'%s' won't do for --exec, it takes the path of a program "
					"that begins with /", program);
		return false;
	}
	if (access(program, X_OK) != 0)
	{
		print_error("%s can't be run: %s", program, strerror(errno));
		return false;
	}
	if (hooks.program)
	{	/* started for the other socket */
		return true;
	}
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&hooks.cond, &attr);
	pthread_condattr_destroy(&attr);
	hooks.program = program;
	hooks.timeout = timeout ?: HOOKS_TIMEOUT;
	if (pthread_create(&thread, NULL, hooks_main, NULL) != 0)
	{
		print_error("starting a thread failed");
		return false;
	}
	pthread_detach(thread);
	return true;
}

void hooks_finish(void)
{
	uint64_t end = guard_now() + hooks.timeout * 1000ULL;
	struct timespec time = {
		.tv_sec = end / 1000,
		.tv_nsec = end % 1000 * 1000000,
	};
	int err = 0;

	if (!hooks.program)
	{
		return;
	}
	pthread_mutex_lock(&hooks.mutex);
	while ((hooks.count || hooks.busy) && err != ETIMEDOUT)
	{
		err = pthread_cond_timedwait(&hooks.cond, &hooks.mutex, &time);
	}
	if (hooks.count + hooks.dropped)
	{
		print_error("%s is too slow, %zu events were dropped", hooks.program,
					hooks.count + hooks.dropped);
	}
	pthread_mutex_unlock(&hooks.mutex);
}

void hooks_kill(void)
{
	pthread_mutex_lock(&hooks.mutex);
	if (hooks.pid)
	{
		kill(-hooks.pid, SIGKILL);
	}
	/* not to be unlocked, no other one shall be started */
}
