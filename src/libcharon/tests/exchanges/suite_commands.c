/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What an operator asks for by vici, of one IKE_SA or of many.
 */

#include "many.h"

#include "locks.h"

#include "operator/rmobike_commands.h"

/** charon's method that a test counts the calls of */
static enumerator_t *(*stock_create_enumerator)(ike_sa_manager_t *this,
												bool wait);

/** How often that was */
static u_int calls;

/** A vici message that is built, as text */
static struct {
	/** public interface */
	vici_builder_t public;
	/** the text */
	char text[65536];
	/** its length */
	size_t len;
} built;

METHOD(vici_builder_t, vadd_kv, void,
	vici_builder_t *this, char *key, char *fmt, va_list args)
{
	char value[256];

	vsnprintf(value, sizeof(value), fmt, args);
	built.len += snprintf(built.text + built.len,
						  sizeof(built.text) - built.len, "%s=%s ", key, value);
	ck_assert_uint_lt(built.len, sizeof(built.text));
}

METHOD(vici_builder_t, add_kv, void,
	vici_builder_t *this, char *key, char *fmt, ...)
{
	va_list args;

	locks_assert_none("a message is built");
	va_start(args, fmt);
	vadd_kv(this, key, fmt, args);
	va_end(args);
}

METHOD(vici_builder_t, add, void,
	vici_builder_t *this, vici_type_t type, ...)
{
	va_list args;
	chunk_t value;
	char *key;

	ck_assert_int_eq(type, VICI_KEY_VALUE);
	va_start(args, type);
	key = va_arg(args, char*);
	value = va_arg(args, chunk_t);
	va_end(args);
	add_kv(this, key, "%.*s", (int)value.len, value.ptr);
}

METHOD(vici_builder_t, begin_section, void,
	vici_builder_t *this, char *name)
{
	add_kv(this, name, "{");
}

METHOD(vici_builder_t, end_section, void,
	vici_builder_t *this)
{
	add_kv(this, "", "}");
}

METHOD(vici_builder_t, finalize, vici_message_t*,
	vici_builder_t *this)
{
	return NULL;
}

/** Implements rmobike_commands_t.create_builder() */
static vici_builder_t *create_builder()
{
	built.public = (vici_builder_t){
		.add = _add,
		.add_kv = _add_kv,
		.vadd_kv = _vadd_kv,
		.begin_section = _begin_section,
		.end_section = _end_section,
		.finalize = _finalize,
	};
	built.len = 0;
	return &built.public;
}

/** Value of the only key of the request, and of "fallback" and "reason" */
static char *request_value, *request_fallback, *request_reason;

/** How the request ends for those who parse it */
static enum {
	/** they are told that this is the end */
	TOLD,
	/** what follows can't be parsed */
	MALFORMED,
	/** with an encoded end, of which they aren't told */
	UNTOLD,
} request_end;

METHOD(enumerator_t, enumerate_end, bool,
	enumerator_t *this, va_list args)
{
	vici_type_t *type;
	chunk_t *value;
	char **name;
	bool told = request_end == TOLD, good = request_end != MALFORMED;

	VA_ARGS_VGET(args, type, name, value);
	if (told)
	{
		*type = VICI_END;
	}
	request_end = TOLD;
	return good;
}

METHOD(vici_message_t, create_end, enumerator_t*,
	vici_message_t *this)
{
	enumerator_t *enumerator;

	INIT(enumerator,
		.enumerate = enumerator_enumerate_default,
		.venumerate = _enumerate_end,
		.destroy = (void*)free,
	);
	return enumerator;
}

METHOD(vici_message_t, get_str, char*,
	vici_message_t *this, char *def, char *fmt, ...)
{
	if (streq(fmt, "fallback"))
	{
		return request_fallback ?: def;
	}
	if (streq(fmt, "reason"))
	{
		return request_reason ?: def;
	}
	return streq(fmt, "address") ? request_value : def;
}

METHOD(vici_message_t, get_int, int,
	vici_message_t *this, int def, char *fmt, ...)
{
	return streq(fmt, "after") && request_value ? atoi(request_value) : def;
}

METHOD(vici_message_t, get_bool, bool,
	vici_message_t *this, bool def, char *fmt, ...)
{
	return def;
}

