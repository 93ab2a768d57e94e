/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "guard.h"
#include "options.h"
#include "output.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#ifndef RMOBIKE_VERSION
# define RMOBIKE_VERSION "(unknown version)"
#endif

/** what libvici connects to if it is not told */
#define DEFAULT_SOCKET "the default vici socket"

/** socket of the plugin's own, used if the daemon's vici can't be extended */
#define FALLBACK_URI "unix:///run/charon.rmobike"

/**
 * Print the commands.
 */
static void print_overview(FILE *out)
{
	static const char line[] = "  rmobike --%-14s (-%c)  %s";
	const command_t *cmd;

	print_to(out, "usage: rmobike <command> [<options>]");
	for (cmd = commands; cmd->name; cmd++)
	{
		print_to(out, line, cmd->name, cmd->op, cmd->desc);
	}
	print_to(out, line, "help", 'h', "show this text");
	print_to(out, line, "version", 'v', "show the version of this tool");
	print_to(out, "'rmobike --<command> --help' shows the options of a "
			 "command.");
}

/**
 * Connect to a socket and execute a command.
 */
static command_status_t call_at(const command_t *cmd, char *uri,
								const char *where, int *err)
{
	daemon_t daemon = { .where = where };
	command_status_t status;

	errno = 0;
	daemon.vici = vici_connect(uri);
	if (!daemon.vici)
	{
		*err = errno ?: EINVAL;
		return COMMAND_TROUBLE;
	}
	*err = 0;
	status = cmd->call(cmd, &daemon);
	vici_disconnect(daemon.vici);
	return status;
}

/**
 * Complain about a connection that could not be established.
 */
static void no_connection(const char *where, int err)
{
	const char *hint = "";

	if (!options_get("uri"))
	{
		hint = " (usually unix:///run/charon.vici, --uri names another one)";
	}
	switch (err)
	{
		case ENOENT:
			print_error("%s does not exist%s: is charon running with the vici "
						"plugin?", where, hint);
			break;
		case ECONNREFUSED:
			print_error("nobody listens at %s%s: is charon running with the "
						"vici plugin?", where, hint);
			break;
		case EACCES:
		case EPERM:
			print_error("no permission to connect to %s%s: try again as root",
						where, hint);
			break;
		case EINVAL:
			print_error("connecting to %s failed: unknown host or port", where);
			break;
		default:
			print_error("connecting to %s%s failed: %s", where, hint,
						strerror(err));
			break;
	}
}

/**
 * Execute a command at the socket asked for, or at the first that knows it.
 */
static command_status_t call_command(const command_t *cmd)
{
	command_status_t status, fallback;
	char *uri = options_get("uri");
	const char *where = uri ?: DEFAULT_SOCKET;
	int err, ignored;

	status = call_at(cmd, uri, where, &err);
	if (!uri && (err || status == COMMAND_UNKNOWN))
	{
		fallback = call_at(cmd, FALLBACK_URI, FALLBACK_URI, &ignored);
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
		print_error("the daemon at %s does not know '%s': is its rmobike "
					"plugin loaded (charon.plugins.rmobike.load = yes)?", where,
					cmd->vici);
		return COMMAND_TROUBLE;
	}
	return status;
}

/**
 * Check if an argument is a long or short name, with dashes.
 */
static bool is_named(const char *arg, const char *name, char op)
{
	return (strncmp(arg, "--", 2) == 0 && streq(arg + 2, name)) ||
		   (arg[0] == '-' && arg[1] == op && !arg[2]);
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
 * Execute a command that has got its options.
 */
static command_status_t execute(const command_t *cmd)
{
	unsigned int timeout = options_number("timeout");
	command_status_t status;

	signal(SIGPIPE, SIG_IGN);
	if (!guard_start(cmd, timeout ?: cmd->timeout, !timeout))
	{
		return COMMAND_TROUBLE;
	}
	set_debug_level(options_number("debug"));
	vici_init();
	/* vici_init() sets a level of its own */
	set_debug_level(options_number("debug"));

	status = call_command(cmd);

	guard_stop();
	vici_deinit();
	return status;
}

/**
 * Do what the command line asks for.
 */
static command_status_t dispatch(int argc, char *argv[])
{
	const command_t *cmd = commands;

	if (argc < 2)
	{
		print_overview(stderr);
		return COMMAND_TROUBLE;
	}
	if (is_named(argv[1], "help", 'h'))
	{
		print_overview(stdout);
		return COMMAND_OK;
	}
	if (is_named(argv[1], "version", 'v'))
	{
		print_line("rmobike %s", RMOBIKE_VERSION);
		return COMMAND_OK;
	}
	while (cmd->name && !is_named(argv[1], cmd->name, cmd->op))
	{
		cmd++;
	}
	if (!cmd->name)
	{
		print_error("'%s' is not a command, the first argument has to be one "
					"of those that 'rmobike --help' shows", argv[1]);
		return COMMAND_TROUBLE;
	}
	if (!options_parse(cmd, argc - 1, argv + 1) ||
		(!options_get("help") && !options_check(cmd)))
	{
		print_error("see 'rmobike --%s --help'", cmd->name);
		return COMMAND_TROUBLE;
	}
	if (options_get("help"))
	{
		options_usage(cmd);
		return COMMAND_OK;
	}
	return execute(cmd);
}

int main(int argc, char *argv[])
{
	command_status_t status;

	status = dispatch(argc, argv);
	return print_end() || status != COMMAND_OK ? status : COMMAND_TROUBLE;
}
