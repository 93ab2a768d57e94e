/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_policy.h"

#define ANNOUNCED	RMOBIKE_ACCEPT_ANNOUNCED
#define NONE		RMOBIKE_ACCEPT_NONE
#define ANY			RMOBIKE_ACCEPT_ANY

#define UNANNOUNCED	RMOBIKE_CHECK_UNANNOUNCED
#define ALWAYS		RMOBIKE_CHECK_ALWAYS

#define MOVE		RMOBIKE_VERDICT_MOVE
#define PROBE		RMOBIKE_VERDICT_PROBE
#define CURRENT		RMOBIKE_VERDICT_CURRENT

/**
 * The gateway in all tests: where it is and where else it may want to be.
 */
#define OLD			"192.0.2.1"
#define NEW			"192.0.2.2"

/**
 * Matches everything.
 */
#define EVERYTHING	"0.0.0.0/0, ::/0"

/**
 * A question and the configuration to answer it by.
 */
typedef struct {
	rmobike_accept_t accept;
	const char *extra;
	rmobike_path_check_t check;
	const char *address;
	const char *current;
	bool announced;
	bool own;
	bool unreachable;
	bool bound;
	bool exhausted;
} dialogue_t;

/**
 * Get the verdict on a question.
 */
static rmobike_verdict_t judge(dialogue_t dialogue)
{
	rmobike_addrs_t *extra = NULL;
	rmobike_verdict_t verdict;
	rmobike_question_t question = {
		.address = host(dialogue.address),
		.current = dialogue.current ? host(dialogue.current) : NULL,
		.announced = dialogue.announced,
		.own = dialogue.own,
		.reachable = !dialogue.unreachable,
		.bound = dialogue.bound,
		.exhausted = dialogue.exhausted,
	};

	if (dialogue.extra)
	{
		extra = rmobike_addrs_create(dialogue.extra, NULL, 0);
		ck_assert(extra != NULL);
	}
	verdict = rmobike_policy_judge(dialogue.accept, extra, dialogue.check,
								   &question);
	DESTROY_IF(extra);
	DESTROY_IF(question.current);
	question.address->destroy(question.address);
	return verdict;
}

/**
 * Fail the test unless the verdict is as expected.
 */
static void expect(rmobike_verdict_t expected, dialogue_t dialogue)
{
	rmobike_verdict_t verdict = judge(dialogue);

	ck_assert_msg(verdict == expected, "%s: verdict is '%s', expected '%s'",
				  dialogue.address,
				  enum_to_name(rmobike_verdict_names, verdict),
				  enum_to_name(rmobike_verdict_names, expected));
}

/**
 * Addresses to never go to, the first and last of each kind.
 */
