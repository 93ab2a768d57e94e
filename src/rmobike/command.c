/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "guard.h"
#include "options.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef RMOBIKE_VERSION
# define RMOBIKE_VERSION "(unknown version)"
#endif

/** what libvici connects to if it is not told */
#define DEFAULT_SOCKET "the default vici socket"

/**
 * All commands that talk to the daemon.
 */
static const command_t *const commands[] = {
	&cmd_switch,
	&cmd_drain,
	&cmd_undrain,
	&cmd_balance,
	&cmd_cancel,
	&cmd_status,
	&cmd_monitor,
	&cmd_stats,
};

/**
 * Print the commands.
 */
static void print_overview(FILE *out)
{
	size_t i;

	fprintf(out, "usage: rmobike <command> [<options>]\n");
	for (i = 0; i < countof(commands); i++)
	{
		fprintf(out, "  rmobike --%-9s (-%c)  %s\n", commands[i]->name,
				commands[i]->op, commands[i]->desc);
	}
	fprintf(out, "  rmobike --%-9s (-%c)  %s\n", "help", 'h',
			"show this text");
	fprintf(out, "  rmobike --%-9s (-%c)  %s\n", "version", 'v',
			"show the version of this tool");
	fprintf(out, "'rmobike --<command> --help' shows the options of a "
			"command.\n");
}

/**
 * Connect to a socket and execute a command.
 */
static command_status_t call_at(const command_t *cmd, char *uri,
								const char *where, int *err)
{
	command_status_t status;
	command_conn_t conn = {
		.where = where,
		.raw = options.raw,
		.pretty = options.pretty,
		.json = options.json,
	};

	errno = 0;
	conn.vici = vici_connect(uri);
	if (!conn.vici)
	{
		*err = errno ?: EINVAL;
		return COMMAND_TROUBLE;
	}
	*err = 0;
	status = cmd->call(&conn);
	vici_disconnect(conn.vici);
	return status;
}

/**
 * Complain about a connection that could not be established.
 */
static void no_connection(const char *where, int err)
{
	const char *hint = options.uri ? "" : " (usually unix:///run/charon.vici, "
										 "--uri names another one)";

	switch (err)
	{
		case ENOENT:
			command_error("%s does not exist%s: is charon running with the "
						  "vici plugin?", where, hint);
			break;
		case ECONNREFUSED:
			command_error("nobody listens at %s%s: is charon running with the "
						  "vici plugin?", where, hint);
			break;
		case EACCES:
		case EPERM:
			command_error("no permission to connect to %s%s: try again as "
						  "root", where, hint);
			break;
		case EINVAL:
			command_error("connecting to %s failed: unknown host or port",
						  where);
			break;
		default:
			command_error("connecting to %s%s failed: %s", where, hint,
						  strerror(err));
			break;
	}
}

/**
 * Execute a command at the socket asked for, or at the first that knows it.
 */
static command_status_t call_command(const command_t *cmd)
{
	command_status_t status;
	const char *where = options.uri ?: DEFAULT_SOCKET;
	int err, ignored;

	status = call_at(cmd, options.uri, where, &err);
	if (!options.uri && (err || status == COMMAND_UNKNOWN))
	{
		command_status_t fallback;

		fallback = call_at(cmd, COMMAND_FALLBACK_URI, COMMAND_FALLBACK_URI,
						   &ignored);
		if (!ignored && fallback != COMMAND_UNKNOWN)
		{
			return fallback;
		}
	}
	if (err)
	{
		no_connection(where, err);
		return COMMAND_TROUBLE;
	}
	if (status == COMMAND_UNKNOWN)
	{
		command_error("the daemon at %s does not know '%s': is its rmobike "
					  "plugin loaded (charon.plugins.rmobike.load = yes)?",
					  where, cmd->vici);
		return COMMAND_TROUBLE;
	}
	return status;
}

/**
 * Find a command by its long or short name, with dashes.
 */
static const command_t *find_command(char *arg)
{
	size_t i;

	for (i = 0; i < countof(commands); i++)
	{
		if ((strncmp(arg, "--", 2) == 0 && streq(arg + 2, commands[i]->name)) ||
			(arg[0] == '-' && arg[1] == commands[i]->op && !arg[2]))
		{
			return commands[i];
		}
	}
	return NULL;
}

/**
 * Set the level up to which libvici logs to stderr. That is a matter of the
 * libstrongswan it comes with, whose headers we don't depend on.
 */
static void set_debug_level(int level)
{
	void (*set_level)(int);

	*(void**)&set_level = dlsym(RTLD_DEFAULT, "dbg_default_set_level");
	if (set_level)
	{
		set_level(level);
	}
}

/**
 * Check if everything printed made it out.
 */
static command_status_t flush_output(command_status_t status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
	{
		command_error("writing the output failed");
		return status == COMMAND_OK ? COMMAND_TROUBLE : status;
	}
	return status;
}

int command_dispatch(int argc, char *argv[])
{
	const command_t *cmd;
	command_status_t status;

	if (argc < 2)
	{
		print_overview(stderr);
		return COMMAND_TROUBLE;
	}
	if (streq(argv[1], "--help") || streq(argv[1], "-h"))
	{
		print_overview(stdout);
		return flush_output(COMMAND_OK);
	}
	if (streq(argv[1], "--version") || streq(argv[1], "-v"))
	{
		printf("rmobike %s\n", RMOBIKE_VERSION);
		return flush_output(COMMAND_OK);
	}
	cmd = find_command(argv[1]);
	if (!cmd)
	{
		command_error("'%s' is not a command, the first argument has to be "
					  "one of those that 'rmobike --help' shows", argv[1]);
		return COMMAND_TROUBLE;
	}
	if (!options_parse(cmd, argc - 1, argv + 1))
	{
		command_error("see 'rmobike --%s --help'", cmd->name);
		return COMMAND_TROUBLE;
	}
	if (options.help)
	{
		options_usage(cmd);
		return flush_output(COMMAND_OK);
	}
	if (cmd->check && !cmd->check())
	{
		command_error("see 'rmobike --%s --help'", cmd->name);
		return COMMAND_TROUBLE;
	}

	signal(SIGPIPE, SIG_IGN);
	if (!guard_start(cmd, options.timeout ?: cmd->timeout, !options.timeout))
	{
		return COMMAND_TROUBLE;
	}
	set_debug_level(options.debug);
	vici_init();
	/* vici_init() sets a level of its own */
	set_debug_level(options.debug);

	status = call_command(cmd);

	guard_stop();
	vici_deinit();
	return flush_output(status);
}
