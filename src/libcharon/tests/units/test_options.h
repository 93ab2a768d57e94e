/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_test_options rmobike_test_options
 * @{ @ingroup rmobike_unit_tests
 *
 * How the tests of options read a strongswan.conf.
 */

#ifndef TEST_OPTIONS_H_
#define TEST_OPTIONS_H_

#include "unit_tests.h"

#include "base/rmobike_options.h"

/**
 * Most complaints a test looks at.
 */
#define COMPLAINTS_MAX 8

/**
 * What was complained about by the last function called.
 */
extern struct complaints_t {
	/** number of complaints */
	int count;
	/** each as "key=value: expected" */
	char text[COMPLAINTS_MAX][512];
} complaints;

/**
 * Parse a strongswan.conf, fail the test if it does not parse.
 *
 * @param text			text to parse
 * @return				settings
 */
settings_t *parse_conf(const char *text);

/**
 * Parse what is in the section of the plugin, fail the test if it does not.
 *
 * @param text			text to parse
 * @return				settings
 */
settings_t *parse_section(const char *text);

/**
 * Read the options of a connection from what is in the plugin's section.
 *
 * @param text			text in the plugin's section
 * @param connection	name of the connection, NULL for global options
 * @return				options, to be destroyed
 */
rmobike_options_t *read_options(const char *text, const char *connection);

/**
 * Check the options in a namespace.
 *
 * @param settings		settings to check
 * @param ns			namespace
 */
void check_settings(settings_t *settings, const char *ns);

/**
 * Check what is in the plugin's section.
 *
 * @param text			text in the plugin's section
 */
void check_options(const char *text);

/**
 * Get an option as text: as configured, but fractions of seconds in
 * milliseconds, and instead of addresses how many there are.
 *
 * @param options		options to get one of
 * @param key			name of the option
 * @return				text, valid until called again
 */
const char *option(rmobike_options_t *options, const char *key);

#endif /** TEST_OPTIONS_H_ @}*/