/** Run a command, returns the reply as text */
static char *command(vici_message_t *(*cb)(void*, char*, u_int,
										   vici_message_t*), char *value)
{
	rmobike_commands_t *commands = world_commands();
	vici_message_t request = {
		.create_enumerator = _create_end,
		.get_str = _get_str,
		.get_int = _get_int,
		.get_bool = _get_bool,
	};

	request_value = value;
	commands->create_builder = create_builder;
	cb(commands, "", 0, &request);
	return built.text;
}

METHOD(ike_sa_manager_t, create_enumerator, enumerator_t*,
	ike_sa_manager_t *this, bool wait)
{
	calls++;
	return stock_create_enumerator(this, wait);
}

/*
 * Statistics ask several rooms, one after the other. Test programs end if one
 * is asked with the lock of another one held.
 */
START_TEST(test_statistics_of_drained_addresses)
{
	char *text;

	world_establish();
	command(rmobike_command_drain, OLD);
	command(rmobike_command_drain, NEWER);
	world_run(5000);
	assert_outcomes("* done");
	text = command(rmobike_command_stats, NULL);
	ck_assert(strstr(text, NEW "={ sas=1 capable=1 drained=no "));
	ck_assert(strstr(text, OLD "={ sas=0 capable=0 drained=yes "));
	ck_assert(strstr(text, NEWER "={ sas=0 capable=0 drained=yes "));
	command(rmobike_command_undrain, OLD);
	text = command(rmobike_command_stats, NULL);
	ck_assert(!strstr(text, OLD "={"));
}
END_TEST

/*
 * What each address is good for, those that are configured as well.
 */
START_TEST(test_list_of_addresses)
{
	char *text;

	world_establish(.settings = "plugins { rmobike { prefer = " OLD ", " FOREIGN
								"\n drained = " NEW "\n prefer_after = 60 } }");
	request_reason = "30 % loss";
	command(rmobike_command_drain, NEWER);
	request_reason = NULL;
	world_run(1000);
	text = command(rmobike_command_list_addresses, NULL);
	ck_assert_msg(strstr(text, OLD "={ sas=1 capable=1 drained=no "
				  "interface=eth0 usable=yes preferred=1 =}"), "%s", text);
	ck_assert(strstr(text, NEW "={ sas=0 capable=0 drained=yes "
					 "reason=by configuration interface=eth0 usable=no =}"));
	ck_assert(strstr(text, NEWER "={ sas=0 capable=0 drained=yes "
					 "reason=30 % loss interface=eth0 usable=no =}"));
	ck_assert(strstr(text, FOREIGN "={ sas=0 capable=0 drained=no usable=no "
					 "preferred=2 =}"));
	command(rmobike_command_undrain, NEWER);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(5000);
	world_add_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(10500);
	text = command(rmobike_command_list_addresses, NULL);
	ck_assert_msg(strstr(text, OLD "={ sas=0 capable=0 drained=no "
				  "interface=eth0 usable=yes preferred=1 wait=50 last-move="),
				  "%s", text);
	text = command(rmobike_command_stats, NULL);
	ck_assert(strstr(text, "immovable={ peer does not support it=0 "
					 "MOBIKE is not enabled=0 =} "));
	ck_assert(!strstr(text, OLD "={"));
	ck_assert(strstr(text, NEWER "={ sas=1 capable=1 drained=no =}"));
}
END_TEST

START_TEST(test_statistics_of_those_that_cannot_be_moved)
{
	char *text, expected[128];

	world_establish(.no_mobike = _i, .stock_initiator = !_i);
	text = command(rmobike_command_stats, NULL);
	snprintf(expected, sizeof(expected), "immovable={ peer does not support "
			 "it=%d MOBIKE is not enabled=%d =}", !_i, _i);
	ck_assert_msg(strstr(text, expected), "%s", text);
}
END_TEST

/*
 * A page has the lowest unique IDs of those that are left, and all IKE_SAs are
 * looked at once.
 */
