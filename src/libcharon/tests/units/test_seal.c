/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_seal.h"

#ifndef PLUGINS
#define PLUGINS "openssl random"
#endif

/**
 * Two nodes that know the same secret, and somebody who doesn't.
 */
static rmobike_seal_t *a, *b, *stranger;

/**
 * The last message that was opened.
 */
static uint8_t type;
static chunk_t data;

static rmobike_seal_t *create(char *secret)
{
	rmobike_seal_t *seal;

	seal = rmobike_seal_create(chunk_from_str(secret));
	ck_assert(seal != NULL);
	return seal;
}

static void setup(void)
{
	lib->plugins->add_path(lib->plugins, PLUGINDIR);
	ck_assert(lib->plugins->load(lib->plugins, PLUGINS));
	a = create("a secret of both nodes");
	b = create("a secret of both nodes");
	stranger = create("a secret of another cluster");
}

static void teardown(void)
{
	a->destroy(a);
	b->destroy(b);
	stranger->destroy(stranger);
	lib->plugins->unload(lib->plugins);
}

/**
 * Open a message, which goes on to exist.
 */
static rmobike_sealed_t open_message(rmobike_seal_t *seal, chunk_t message)
{
	return seal->open(seal, message, &type, &data);
}

/**
 * Send something, without what it says.
 */
static rmobike_sealed_t send_to(rmobike_seal_t *from, rmobike_seal_t *to)
{
	rmobike_sealed_t worth;
	chunk_t message;

	message = from->seal(from, 1, chunk_from_str("text"));
	worth = open_message(to, message);
	chunk_free(&message);
	return worth;
}

/**
 * Answer to a message of somebody who doesn't know our session.
 */
static rmobike_sealed_t introduce(rmobike_seal_t *from, rmobike_seal_t *to)
{
	rmobike_sealed_t worth;
	chunk_t message, reply;

	message = from->seal(from, 1, chunk_empty);
	ck_assert_int_eq(open_message(to, message), RMOBIKE_SEAL_STRANGER);
	reply = to->answer(to, message, 2);
	worth = open_message(from, reply);
	chunk_free(&message);
	chunk_free(&reply);
	return worth;
}

/**
 * Both know each other.
 */
static void connect_nodes(void)
{
	ck_assert_int_eq(introduce(a, b), RMOBIKE_SEAL_FIRST);
	ck_assert_int_eq(send_to(a, b), RMOBIKE_SEAL_FIRST);
}

START_TEST(nodes_get_to_know_each_other)
{
	chunk_t message;

	connect_nodes();
	message = b->seal(b, 7, chunk_from_str("what b says"));
	ck_assert_int_eq(open_message(a, message), RMOBIKE_SEAL_FRESH);
	ck_assert_int_eq(type, 7);
	ck_assert(chunk_equals(data, chunk_from_str("what b says")));
	chunk_free(&message);
	ck_assert_int_eq(send_to(a, b), RMOBIKE_SEAL_FRESH);
}
END_TEST

START_TEST(each_octet_counts)
{
	chunk_t message;
	size_t i;

	connect_nodes();
	message = a->seal(a, 1, chunk_from_str("text"));
	for (i = 0; i < message.len; i++)
	{
		message.ptr[i] ^= 0x10;
		ck_assert_int_eq(open_message(b, message), RMOBIKE_SEAL_BROKEN);
		message.ptr[i] ^= 0x10;
		ck_assert_int_eq(open_message(b, chunk_create(message.ptr, i)),
						 RMOBIKE_SEAL_BROKEN);
	}
	ck_assert_int_eq(open_message(b, message), RMOBIKE_SEAL_FRESH);
	chunk_free(&message);
}
END_TEST

START_TEST(another_secret_opens_nothing)
{
	connect_nodes();
	ck_assert_int_eq(send_to(stranger, b), RMOBIKE_SEAL_BROKEN);
	ck_assert_int_eq(send_to(a, stranger), RMOBIKE_SEAL_BROKEN);
}
END_TEST

START_TEST(what_comes_back_to_its_sender_is_nothing)
{
	connect_nodes();
	ck_assert_int_eq(send_to(a, a), RMOBIKE_SEAL_BROKEN);
}
END_TEST

