/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * The responder lost its address, the first one it chose is dead, and a third
 * would do: what is in the air at either end has to find it, as nothing else
 * can be sent before it is answered.
 */

#include "exchange_tests.h"

#define OTHER "198.51.100.11"
#define OTHER_INSIDE "10.0.0.11"

/** What varies */
enum {
	NAT = 1, CHECK = 2, ROAMS = 4, FILTERED = 8, LATE_DPD = 16, KINDS = 32,
};

static void lose_address(void *null)
{
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
}

static void roam_initiator(void *nat)
{
	world_add_address(INITIATOR, nat ? OTHER_INSIDE : OTHER);
	world_del_address(INITIATOR, nat ? INSIDE : CLIENT);
	world_roam(INITIATOR);
}

static void begin(void *which)
{
	switch ((uintptr_t)which)
	{
		case 1:
			world_call(INITIATOR, send_dpd);
			break;
		case 2:
			world_call(INITIATOR, rekey);
			break;
		case 3:
			world_rekey_child(INITIATOR);
			break;
		case 4:
			world_call(RESPONDER, send_dpd);
			break;
		case 5:
			world_call(RESPONDER, rekey);
			break;
		case 6:
			world_rekey_child(RESPONDER);
			break;
	}
}

/**
 * Lose the address while the first choice is dead.
 */
static void lose(int kind)
{
	world_establish(.nat = kind & NAT, .settings = kind & CHECK ?
					"plugins { rmobike { path_check = always } }" : NULL);
	world_block(NEW);
	if (kind & FILTERED)
	{
		world_block(OLD);
	}
	world_later(20, lose_address, NULL);
	if ((kind & NAT) && (kind & FILTERED))
	{	/* nobody can tell the initiator, which finds out */
		world_later(kind & LATE_DPD ? 15000 : 2000, begin,
					(void*)(uintptr_t)1);
	}
	if (kind & ROAMS)
	{
		world_later(20, roam_initiator, kind & NAT ? "" : NULL);
	}
}

/**
 * Both ends are at the third address.
 */
static void assert_rescued()
{
	ck_assert_str_eq(world_disagreement() ?: "", "");
	assert_at(NEWER);
}

/*
 *     initiator                     responder
 *                                <- OLD       SWITCH=NEW
 *     {}                         -> NEW       dead
 *     UPD_SA_ADDR                -> NEW       dead
 *     UPD_SA_ADDR (same)         -> OLD       3 s later, gone
 *     UPD_SA_ADDR (same)         -> NEWER     6 s later
 *                                <- NEWER
 *     UPD_SA_ADDR                -> NEWER
 *
 * Or, if the network filters what comes from OLD and there is no NAT, the
 * SWITCH comes from NEWER after 6 s.
 */
START_TEST(test_third_address_is_found)
{
	lose(_i);
	world_run(120000);

	assert_rescued();
}
END_TEST

/*
 * Something was in the air already, or is when the switch begins. What is left
 * of an IKE_SA that was rekeyed is given up in the end.
 *
 * Not if the initiator moves, too, having answered the responder who rekeys
 * the IKE_SA: it goes on with the new one, which the responder doesn't have
 * yet, and neither knows where the other one is.
 */
START_TEST(test_third_address_with_a_request_under_way)
{
	int i = _i / KINDS, which = 1 + i / 3, ms = i % 3 * 60, kind = _i % KINDS;

	if (which == 5 && !ms)
	{
		kind &= ~ROAMS;
	}
	lose(kind);
	world_later(ms, begin, (void*)(uintptr_t)which);
	world_run(400000);

	assert_rescued();
}
END_TEST

void suite_rescue(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_third_address_is_found, 0, KINDS);
	tcase_add_loop_test(tcase, test_third_address_with_a_request_under_way, 0,
						6 * 3 * KINDS);
}
