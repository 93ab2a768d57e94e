/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_options options
 * @{ @ingroup rmobike
 *
 * What was given on the command line: options of a command, and those common to
 * all. Values are the daemon's to check, but for those that it does not get.
 */

#ifndef OPTIONS_H_
#define OPTIONS_H_

#include "command.h"

/**
 * Parse the options of a command.
 *
 * @param cmd			command
 * @param argc			number of arguments
 * @param argv			arguments, the first is the command's name
 * @return				false if unacceptable, after complaining
 */
bool options_parse(const command_t *cmd, int argc, char *argv[]);

/**
 * Check if options are missing, or don't go together.
 *
 * @param cmd			command
 * @return				false if so, after complaining
 */
bool options_check(const command_t *cmd);

/**
 * Print how a command is used.
 *
 * @param cmd			command
 */
void options_usage(const command_t *cmd);

/**
 * Get an option.
 *
 * @param name			long name, "address" for the value of the command
 * @return				value, "yes" if it takes none, NULL if it is not given
 */
char *options_get(const char *name);

/**
 * Get a number.
 *
 * @param name			long name of an option that takes only numbers
 * @return				value, 0 if it is not given
 */
unsigned int options_number(const char *name);

/**
 * Begin a request with all that the daemon gets.
 *
 * @param cmd			command
 * @return				request
 */
vici_req_t *options_request(const command_t *cmd);

#endif /** OPTIONS_H_ @}*/
