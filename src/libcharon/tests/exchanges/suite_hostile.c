/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * A responder that has the keys and lies about its address, to have somebody
 * else get the initiator's ESP. Who is at the other address never answers, so
 * an IKE_SA that is there sends unchecked.
 */

#include "exchange_tests.h"

#define ALWAYS "plugins { rmobike { path_check = always\n" \
				"accept = any\n max_switches = 3 } }"

#define UNANNOUNCED "plugins { rmobike { reply_path = request\n" \
				"max_switches = 3 } }"

/** Requests to one address that are not the same, each sent several times */
static u_int different_requests(char *address)
{
	char pattern[128];
	u_int mid, count = 0;

	for (mid = 0; mid < 200; mid++)
	{
		snprintf(pattern, sizeof(pattern), CLIENT " -> %s * req %u {*",
				 address, mid);
		count += world_count(pattern) > 0;
	}
	return count;
}

/**
 * Let time go by, and see whether the IKE_SA is at an address meanwhile.
 */
static bool went_to(char *address, u_int ms)
{
	u_int i;

	for (i = 0; i < ms; i += 10)
	{
		if (world_is_at(INITIATOR, address))
		{
			return TRUE;
		}
		world_run(10);
	}
	return FALSE;
}

static void ask_for_foreign()
{
	world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0, 41042,
				chunk_from_chars(203, 0, 113, 77));
	world_call(RESPONDER, send_dpd);
}

/*
 * It waits until the check goes to the old address, too.
 *
 *     initiator                     responder
 *                                <- OLD      SWITCH=FOREIGN
 *     COOKIE2                    -> FOREIGN  again and again
 *     COOKIE2                    -> OLD      3 s later, the same one
 *     COOKIE2                    <- FOREIGN  not really
 *     COOKIE2                    -> FOREIGN  another one, two times in all
 */
/* REFUSED: MOBIKE-3.7-2 */
START_TEST(test_check_that_ran_out_proves_nothing)
{
	world_establish(.nat = _i, .settings = ALWAYS);
	ask_for_foreign();
	world_run(2000);
	world_lie(FOREIGN);

	ck_assert(!went_to(FOREIGN, 120000));
	ck_assert_uint_eq(different_requests(FOREIGN), 3);
	ck_assert(world_is_at(INITIATOR, OLD));
}
END_TEST

/*
 * It was at the new address, and isn't anymore when the update goes back.
 *
 *     initiator                     responder
 *     COOKIE2                    -> NEW
 *     COOKIE2                    <- NEW
 *     UPD_SA_ADDR                -> NEW      not there anymore
 *     UPD_SA_ADDR (same)         -> OLD      3 s later
 *                                <- NEW      not really
 *     COOKIE2                    -> NEW
 */
/* REFUSED: MOBIKE-3.5-2 */
START_TEST(test_update_that_ran_out_proves_nothing)
{
	world_establish(.settings = ALWAYS);
	world_switch(NEW);
	world_run(25);
	world_del_address(RESPONDER, NEW);
	world_run(1000);
	ck_assert(world_is_at(INITIATOR, NEW));
	world_run(1500);
	world_lie(NEW);
	world_run(510);
	ck_assert(world_is_at(INITIATOR, OLD));

	ck_assert(!went_to(NEW, 120000));
	ck_assert_uint_eq(different_requests(NEW), 2 + 2);
	ck_assert(world_is_at(INITIATOR, OLD));
}
END_TEST

/*
 * The initiator looks for it, and it answers from where it was not looked for,
 * or from where it was, but isn't.
 */
START_TEST(test_found_where_it_is_not)
{
	char *address = _i ? NEWER : FOREIGN;

	world_establish(.settings = ALWAYS);
	world_del_address(RESPONDER, OLD);
	world_del_address(RESPONDER, NEWER);
	world_call(INITIATOR, send_dpd);
	world_run(11000);
	world_lie(address);

	ck_assert(!went_to(address, 60000));
}
END_TEST

/*
 * charon follows the source of a list of addresses.
 */
/* REFUSED: MOBIKE-3.8-2 */
START_TEST(test_list_from_elsewhere)
{
	world_establish(.settings = ALWAYS);
	world_lie(FOREIGN);
	world_call(RESPONDER, roam, TRUE);

	ck_assert(!went_to(FOREIGN, 60000));
	ck_assert(world_is_at(INITIATOR, OLD));
	ck_assert(world_is_at(RESPONDER, OLD));
	ck_assert_uint_eq(different_requests(FOREIGN), 3);
}
END_TEST

/*
 * charon goes where the first answer comes from when the initiator has moved.
 */
/* REFUSED: MOBIKE-3.8-2 */
START_TEST(test_answer_from_elsewhere_when_roaming)
{
	char *address = _i ? NEWER : FOREIGN;

	world_establish(.settings = ALWAYS);
	world_del_address(RESPONDER, NEWER);
	world_add_address(INITIATOR, "198.51.100.11");
	world_del_address(INITIATOR, CLIENT);
	world_lie(address);
	world_call(INITIATOR, roam, TRUE);

	ck_assert(!went_to(address, 60000));
	ck_assert(world_is_at(INITIATOR, OLD));
}
END_TEST

/**
 * Announce somebody else's address.
 */
static void announce_foreign()
{
	world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0, ADDITIONAL_IP4_ADDRESS,
				chunk_from_chars(203, 0, 113, 77));
	world_call(RESPONDER, send_dpd);
	world_run(100);
}

