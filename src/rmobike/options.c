/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "options.h"
#include "output.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/un.h>

/** longest time to wait that can be asked for, a day */
#define TIMEOUT_MAX 86400

/**
 * Options of all these commands.
 */
static const command_option_t common_options[] = {
	{ "uri",		'u', "URI",		"vici socket of the daemon", true },
	{ "timeout",	'T', "SECONDS",	"stop waiting after that time", true,
	  1, TIMEOUT_MAX },
	{ "raw",		'r', NULL,		"print vici messages as they are", true },
	{ "pretty",		'P', NULL,		"the same, on several lines", true },
	{ "json",		'j', NULL,		"print them as JSON", true },
	{ "debug",		'v', "LEVEL",	"log level of the vici client, 0..4", true,
	  0, 4 },
	{ "help",		'h', NULL,		"show this text", true },
};

/** what does not go together */
static const struct {
	char *name;
	char *others[6];
	char *because;
} conflicts[] = {
	{ "json", { "raw", "pretty" }, "" },
	{ "prometheus", { "raw", "pretty", "json" }, "" },
	{ "all", { "ike", "ike-id", "peer-ip", "peer-id", "local-ip" }, "" },
	{ "wait", { "no-wait" }, "" },
	{ "dry-run", { "no-wait" }, ", nobody would see what it shows" },
};

/** room for all options of a command, its value, and the terminator */
#define OPTIONS_MAX (COMMAND_MAX_OPTIONS + countof(common_options) + 2)

/**
 * All options that there are, the value of the command first.
 */
static struct {
	const command_option_t *option;
	char *value;
} all[OPTIONS_MAX];

void options_usage(const command_t *cmd)
{
	const command_option_t *option;
	char start[64];
	int len, i;

	print_line("rmobike --%s: %s", cmd->name, cmd->desc);
	len = snprintf(start, sizeof(start), "usage: rmobike --%s%s%s", cmd->name,
				   cmd->value ? " " : "", cmd->value ?: "");
	for (i = 0; cmd->usage[i]; i++)
	{
		print_line("%*s %s", len, i ? "" : start, cmd->usage[i]);
	}
	for (i = 1; (option = all[i].option); i++)
	{
		print_line("  --%-13s %-8s (-%c)  %s", option->name,
				   option->value ?: "", option->op, option->desc);
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
		print_error("the path in --uri '%s' is too long for a socket", uri);
		return false;
	}
	if (strncmp(uri, "tcp://", 6) == 0 && strrchr(uri + 6, ':') > uri + 6)
	{
		return true;
	}
	print_error("'%s' won't do for --uri, it takes unix://<path> or "
				"tcp://<host>:<port>", uri);
	return false;
}

/**
 * Check for a number within the bounds of an option.
 */
static bool is_number(const command_option_t *option, char *arg)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(arg, &end, 10);
	return *arg >= '0' && *arg <= '9' && !*end && !errno &&
		   number >= option->min && number <= option->max;
}

/**
 * Take note of an option.
 */
static bool take(size_t i, const char *name, char *arg)
{
	const command_option_t *option = all[i].option;

	if (arg && all[i].value)
	{
		print_error("option --%s is given twice", name);
		return false;
	}
	all[i].value = arg ?: "yes";
	if (arg && option->max && !is_number(option, arg))
	{
		print_error("'%s' won't do for --%s, it takes a number from %lu to %lu",
					arg, name, option->min, option->max);
		return false;
	}
	return true;
}

/**
 * Complain about an option that getopt_long() did not like.
 */
static void bad_option(int op, char *given)
{
	if (op == ':')
	{
		print_error("option '%s' needs a value", given);
	}
	else if (strncmp(given, "--", 2) != 0)
	{
		print_error("unknown option '-%c'", optopt);
	}
	else if (optopt)
	{
		print_error("option '%s' takes no value", given);
	}
	else
	{
		print_error("unknown or ambiguous option '%s'", given);
	}
}

