/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * The initiator moves as well, or its NAT does so for it. As in suite_rekey.c
 * the other move begins up to 40 ms before or after the switch, in steps of 4.
 */

#include "exchange_tests.h"

/** Address the initiator moves to, behind the same NAT */
#define OTHER "10.0.0.11"

/**
 * Make a world where a switch and something else meet.
 */
static void race(int i, bool nat, void (*other)(void*), void *user)
{
	int offset = race_offset(i);

	world_establish(.nat = nat, .busy = i < STEPS ? 0 : 3,
					.settings = "plugins { rmobike { timeout = 30 } }");
	/* only then charon notices when the mapping is another one */
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	world_mark();
	switch_later(max(0, -offset), NEW);
	world_later(max(0, offset), other, user);
	world_run(100);
}

/**
 * All is well wherever the responder is: a client that moves probes all of its
 * addresses (RFC 4555, 3.4), the first one that answers is as good as any.
 */
#define assert_settled() ({ \
	world_run(60000); \
	assert_outcomes("rw " OLD " -> " NEW " done"); \
	assert_agreed(); \
})

static void roam_initiator(void *address)
{
	world_add_address(INITIATOR, address);
	world_del_address(INITIATOR, INSIDE);
	world_del_address(INITIATOR, CLIENT);
	world_call(INITIATOR, roam, TRUE);
}

/*
 * The client moves in the same moment, with a NAT or without.
 *
 *     initiator                 responder
 *     UPD_SA_ADDR            -> <- SWITCH=NEW
 *     {}                     -> NEW             from the new address
 *     UPD_SA_ADDR            -> NEW
 */
START_TEST(test_client_roams_behind_nat)
{
	race(_i, TRUE, roam_initiator, OTHER);
	assert_settled();
}
END_TEST

START_TEST(test_client_roams_without_nat)
{
	race(_i, FALSE, roam_initiator, "198.51.100.11");
	assert_settled();
}
END_TEST

static void roam_initiator_later(void *address)
{
	world_add_address(INITIATOR, address);
	world_del_address(INITIATOR, INSIDE);
	world_roam(INITIATOR);
}

/*
 * As it is with a real kernel: the address is gone 100 ms before charon knows.
 */
START_TEST(test_client_roams_and_notices_late)
{
	race(_i, TRUE, roam_initiator_later, OTHER);
	assert_settled();
}
END_TEST

/*
 * The client is offline for a while.
 *
 *     initiator                 responder
 *     no address                <- SWITCH=NEW    lost
 *     new address
 *     UPD_SA_ADDR            -> OLD
 *                               <- SWITCH=NEW    to the client's new address
 */