static const struct {
	const char *address;
	rmobike_verdict_t verdict;
} never[] = {
	{ "0.0.0.0", RMOBIKE_REFUSE_UNSPECIFIED },
	{ "0.0.0.1", RMOBIKE_REFUSE_UNSPECIFIED },
	{ "0.255.255.255", RMOBIKE_REFUSE_UNSPECIFIED },
	{ "::", RMOBIKE_REFUSE_UNSPECIFIED },
	{ "::ffff:0.0.0.0", RMOBIKE_REFUSE_UNSPECIFIED },
	{ "::0.1.2.3", RMOBIKE_REFUSE_UNSPECIFIED },
	{ "127.0.0.0", RMOBIKE_REFUSE_LOOPBACK },
	{ "127.0.0.1", RMOBIKE_REFUSE_LOOPBACK },
	{ "127.255.255.255", RMOBIKE_REFUSE_LOOPBACK },
	{ "::1", RMOBIKE_REFUSE_LOOPBACK },
	{ "::ffff:127.0.0.1", RMOBIKE_REFUSE_LOOPBACK },
	{ "::127.0.0.1", RMOBIKE_REFUSE_LOOPBACK },
	{ "224.0.0.0", RMOBIKE_REFUSE_MULTICAST },
	{ "239.255.255.255", RMOBIKE_REFUSE_MULTICAST },
	{ "ff00::", RMOBIKE_REFUSE_MULTICAST },
	{ "ff02::1", RMOBIKE_REFUSE_MULTICAST },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", RMOBIKE_REFUSE_MULTICAST },
	{ "::ffff:224.0.0.1", RMOBIKE_REFUSE_MULTICAST },
	{ "::224.0.0.1", RMOBIKE_REFUSE_MULTICAST },
	{ "240.0.0.0", RMOBIKE_REFUSE_BROADCAST },
	{ "255.255.255.255", RMOBIKE_REFUSE_BROADCAST },
	{ "::ffff:255.255.255.255", RMOBIKE_REFUSE_BROADCAST },
	{ "::255.255.255.255", RMOBIKE_REFUSE_BROADCAST },
	{ "169.254.0.0", RMOBIKE_REFUSE_LINK_LOCAL },
	{ "169.254.255.255", RMOBIKE_REFUSE_LINK_LOCAL },
	{ "fe80::", RMOBIKE_REFUSE_LINK_LOCAL },
	{ "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", RMOBIKE_REFUSE_LINK_LOCAL },
	{ "::ffff:169.254.1.1", RMOBIKE_REFUSE_LINK_LOCAL },
	{ "::169.254.1.1", RMOBIKE_REFUSE_LINK_LOCAL },
	{ "::ffff:192.0.2.2", RMOBIKE_REFUSE_MAPPED },
	{ "::192.0.2.2", RMOBIKE_REFUSE_MAPPED },
};

/* REFUSED */
START_TEST(never_goes_where_no_peer_can_be)
{
	expect(never[_i].verdict, (dialogue_t){ .accept = ANY,
		   .extra = EVERYTHING, .address = never[_i].address, .current = OLD,
		   .announced = TRUE });
}
END_TEST

START_TEST(a_bad_address_is_bad_whatever_else_it_is)
{
	expect(never[_i].verdict, (dialogue_t){ .accept = NONE,
		   .address = never[_i].address, .current = never[_i].address,
		   .own = TRUE, .unreachable = TRUE, .exhausted = TRUE });
}
END_TEST

/**
 * Addresses right before and after those never to go to.
 */
