/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "command.h"

#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef RMOBIKE_VERSION
# define RMOBIKE_VERSION "(unknown version)"
#endif

/** longest time to wait that can be asked for, a day */
#define TIMEOUT_MAX 86400

/** what libvici connects to if it is not told */
#define DEFAULT_SOCKET "the default vici socket"

/**
 * All commands that talk to the daemon.
 */
static const command_t *const commands[] = {
	&cmd_switch,
	&cmd_status,
};

/**
 * Options of all these commands.
 */
static const command_option_t common_options[] = {
	{ "uri",		'u', "URI",		"vici socket of the daemon" },
	{ "timeout",	'T', "SECONDS",	"stop waiting after that time" },
	{ "raw",		'r', NULL,		"print vici messages as they are" },
	{ "pretty",		'P', NULL,		"the same, on several lines" },
	{ "debug",		'v', "LEVEL",	"log level of the vici client, 0..4" },
	{ "help",		'h', NULL,		"show this text" },
};

/** room for all options of a command, and the terminator */
#define OPTIONS_MAX (COMMAND_MAX_OPTIONS + countof(common_options) + 1)

/**
 * Values of the common options.
 */
static struct {
	/** --uri, NULL if not given */
	char *uri;
	/** --timeout, 0 if not given */
	unsigned int timeout;
	/** --raw or --pretty */
	bool raw;
	/** --pretty */
	bool pretty;
	/** --debug */
	unsigned int debug;
	/** --help */
	bool help;
} common;

/**
 * What the guard watches over.
 */
static struct {
	/** command in execution */
	const command_t *cmd;
	/** seconds until it is stopped */
	unsigned int timeout;
	/** signals that stop it */
	sigset_t signals;
	/** locks finished, and exiting */
	pthread_mutex_t mutex;
	/** the command came to an end by itself */
	bool finished;
} guard = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
};

/**
 * Print a line, without anything that a terminal might obey.
 */
static void print_line(FILE *out, const char *prefix, const char *fmt,
					   va_list args)
{
	char *line, *pos;

	if (vasprintf(&line, fmt, args) == -1)
	{
		return;
	}
	for (pos = line; *pos; pos++)
	{
		if (*pos < ' ' || *pos > '~')
		{
			*pos = '?';
		}
	}
	fprintf(out, "%s%s\n", prefix, line);
	fflush(out);
	free(line);
}

void command_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(stderr, "rmobike: ", fmt, args);
	va_end(args);
}

void command_print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(stdout, "", fmt, args);
	va_end(args);
}

bool command_dump(command_conn_t *conn, vici_res_t *res, char *label)
{
	if (!conn->raw)
	{
		return false;
	}
	if (vici_dump(res, label, conn->pretty, stdout) != 0)
	{
		command_error("%s: invalid message from the daemon", label);
	}
	fflush(stdout);
	return true;
}

char *command_find(vici_res_t *res, char *key)
{
	void *value;
	int len;

	value = vici_find(res, &len, "%s", key);
	return value ? strndup(value, len) : NULL;
}

command_status_t command_vici_failed(command_conn_t *conn, const char *what)
{
	switch (errno)
	{
		case ENOENT:
			return COMMAND_UNKNOWN;
		case EINVAL:
			command_error("a value is too long for a vici message");
			break;
		case EBADMSG:
			command_error("the daemon at %s answered '%s' with a message "
						  "that is invalid or too large", conn->where, what);
			break;
		case 0:
		case EPIPE:
		case ECONNRESET:
			command_error("the daemon at %s closed the connection before it "
						  "answered '%s'", conn->where, what);
			break;
		default:
			command_error("asking the daemon at %s for '%s' failed: %s",
						  conn->where, what, strerror(errno));
			break;
	}
	return COMMAND_TROUBLE;
}

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
 * Print a single option.
 */
static void print_option(const command_option_t *option)
{
	printf("  --%-9s %-8s (-%c)  %s\n", option->name, option->value ?: "",
		   option->op, option->desc);
}