START_TEST(test_status_looks_at_all_once)
{
	char *text, expected[64];
	uint32_t first, id;

	many_establish(MANY, (world_conf_t){});
	stock_create_enumerator = charon->ike_sa_manager->create_enumerator;
	charon->ike_sa_manager->create_enumerator = _create_enumerator;
	calls = 0;
	text = command(rmobike_command_status, NULL);
	ck_assert_uint_eq(calls, 1);
	ck_assert(!strstr(text, "next="));
	first = strtoul(text + strlen("sas={ "), NULL, 10);
	for (id = first; id < first + 2 * MANY; id++)
	{	/* both ends are here */
		snprintf(expected, sizeof(expected), " %u={ id=%u ", id, id);
		text = strstr(text, expected);
		ck_assert_msg(text != NULL, "%u is not in its place", id);
	}
	snprintf(expected, sizeof(expected), "%u", id - 2);
	text = command(rmobike_command_status, expected);
	snprintf(expected, sizeof(expected), "sas={ %u={ id=%u name=", id - 1,
			 id - 1);
	ck_assert_msg(strpfx(text, expected), "%s", text);
	charon->ike_sa_manager->create_enumerator = stock_create_enumerator;
}
END_TEST

/** Switches asked for from an address */
static u_int asked_from(char *address)
{
	char pattern[64];

	snprintf(pattern, sizeof(pattern), "* <- %s * req * {SWITCH=*}", address);
	return world_count(pattern);
}

/*
 * An address is lost during a drain, which charon notices 100 ms later. In sum
 * no more are under way than if there was no drain, which waits until all that
 * have to leave are under way. Then it goes on, and those that have to tell
 * their peers wait for both.
 *
 *     initiators                responder
 *                                  OLD is gone
 *                               <- NEWER  SWITCH     4 that are drained
 *                               <- OLD    SWITCH     12 that have to leave
 *     UPD_SA_ADDR            ->
 *                               <- OLD    SWITCH     the rest of them
 *                               <- NEWER  SWITCH     the rest of the drain
 *                               <- *      ADD_*      addresses that are left
 */
START_TEST(test_address_is_lost_during_a_drain)
{
	u_int drained;

	many_establish(MANY, (world_conf_t){});
	world_switch(NEWER);
	world_run(10000);
	many_initiate(MANY);
	ck_assert_uint_eq(world_outcomes(), MANY);
	world_delay(INITIATOR, 100);
	world_delay(RESPONDER, 100);
	world_mark();
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	command(rmobike_command_drain, NEWER);
	world_run(105);
	drained = asked_from(NEWER);
	ck_assert_uint_gt(drained, 0);
	ck_assert_uint_eq(drained + asked_from(OLD), WINDOW);
	while (asked_from(OLD) < MANY)
	{
		ck_assert_uint_eq(asked_from(NEWER), drained);
		ck_assert(world_now() < 5000);
		world_run(5);
	}
	while (asked_from(NEWER) < MANY)
	{
		/* a few, beside those of the drain */
		ck_assert_uint_le(world_count("* <- " NEWER
									  " INFORMATIONAL req * {ADD_*"),
						  asked_from(NEWER) / 2);
		ck_assert(world_now() < 10000);
		world_run(5);
	}
	world_run(60000);
	ck_assert_uint_eq(world_outcomes(), 3 * MANY);
	assert_agreed();
}
END_TEST

/*
 * Peers that are drained and sleep don't keep others from hearing which
 * addresses there are.
 */
START_TEST(test_lists_are_sent_beside_a_drain_of_silent_peers)
{
	many_establish(MANY, (world_conf_t){});
	world_switch(NEWER);
	world_run(10000);
	many_initiate(MANY);
	world_fate(DROP, "* <- " NEWER " *", 100000);
	world_mark();
	command(rmobike_command_drain, NEWER);
	world_add_address(RESPONDER, "192.0.2.99");
	world_roam(RESPONDER);
	world_run(2000);
	ck_assert_uint_lt(asked_from(NEWER), MANY);
	ck_assert_uint_gt(world_count("* <- " OLD " INFORMATIONAL req * {ADD_*"),
					  MANY / 4);
	world_run(200000);
}
END_TEST

/*
 * What was to follow may have been a criterion, or "dry-run".
 */
