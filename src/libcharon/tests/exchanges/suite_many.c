/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * More than one IKE_SA, and what is asked about them.
 */

#include "many.h"

#include <malloc.h>

#include "operator/rmobike_commands.h"
#include "sa/rmobike_refs.h"

/** charon's methods that tests count the calls of */
static host_t *(*stock_get_source_addr)(kernel_interface_t *this, host_t *dest,
										host_t *src);
static enumerator_t *(*stock_create_enumerator)(ike_sa_manager_t *this,
												bool wait);

static void (*stock_schedule_job_tv)(scheduler_t *this, job_t *job,
									 timeval_t tv);

/** How often that was */
static u_int calls;

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
	many_establish(MANY, (world_conf_t){});
	stock_get_source_addr = charon->kernel->get_source_addr;
	charon->kernel->get_source_addr = _get_source_addr;
	calls = 0;
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(15);
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
	many_establish(MANY, (world_conf_t){});
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
	many_establish(3 * MANY, (world_conf_t){
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
	many_establish(MANY, (world_conf_t){});
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

	many_establish(MANY, conf);
	tell_all();
	before = mallinfo2().uordblks;
	many_initiate(MANY);
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

	many_establish(MANY, (world_conf_t){});
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

	world_create((world_conf_t){
		.responder = OLD " " NEWER " " NEWER,
	});
	many_initiate(1);
	world_del_address(RESPONDER, NEWER);
	world_del_address(RESPONDER, NEWER);
	world_add_address(RESPONDER, another);
	world_add_address(RESPONDER, NEWER);
	many_initiate(1);
	world_mark();
	world_del_address(RESPONDER, OLD);
	world_run(5000);
	/* it is the first of those that were announced */
	assert_outcomes("rw " OLD " -> 192.0.2.99 done",
					"rw " OLD " -> " NEWER " done");
}
END_TEST

void suite_many(TCase *tc)
{
	tcase_add_test(tc, test_kernel_is_not_asked_for_each_ike_sa);
	tcase_add_test(tc, test_kernel_is_asked_again_after_a_change);
	tcase_add_test(tc, test_list_is_not_sent_to_all_at_once);
	tcase_add_test(tc, test_silent_peers_do_not_hold_others_up);
	tcase_add_test(tc, test_lists_do_not_pile_up);
	tcase_add_test(tc, test_those_that_lost_their_address_come_first);
	tcase_add_test(tc, test_reference_follows_a_rekeyed_ike_sa);
	tcase_add_test(tc, test_idle_ike_sa_needs_little_memory);
	tcase_add_test(tc, test_rekeyed_between_selection_and_queue);
	tcase_add_test(tc, test_lists_differ_if_an_address_is_there_twice);
	tcase_add_test(tc, test_timers_do_not_pile_up);
}
