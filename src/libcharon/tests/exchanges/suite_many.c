/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * More than one IKE_SA, and what is asked about them.
 */

#include "exchange_tests.h"

#include "locks.h"

#include <malloc.h>
#include <time.h>

#include "operator/rmobike_commands.h"
#include "responder/rmobike_lanes.h"
#include "sa/rmobike_refs.h"

/** So many that not all may be under way at the same moment */
#define MANY 40

/** How many are under way at first, see rmobike_lanes.c */
#define WINDOW 16

/** A list of addresses */
#define LIST "* <- * INFORMATIONAL req * {ADD_*"

/** charon's methods that tests count the calls of */
static host_t *(*stock_get_source_addr)(kernel_interface_t *this, host_t *dest,
										host_t *src);
static enumerator_t *(*stock_create_enumerator)(ike_sa_manager_t *this,
												bool wait);

static void (*stock_schedule_job_tv)(scheduler_t *this, job_t *job,
									 timeval_t tv);

/** How often that was */
static u_int calls;

/** Create so many more IKE_SAs */
static void initiate(u_int count)
{
	while (count--)
	{
		world_initiate();
		world_run(100);
	}
	world_run(1000);
}

/** Create a world with so many IKE_SAs */
static void establish(u_int count, world_conf_t conf)
{
	world_create(conf);
	initiate(count);
	world_mark();
}

/** Create many */
static void establish_many(world_conf_t conf)
{
	establish(MANY, conf);
}

METHOD(kernel_interface_t, get_source_addr, host_t*,
	kernel_interface_t *this, host_t *dest, host_t *src)
{
	char address[64];

	snprintf(address, sizeof(address), "%H", dest);
	calls += streq(address, CLIENT);
	return stock_get_source_addr(this, dest, src);
}

/*
 * What one question to the kernel tells is true for all IKE_SAs at that moment.
 */
START_TEST(test_kernel_is_not_asked_for_each_ike_sa)
{
	establish_many((world_conf_t){});
	stock_get_source_addr = charon->kernel->get_source_addr;
	charon->kernel->get_source_addr = _get_source_addr;
	calls = 0;
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(105);
	/* from the old address, from any, and from each of the others; besides
	 * that, what is sent now needs a way to get out */
	ck_assert_uint_le(calls, 4 + WINDOW);
	ck_assert_uint_gt(calls, 0);
	world_run(60000);
	ck_assert_uint_eq(world_outcomes(), MANY);
}
END_TEST

/*
 * After a change everybody asks again.
 */
START_TEST(test_kernel_is_asked_again_after_a_change)
{
	world_establish();
	world_roam(RESPONDER);
	world_run(150);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(1000);
	assert_outcomes("* done");
	assert_at(NEW);
}
END_TEST

/*
 * An address that nobody is at is gone: all peers are told, not at once.
 */
START_TEST(test_list_is_not_sent_to_all_at_once)
{
	establish_many((world_conf_t){});
	world_del_address(RESPONDER, NEWER);
	world_roam(RESPONDER);
	world_run(105);
	ck_assert_uint_eq(world_count(LIST), WINDOW);
	world_run(5000);
	ck_assert_uint_eq(world_count(LIST), MANY);
}
END_TEST

/*
 * Peers that never answer hold others up for half a second. How long it takes
 * until they are given up says nothing about how long answers take.
 */
START_TEST(test_silent_peers_do_not_hold_others_up)
{
	establish(3 * MANY, (world_conf_t){
		.settings = "retransmit_tries = 0\nretransmit_timeout = 2",
	});
	world_fate(DROP, LIST, 1000);
	world_roam(RESPONDER);
	world_run(105 + 500 * (3 * MANY / WINDOW));
	ck_assert_uint_eq(world_count(LIST), 3 * MANY);
}
END_TEST

/*
 * Addresses come and go while the peer is silent: once it answers it is told
 * what there is then, not what there was.
 */