START_TEST(each_message_is_taken_once)
{
	chunk_t messages[70];
	int i, order[70];

	connect_nodes();
	for (i = 0; i < (int)countof(messages); i++)
	{
		messages[i] = a->seal(a, 1, chunk_empty);
		/* pairs change places, and the very first comes last */
		order[i] = i ^ 1;
	}
	for (i = 2; i < (int)countof(messages); i++)
	{
		ck_assert_int_eq(open_message(b, messages[order[i]]),
						 RMOBIKE_SEAL_FRESH);
		ck_assert_int_eq(open_message(b, messages[order[i]]),
						 RMOBIKE_SEAL_BROKEN);
	}
	ck_assert_int_eq(open_message(b, messages[0]), RMOBIKE_SEAL_BROKEN);
	for (i = 0; i < (int)countof(messages); i++)
	{
		ck_assert_int_eq(open_message(b, messages[i]), RMOBIKE_SEAL_BROKEN);
		chunk_free(&messages[i]);
	}
}
END_TEST

START_TEST(what_was_recorded_before_a_start_is_old)
{
	chunk_t recorded;

	connect_nodes();
	recorded = a->seal(a, 1, chunk_from_str("take it all"));
	ck_assert_int_eq(open_message(b, recorded), RMOBIKE_SEAL_FRESH);
	b->destroy(b);
	b = create("a secret of both nodes");
	/* it proves the secret, but not that it was sent now */
	ck_assert_int_eq(open_message(b, recorded), RMOBIKE_SEAL_STRANGER);
	connect_nodes();
	ck_assert_int_eq(open_message(b, recorded), RMOBIKE_SEAL_STRANGER);
	ck_assert_int_eq(send_to(a, b), RMOBIKE_SEAL_FRESH);
	chunk_free(&recorded);
}
END_TEST

START_TEST(a_start_of_the_other_node_is_noticed_once)
{
	chunk_t recorded;

	connect_nodes();
	recorded = a->seal(a, 1, chunk_from_str("take it all"));
	a->destroy(a);
	a = create("a secret of both nodes");
	connect_nodes();
	ck_assert_int_eq(send_to(a, b), RMOBIKE_SEAL_FRESH);
	ck_assert_int_eq(send_to(b, a), RMOBIKE_SEAL_FRESH);
	/* what it said before that is over, also if it never got here */
	ck_assert_int_eq(open_message(b, recorded), RMOBIKE_SEAL_BROKEN);
	ck_assert_int_eq(send_to(a, b), RMOBIKE_SEAL_FRESH);
	chunk_free(&recorded);
}
END_TEST

START_TEST(answers_change_nothing_at_those_who_were_not_asked)
{
	chunk_t recorded, reply;

	connect_nodes();
	recorded = stranger->seal(stranger, 1, chunk_empty);
	chunk_free(&recorded);
	/* somebody plays back what a said in its last life */
	recorded = a->seal(a, 1, chunk_empty);
	a->destroy(a);
	b->destroy(b);
	a = create("a secret of both nodes");
	b = create("a secret of both nodes");
	connect_nodes();
	ck_assert_int_eq(open_message(b, recorded), RMOBIKE_SEAL_STRANGER);
	reply = b->answer(b, recorded, 2);
	ck_assert_int_eq(open_message(a, reply), RMOBIKE_SEAL_STRANGER);
	ck_assert_int_eq(send_to(a, b), RMOBIKE_SEAL_FRESH);
	ck_assert_int_eq(send_to(b, a), RMOBIKE_SEAL_FRESH);
	chunk_free(&reply);
	chunk_free(&recorded);
}
END_TEST

Suite *seal_suite(void)
{
	Suite *suite = suite_create("seal");
	TCase *tc = add_case(suite, "seal");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nodes_get_to_know_each_other);
	tcase_add_test(tc, each_octet_counts);
	tcase_add_test(tc, another_secret_opens_nothing);
	tcase_add_test(tc, what_comes_back_to_its_sender_is_nothing);
	tcase_add_test(tc, each_message_is_taken_once);
	tcase_add_test(tc, what_was_recorded_before_a_start_is_old);
	tcase_add_test(tc, a_start_of_the_other_node_is_noticed_once);
	tcase_add_test(tc, answers_change_nothing_at_those_who_were_not_asked);
	return suite;
}