START_TEST(test_malformed_request_moves_nobody)
{
	char *text;

	world_establish();
	request_end = _i;
	text = command(rmobike_command_drain, OLD);
	ck_assert_msg(!strstr(text, "errmsg=malformed request ") == !_i, "%s",
				  text);
	request_end = _i;
	text = command(rmobike_command_status, NULL);
	ck_assert_msg(!strstr(text, "sas={") == !!_i, "%s", text);
	world_run(5000);
	ck_assert_uint_eq(world_outcomes(), !_i);
}
END_TEST

/*
 * Replies have to fit into a message, however many addresses are drained.
 */
START_TEST(test_reason_is_not_too_long)
{
	char *text, reason[257] = "";

	memset(reason, 'a', 255 + _i);
	world_establish();
	request_reason = reason;
	text = command(rmobike_command_drain, OLD);
	request_reason = NULL;
	ck_assert_msg(!strstr(text, "errmsg=invalid reason, expected at most 255 "
				  "characters ") == !_i, "%s", text);
	text = command(rmobike_command_stats, NULL);
	ck_assert_msg(!strstr(text, "drained=yes") == !!_i, "%s", text);
}
END_TEST

/**
 * Ways to move others, and what is wrong with them
 */
static const struct {
	char *fallback;
	char *wrong;
} fallbacks[] = {
	{ "none", NULL },
	{ "mobike", NULL },
	{ "redirect,mobike", NULL },
	{ " mobike , redirect ", NULL },
	{ "", "'' is empty" },
	{ " ", "'' is empty" },
	{ ",", "'' is empty" },
	{ "mobike,", "'' is empty" },
	{ ",redirect", "'' is empty" },
	{ "mobike,,redirect", "'' is empty" },
	{ "mobike,mobike", "'mobike' is there twice" },
	{ "redirect,mobike,redirect", "'redirect' is there twice" },
	{ "none,none", "'none' is there twice" },
	{ "none,mobike", "'mobike' is not alone" },
	{ "redirect, none", "'none' is not alone" },
	{ "mobike redirect", "'mobike redirect' is none of these" },
	{ "Mobike", "'Mobike' is none of these" },
};

/*
 * What is not understood moves nobody, and is named.
 */
START_TEST(test_fallback_is_understood_or_refused)
{
	char *text, expected[256];

	snprintf(expected, sizeof(expected), "errmsg=invalid fallback "
			 "'%s', expected mobike, redirect, both, or none: %s ",
			 fallbacks[_i].fallback, fallbacks[_i].wrong);
	world_establish();
	request_fallback = fallbacks[_i].fallback;
	text = command(rmobike_command_drain, OLD);
	request_fallback = NULL;
	if (fallbacks[_i].wrong)
	{
		ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
	}
	world_run(5000);
	ck_assert_uint_eq(world_outcomes(), !fallbacks[_i].wrong);
}
END_TEST

/*
 * Who was led is told from those that were asked.
 */
START_TEST(test_status_tells_who_was_led)
{
	char *text;
	bool led = _i;

	world_establish(.stock_initiator = led);
	world_ping(1000);
	world_move(NEW, "mobike", FALSE);
	world_run(5000);
	assert_outcomes("* done");
	text = command(rmobike_command_status, NULL);
	ck_assert_msg(!strstr(text, "by=mobike") == !led, "%s", text);
	ck_assert(strstr(text, "state=done"));
}
END_TEST

void suite_commands(TCase *tc)
{
	tcase_add_loop_test(tc, test_fallback_is_understood_or_refused, 0,
						countof(fallbacks));
	tcase_add_loop_test(tc, test_reason_is_not_too_long, 0, 2);
	tcase_add_loop_test(tc, test_malformed_request_moves_nobody, TOLD,
						UNTOLD + 1);
	tcase_add_loop_test(tc, test_status_tells_who_was_led, 0, 2);
	tcase_add_test(tc, test_statistics_of_drained_addresses);
	tcase_add_test(tc, test_list_of_addresses);
	tcase_add_loop_test(tc, test_statistics_of_those_that_cannot_be_moved, 0,
						2);
	tcase_add_test(tc, test_status_looks_at_all_once);
	tcase_add_test(tc, test_address_is_lost_during_a_drain);
	tcase_add_test(tc, test_lists_are_sent_beside_a_drain_of_silent_peers);
}
