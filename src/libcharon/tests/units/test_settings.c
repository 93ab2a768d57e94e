/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_settings.h"

#include <library.h>
#include <threading/thread.h>

/**
 * Threads that get options, and that load some, and how often
 */
#define READERS 6
#define WRITERS 3
#define TIMES 100

/**
 * Set an option of the plugin; dots in arguments would not separate sections
 */
#define set(key, value) lib->settings->set_str(lib->settings, \
								"%s.plugins.rmobike." key, value, lib->ns)

/**
 * Get max_switches of a connection
 */
static u_int get(const char *connection)
{
	rmobike_options_t *options;
	u_int number;

	options = rmobike_settings_get(connection);
	number = options->max_switches;
	rmobike_options_destroy(options);
	return number;
}

static void setup(void)
{
	set("max_switches", "1");
	set("connections.home.max_switches", "2");
	set("connections.other.name", "gw.example.org");
	set("connections.other.max_switches", "3");
	rmobike_settings_init();
}

static void teardown(void)
{
	rmobike_settings_deinit();
	lib->settings->set_bool(lib->settings, "%s.prefer_best_path", FALSE,
							lib->ns);
}

START_TEST(connections_have_options_of_their_own)
{
	ck_assert_uint_eq(get(NULL), 1);
	ck_assert_uint_eq(get("home"), 2);
	ck_assert_uint_eq(get("gw.example.org"), 3);
	ck_assert_uint_eq(get("other"), 1);
	ck_assert_uint_eq(get("elsewhere"), 1);
}
END_TEST

START_TEST(first_section_of_a_name_is_used)
{
	set("connections.more.name", "home");
	set("connections.more.max_switches", "4");
	rmobike_settings_reload();
	ck_assert_uint_eq(get("home"), 2);
}
END_TEST

START_TEST(nothing_is_parsed_before_it_is_loaded)
{
	set("max_switches", "7");
	set("connections.home.max_switches", "8");
	lib->settings->set_bool(lib->settings, "%s.prefer_best_path", TRUE,
							lib->ns);
	ck_assert_uint_eq(get(NULL), 1);
	ck_assert_uint_eq(get("home"), 2);
	rmobike_settings_reload();
	ck_assert_uint_eq(get(NULL), 7);
	ck_assert_uint_eq(get("home"), 8);
}
END_TEST

START_TEST(options_in_use_stay_as_they_were)
{
	rmobike_options_t *before, *after;

	before = rmobike_settings_get("home");
	ck_assert(!before->prefer_best_path);
	set("connections.home.max_switches", "8");
	lib->settings->set_bool(lib->settings, "%s.prefer_best_path", TRUE,
							lib->ns);
	rmobike_settings_reload();
	after = rmobike_settings_get("home");
	ck_assert_uint_eq(before->max_switches, 2);
	ck_assert(!before->prefer_best_path);
	ck_assert_uint_eq(after->max_switches, 8);
	ck_assert(after->prefer_best_path);
	rmobike_options_destroy(before);
	rmobike_options_destroy(after);
}
END_TEST

/**
 * Set to TRUE when nothing is loaded anymore
 */
static int finished;

static void *read_many(void *null)
{
	uintptr_t wrong = 0;

	do
	{
		wrong += get("home") != 2;
		wrong += get(NULL) < 1;
	}
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED));
	return (void*)wrong;
}

static void *load_many(void *null)
{
	static u_int next;
	char number[16];
	int i;

	for (i = 0; i < TIMES; i++)
	{
		snprintf(number, sizeof(number), "%u",
				 __atomic_add_fetch(&next, 1, __ATOMIC_RELAXED) + 1);
		set("max_switches", number);
		rmobike_settings_reload();
	}
	return NULL;
}

START_TEST(many_threads_get_what_was_loaded_last)
{
	thread_t *readers[READERS], *writers[WRITERS];
	int i;

	for (i = 0; i < READERS; i++)
	{
		readers[i] = thread_create(read_many, NULL);
	}
	for (i = 0; i < WRITERS; i++)
	{
		writers[i] = thread_create(load_many, NULL);
	}
	for (i = 0; i < WRITERS; i++)
	{
		writers[i]->join(writers[i]);
	}
	__atomic_store_n(&finished, 1, __ATOMIC_RELAXED);
	for (i = 0; i < READERS; i++)
	{
		ck_assert_ptr_eq(readers[i]->join(readers[i]), NULL);
	}
	ck_assert_uint_eq(get(NULL),
					  lib->settings->get_int(lib->settings,
									"%s.plugins.rmobike.max_switches", 0,
									lib->ns));
}
END_TEST

Suite *settings_suite(void)
{
	Suite *suite = suite_create("settings");
	TCase *tc;

	tc = add_case(suite, "loaded");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, connections_have_options_of_their_own);
	tcase_add_test(tc, first_section_of_a_name_is_used);
	tcase_add_test(tc, nothing_is_parsed_before_it_is_loaded);
	tcase_add_test(tc, options_in_use_stay_as_they_were);
	tcase_add_test(tc, many_threads_get_what_was_loaded_last);
	return suite;
}
