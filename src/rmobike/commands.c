/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "command.h"

/** seconds to wait for an answer that the daemon gives at once */
#define ANSWER_TIMEOUT 30

/** seconds without any outcome to wait: more than the daemon lets a switch take
 * at most, 165 s */
#define MOVE_TIMEOUT 180

/** lines for the synopsis of commands that are answered at once */
#define ANSWER_USAGE \
	"[--raw | --pretty | --json]", \
	"[--timeout SECONDS] [--uri URI]"

/** the same for those that move something */
#define MOVE_USAGE \
	"[--max-in-flight N] [--rate N] [--max-failures N]", \
	"[--dry-run | --no-wait] [--timeout SECONDS]", \
	"[--raw | --pretty | --json] [--uri URI]"

/* clang-format off */

/** what all of these take */
#define MOVE_OPTIONS \
	{ "max-in-flight",	'm', "N",	"switches under way at a time (64)" }, \
	{ "rate",			'R', "N",	"start at most N per second" }, \
	{ "max-failures",	'f', "N",	"stop after N that did not move" }, \
	{ "dry-run",		'n', NULL,	"show what would be done" }, \
	{ "wait",			'w', NULL,	"wait for all outcomes (default)", true }, \
	{ "no-wait",		'W', NULL,	"return as soon as it started", true }

/* clang-format on */

/**
 * Described in header
 */
