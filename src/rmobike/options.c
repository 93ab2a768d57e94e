/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

/** longest time to wait that can be asked for, a day */
#define TIMEOUT_MAX 86400

/**
 * Options of all these commands.
 */
static const command_option_t common_options[] = {
	{ "uri",		'u', "URI",		"vici socket of the daemon" },
	{ "timeout",	'T', "SECONDS",	"stop waiting after that time" },
	{ "raw",		'r', NULL,		"print vici messages as they are" },
	{ "pretty",		'P', NULL,		"the same, on several lines" },
	{ "json",		'j', NULL,		"print them as JSON" },
	{ "debug",		'v', "LEVEL",	"log level of the vici client, 0..4" },
	{ "help",		'h', NULL,		"show this text" },
};

/** room for all options of a command, and the terminator */
#define OPTIONS_MAX (COMMAND_MAX_OPTIONS + countof(common_options) + 1)

/**
 * Described in header
 */
options_t options;

/**
 * Print a single option.
 */
static void print_option(const command_option_t *option)
{
	printf("  --%-13s %-8s (-%c)  %s\n", option->name, option->value ?: "",
		   option->op, option->desc);
}

void options_usage(const command_t *cmd)
{
	size_t i;
	int len;

	printf("rmobike --%s: %s\n", cmd->name, cmd->desc);
	len = printf("usage: rmobike --%s", cmd->name);
	if (cmd->value)
	{
		len += printf(" %s", cmd->value);
	}
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
			options.uri = arg;
			return check_uri(arg);
		case 'T':
			return command_number("timeout", arg, 1, TIMEOUT_MAX,
								&options.timeout);
		case 'v':
			return command_number("debug", arg, 0, 4, &options.debug);
		case 'P':
			options.pretty = true;
			/* fall-through */
		case 'r':
			options.raw = true;
			return true;
		case 'j':
			options.json = true;
			return true;
		case 'h':
			options.help = true;
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

bool options_parse(const command_t *cmd, int argc, char *argv[])
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

	if (cmd->value && argc > 1 && argv[1][0] != '-')
	{
		if (!cmd->option(COMMAND_VALUE, argv[1]))
		{
			return false;
		}
		argc--;
		argv++;
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
	if (options.json && options.raw)
	{
		command_error("--json can't be combined with --raw or --pretty");
		return false;
	}
	return true;
}
