/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_options options
 * @{ @ingroup rmobike
 *
 * Options of a command, those of its own and those common to all.
 */

#ifndef OPTIONS_H_
#define OPTIONS_H_

#include "command.h"

typedef struct options_t options_t;

/**
 * Values of the options common to all commands.
 */
struct options_t {
	/** --uri, NULL if not given */
	char *uri;
	/** --timeout, 0 if not given */
	unsigned int timeout;
	/** --raw or --pretty */
	bool raw;
	/** --pretty */
	bool pretty;
	/** --json */
	bool json;
	/** --debug */
	unsigned int debug;
	/** --help */
	bool help;
};

/** what was given, filled by options_parse() */
extern options_t options;

/**
 * Parse the options of a command.
 *
 * @param cmd			command, gets its own options
 * @param argc			number of arguments
 * @param argv			arguments, the first is the command's name
 * @return				false if unacceptable, after complaining
 */
bool options_parse(const command_t *cmd, int argc, char *argv[]);

/**
 * Print how a command is used.
 *
 * @param cmd			command
 */
void options_usage(const command_t *cmd);

#endif /** OPTIONS_H_ @}*/