START_TEST(test_client_is_offline)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { timeout = 60 } }");
	world_del_address(INITIATOR, INSIDE);
	world_roam(INITIATOR);
	world_run(200);
	world_switch(NEW);
	world_run(2000);
	world_add_address(INITIATOR, OTHER);
	world_roam(INITIATOR);
	world_run(60000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * The address vanishes while the update is in the air.
 *
 *     initiator                 responder
 *                               <- SWITCH=NEW
 *     {}                     -> NEW
 *     UPD_SA_ADDR            -> NEW              lost, address gone
 *     UPD_SA_ADDR            -> NEW              from the new address
 */
START_TEST(test_client_loses_address_during_update)
{
	world_establish(.nat = TRUE);
	world_fate(DROP, UPDATE_REQ, 1);
	world_switch(NEW);
	world_run(12);
	roam_initiator(OTHER);
	assert_settled();
}
END_TEST

/*
 * Its update is lost, as things are when somebody moves: until it arrives the
 * responder can't reach the client, and may be about to move as well.
 *
 *     initiator                 responder
 *     {}                     -> OLD, NEW, NEWER
 *     UPD_SA_ADDR            -> OLD                 lost
 *     UPD_SA_ADDR            -> OLD                 lost, 150 ms later
 *     UPD_SA_ADDR            -> OLD                 450 ms
 */
START_TEST(test_client_roams_and_its_update_is_lost)
{
	world_establish(.nat = _i & 1);
	world_fate(DROP, _i & 2 ? "* <- * resp * {*COOKIE2*" : UPDATE_REQ, 2);
	roam_initiator(_i & 1 ? OTHER : "198.51.100.11");
	world_run(1000);

	assert_at(OLD);
	world_mark();
	world_run(10000);
	assert_count(0, UPDATE_REQ);
}
END_TEST

/*
 * What was prepared for the switch is outdated when it happens at last.
 *
 *     initiator                 responder
 *                               <- OLD  SWITCH=NEWER     lost for a while
 *     UPD_SA_ADDR            -> NEW                      the client moved
 *                               <- NEW  SWITCH=NEWER
 *     UPD_SA_ADDR            -> NEWER
 */
/* REQ */
START_TEST(test_client_moves_elsewhere_before_switch)
{
	world_establish(.nat = _i);
	world_fate(DROP, SWITCH_REQ(NEWER), 1000);
	world_switch(NEWER);
	world_run(100);
	world_block(OLD);
	roam_initiator(_i ? OTHER : "198.51.100.11");
	world_run(2000);
	ck_assert(world_is_at(RESPONDER, NEW));
	world_unblock(OLD);
	world_fate_none();
	world_run(20000);

	assert_outcomes("* done");
	assert_at(NEWER);
}
END_TEST

static void reboot_nat(void *null)
{
	world_nat_reboot();
}

/*
 * The NAT forgets its mappings: the client has to send something first, here
 * that is a DPD after some seconds.
 *
 *     initiator            NAT   responder
 *                           |    <- SWITCH=NEW   dropped, or arrives in time
 *     NATD..               -|->                  new port
 *     UPD_SA_ADDR          -|->
 *                           |    <- SWITCH=NEW   again
 */
/* REQ: MOBIKE-3.8-1 */
START_TEST(test_nat_mapping_changes)
{
	race(_i, TRUE, reboot_nat, NULL);
	world_run(3000);
	world_call(INITIATOR, send_dpd);
	world_run(120000);

	world_call(INITIATOR, send_dpd);
	world_run(5000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * It forgets them when charon has nothing to compare with: there was no DPD in
 * this IKE_SA yet, so the first one would tell what is taken for the mapping
 * that the responder knows.
 *
 *     initiator            NAT   responder
 *     NATD..               -|->                  new port
 *     UPD_SA_ADDR          -|->
 *                           |    <- SWITCH=NEW
 */
START_TEST(test_nat_mapping_changes_before_first_dpd)
{
	bool before = _i / 3;

	world_establish(.nat = TRUE);
	if (before)
	{
		world_call(INITIATOR, send_dpd);
		world_run(1000);
	}
	if (_i % 3)
	{
		world_call(_i % 3 == 1 ? INITIATOR : RESPONDER, rekey);
		world_run(1000);
	}
	world_nat_reboot();
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	world_switch(NEW);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * It forgets them between the last DPD and a rekeying. Once the responder was
 * told there is nothing more to tell.
 */
START_TEST(test_nat_mapping_changes_before_rekeying)
{
	world_establish(.nat = TRUE);
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	world_nat_reboot();
	world_call(INITIATOR, rekey);
	world_run(1000);
	world_mark();
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	assert_count(2, "* -> * INFORMATIONAL req * {NATD_S_IP NATD_D_IP}");
	assert_count(1, UPDATE_REQ);

	world_switch(NEW);
	world_run(5000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * There is nothing to tell if there is no NAT.
 */
/* REFUSED: MOBIKE-3.8-1 */
START_TEST(test_no_nat_no_mapping)
{
	world_establish();
	world_mark();
	world_call(INITIATOR, send_dpd);
	world_run(1000);

	assert_count(0, UPDATE_REQ);
	assert_at(OLD);
}
END_TEST

/*
 * The initiator's update waits for another exchange of its own. What it wants
 * meanwhile isn't forgotten: to detect changes of the NAT, to roam, to announce
 * an address.
 *
 *     initiator                 responder
 *     SA TS..                ->                  held
 *                               <- SWITCH=NEW
 *     {}                     -> NEW
 *     UPD_SA_ADDR queued, DPD and roaming join in
 */
/* REQ: IKE-2.3-1 */
START_TEST(test_other_wishes_of_initiator_wait)
{
	world_establish(.nat = TRUE);
	world_fate(HOLD, "* -> * CREATE_CHILD_SA req *", 1);
	world_create_child(INITIATOR);
	world_switch(NEW);
	world_run(100);
	switch (_i)
	{
		case 0:
			world_call(INITIATOR, send_dpd);
			break;
		case 1:
			roam_initiator(OTHER);
			world_add_address(INITIATOR, INSIDE);
			break;
		case 2:
			world_add_address(INITIATOR, OTHER);
			world_call(INITIATOR, roam, TRUE);
			break;
	}
	world_release("*");
	world_run(10000);

	assert_outcomes("* done");
	if (_i == 1)
	{	/* roaming may end anywhere */
		assert_agreed();
	}
	else
	{
		assert_at(NEW);
	}
	if (_i == 2)
	{
		assert_count(1, "* -> * INFORMATIONAL req * {*ADD_4_ADDR*}");
	}
	ck_assert_uint_eq(world_children(RESPONDER), 2);
}
END_TEST

void suite_moves(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_client_roams_behind_nat, 0, RACES);
	tcase_add_loop_test(tcase, test_client_roams_without_nat, 0, RACES);
	tcase_add_loop_test(tcase, test_client_roams_and_notices_late, 0, RACES);
	tcase_add_test(tcase, test_client_is_offline);
	tcase_add_test(tcase, test_client_loses_address_during_update);
	tcase_add_loop_test(tcase, test_client_roams_and_its_update_is_lost, 0, 4);
	tcase_add_loop_test(tcase, test_client_moves_elsewhere_before_switch, 0, 2);
	tcase_add_loop_test(tcase, test_nat_mapping_changes, 0, RACES);
	tcase_add_loop_test(tcase, test_nat_mapping_changes_before_first_dpd, 0, 6);
	tcase_add_test(tcase, test_nat_mapping_changes_before_rekeying);
	tcase_add_test(tcase, test_no_nat_no_mapping);
	tcase_add_loop_test(tcase, test_other_wishes_of_initiator_wait, 0, 3);
}