/**
 * For how many milliseconds is the IKE_SA there while something is done each
 * second?
 */
static u_int time_at_foreign(u_int ms, void (*what)())
{
	u_int i, count = 0;

	for (i = 0; i < ms; i += 10)
	{
		if (i % 1000 == 0)
		{
			what();
		}
		count += world_is_at(INITIATOR, FOREIGN);
		world_run(10);
	}
	return count * 10;
}

/*
 * It announces somebody else's address, and while the initiator is there asks
 * for it again each second. No more goes there than max_switches allows.
 *
 *     initiator                     responder
 *                                <- OLD      SWITCH=FOREIGN, announced
 *     UPD_SA_ADDR                -> FOREIGN
 *                                <- OLD      SWITCH=FOREIGN
 *     UPD_SA_ADDR (same)         -> OLD      3 s later
 *                                <- OLD
 *     UPD_SA_ADDR                -> FOREIGN  three times in all
 */
START_TEST(test_asks_for_where_we_are)
{
	u_int ms;

	world_establish(.settings = UNANNOUNCED);
	announce_foreign();
	ms = time_at_foreign(50000, ask_for_foreign);
	ck_assert_uint_ge(ms, 3 * 3000 - 100);
	ck_assert_uint_le(ms, 3 * 3000 + 100);
	ck_assert(world_is_at(INITIATOR, OLD));
}
END_TEST

/**
 * Rekey the IKE_SA as responder.
 */
static void rekey()
{
	world_call(RESPONDER, rekey);
}

/*
 * It does not ask for the address again, or does so once, but rekeys the IKE_SA
 * while the initiator is there.
 */
START_TEST(test_rekeys_where_we_are)
{
	u_int ms;

	world_establish(.settings = UNANNOUNCED);
	announce_foreign();
	ask_for_foreign();
	world_run(100);
	ck_assert(world_is_at(INITIATOR, FOREIGN));
	if (_i)
	{
		ask_for_foreign();
		world_run(100);
	}
	ms = time_at_foreign(50000, rekey);
	ck_assert_uint_le(ms, 3 * 3000);
	ck_assert(world_is_at(INITIATOR, OLD));
}
END_TEST

/**
 * Do nothing.
 */
static void nothing()
{
}

/*
 * It announces somebody else's address and does not answer a request, so that
 * no update can be sent. Meanwhile it sends a list of addresses from there.
 *
 *     initiator                     responder
 *                                <- OLD      FOREIGN
 *     {}                         -> OLD      not answered
 *                                <- FOREIGN  not really: OLD, FOREIGN
 */
START_TEST(test_list_while_no_update_can_be_sent)
{
	world_establish(.settings = UNANNOUNCED);
	announce_foreign();
	world_fate(DROP, CLIENT " -> * INFORMATIONAL req *", 1000);
	if (_i)
	{
		world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0, 41042,
					chunk_from_chars(203, 0, 113, 78));
		world_call(RESPONDER, send_dpd);
	}
	else
	{
		world_call(INITIATOR, send_dpd);
	}
	world_run(100);
	world_lie(FOREIGN);
	world_call(RESPONDER, roam, TRUE);
	ck_assert_uint_le(time_at_foreign(100000, nothing), 3 * 3000);
}
END_TEST

/**
 * How many addresses of the responder does the initiator know?
 */
static u_int count_known()
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	host_t *host;
	u_int count = 0;

	ike_sa = world_checkout(INITIATOR);
	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &host))
	{
		count++;
	}
	enumerator->destroy(enumerator);
	world_checkin(ike_sa, SUCCESS);
	return count;
}

/*
 * Each list has another address, and the one that it comes from, so it does not
 * say where it was made. What is known does not pile up: three addresses that
 * are there, the other one, and those that are kept.
 */
/* REFUSED: MOBIKE-3.6-1 */
START_TEST(test_addresses_do_not_pile_up)
{
	char address[] = "192.0.2.100";
	int i;

	world_establish();
	for (i = 0; i < 30; i++)
	{
		snprintf(address, sizeof(address), "192.0.2.%d", 100 + i);
		world_add_address(RESPONDER, address);
		world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0,
					ADDITIONAL_IP4_ADDRESS, chunk_from_chars(192, 0, 2, 1));
		world_call(RESPONDER, roam, TRUE);
		world_run(1500);
		world_del_address(RESPONDER, address);
	}
	ck_assert_uint_eq(world_count("* <- * INFORMATIONAL req * {ADD*"), 30);
	ck_assert_uint_ge(count_known(), 4 + 8);
	/* charon adds where a list came from, whether it is in it or not */
	ck_assert_uint_le(count_known(), 4 + 8 + 1);
	assert_at(OLD);
}
END_TEST

void suite_hostile(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_check_that_ran_out_proves_nothing, 0, 2);
	tcase_add_test(tcase, test_update_that_ran_out_proves_nothing);
	tcase_add_loop_test(tcase, test_found_where_it_is_not, 0, 2);
	tcase_add_test(tcase, test_list_from_elsewhere);
	tcase_add_loop_test(tcase, test_answer_from_elsewhere_when_roaming, 0, 2);
	tcase_add_test(tcase, test_asks_for_where_we_are);
	tcase_add_loop_test(tcase, test_rekeys_where_we_are, 0, 2);
	tcase_add_loop_test(tcase, test_list_while_no_update_can_be_sent, 0, 2);
	tcase_add_test(tcase, test_addresses_do_not_pile_up);
}