static const char *neighbours[] = {
	"1.0.0.0",
	"126.255.255.255",
	"128.0.0.0",
	"169.253.255.255",
	"169.255.0.0",
	"168.254.0.1",
	"223.255.255.255",
	"10.0.0.1",
	"172.16.0.1",
	"192.168.0.1",
	"100.64.0.1",
	"2001:db8::1",
	"2001:db8::127.0.0.1",
	"::1:0:0",
	"0:0:0:1::1",
	"::fffe:192.0.2.2",
	"::ffff:0:192.0.2.2",
	"1::ffff:192.0.2.2",
	"64:ff9b::192.0.2.2",
	"fd00::1",
	"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	"fec0::",
	"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

START_TEST(goes_everywhere_else)
{
	expect(MOVE, (dialogue_t){ .accept = ANNOUNCED, .address = neighbours[_i],
		   .current = OLD, .announced = TRUE });
}
END_TEST

START_TEST(stays_where_it_is_without_asking_anybody)
{
	expect(CURRENT, (dialogue_t){ .accept = _i, .address = OLD,
		   .current = OLD, .own = TRUE, .unreachable = TRUE });
	expect(CURRENT, (dialogue_t){ .accept = _i, .extra = EVERYTHING,
		   .check = ALWAYS, .address = OLD, .current = OLD,
		   .announced = TRUE, .exhausted = TRUE });
	expect(CURRENT, (dialogue_t){ .accept = _i, .address = "2001:db8::1",
		   .current = "2001:db8:0::1" });
}
END_TEST

START_TEST(ports_do_not_make_addresses_differ)
{
	rmobike_question_t question = {
		.address = host(OLD),
		.current = host(OLD),
	};

	question.current->set_port(question.current, 4500);
	ck_assert_int_eq(rmobike_policy_judge(NONE, NULL, UNANNOUNCED, &question),
					 CURRENT);
	question.current->destroy(question.current);
	question.address->destroy(question.address);
}
END_TEST

START_TEST(current_address_may_be_unknown)
{
	expect(MOVE, (dialogue_t){ .accept = ANNOUNCED, .address = NEW,
		   .announced = TRUE });
}
END_TEST

START_TEST(does_not_go_to_itself)
{
	expect(RMOBIKE_REFUSE_OWN, (dialogue_t){ .accept = _i,
		   .extra = EVERYTHING, .address = NEW, .current = OLD,
		   .announced = TRUE, .own = TRUE });
	expect(RMOBIKE_REFUSE_OWN, (dialogue_t){ .accept = _i, .address = NEW,
		   .current = OLD, .own = TRUE, .unreachable = TRUE,
		   .exhausted = TRUE });
}
END_TEST

START_TEST(does_not_go_where_it_has_no_source_for)
{
	expect(RMOBIKE_REFUSE_NO_SOURCE, (dialogue_t){ .accept = _i,
		   .extra = EVERYTHING, .address = NEW, .current = OLD,
		   .announced = TRUE, .unreachable = TRUE });
	expect(RMOBIKE_REFUSE_NO_SOURCE, (dialogue_t){ .accept = _i,
		   .address = NEW, .current = OLD, .unreachable = TRUE,
		   .exhausted = TRUE });
}
END_TEST

START_TEST(does_not_go_where_transport_mode_cannot)
{
	expect(RMOBIKE_REFUSE_FAMILY, (dialogue_t){ .accept = _i,
		   .extra = EVERYTHING, .address = NEW, .current = OLD,
		   .announced = TRUE, .bound = TRUE });
	expect(RMOBIKE_REFUSE_FAMILY, (dialogue_t){ .accept = _i, .address = NEW,
		   .current = OLD, .bound = TRUE, .exhausted = TRUE });
}
END_TEST

/**
 * All there is to configure, all there is to know, and what follows.
 */
static const struct {
	rmobike_accept_t accept;
	const char *extra;
	bool announced;
	rmobike_verdict_t unannounced_verdict;
	rmobike_verdict_t always_verdict;
} rules[] = {
	/* nothing configured besides */
	{ ANNOUNCED, NULL, TRUE, MOVE, PROBE },
	{ ANNOUNCED, NULL, FALSE, RMOBIKE_REFUSE_NOT_ANNOUNCED,
	  RMOBIKE_REFUSE_NOT_ANNOUNCED },
	{ NONE, NULL, TRUE, RMOBIKE_REFUSE_POLICY, RMOBIKE_REFUSE_POLICY },
	{ NONE, NULL, FALSE, RMOBIKE_REFUSE_POLICY, RMOBIKE_REFUSE_POLICY },
	{ ANY, NULL, TRUE, MOVE, PROBE },
	{ ANY, NULL, FALSE, PROBE, PROBE },
	/* configured, but for others */
	{ ANNOUNCED, "192.0.2.3", TRUE, MOVE, PROBE },
	{ ANNOUNCED, "192.0.2.3", FALSE, RMOBIKE_REFUSE_NOT_ANNOUNCED,
	  RMOBIKE_REFUSE_NOT_ANNOUNCED },
	{ NONE, "192.0.2.3", TRUE, RMOBIKE_REFUSE_POLICY, RMOBIKE_REFUSE_POLICY },
	{ NONE, "192.0.2.3", FALSE, RMOBIKE_REFUSE_POLICY, RMOBIKE_REFUSE_POLICY },
	{ ANY, "192.0.2.3", TRUE, MOVE, PROBE },
	{ ANY, "192.0.2.3", FALSE, PROBE, PROBE },
	/* nothing is not everything */
	{ ANNOUNCED, "", FALSE, RMOBIKE_REFUSE_NOT_ANNOUNCED,
	  RMOBIKE_REFUSE_NOT_ANNOUNCED },
	{ NONE, "", FALSE, RMOBIKE_REFUSE_POLICY, RMOBIKE_REFUSE_POLICY },
	/* configured */
	{ ANNOUNCED, "192.0.2.0/30", TRUE, MOVE, PROBE },
	{ ANNOUNCED, "192.0.2.0/30", FALSE, PROBE, PROBE },
	{ NONE, "192.0.2.0/30", TRUE, MOVE, PROBE },
	{ NONE, "192.0.2.0/30", FALSE, PROBE, PROBE },
	{ ANY, "192.0.2.0/30", TRUE, MOVE, PROBE },
	{ ANY, "192.0.2.0/30", FALSE, PROBE, PROBE },
};

/* REQ */
START_TEST(goes_where_configured_or_announced)
{
	expect(rules[_i].unannounced_verdict, (dialogue_t){
		   .accept = rules[_i].accept, .extra = rules[_i].extra,
		   .check = UNANNOUNCED, .address = NEW, .current = OLD,
		   .announced = rules[_i].announced });
}
END_TEST

START_TEST(checks_all_paths_if_configured)
{
	expect(rules[_i].always_verdict, (dialogue_t){
		   .accept = rules[_i].accept, .extra = rules[_i].extra,
		   .check = ALWAYS, .address = NEW, .current = OLD,
		   .announced = rules[_i].announced });
}
END_TEST

START_TEST(refuses_what_it_had_enough_of)
{
	rmobike_verdict_t verdict = rules[_i].unannounced_verdict;

	/* but if it would refuse anyway, for the reason that stays */
	if (!rmobike_verdict_is_refusal(verdict))
	{
		verdict = RMOBIKE_REFUSE_TOO_MANY;
	}
	expect(verdict, (dialogue_t){
		   .accept = rules[_i].accept, .extra = rules[_i].extra,
		   .check = UNANNOUNCED, .address = NEW, .current = OLD,
		   .announced = rules[_i].announced, .exhausted = TRUE });
	expect(verdict, (dialogue_t){
		   .accept = rules[_i].accept, .extra = rules[_i].extra,
		   .check = ALWAYS, .address = NEW, .current = OLD,
		   .announced = rules[_i].announced, .exhausted = TRUE });
}
END_TEST

START_TEST(family_may_change)
{
	expect(MOVE, (dialogue_t){ .accept = ANNOUNCED, .address = "2001:db8::2",
		   .current = OLD, .announced = TRUE });
	expect(MOVE, (dialogue_t){ .accept = ANNOUNCED, .address = NEW,
		   .current = "2001:db8::1", .announced = TRUE });
}
END_TEST

START_TEST(a_mode_nobody_knows_is_none)
{
	expect(RMOBIKE_REFUSE_POLICY, (dialogue_t){ .accept = ANY + 1,
		   .address = NEW, .current = OLD, .announced = TRUE });
}
END_TEST

START_TEST(only_refusals_are_refusals)
{
	ck_assert(rmobike_verdict_is_refusal(_i) ==
			  (_i != MOVE && _i != PROBE && _i != CURRENT));
}
END_TEST

START_TEST(each_verdict_has_a_name_of_its_own)
{
	const char *name = enum_to_name(rmobike_verdict_names, _i);
	int i;

	ck_assert(name && *name);
	for (i = 0; i < _i; i++)
	{
		ck_assert_str_ne(name, enum_to_name(rmobike_verdict_names, i));
	}
}
END_TEST

START_TEST(names_are_those_of_the_configuration)
{
	ck_assert_str_eq(enum_to_name(rmobike_accept_names, ANNOUNCED),
					 "announced");
	ck_assert_str_eq(enum_to_name(rmobike_accept_names, NONE), "none");
	ck_assert_str_eq(enum_to_name(rmobike_accept_names, ANY), "any");
	ck_assert_str_eq(enum_to_name(rmobike_path_check_names, UNANNOUNCED),
					 "unannounced");
	ck_assert_str_eq(enum_to_name(rmobike_path_check_names, ALWAYS), "always");
}
END_TEST

/**
 * Addresses to switch to, the best one first.
 */
static const rmobike_candidate_t candidates[] = {
	{ .preferred = 0, .same_family = TRUE, .announced = TRUE },
	{ .preferred = 0, .same_family = TRUE },
	{ .preferred = 0, .announced = TRUE },
	{ .preferred = 0 },
	{ .preferred = 1, .same_family = TRUE, .announced = TRUE },
	{ .preferred = 1, .same_family = TRUE },
	{ .preferred = 1, .announced = TRUE },
	{ .preferred = 1 },
	{ .preferred = 7, .same_family = TRUE, .announced = TRUE },
	{ .preferred = 7 },
	{ .preferred = -1, .same_family = TRUE, .announced = TRUE, .source = TRUE },
	{ .preferred = -1, .same_family = TRUE, .announced = TRUE },
	{ .preferred = -1, .same_family = TRUE, .source = TRUE },
	{ .preferred = -1, .same_family = TRUE },
	{ .preferred = -1, .announced = TRUE, .source = TRUE },
	{ .preferred = -1, .announced = TRUE },
	{ .preferred = -1, .source = TRUE },
	{ .preferred = -1 },
	{ .drained = TRUE, .preferred = 0, .same_family = TRUE },
	{ .drained = TRUE, .preferred = -1 },
};

START_TEST(prefers_configured_same_family_announced_routed)
{
	int i;

	for (i = 0; i < (int)countof(candidates); i++)
	{
		ck_assert_msg(rmobike_policy_is_better(&candidates[i],
											   &candidates[_i]) == (i < _i),
					  "%d and %d are in the wrong order", i, _i);
	}
}
END_TEST

Suite *policy_suite(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc;

	tc = add_case(suite, "addresses");
	tcase_add_loop_test(tc, never_goes_where_no_peer_can_be, 0, countof(never));
	tcase_add_loop_test(tc, a_bad_address_is_bad_whatever_else_it_is,
						0, countof(never));
	tcase_add_loop_test(tc, goes_everywhere_else, 0, countof(neighbours));

	tc = add_case(suite, "circumstances");
	tcase_add_loop_test(tc, stays_where_it_is_without_asking_anybody, 0, 3);
	tcase_add_test(tc, ports_do_not_make_addresses_differ);
	tcase_add_test(tc, current_address_may_be_unknown);
	tcase_add_loop_test(tc, does_not_go_to_itself, 0, 3);
	tcase_add_loop_test(tc, does_not_go_where_it_has_no_source_for, 0, 3);
	tcase_add_loop_test(tc, does_not_go_where_transport_mode_cannot, 0, 3);

	tc = add_case(suite, "rules");
	tcase_add_loop_test(tc, goes_where_configured_or_announced,
						0, countof(rules));
	tcase_add_loop_test(tc, checks_all_paths_if_configured, 0, countof(rules));
	tcase_add_loop_test(tc, refuses_what_it_had_enough_of,
						0, countof(rules));
	tcase_add_test(tc, family_may_change);
	tcase_add_test(tc, a_mode_nobody_knows_is_none);

	tc = add_case(suite, "candidates");
	tcase_add_loop_test(tc, prefers_configured_same_family_announced_routed,
						0, countof(candidates));

	tc = add_case(suite, "names");
	tcase_add_loop_test(tc, only_refusals_are_refusals,
						0, RMOBIKE_REFUSE_POLICY + 1);
	tcase_add_loop_test(tc, each_verdict_has_a_name_of_its_own,
						0, RMOBIKE_REFUSE_POLICY + 1);
	tcase_add_test(tc, names_are_those_of_the_configuration);

	return suite;
}
