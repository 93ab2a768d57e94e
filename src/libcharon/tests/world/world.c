/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include <utils/exchange_test_helper.h>

#include "base/rmobike_settings.h"

/**
 * charon loses a reference when it retries to create a CHILD_SA (see simulate
 * -0), and what libcrypto keeps until the process ends is found or not as
 * addresses happen to be: don't let LeakSanitizer blame us for that.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:child_cfg_create\nleak:libcrypto.so\n";
}

/**
 * What charon needs to run, from where the daemon is installed (PLUGINDIR), or
 * what the environment variable TESTS_PLUGINDIR says. Since Debian 13 openssl
 * needs no kdf, and there is none.
 */
#ifndef PLUGINS
#define PLUGINS "openssl kdf"
#endif

/*
 * Described in header
 */
world_conf_t world_conf;

/**
 * Give upstream's helper a config of its own: it would hand out NULL.
 */
static void satisfy_helper()
{
	ike_sa_t *init, *resp;
	child_cfg_t *cfg;

	cfg = exchange_test_helper->create_sa(exchange_test_helper, &init, &resp,
										  NULL);
	cfg->destroy(cfg);
	call_ikesa(init, destroy);
	call_ikesa(resp, destroy);
}

/**
 * Read what the test wants in strongswan.conf.
 */
static void read_settings(char *settings)
{
	if (settings &&
		!lib->settings->load_string_section(lib->settings, settings, TRUE,
											"%s", lib->ns))
	{
		trace_fail(__FILE__, __LINE__, "settings are not valid");
	}
}

/*
 * Described in header
 */
void world_reload(char *settings)
{
	read_settings(settings);
	if (!world_conf.stock)
	{
		plugin_reload();
	}
}

/*
 * Described in header
 */
void world_create(world_conf_t conf)
{
	world_conf = conf;

	library_init("", "charon");
	libcharon_init();
	trace_create();
	read_settings(conf.settings);
	time_create();
	lib->plugins->add_path(lib->plugins,
						   getenv("TESTS_PLUGINDIR") ?: PLUGINDIR);
	exchange_test_helper_init(PLUGINS);
	satisfy_helper();
	config_create();
	kernel_create();
	esp_create();
	nat_create();
	wire_create();
	forge_create();
	if (!conf.stock)
	{
		plugin_create_all();
	}
	trace_listen();
}

/*
 * Described in header
 */
void world_destroy()
{
	charon->ike_sa_manager->flush(charon->ike_sa_manager);
	trace_ignore();
	if (!world_conf.stock)
	{
		plugin_unlisten();
	}
	time_destroy();
	if (!world_conf.stock)
	{	/* jobs and timers refer to it */
		plugin_destroy_all();
	}
	forge_destroy();
	wire_destroy();
	nat_destroy();
	config_destroy();
	exchange_test_helper_deinit();
	libcharon_deinit();
	esp_destroy();
	kernel_destroy();
	trace_destroy();
	library_deinit();
}

/*
 * Described in header
 */
void world_establish_(const char *file, int line, world_conf_t conf)
{
	const char *why;

	world_create(conf);
	world_initiate();
	world_run(1000);
	why = world_disagreement();
	if (why)
	{
		trace_fail(file, line, "no IKE_SA established: %s", why);
	}
	world_mark();
}

/*
 * Described in header
 */
void world_assert_at(const char *file, int line, char *address)
{
	const char *why;

	why = world_disagreement();
	if (why)
	{
		trace_fail(file, line, "not at %s: %s", address, why);
	}
	if (world_tasks())
	{
		trace_fail(file, line, "%u tasks left", world_tasks());
	}
	if (!world_is_at(RESPONDER, address))
	{
		trace_fail(file, line, "not at %s", address);
	}
}

/*
 * Described in header
 */
void world_assert_gone(const char *file, int line)
{
	u_int count;

	count = charon->ike_sa_manager->get_count(charon->ike_sa_manager);
	if (count)
	{
		trace_fail(file, line, "%u IKE_SAs left", count);
	}
	if (esp_count())
	{
		trace_fail(file, line, "%u IPsec SAs left", esp_count());
	}
	if (xfrm_count_policies())
	{
		trace_fail(file, line, "%u policies left", xfrm_count_policies());
	}
	if (world_records())
	{
		trace_fail(file, line, "records of %u IKE_SAs left", world_records());
	}
	/* timers may find their IKE_SA gone, but nothing may go on forever */
	world_run(200000);
	if (world_plugin_jobs())
	{
		trace_fail(file, line, "%u jobs left", world_plugin_jobs());
	}
}

/*
 * Described in header
 */
void world_assert_count(const char *file, int line, u_int n, char *pattern)
{
	u_int count = world_count(pattern);

	if (count != n)
	{
		trace_fail(file, line, "%u packets are %s, not %u", count, pattern, n);
	}
}

/*
 * Described in header
 */
void world_assert_logged(const char *file, int line, char *pattern, bool yes)
{
	if (!world_logged(pattern) == yes)
	{
		trace_fail(file, line, "%slogged: %s", yes ? "not " : "", pattern);
	}
}

/*
 * Described in header
 */
void trace_fail(const char *file, int line, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	world_dump();
	world_failed(file, line, text);
}
