/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What one node of a cluster does alone, and what it understands of the other
 * one. Both together need two kernels, see testing/live/cluster-*.
 */

#include "exchange_tests.h"

#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_mail.h"

/*
 * The other node's addresses are announced with our own ones, each once.
 */
START_TEST(test_addresses_of_the_other_node_are_announced)
{
	world_establish(.nat = TRUE, .settings = "plugins { rmobike { cluster { "
					"peers = " FOREIGN ", " NEW "\n } } }");
	world_switch(NEW);
	world_run(1000);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW " ADD_4_ADDR "
		"ADD_4_ADDR ADD_4_ADDR}",
		CLIENT " -> " NEW " INFORMATIONAL resp 0 {}",
		CLIENT " -> " NEW " INFORMATIONAL req 2 {UPD_SA_ADDR *}",
		CLIENT " <- " NEW " INFORMATIONAL resp 2 {*}");
	assert_at(NEW);
}
END_TEST

/**
 * Where the nodes reach each other, and how many addresses a client is told
 */
static const struct {
	char *remote;
	u_int announced;
} links[] = {
	{ "192.0.2.77", 2 },
	/* and clients, too */
	{ FOREIGN, 3 },
};

/*
 * What only the other node reaches is not announced.
 */
START_TEST(test_address_of_the_channel_is_not_announced)
{
	char settings[256];

	snprintf(settings, sizeof(settings), "plugins { rmobike { cluster {\n"
			 "peers = " FOREIGN ", " NEW "\n local = 192.0.2.9\n"
			 "remote = %s\n } } }", links[_i].remote);
	world_establish(.nat = TRUE, .responder = OLD " " NEW " 192.0.2.9",
					.settings = settings);
	world_switch(NEW);
	world_run(1000);

	assert_count(1, links[_i].announced == 2 ?
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW " ADD_4_ADDR "
		"ADD_4_ADDR}" :
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW " ADD_4_ADDR "
		"ADD_4_ADDR ADD_4_ADDR}");
	assert_at(NEW);
}
END_TEST

/**
 * Options of the ha plugin, and how often is complained about them
 */
static const struct {
	char *ha;
	u_int complaints;
} protections[] = {
	{ "remote = 198.51.100.77", 1 },
	{ "remote = 2001:db8::77", 1 },
	{ "remote = 198.51.100.77\n secret = of both", 0 },
	{ "remote = 10.9.0.1", 0 },
	{ "remote = fd00::1", 0 },
	{ "segment_count = 1", 0 },
};

START_TEST(test_keys_on_a_public_link_are_complained_about)
{
	char settings[256];

	snprintf(settings, sizeof(settings), "plugins {\n ha {\n %s\n } }",
			 protections[_i].ha);
	world_create((world_conf_t){ .settings = settings });
	rmobike_ha_check();

	ck_assert_uint_eq(world_logged("*sends the keys of all IKE_SAs*"),
					  protections[_i].complaints);
}
END_TEST

/*
 * So clients that only go to such addresses go there.
 */
START_TEST(test_other_node_is_not_foreign)
{
	host_t *host = host_create_from_string(FOREIGN, 0);

	world_establish(.nat = TRUE, .settings = "plugins { rmobike { "
				"accept = announced\n cluster { peers = " FOREIGN "\n } } }");
	world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0, 41042,
				host->get_address(host));
	world_call(RESPONDER, send_dpd);
	world_run(1000);
	host->destroy(host);

	ck_assert_uint_eq(world_logged("*refused: not announced*"), 0);
	assert_count(1, CLIENT " -> " FOREIGN " INFORMATIONAL resp *");
}
END_TEST

/**
 * A message with everything in it
 */
static rmobike_mail_t create_mail(char *to)
{
	return (rmobike_mail_t){
		.initiator_spi = 0x0102030405060708,
		.responder_spi = 0x1112131415161718,
		.number = 7,
		.next = 3,
		.expected = 5,
		.heard = 6,
		.ago = 70,
		.why = 1,
		.tries = 2,
		.to = to ? host_create_from_string(to, 0) : NULL,
		.me = host_create_from_string(OLD, 4500),
		.other = host_create_from_string("2001:db8::7", 1024),
		.spis = { htonl(0xc0000001), htonl(0xc0000002) },
		.count = 2,
	};
}

static char *targets[] = { NULL, "192.0.2.1", "2001:db8::1" };

START_TEST(test_mail_is_read_as_it_was_written)
{
	rmobike_mail_t mail = create_mail(targets[_i]), copy;
	chunk_t data;

	world_create((world_conf_t){});
	data = rmobike_mail_write(&mail);
	ck_assert(rmobike_mail_read(&copy, data));
	ck_assert(copy.initiator_spi == mail.initiator_spi);
	ck_assert(copy.responder_spi == mail.responder_spi);
	ck_assert_uint_eq(copy.number, mail.number);
	ck_assert_uint_eq(copy.next, mail.next);
	ck_assert_uint_eq(copy.expected, mail.expected);
	ck_assert_uint_eq(copy.heard, mail.heard);
	ck_assert_uint_eq(copy.ago, mail.ago);
	ck_assert_uint_eq(copy.why, mail.why);
	ck_assert_uint_eq(copy.count, mail.count);
	ck_assert(memeq(copy.spis, mail.spis, sizeof(mail.spis)));
	ck_assert_uint_eq(copy.tries, mail.tries);
	ck_assert(mail.to ? copy.to && mail.to->equals(mail.to, copy.to)
					  : !copy.to);
	ck_assert(mail.me->equals(mail.me, copy.me));
	ck_assert(mail.other->equals(mail.other, copy.other));
	rmobike_mail_clear(&mail);
	rmobike_mail_clear(&copy);
	chunk_free(&data);
}
END_TEST

START_TEST(test_mail_that_makes_no_sense_is_none)
{
	rmobike_mail_t mail = create_mail(targets[_i]), copy;
	chunk_t data, longer;
	size_t len;

	world_create((world_conf_t){});
	data = rmobike_mail_write(&mail);
	for (len = 0; len < data.len; len++)
	{
		ck_assert(!rmobike_mail_read(&copy, chunk_create(data.ptr, len)));
	}
	longer = chunk_cata("cc", data, chunk_from_chars(0));
	ck_assert(!rmobike_mail_read(&copy, longer));
	/* addresses have 4 or 16 octets, or none */
	data.ptr[38]++;
	ck_assert(!rmobike_mail_read(&copy, data));
	rmobike_mail_clear(&mail);
	chunk_free(&data);
}
END_TEST

void suite_cluster(TCase *tcase)
{
	tcase_add_test(tcase, test_addresses_of_the_other_node_are_announced);
	tcase_add_loop_test(tcase, test_address_of_the_channel_is_not_announced, 0,
						countof(links));
	tcase_add_loop_test(tcase, test_keys_on_a_public_link_are_complained_about,
						0, countof(protections));
	tcase_add_test(tcase, test_other_node_is_not_foreign);
	tcase_add_loop_test(tcase, test_mail_is_read_as_it_was_written, 0,
						countof(targets));
	tcase_add_loop_test(tcase, test_mail_that_makes_no_sense_is_none, 0,
						countof(targets));
}