START_TEST(test_lists_do_not_pile_up)
{
	int i;

	world_establish();
	world_fate(DROP, LIST, 1000);
	for (i = 0; i < 10; i++)
	{
		world_roam(RESPONDER);
		world_run(1000);
	}
	/* the one in the air, and another one */
	ck_assert_uint_le(world_tasks(), 2);
	world_fate_none();
	world_run(60000);
	assert_at(OLD);
}
END_TEST

/*
 * Those that lost their address are served before those that only have to tell.
 */
START_TEST(test_those_that_lost_their_address_come_first)
{
	establish_many((world_conf_t){});
	world_del_address(RESPONDER, NEWER);
	world_roam(RESPONDER);
	world_run(110);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(60000);
	ck_assert_uint_eq(world_outcomes(), MANY);
	/* whose list was not sent yet, and those in between */
	ck_assert_uint_le(world_count("* <- " OLD " INFORMATIONAL req * {ADD_*"),
					  MANY - 1);
	assert_at(NEW);
}
END_TEST

/*
 * A reference leads to the IKE_SA that has replaced another one.
 */
START_TEST(test_reference_follows_a_rekeyed_ike_sa)
{
	rmobike_refs_t *refs;
	rmobike_ref_t *ref[3];
	ike_sa_t *ike_sa;
	uint32_t id;
	int i;

	world_establish();
	refs = world_refs();
	ike_sa = world_checkout(RESPONDER);
	id = ike_sa->get_unique_id(ike_sa);
	for (i = 0; i < countof(ref); i++)
	{
		ref[i] = refs->create_ref(refs, ike_sa);
		ck_assert_uint_eq(ref[i]->get_id(ref[i]), id);
	}
	world_checkin(ike_sa, SUCCESS);
	ref[1]->destroy(ref[1]);
	for (i = 0; i < 2; i++)
	{
		world_call(INITIATOR, rekey);
		world_run(10000);
		ck_assert_uint_ne(world_id(RESPONDER), id);
		id = world_id(RESPONDER);
		ck_assert_uint_eq(ref[0]->get_id(ref[0]), id);
		ike_sa = ref[2]->checkout(ref[2]);
		ck_assert_uint_eq(ike_sa->get_unique_id(ike_sa), id);
		world_checkin(ike_sa, SUCCESS);
	}
	world_call(INITIATOR, delete, FALSE);
	world_run(10000);
	ck_assert_ptr_eq(ref[0]->checkout(ref[0]), NULL);
	ref[0]->destroy(ref[0]);
	ref[2]->destroy(ref[2]);
	ck_assert_uint_eq(world_records(), 0);
}
END_TEST

/**
 * Have all peers answer a request
 */
static void tell_all()
{
	world_add_address(RESPONDER, "192.0.2.99");
	world_roam(RESPONDER);
	world_run(5000);
	world_del_address(RESPONDER, "192.0.2.99");
	world_roam(RESPONDER);
	world_run(5000);
	world_forget();
}

/**
 * Get how many octets each further IKE_SA needs, at both ends, when it is idle
 */
static int get_octets_per_ike_sa(world_conf_t conf)
{
	size_t before;
	int octets;

	establish(MANY, conf);
	tell_all();
	before = mallinfo2().uordblks;
	initiate(MANY);
	tell_all();
	octets = ((ssize_t)mallinfo2().uordblks - (ssize_t)before) / MANY;
	world_destroy();
	return octets;
}

/*
 * What is known of an IKE_SA where nothing happens is little, 300 octets at
 * each end.
 */
START_TEST(test_idle_ike_sa_needs_little_memory)
{
	int stock, ours;

	stock = get_octets_per_ike_sa((world_conf_t){ .stock = TRUE });
	ours = get_octets_per_ike_sa((world_conf_t){});
	ck_assert_int_lt(ours - stock, 2 * 300);
	world_create((world_conf_t){});
}
END_TEST

CALLBACK(rekey_now, void,
	void *null)
{
	charon->ike_sa_manager->create_enumerator = stock_create_enumerator;
	world_call(INITIATOR, rekey);
	world_run(5000);
}

