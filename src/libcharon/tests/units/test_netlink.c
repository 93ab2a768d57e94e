/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "kernel/rmobike_netlink.h"

/**
 * A message where something else was before.
 */
static rmobike_netlink_t message;

static void setup()
{
	memset(&message, 0xff, sizeof(message));
}

/**
 * Nothing of what was there before goes to the kernel.
 */
START_TEST(test_clean)
{
	struct xfrm_usersa_id *sa;
	u_char value[] = { 1, 2, 3, 4, 5 };
	size_t padded, i;

	sa = rmobike_netlink_start(&message, XFRM_MSG_GETSA, NLM_F_ACK,
							   sizeof(*sa));
	ck_assert(rmobike_netlink_add(&message, XFRMA_MARK, value, sizeof(value)));
	padded = message.header.nlmsg_len;
	ck_assert_int_eq(padded, NLMSG_SPACE(sizeof(*sa)) +
							 RTA_SPACE(sizeof(value)));
	for (i = 0; i < padded; i++)
	{
		ck_assert_int_ne(message.data[i], 0xff);
	}
	ck_assert(memeq(rmobike_netlink_find(&message, sizeof(*sa), XFRMA_MARK),
					value, sizeof(value)));
}
END_TEST

/**
 * A key is wiped wherever in the message it is, one that is not valid is not
 * taken to be longer than its room.
 */
START_TEST(test_wipe)
{
	u_char key[] = "secret";
	size_t i, len;

	rmobike_netlink_start(&message, XFRM_MSG_NEWSA, NLM_F_ACK,
						  sizeof(struct xfrm_usersa_info));
	ck_assert(rmobike_netlink_add(&message, XFRMA_ALG_AEAD, key, sizeof(key)));
	len = message.header.nlmsg_len;
	rmobike_netlink_wipe(&message);
	for (i = 0; i < sizeof(message); i++)
	{
		ck_assert_int_eq(message.data[i], i < len ? 0 : 0xff);
	}
	/* there is nothing anymore */
	rmobike_netlink_wipe(&message);
	ck_assert_int_eq(message.data[len], 0xff);

	message.header.nlmsg_len = 0xffffffff;
	rmobike_netlink_wipe(&message);
	ck_assert_int_eq(message.data[sizeof(message) - 1], 0);
}
END_TEST

Suite *netlink_suite()
{
	Suite *s;
	TCase *tc;

	s = suite_create("netlink");

	tc = tcase_create("messages");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_clean);
	tcase_add_test(tc, test_wipe);
	suite_add_tcase(s, tc);

	return s;
}