/**
 * Print how a command is used.
 */
static void print_usage(const command_t *cmd)
{
	size_t i;
	int len;

	printf("rmobike --%s: %s\n", cmd->name, cmd->desc);
	len = printf("usage: rmobike --%s", cmd->name);
	for (i = 0; cmd->usage[i]; i++)
	{
		printf("%*s %s\n", i ? len : 0, "", cmd->usage[i]);
	}
	for (i = 0; cmd->options[i].name; i++)
	{
		print_option(&cmd->options[i]);
	}
	for (i = 0; i < countof(common_options); i++)
	{
		print_option(&common_options[i]);
	}
}

/**
 * Parse a number in the given range.
 */
static bool parse_number(const char *name, char *arg, unsigned long min,
						 unsigned long max, unsigned int *value)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(arg, &end, 10);
	if (!*arg || *end || errno || strspn(arg, "0123456789") != strlen(arg) ||
		number < min || number > max)
	{
		command_error("'%s' won't do for --%s, it takes a number from %lu to "
					  "%lu", arg, name, min, max);
		return false;
	}
	*value = number;
	return true;
}

/**
 * Check if libvici will understand an URI.
 */
static bool check_uri(char *uri)
{
	if (strncmp(uri, "unix://", 7) == 0 && uri[7])
	{
		if (strlen(uri + 7) < sizeof(((struct sockaddr_un*)NULL)->sun_path))
		{
			return true;
		}
		command_error("the path in --uri '%s' is too long for a socket", uri);
		return false;
	}
	if (strncmp(uri, "tcp://", 6) == 0 && strrchr(uri + 6, ':') > uri + 6)
	{
		return true;
	}
	command_error("'%s' won't do for --uri, it takes unix://<path> or "
				  "tcp://<host>:<port>", uri);
	return false;
}

/**
 * Take note of an option common to all commands.
 */
static bool common_option(char op, char *arg)
{
	switch (op)
	{
		case 'u':
			common.uri = arg;
			return check_uri(arg);
		case 'T':
			return parse_number("timeout", arg, 1, TIMEOUT_MAX,
								&common.timeout);
		case 'v':
			return parse_number("debug", arg, 0, 4, &common.debug);
		case 'P':
			common.pretty = true;
			/* fall-through */
		case 'r':
			common.raw = true;
			return true;
		case 'h':
			common.help = true;
			return true;
		default:
			return false;
	}
}

/**
 * Append an option to what getopt_long() takes.
 */
static void add_option(const command_option_t *option, struct option *longopt,
					   char **shortopts)
{
	*longopt = (struct option){
		.name = option->name,
		.has_arg = option->value ? required_argument : no_argument,
		.val = option->op,
	};
	*(*shortopts)++ = option->op;
	if (option->value)
	{
		*(*shortopts)++ = ':';
	}
}

/**
 * Complain about an option that getopt_long() did not like.
 */
static void bad_option(int op, char *given)
{
	if (op == ':')
	{
		command_error("option '%s' needs a value", given);
	}
	else if (strncmp(given, "--", 2) != 0)
	{
		command_error("unknown option '-%c'", optopt);
	}
	else if (optopt)
	{
		command_error("option '%s' takes no value", given);
	}
	else
	{
		command_error("unknown or ambiguous option '%s'", given);
	}
}

/**
 * Parse the options of a command.
 */