METHOD(ike_sa_manager_t, enumerate_and_rekey, enumerator_t*,
	ike_sa_manager_t *this, bool wait)
{
	return enumerator_create_cleaner(stock_create_enumerator(this, wait),
									 rekey_now, NULL);
}

/*
 * The IKE_SA is rekeyed after it was selected, before it is in the queue.
 */
START_TEST(test_rekeyed_between_selection_and_queue)
{
	world_establish();
	stock_create_enumerator = charon->ike_sa_manager->create_enumerator;
	charon->ike_sa_manager->create_enumerator = _enumerate_and_rekey;
	world_switch(NEW);
	world_run(5000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/* --- commands ------------------------------------------------------------ */

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
		.add_kv = _add_kv,
		.vadd_kv = _vadd_kv,
		.begin_section = _begin_section,
		.end_section = _end_section,
		.finalize = _finalize,
	};
	built.len = 0;
	return &built.public;
}

/** Value of the only key of the request */
static char *request_value;

METHOD(vici_message_t, get_str, char*,
	vici_message_t *this, char *def, char *fmt, ...)
{
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
		.create_enumerator = (void*)enumerator_create_empty,
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
 * A page has the lowest unique IDs of those that are left, and all IKE_SAs are
 * looked at once.
 */
START_TEST(test_status_looks_at_all_once)
{
	char *text, expected[64];
	uint32_t first, id;

	establish_many((world_conf_t){});
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

	establish_many((world_conf_t){});
	world_switch(NEWER);
	world_run(10000);
	initiate(MANY);
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
	ck_assert_str_eq(world_disagreement() ?: "", "");
	ck_assert_uint_eq(world_tasks(), 0);
}
END_TEST

/*
 * Peers that are drained and sleep don't keep others from hearing which addresses
 * there are.
 */
START_TEST(test_lists_are_sent_beside_a_drain_of_silent_peers)
{
	establish_many((world_conf_t){});
	world_switch(NEWER);
	world_run(10000);
	initiate(MANY);
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

METHOD(scheduler_t, schedule_job_tv, void,
	scheduler_t *this, job_t *job, timeval_t tv)
{
	calls++;
	stock_schedule_job_tv(this, job, tv);
}

/** Have a move of all to NEW begin, with a limited rate */
static void start_slow_move(u_int rate)
{
	rmobike_commands_t *commands = world_commands();
	rmobike_move_t move = {
		.selector = {
			.ike = "rw",
		},
		.max_in_flight = RMOBIKE_MAX_IN_FLIGHT,
		.rate = rate,
	};
	char why[256] = "";

	move.targets = rmobike_weights_create(NEW, why, sizeof(why));
	commands->mover->start(commands->mover, &move, why, sizeof(why));
	ck_assert_str_eq(why, "");
	move.targets->destroy(move.targets);
}

/*
 * A move waits for time to go by, and so do address lists in between: timers
 * that are not needed anymore don't lead to others.
 */
START_TEST(test_timers_do_not_pile_up)
{
	int i;

	establish_many((world_conf_t){});
	stock_schedule_job_tv = lib->scheduler->schedule_job_tv;
	start_slow_move(1);
	for (i = 0; i < 10; i++)
	{
		world_run(1700);
		world_roam(RESPONDER);
	}
	world_run(2000);
	lib->scheduler->schedule_job_tv = _schedule_job_tv;
	calls = 0;
	world_run(10000);
	lib->scheduler->schedule_job_tv = stock_schedule_job_tv;
	ck_assert_uint_le(calls, 10 + 1);
	world_run(60000);
	ck_assert_uint_eq(world_outcomes(), MANY);
}
END_TEST

/*
 * An address that two interfaces have is told twice. That doesn't make the list
 * the same as one with another address in its place.
 */
START_TEST(test_lists_differ_if_an_address_is_there_twice)
{
	char *another = "192.0.2.99";
	ike_sa_t *ike_sa;

	world_create((world_conf_t){
		.responder = OLD " " NEWER " " NEWER,
	});
	initiate(1);
	world_del_address(RESPONDER, NEWER);
	world_del_address(RESPONDER, NEWER);
	world_add_address(RESPONDER, another);
	world_add_address(RESPONDER, NEWER);
	initiate(1);
	world_mark();
	world_del_address(RESPONDER, OLD);
	ike_sa = world_checkout(RESPONDER);
	world_checkin(ike_sa, ike_sa->roam(ike_sa, TRUE));
	world_run(5000);
	/* it is the first of those that were announced */
	assert_outcomes("rw " OLD " -> 192.0.2.99 done");
}
END_TEST

/** No reference */
static rmobike_ref_t no_ref = {
	.destroy = (void*)nop,
};

/** Get how many seconds it takes to find out many times that nobody may start
 * if so many peers are silent */
static double seconds_to_see_that_none_may_start(u_int silent)
{
	rmobike_lanes_t *lanes = rmobike_lanes_create();
	rmobike_pace_t pace = {
		.max_in_flight = 8,
	};
	rmobike_turn_t *turn;
	timeval_t due = {};
	u_int i, key = 0;
	clock_t start;

	for (i = 1; i <= silent; i++)
	{
		lanes->add(lanes, rmobike_turn_create(RMOBIKE_LEAVE, i, &no_ref, NULL));
	}
	while (key < silent)
	{
		while ((turn = lanes->next(lanes, &due)))
		{
			lanes->begun(lanes, turn, ++key);
			rmobike_turn_destroy(turn);
		}
		world_run(500);
	}
	lanes->restart(lanes, &pace);
	for (i = 0; i < 20; i++)
	{
		lanes->add(lanes, rmobike_turn_create(RMOBIKE_MOVE, 0, &no_ref, NULL));
	}
	while ((turn = lanes->next(lanes, &due)))
	{
		lanes->begun(lanes, turn, ++key);
		rmobike_turn_destroy(turn);
	}
	start = clock();
	for (i = 0; i < 2000; i++)
	{
		ck_assert(!lanes->next(lanes, &due));
	}
	start = clock() - start;
	lanes->destroy(lanes);
	return (double)start / CLOCKS_PER_SEC;
}

/*
 * Whoever is silent for long costs nothing whenever another one ends.
 */
START_TEST(test_silent_peers_are_not_counted_again_and_again)
{
	double few, many;

	world_create((world_conf_t){});
	few = seconds_to_see_that_none_may_start(16);
	many = seconds_to_see_that_none_may_start(10000);
	ck_assert_msg(many < 10 * few + 0.02, "%.3f s, not %.3f s", many, few);
}
END_TEST

Suite *suite_many()
{
	Suite *suite;
	TCase *tc;

	suite = exchange_suite("many", &tc);
	tcase_add_test(tc, test_kernel_is_not_asked_for_each_ike_sa);
	tcase_add_test(tc, test_kernel_is_asked_again_after_a_change);
	tcase_add_test(tc, test_list_is_not_sent_to_all_at_once);
	tcase_add_test(tc, test_silent_peers_do_not_hold_others_up);
	tcase_add_test(tc, test_lists_do_not_pile_up);
	tcase_add_test(tc, test_those_that_lost_their_address_come_first);
	tcase_add_test(tc, test_reference_follows_a_rekeyed_ike_sa);
	tcase_add_test(tc, test_idle_ike_sa_needs_little_memory);
	tcase_add_test(tc, test_rekeyed_between_selection_and_queue);
	tcase_add_test(tc, test_statistics_of_drained_addresses);
	tcase_add_test(tc, test_status_looks_at_all_once);
	tcase_add_test(tc, test_address_is_lost_during_a_drain);
	tcase_add_test(tc, test_lists_are_sent_beside_a_drain_of_silent_peers);
	tcase_add_test(tc, test_lists_differ_if_an_address_is_there_twice);
	tcase_add_test(tc, test_timers_do_not_pile_up);
	tcase_add_test(tc, test_silent_peers_are_not_counted_again_and_again);
	return suite;
}
