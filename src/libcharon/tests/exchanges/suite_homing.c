/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Where IKE_SAs belong: not to addresses that are drained by configuration, and
 * to preferred ones again once these have been usable for a while.
 */

#include "many.h"

#include "operator/rmobike_commands.h"

/** Options of the plugin */
#define OPTIONS(options) "plugins { rmobike { " options " } }"

/** Where IKE_SAs should be, and how long that has to be usable */
#define HOME OPTIONS("prefer = " OLD "\n prefer_after = 60")

/** The responder's preferred address is gone, or there again */
static void lose(char *address)
{
	world_del_address(RESPONDER, address);
	world_roam(RESPONDER);
}

static void regain(char *address)
{
	world_add_address(RESPONDER, address);
	world_roam(RESPONDER);
}

/** Lose it for some time */
static void flap(char *address, u_int ms)
{
	lose(address);
	world_run(ms);
	regain(address);
}

/** Lose it for a moment, it is back before charon tells anybody */
static void blink(char *address)
{
	lose(address);
	world_run(40);
	world_add_address(RESPONDER, address);
}

/** Have all go home now, returns how many are meant */
static u_int prefer_now()
{
	rmobike_homing_t *homing = world_commands()->homing;
	rmobike_move_t move = {
		.max_in_flight = RMOBIKE_MAX_IN_FLIGHT,
	};
	char why[BUF_LEN];
	u_int matches;

	ck_assert_msg(homing->start(homing, &move, &matches, why, sizeof(why)),
				  "%s", why);
	return matches;
}

/** Drain an address by command, or no more; returns what is wrong */
static char *drain(char *address, char *reason)
{
	static char why[BUF_LEN];
	rmobike_placement_t *placement = world_commands()->placement;
	rmobike_move_t move = {
		.max_in_flight = RMOBIKE_MAX_IN_FLIGHT,
	};
	host_t *host;
	u_int matches;

	host = host_create_from_string(address, 0);
	why[0] = '\0';
	if (reason)
	{
		placement->drain(placement, host, reason, &move, &matches, why,
						 sizeof(why));
	}
	else
	{
		placement->undrain(placement, host, why, sizeof(why));
	}
	host->destroy(host);
	world_commands()->homing->look(world_commands()->homing, FALSE);
	return why;
}

/*
 * Nothing remembers it but the configuration.
 */
START_TEST(test_newcomer_leaves_what_is_drained_by_configuration)
{
	world_establish(.settings = OPTIONS("drained = " OLD ", " NEW));
	world_run(1000);

	assert_outcomes("rw " OLD " -> " NEWER " done");
	assert_at(NEWER);
	/* nobody knows better than the configuration */
	ck_assert_str_eq(drain(OLD, NULL), OLD " is drained by configuration, see "
					 "charon.plugins.rmobike.drained");
}
END_TEST

START_TEST(test_reload_drains_an_address)
{
	many_establish(MANY, (world_conf_t){});
	assert_outcomes();
	world_reload(OPTIONS("drained = 192.0.2.0/31"));
	world_run(10000);

	ck_assert_uint_eq(world_outcomes(), MANY);
	assert_logged("*40 IKE_SAs return to better addresses");
	assert_agreed();
	ck_assert(world_is_at(INITIATOR, NEW));
}
END_TEST

/*
 * The last address, though nobody shall be there. That is said, and they leave
 * it as soon as there is another one.
 */