const command_t commands[] = {
	{
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
			{ "to",       't', "ADDR", "where to, several are spread evenly" },
			{ "ike",      'i', "NAME", "IKE_SAs of that connection" },
			{ "ike-id",   'I', "ID",   "the IKE_SA of that unique id" },
			{ "peer-ip",  'p', "ADDR", "peers at address, subnet, range" },
			{ "peer-id",  'd', "ID",   "peers of that identity (wildcards)" },
			{ "local-ip", 'l', "ADDR", "IKE_SAs that use that local address" },
			{ "all",      'a', NULL,   "all IKE_SAs" },
			{ "fallback", 'F', "HOW",  "for others: mobike,redirect" },
			MOVE_OPTIONS,
		},
		.needs = {
			{ { "to" },
			  "--to ADDR: which of this machine's addresses to switch to" },
			{ { "all", "ike", "ike-id", "peer-ip", "peer-id", "local-ip" },
			  "selector: which IKE_SAs to switch, --ike, --ike-id, --peer-ip, "
			  "--peer-id, --local-ip or --all" },
		},
		.timeout = MOVE_TIMEOUT,
		.call = move_call,
		.stop = move_stop,
	},
	{
		.name = "drain",
		.op = 'd',
		.value = "ADDR",
		.desc = "move everything off an address, newcomers too",
		.vici = RMOBIKE_DRAIN,
		.usage = {
			"[--to ADDR[=WEIGHT][,...]] [--fallback HOW] [--reason TEXT]",
			MOVE_USAGE,
		},
		.options = {
			{ "to",       't', "ADDR", "where to (any other address)" },
			{ "fallback", 'F', "HOW",  "for others: mobike,redirect" },
			{ "reason",   'x', "TEXT", "why, shown while it is drained" },
			MOVE_OPTIONS,
		},
		.needs = {
			{ { "address" }, "ADDR after --drain: which of this machine's "
							 "addresses shall not be used anymore" },
		},
		.timeout = MOVE_TIMEOUT,
		.call = move_call,
		.stop = move_stop,
	},
	{
		.name = "undrain",
		.op = 'u',
		.value = "ADDR",
		.desc = "use a drained address again",
		.vici = "rmobike-undrain",
		.usage = { ANSWER_USAGE },
		.needs = {
			{ { "address" }, "ADDR after --undrain: which one shall be used "
							 "again" },
		},
		.timeout = ANSWER_TIMEOUT,
		.call = simple_call,
	},
	{
		.name = "leave",
		.op = 'l',
		.desc = "drain all addresses, for the daemon is about to end",
		.vici = RMOBIKE_DRAIN,
		.usage = {
			"[--to ADDR[=WEIGHT][,...]] [--fallback HOW]",
			"[--max-in-flight N] [--rate N] [--timeout SECONDS]",
			"[--raw | --pretty | --json] [--uri URI]",
		},
		.options = {
			{ "to",            't', "ADDR", "where to (any other address)" },
			{ "fallback",      'F', "HOW",  "for others: mobike,redirect" },
			{ "max-in-flight", 'm', "N",    "switches under way at a time" },
			{ "rate",          'R', "N",    "start at most N per second" },
		},
		.timeout = MOVE_TIMEOUT,
		.call = leave_call,
		.stop = leave_stop,
	},
	{
		.name = "check",
		.op = 'k',
		.desc = "tell who would be cut off if an address went away now",
		.vici = RMOBIKE_DRAIN,
		.usage = {
			"[--to ADDR[=WEIGHT][,...]] [--fallback HOW]",
			ANSWER_USAGE,
		},
		.options = {
			{ "to",       't', "ADDR", "where to (any other address)" },
			{ "fallback", 'F', "HOW",  "for others: mobike,redirect" },
		},
		.timeout = ANSWER_TIMEOUT,
		.call = check_call,
	},
	{
		.name = "balance",
		.op = 'b',
		.desc = "spread IKE_SAs as the configured weights say",
		.vici = "rmobike-balance",
		.usage = { MOVE_USAGE },
		.options = { MOVE_OPTIONS },
		.timeout = MOVE_TIMEOUT,
		.call = move_call,
		.stop = move_stop,
	},
	{
		.name = "prefer",
		.op = 'p',
		.desc = "have IKE_SAs return to preferred addresses now",
		.vici = "rmobike-prefer",
		.usage = { MOVE_USAGE },
		.options = { MOVE_OPTIONS },
		.timeout = MOVE_TIMEOUT,
		.call = move_call,
		.stop = move_stop,
	},
	{
		.name = "cancel",
		.op = 'c',
		.desc = "stop the move under way",
		.vici = RMOBIKE_CANCEL,
		.usage = { ANSWER_USAGE },
		.timeout = ANSWER_TIMEOUT,
		.call = simple_call,
	},
	{
		.name = "status",
		.op = 'S',
		.desc = "list IKE_SAs, and sum them up for each address",
		.vici = RMOBIKE_STATUS,
		.usage = { ANSWER_USAGE },
		.timeout = ANSWER_TIMEOUT,
		.call = status_call,
	},
	{
		.name = "list-addresses",
		.op = 'L',
		.desc = "list local addresses, and what they are good for",
		.vici = RMOBIKE_ADDRESSES,
		.usage = { ANSWER_USAGE },
		.timeout = ANSWER_TIMEOUT,
		.call = addresses_call,
	},
	{
		.name = "monitor",
		.op = 'm',
		.desc = "print switches as they end, until Ctrl-C",
		.vici = RMOBIKE_SWITCH,
		.usage = {
			"[--exec PROGRAM [--exec-timeout SECONDS]]",
			"[--raw | --pretty | --json] [--timeout SECONDS] [--uri URI]",
		},
		.options = {
			{ "exec",         'e', "PROGRAM", "run it for each of them", true },
			{ "exec-timeout", 'E', "SECONDS", "kill it then (10)", true,
			  1, 3600 },
		},
		.call = monitor_call,
		.stop = monitor_stop,
	},
	{
		.name = "stats",
		.op = 't',
		.desc = "print counters and addresses, also for Prometheus",
		.vici = RMOBIKE_STATS,
		.usage = {
			"[--prometheus]",
			ANSWER_USAGE,
		},
		.options = {
			{ "prometheus", 'p', NULL, "in the text format of Prometheus",
			  true },
		},
		.timeout = ANSWER_TIMEOUT,
		.call = stats_call,
	},
	{
		.name = "cluster",
		.op = 'C',
		.desc = "tell how the other node is, and who serves what",
		.vici = RMOBIKE_CLUSTER,
		.usage = { ANSWER_USAGE },
		.timeout = ANSWER_TIMEOUT,
		.call = cluster_call,
	},
	{
		.name = "takeover",
		.op = 'T',
		.desc = "take everything from the other node, which is dead",
		.vici = "rmobike-takeover",
		.usage = { ANSWER_USAGE },
		.timeout = ANSWER_TIMEOUT,
		.call = simple_call,
	},
	{}
};