static bool parse_options(const command_t *cmd, int argc, char *argv[])
{
	struct option longopts[OPTIONS_MAX] = {};
	char shortopts[OPTIONS_MAX * 2 + 2] = "+:", *pos = shortopts + 2;
	bool given[OPTIONS_MAX] = {};
	size_t i, own, count = 0;
	int op;

	for (i = 0; cmd->options[i].name; i++)
	{
		add_option(&cmd->options[i], &longopts[count++], &pos);
	}
	own = count;
	for (i = 0; i < countof(common_options); i++)
	{
		add_option(&common_options[i], &longopts[count++], &pos);
	}

	opterr = 0;
	while ((op = getopt_long(argc, argv, shortopts, longopts, NULL)) != EOF)
	{
		for (i = 0; i < count && longopts[i].val != op; i++)
		{
			/* just look it up */
		}
		if (i == count)
		{
			bad_option(op, argv[optind - 1]);
			return false;
		}
		if (longopts[i].has_arg && given[i])
		{
			command_error("option --%s is given twice", longopts[i].name);
			return false;
		}
		given[i] = true;
		if (!(i < own ? cmd->option(op, optarg) : common_option(op, optarg)))
		{
			return false;
		}
	}
	if (optind < argc)
	{
		command_error("unexpected argument '%s'", argv[optind]);
		return false;
	}
	return true;
}

/**
 * Thread that stops the command if it takes too long, or if asked to.
 */
static void *guard_main(void *unused)
{
	struct timespec left, now, end;
	command_status_t status = COMMAND_FAILED;
	int sig;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += guard.timeout;
	do
	{
		clock_gettime(CLOCK_MONOTONIC, &now);
		left.tv_sec = end.tv_sec - now.tv_sec;
		left.tv_nsec = end.tv_nsec - now.tv_nsec;
		if (left.tv_nsec < 0)
		{
			left.tv_sec--;
			left.tv_nsec += 1000000000;
		}
		if (left.tv_sec < 0)
		{
			left = (struct timespec){};
		}
		sig = sigtimedwait(&guard.signals, NULL, &left);
	}
	while (sig == -1 && errno == EINTR);

	pthread_mutex_lock(&guard.mutex);
	if (!guard.finished)
	{
		status = guard.cmd->stopped(sig == -1 ? COMMAND_STOP_TIMEOUT
											  : COMMAND_STOP_SIGNAL,
									guard.timeout);
		/* other threads may be anywhere, so don't clean up behind them */
		fflush(stdout);
		_exit(status);
	}
	pthread_mutex_unlock(&guard.mutex);
	return NULL;
}

/**
 * Watch over a command. Has to be called before any thread is started.
 */
static bool guard_start(const command_t *cmd, unsigned int timeout)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action;
	pthread_t thread;
	size_t i;

	guard.cmd = cmd;
	guard.timeout = timeout;
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
		command_error("starting a thread failed");
		return false;
	}
	pthread_detach(thread);
	return true;
}

/**
 * The command came to an end, wait for no more.
 */
static void guard_stop(void)
{
	pthread_mutex_lock(&guard.mutex);
	guard.finished = true;
	pthread_mutex_unlock(&guard.mutex);
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
		.raw = common.raw,
		.pretty = common.pretty,
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
	const char *hint = common.uri ? "" : " (usually unix:///run/charon.vici, "
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
	const char *where = common.uri ?: DEFAULT_SOCKET;
	int err, ignored;

	status = call_at(cmd, common.uri, where, &err);
	if (!common.uri && (err || status == COMMAND_UNKNOWN))
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
					  "--switch, --status, --help or --version", argv[1]);
		return COMMAND_TROUBLE;
	}
	if (!parse_options(cmd, argc - 1, argv + 1))
	{
		command_error("see 'rmobike --%s --help'", cmd->name);
		return COMMAND_TROUBLE;
	}
	if (common.help)
	{
		print_usage(cmd);
		return flush_output(COMMAND_OK);
	}
	if (cmd->check && !cmd->check())
	{
		command_error("see 'rmobike --%s --help'", cmd->name);
		return COMMAND_TROUBLE;
	}

	signal(SIGPIPE, SIG_IGN);
	if (!guard_start(cmd, common.timeout ?: cmd->timeout))
	{
		return COMMAND_TROUBLE;
	}
	set_debug_level(common.debug);
	vici_init();
	/* vici_init() sets a level of its own */
	set_debug_level(common.debug);

	status = call_command(cmd);

	guard_stop();
	vici_deinit();
	return flush_output(status);
}
