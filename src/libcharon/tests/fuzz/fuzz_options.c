/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include <library.h>

#include "base/rmobike_notify.h"
#include "base/rmobike_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/**
 * Complaints have something to say.
 */
static void complain(void *user, const char *key, const char *value,
					 const char *expected)
{
	if (!key || !value || !expected || !*expected)
	{
		abort();
	}
}

/**
 * Three lines: name of an option, its value, name of a connection's section.
 *
 * The settings are not parsed from text as that could include any file.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *copy = strndup((char*)data, len), *rest = copy;
	char *key = strsep(&rest, "\n");
	char *value = strsep(&rest, "\n") ?: "";
	char *name = rest ?: "";
	rmobike_options_t *options;
	settings_t *settings;

	settings = settings_create(NULL);
	settings->set_str(settings, "a.plugins.rmobike.%s", value, key);
	settings->set_str(settings, "a.plugins.rmobike.connections.%s.%s", value,
					  name, key);
	rmobike_options_check(settings, "a", complain, NULL);
	options = rmobike_options_create(settings, "a", name, complain, NULL);
	if (options->accept > RMOBIKE_ACCEPT_ANY ||
		options->path_check > RMOBIKE_CHECK_ALWAYS ||
		options->path_timeout < 100 || options->path_timeout > 60000 ||
		options->timeout < 1000 || options->timeout > 165000 ||
		options->notify_type < RMOBIKE_NOTIFY_TYPE_MIN ||
		options->max_switches > 1000 ||
		options->switch_interval < 1 || options->switch_interval > 86400)
	{
		abort();
	}
	rmobike_options_destroy(options);
	settings->destroy(settings);
	free(copy);
	return 0;
}
