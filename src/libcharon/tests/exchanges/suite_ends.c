/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * One end, or the daemon, stops in the middle of a switch, in any millisecond.
 */

#include "exchange_tests.h"

/** A switch takes 60 ms: request, response, UPDATE, its response */
#define MOMENTS 80

/**
 * Forget an IKE_SA without a word, as a daemon that crashes does.
 */
static status_t forget(ike_sa_t *ike_sa)
{
	return DESTROY_ME;
}

/**
 * After one end has crashed the other one finds out, and all works again.
 */
static void crash(side_t side, u_int ms)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(ms);
	world_each(side, forget);
	world_run(20000);
	world_call(!side, send_dpd);
	world_run(400000);

	ck_assert_uint_le(world_outcomes(), 1);
	assert_gone();
}

/*
 *     initiator                     responder
 *                                <- OLD  SWITCH=NEW
 *     {}                         -> NEW
 *     UPD_SA_ADDR                -> NEW  is started again
 */
START_TEST(test_gateway_restarts)
{
	crash(RESPONDER, _i);
}
END_TEST

/*
 *     initiator                     responder
 *                                <- OLD  SWITCH=NEW
 *     {}                         -> NEW
 *     is started again
 */
START_TEST(test_client_restarts)
{
	crash(INITIATOR, _i);
}
END_TEST

/*
 * Also with an address that is gone, whose requests are asked again by timers.
 */
START_TEST(test_gateway_restarts_after_it_lost_the_address)
{
	world_establish(.nat = TRUE);
	world_del_address(RESPONDER, OLD);
	world_call(RESPONDER, send_dpd);
	world_roam(RESPONDER);
	world_run(_i * 5);
	world_each(RESPONDER, forget);
	world_run(20000);
	world_call(INITIATOR, send_dpd);
	world_run(400000);

	assert_gone();
}
END_TEST

METHOD(logger_t, log_and_forget, void,
	logger_t *this, debug_t group, level_t level, int thread, ike_sa_t *ike_sa,
	const char *text)
{
	if (strstr(text, " timeout after "))
	{
		world_each(RESPONDER, forget);
		world_each(INITIATOR, forget);
	}
}

METHOD(logger_t, get_level, level_t,
	logger_t *this, debug_t group)
{
	return group == DBG_IKE ? LEVEL_AUDIT + 1 : LEVEL_SILENT;
}

/*
 * A switch ends by a timer, and before anybody is told the IKE_SA is gone.
 */
START_TEST(test_ike_sa_ends_with_its_switch)
{
	logger_t logger = {
		.log = _log_and_forget,
		.get_level = _get_level,
	};

	world_establish();
	world_fate(DROP, "*SWITCH=*", 1000);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	charon->bus->add_logger(charon->bus, &logger);
	world_run(12000);
	charon->bus->remove_logger(charon->bus, &logger);
	assert_outcomes("* timeout: no answer");
	assert_gone();
}
END_TEST

/*
 * All of it is unloaded with all that is under way, sanitizers see the rest.
 */
START_TEST(test_plugin_is_unloaded)
{
	world_establish(.nat = TRUE);
	if (_i & 1)
	{
		world_del_address(RESPONDER, OLD);
		world_call(RESPONDER, send_dpd);
		world_roam(RESPONDER);
		world_run(_i * 5);
	}
	else
	{
		world_switch(NEW);
		world_run(_i);
	}
	world_destroy();
	/* there has to be one when the test ends */
	establish_and_switch();
	assert_at(NEW);
}
END_TEST

void suite_ends(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_gateway_restarts, 0, MOMENTS);
	tcase_add_loop_test(tcase, test_client_restarts, 0, MOMENTS);
	tcase_add_loop_test(tcase, test_gateway_restarts_after_it_lost_the_address,
						0, MOMENTS);
	tcase_add_test(tcase, test_ike_sa_ends_with_its_switch);
	tcase_add_loop_test(tcase, test_plugin_is_unloaded, 0, MOMENTS);
}