/**
 * Collect all options that a command has, for us and for getopt_long().
 */
static void collect(const command_t *cmd, struct option *longopts,
					char *shortopts)
{
	static const command_option_t address = { .name = "address",
											  .value = "ADDR" };
	const command_option_t *option;
	size_t i, own = 0;

	while (cmd->options[own].name)
	{
		own++;
	}
	all[0].option = &address;
	for (i = 0; i < own + countof(common_options); i++)
	{
		option = i < own ? &cmd->options[i] : &common_options[i - own];
		all[i + 1].option = option;
		longopts[i] = (struct option){
			.name = option->name,
			.has_arg = option->value ? required_argument : no_argument,
			.val = option->op,
		};
		*shortopts++ = option->op;
		if (option->value)
		{
			*shortopts++ = ':';
		}
	}
}

bool options_parse(const command_t *cmd, int argc, char *argv[])
{
	struct option longopts[OPTIONS_MAX] = {};
	char shortopts[OPTIONS_MAX * 2 + 2] = "+:";
	size_t i;
	int op;

	collect(cmd, longopts, shortopts + 2);
	if (cmd->value && argc > 1 && argv[1][0] != '-')
	{
		if (!take(0, cmd->name, argv[1]))
		{
			return false;
		}
		argc--;
		argv++;
	}

	opterr = 0;
	while ((op = getopt_long(argc, argv, shortopts, longopts, NULL)) != EOF)
	{
		for (i = 1; all[i].option && all[i].option->op != op; i++)
		{
			/* just look it up */
		}
		if (!all[i].option)
		{
			bad_option(op, argv[optind - 1]);
			return false;
		}
		if (!take(i, all[i].option->name, optarg) ||
			(op == 'u' && !check_uri(optarg)))
		{
			return false;
		}
	}
	if (optind < argc)
	{
		print_error("unexpected argument '%s'", argv[optind]);
		return false;
	}
	output_format = options_get("pretty") ? OUTPUT_PRETTY :
		options_get("raw") ? OUTPUT_RAW :
		options_get("json") ? OUTPUT_JSON : OUTPUT_TEXT;
	return true;
}

/**
 * Check if one of several options is given.
 */
static bool any_given(char *const *names)
{
	while (*names && !options_get(*names))
	{
		names++;
	}
	return *names;
}

bool options_check(const command_t *cmd)
{
	char list[128] = "";
	size_t i, j, len;

	for (i = 0; cmd->needs[i].missing; i++)
	{
		if (!any_given(cmd->needs[i].one_of))
		{
			print_error("missing %s", cmd->needs[i].missing);
			return false;
		}
	}
	for (i = 0; i < countof(conflicts); i++)
	{
		if (!options_get(conflicts[i].name) || !any_given(conflicts[i].others))
		{
			continue;
		}
		for (j = len = 0; conflicts[i].others[j]; j++)
		{
			len += snprintf(list + len, sizeof(list) - len, "%s--%s", j == 0 ?
							"" : conflicts[i].others[j + 1] ? ", " : " or ",
							conflicts[i].others[j]);
		}
		print_error("--%s can't be combined with %s%s", conflicts[i].name, list,
					conflicts[i].because);
		return false;
	}
	return true;
}

char *options_get(const char *name)
{
	size_t i;

	for (i = 0; all[i].option; i++)
	{
		if (streq(all[i].option->name, name))
		{
			return all[i].value;
		}
	}
	return NULL;
}

unsigned int options_number(const char *name)
{
	return strtoul(options_get(name) ?: "0", NULL, 10);
}

vici_req_t *options_request(const command_t *cmd)
{
	vici_req_t *req;
	size_t i;

	req = vici_begin(cmd->vici);
	for (i = 0; all[i].option; i++)
	{
		if (!all[i].option->local)
		{
			daemon_add(req, all[i].option->name, all[i].value);
		}
	}
	return req;
}