START_TEST(test_drained_address_is_used_if_no_other_is_left)
{
	world_establish(.responder = OLD " " NEW " " NEWER,
					.settings = OPTIONS("drained = " NEW));
	lose(OLD);
	world_run(5000);
	assert_outcomes("rw " OLD " -> " NEWER " done");
	assert_not_logged("no other address *");
	lose(NEWER);
	world_run(5000);
	assert_outcomes("rw " NEWER " -> " NEW " done");
	assert_logged("*no other address for IKE_SA rw* is left than " NEW
				  ", which is drained");
	regain(OLD);
	world_run(5000);

	assert_outcomes("rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

START_TEST(test_newcomer_stays_at_the_last_address)
{
	world_create((world_conf_t){ .responder = OLD,
								 .settings = OPTIONS("drained = " OLD) });
	world_initiate();
	world_run(5000);

	assert_outcomes();
	assert_logged("*IKE_SA rw* stays at " OLD ", which is drained: no other "
				  "address is left");
	assert_at(OLD);
}
END_TEST

/*
 *     OLD   there  gone there          there
 *                       |---- 60 s ----|
 *     at    OLD    NEW                 OLD
 */
START_TEST(test_returns_after_a_while)
{
	many_establish(MANY, (world_conf_t){ .settings = HOME });
	flap(OLD, 10000);
	ck_assert_uint_eq(world_outcomes(), MANY);
	world_run(59000);
	ck_assert_uint_eq(world_outcomes(), MANY);
	world_run(10000);

	ck_assert_uint_eq(world_outcomes(), 2 * MANY);
	assert_agreed();
	ck_assert(world_is_at(INITIATOR, OLD));
	world_run(7200000);
	ck_assert_uint_eq(world_outcomes(), 2 * MANY);
}
END_TEST

/*
 * It is back before charon tells anybody, but not before they left.
 */
START_TEST(test_returns_if_nobody_saw_it_missing)
{
	world_establish(.settings = HOME);
	blink(OLD);
	world_run(59000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	world_run(3000);

	assert_outcomes("rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

START_TEST(test_never_returns_by_itself_unless_configured)
{
	world_establish(.settings = OPTIONS("prefer = " OLD));
	flap(OLD, 10000);
	world_run(7200000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	ck_assert_uint_eq(prefer_now(), 1);
	world_run(1000);

	assert_outcomes("rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

/*
 * An operator does not wait, and after that nobody has to.
 */
START_TEST(test_command_does_not_wait)
{
	world_establish(.settings = HOME);
	flap(OLD, 10000);
	world_run(1000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	ck_assert_uint_eq(prefer_now(), 1);
	world_run(1000);
	assert_outcomes("rw " NEW " -> " OLD " done");
	ck_assert_uint_eq(prefer_now(), 0);
	world_run(200000);

	assert_outcomes();
	assert_at(OLD);
}
END_TEST

/*
 * What was found out about its routes while it was missing counts no more.
 */
START_TEST(test_command_knows_what_was_back_just_now)
{
	world_establish(.settings = HOME);
	blink(OLD);
	ck_assert_uint_eq(prefer_now(), 1);
	world_run(1000);

	assert_outcomes("rw " OLD " -> " NEW " done", "rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

/*
 * The wait begins anew, and is twice as long: 60, 120, 240 s. It is an hour at
 * most, and short again once the address has been there for an hour after it.
 */
START_TEST(test_wait_is_doubled)
{
	static const u_int waits[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600 };
	int i;

	world_establish(.settings = HOME);
	for (i = 0; i < countof(waits); i++)
	{
		flap(OLD, 10000);
		assert_outcomes("rw " OLD " -> " NEW " done");
		world_run(waits[i] * 1000 - 1000);
		assert_outcomes();
		world_run(3000);
		if (waits[i] < 300)
		{	/* its peer may not want to be asked again */
			world_run(300000);
		}
		assert_outcomes("rw " NEW " -> " OLD " done");
	}
	world_run(3600000);
	flap(OLD, 10000);
	world_run(63000);

	assert_outcomes("rw " OLD " -> " NEW " done", "rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

/*
 * It is gone again during the wait.
 */
START_TEST(test_wait_begins_anew)
{
	world_establish(.settings = HOME);
	flap(OLD, 10000);
	world_run(50000);
	flap(OLD, 10000);
	world_run(118000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	world_run(3000);

	assert_outcomes("rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

/*
 * A better address does not make the best one good: that still has to wait.
 *
 *     OLD      gone         there                there
 *                             |------- 60 s -------|
 *     NEW      gone   there                there
 *                       |------- 60 s -------|
 *     at       NEWER                         NEW   OLD
 */
START_TEST(test_each_address_has_its_wait)
{
	world_establish(.settings = OPTIONS("prefer = " OLD "," NEW "\n"
										"prefer_after = 60"));
	world_del_address(RESPONDER, NEW);
	lose(OLD);
	world_run(5000);
	assert_outcomes("rw " OLD " -> " NEWER " done");
	regain(NEW);
	world_run(30000);
	regain(OLD);
	world_run(35000);
	assert_outcomes("rw " NEWER " -> " NEW " done");
	world_run(30000);

	assert_outcomes("rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

/*
 * Whatever quality an operator's program sees, an address that was drained has
 * to be good for as long.
 */
START_TEST(test_returns_to_an_address_that_is_not_drained_anymore)
{
	char *reason;
	host_t *old;

	world_establish(.settings = HOME);
	ck_assert_str_eq(drain(OLD, "30 % loss"), "");
	world_run(5000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_logged("*address " OLD " is drained: 30 % loss");
	old = host_create_from_string(OLD, 0);
	ck_assert(world_commands()->drained->has(world_commands()->drained, old,
											 NULL, &reason));
	ck_assert_str_eq(reason, "30 % loss");
	free(reason);
	old->destroy(old);
	ck_assert_str_eq(drain(OLD, NULL), "");
	world_run(59000);
	assert_outcomes();
	world_run(3000);

	assert_outcomes("rw " NEW " -> " OLD " done");
	assert_at(OLD);
	ck_assert_str_eq(drain(OLD, NULL), OLD " is not drained");
}
END_TEST

/*
 * Its peer follows two switches within 100 s. It has followed one, and may have
 * to follow another one if the address is gone again.
 */
START_TEST(test_leaves_its_peer_one_switch)
{
	world_establish(.settings = OPTIONS("prefer = " OLD "\n prefer_after = 5\n"
							"max_switches = 2\n switch_interval = 100"));
	flap(OLD, 5000);
	world_run(100000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	world_run(70000);
	assert_outcomes("rw " NEW " -> " OLD " done");
	lose(OLD);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * A peer that does not want to is asked again an hour later.
 */
START_TEST(test_peer_that_refuses_is_not_bothered)
{
	world_establish(.settings = OPTIONS("prefer = " OLD "\n prefer_after = 60\n"
							"accept = none\n accept_addresses = " NEW));
	flap(OLD, 5000);
	world_run(1000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	world_run(3600000);
	assert_outcomes("rw " NEW " -> " OLD " refused: *");
	world_run(200000);

	assert_outcomes("rw " NEW " -> " OLD " refused: *");
	assert_at(NEW);
}
END_TEST

/*
 * The better address is gone again while they return: those that did not begin
 * stay where they are, the others come back.
 */
START_TEST(test_better_address_is_gone_during_the_return)
{
	many_establish(MANY, (world_conf_t){ .settings = HOME });
	flap(OLD, 10000);
	world_delay(INITIATOR, 200);
	world_delay(RESPONDER, 200);
	while (world_outcomes() == MANY)
	{
		ck_assert(world_now() < 100000);
		world_run(20);
	}
	lose(OLD);
	world_run(30000);

	assert_agreed();
	ck_assert(world_is_at(INITIATOR, NEW));
	ck_assert_uint_eq(world_records(), 2 * MANY);
}
END_TEST

/*
 * A bad uplink: it is there for up to ten minutes, sometimes for hours, and
 * gone for up to one, a thousand times. However often, nobody moves unless the
 * address was there for as long as it has to be by then, peers follow each
 * time, and nobody is lost.
 */
START_TEST(test_thousand_flaps)
{
	u_int left, up, wait = 60, returns = 0, end = 0, now = 0, down;
	int i;

	many_establish(3, (world_conf_t){ .settings = HOME });
	for (i = 0; i < 1000; i++)
	{
		lose(OLD);
		down = 5 + world_random(60);
		world_run(down * 1000);
		regain(OLD);
		now += down;
		wait = i == 0 || now - end >= 3600 ? 60 : min(wait * 2, 3600);
		end = now + wait;
		/* those who had come back, or nobody */
		left = world_outcomes();
		ck_assert_uint_eq(left, 3 * (2 * returns + 1));
		up = world_random(i % 8 ? 600 : 10000);
		world_run(up * 1000);
		now += up;
		returns += world_outcomes() > left;
		ck_assert_msg(world_outcomes() == left || up >= wait, "flap %d: "
					  "returned after %u s, not %u", i, up, wait);
		world_forget();
	}
	world_run(7300000);
	ck_assert_uint_gt(returns, 50);
	ck_assert_uint_eq(world_outcomes(), 3 * 2 * (returns + 1));
	ck_assert_uint_eq(world_commands()->stats->get(world_commands()->stats,
										RMOBIKE_COUNT_REFUSED), 0);
	ck_assert_uint_eq(world_records(), 6);
	assert_agreed();
	ck_assert(world_is_at(INITIATOR, OLD));
}
END_TEST

void suite_homing(TCase *tc)
{
	tcase_add_test(tc, test_newcomer_leaves_what_is_drained_by_configuration);
	tcase_add_test(tc, test_reload_drains_an_address);
	tcase_add_test(tc, test_drained_address_is_used_if_no_other_is_left);
	tcase_add_test(tc, test_newcomer_stays_at_the_last_address);
	tcase_add_test(tc, test_returns_after_a_while);
	tcase_add_test(tc, test_returns_if_nobody_saw_it_missing);
	tcase_add_test(tc, test_never_returns_by_itself_unless_configured);
	tcase_add_test(tc, test_command_does_not_wait);
	tcase_add_test(tc, test_command_knows_what_was_back_just_now);
	tcase_add_test(tc, test_wait_is_doubled);
	tcase_add_test(tc, test_wait_begins_anew);
	tcase_add_test(tc, test_each_address_has_its_wait);
	tcase_add_test(tc, test_returns_to_an_address_that_is_not_drained_anymore);
	tcase_add_test(tc, test_leaves_its_peer_one_switch);
	tcase_add_test(tc, test_peer_that_refuses_is_not_bothered);
	tcase_add_test(tc, test_better_address_is_gone_during_the_return);
	tcase_add_test(tc, test_thousand_flaps);
}
