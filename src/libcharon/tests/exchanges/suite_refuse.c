/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What initiators don't do, whoever asks for it.
 */

#include "exchange_tests.h"

/**
 * Let one end send a notify in a request that is otherwise empty.
 */
static void send_forged(side_t from, uint8_t protocol, uint32_t spi,
						chunk_t data)
{
	world_forge(from, INFORMATIONAL, FALSE, protocol, spi, 41042, data);
	world_call(from, send_dpd);
	world_run(1000);
}

/**
 * Let the responder name an address, in whatever form.
 */
static void name_address(char *address)
{
	host_t *host;

	if (strpfx(address, "::ffff:"))
	{	/* not parsed as the IPv6 address it is */
		send_forged(RESPONDER, 0, 0, chunk_from_chars(
					0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 2));
		return;
	}
	host = host_create_from_string(address, 0);
	send_forged(RESPONDER, 0, 0, host->get_address(host));
	host->destroy(host);
}

/**
 * An address, why it is refused and with which options
 */
typedef struct {
	char *address;
	char *reason;
	char *settings;
} refusal_t;

static refusal_t refusals[] = {
	{ FOREIGN, "not announced by the peer", "accept = announced" },
	{ FOREIGN, "not announced by the peer", "accept = typo" },
	{ FOREIGN, "denied by policy", "accept = none" },
	{ NEW, "denied by policy", "accept = none" },
	{ NEW, "denied by policy", "connections { home { accept = none } }" },
	{ NEW, "denied by policy", "accept = none\n accept_addresses = 10.0.0.1" },
	{ "0.0.0.0", "unspecified address", "accept = any" },
	{ "0.1.2.3", "unspecified address", "accept = any" },
	{ "::", "unspecified address", "accept = any" },
	{ "127.0.0.1", "loopback address", "accept = any" },
	{ "::1", "loopback address", "accept = any" },
	{ "224.0.0.1", "multicast address", "accept = any" },
	{ "ff02::1", "multicast address", "accept = any" },
	{ "240.0.0.1", "broadcast or reserved address", "accept = any" },
	{ "255.255.255.255", "broadcast or reserved address", "accept = any" },
	{ "169.254.1.1", "link-local address", "accept = any" },
	{ "fe80::1", "link-local address", "accept = any" },
	{ "::ffff:192.0.2.2", "IPv4 address in an IPv6 one", "accept = any" },
	{ INSIDE, "one of our own addresses", "accept = any" },
	{ "2001:db8::2", "no source address to reach it", "accept = any" },
};

/*
 *     initiator               responder
 *                          <- OLD  SWITCH=what we don't want
 *     {}                   -> OLD
 *     {NATD..}             -> OLD         still there?
 *     {NATD..}             <- OLD
 */
/* REQ */
/* REFUSED, IKE-2.11-1 */
START_TEST(test_refusal_stays_and_checks_liveness)
{
	refusal_t *refusal = &refusals[_i];
	char settings[256], line[256];

	snprintf(settings, sizeof(settings), "plugins { rmobike { %s } }",
			 refusal->settings);
	snprintf(line, sizeof(line), "*peer asks to switch IKE_SA home* from " OLD
			 " to *, refused: %s", refusal->reason);
	world_establish(.nat = TRUE, .settings = settings);
	name_address(refusal->address);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=*}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}",
		CLIENT " -> " OLD " INFORMATIONAL req 2 {NATD_S_IP NATD_D_IP}",
		CLIENT " <- " OLD " INFORMATIONAL resp 2 {NATD_S_IP NATD_D_IP}");
	assert_logged(line);
	assert_at(OLD);
}
END_TEST

/*
 * A gateway of a newer version asks for what this charon or this kernel can't
 * do: selectors in the kernel would stay of the old address family.
 */
/* REQ: MOBIKE-1.2-1 */
START_TEST(test_refuses_another_family_in_transport_mode)
{
	world_establish(.transport = TRUE, .responder = OLD " 2001:db8::2",
					.initiator = CLIENT " 2001:db8:1::10",
					.settings = "plugins { rmobike { accept = any } }");
	name_address("2001:db8::2");

	assert_logged("*refused: transport mode CHILD_SAs, which only strongSwan "
				  "6.1.0 on Linux 7.2 can move to another address family");
	assert_at(OLD);
}
END_TEST

/*
 * The operator is told when the peer has answered and gone on where it is, and
 * nothing followed for two round trips.
 */
/* REFUSED */
START_TEST(test_refusal_is_an_outcome)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { accept = none } }");
	world_switch(NEW);
	world_run(200);
	assert_outcomes();
	world_run(100);
	assert_outcomes("rw " OLD " -> " NEW " refused: "
					"the peer stays at its address");
	assert_logged("*switch of IKE_SA rw* from " OLD " to " NEW " refused after "
				  "260.0 ms: the peer stays at its address");
	assert_at(OLD);
}
END_TEST

/*
 * A peer that goes on without checking anything is not known to refuse until
 * the time is over.
 */
START_TEST(test_silent_refusal_is_an_outcome)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { accept = none } }");
	world_fate(DROP, "* -> * INFORMATIONAL req * {NATD*}", 1000);
	world_switch(NEW);
	world_run(9900);
	assert_outcomes();
	world_run(200);
	assert_outcomes("rw " OLD " -> " NEW " refused: "
					"the peer stays at its address");
	world_fate_none();
	world_run(10000);
	assert_at(OLD);
}
END_TEST

/** Some more than are asked at a time */
#define MANY 100

/*
 * Nobody has to wait for those that stay.
 */
START_TEST(test_many_refusals_hold_up_nobody)
{
	int i;

	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { accept = none } }");
	for (i = 1; i < MANY; i++)
	{
		world_initiate();
		world_run(100);
	}
	ck_assert_uint_eq(world_switch(NEW), MANY);
	world_run(3000);
	ck_assert_uint_eq(world_outcomes(), MANY);
	ck_assert_uint_eq(world_logged("*switch of IKE_SA rw* refused after *"),
					  MANY);
}
END_TEST

/*
 * Asking often makes the initiator neither log nor send much.
 */
START_TEST(test_many_refusals_cost_little)
{
	int i;

	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { accept = announced } }");
	for (i = 0; i < 50; i++)
	{
		name_address(FOREIGN);
	}
	ck_assert_uint_eq(world_logged("*refused: not announced*"), 1);
	assert_count(100, "* -> *");
	world_run(60000);
	name_address(FOREIGN);
	ck_assert_uint_eq(world_logged("*refused: not announced*"), 2);
	assert_at(OLD);
}
END_TEST

/*
 * An initiator isn't sent around in circles.
 */
/* REQ: REDIRECT-7-1 */
/* REFUSED: REDIRECT-7-1 */
START_TEST(test_too_many_switches_are_refused)
{
	int i;

	world_establish(.nat = TRUE);
	for (i = 0; i < 5; i++)
	{
		name_address(i % 2 ? OLD : NEW);
	}
	assert_at(NEW);
	name_address(OLD);
	assert_logged("*refused: too many switches in a short time");
	assert_at(NEW);
	world_run(300000);
	name_address(OLD);
	assert_at(OLD);
}
END_TEST

/*
 * All lengths that are no address.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH with n octets
 *     {}                   -> OLD
 */
/* REFUSED */
START_TEST(test_malformed_length_is_ignored)
{
	chunk_t data;

	if (_i == 4 || _i == 16)
	{
		world_create((world_conf_t){});
		return;
	}
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { accept = any } }");
	data = chunk_alloca(_i);
	memset(data.ptr, 10, _i);
	send_forged(RESPONDER, 0, 0, data);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {N(41042)}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS for IKE_SA home*");
	assert_at(OLD);
}
END_TEST

/*
 * SPIs that it must not have, whatever the protocol ID says. With unknown
 * protocols charon rejects the message before we see it.
 */
/* REFUSED, IKE-3.10-2 */
START_TEST(test_malformed_header_is_ignored)
{
	static uint8_t protocols[] = { PROTO_IKE, PROTO_AH, PROTO_ESP, 0 };

	world_establish(.nat = TRUE);
	send_forged(RESPONDER, protocols[_i], 1, chunk_from_chars(192, 0, 2, 2));

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW "}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS for IKE_SA home*");
	assert_at(OLD);
}
END_TEST

/*
 * Without an SPI it doesn't matter what the protocol ID is.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW, protocol ID 1, 2, 3
 *     {}                   -> NEW
 *     UPD_SA_ADDR          -> NEW
 */
/* REQ: IKE-3.10-2 */
START_TEST(test_protocol_id_without_spi_means_nothing)
{
	static uint8_t protocols[] = { PROTO_IKE, PROTO_AH, PROTO_ESP };

	world_establish(.nat = TRUE);
	send_forged(RESPONDER, protocols[_i], 0, chunk_from_chars(192, 0, 2, 2));
	assert_at(NEW);
}
END_TEST

/*
 *                          <- OLD  SWITCH=NEW SWITCH=NEWER
 */
/* REFUSED: IKE-3.10-1 */
START_TEST(test_two_in_a_message_are_ignored)
{
	world_establish(.nat = TRUE);
	world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0, 41042,
				chunk_from_chars(192, 0, 2, 2));
	send_forged(RESPONDER, 0, 0, chunk_from_chars(192, 0, 2, 3));

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW " SWITCH=" NEWER
		"}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS *: more than one*");
	assert_at(OLD);
}
END_TEST

/*
 *     SWITCH=CLIENT        -> OLD
 *                          <- OLD  {}
 */
/* REFUSED */
START_TEST(test_sent_by_initiator_is_ignored)
{
	world_establish();
	send_forged(INITIATOR, 0, 0, chunk_from_chars(192, 0, 2, 2));

	assert_dialogue(
		CLIENT " -> " OLD " INFORMATIONAL req 2 {SWITCH=" NEW "}",
		CLIENT " <- " OLD " INFORMATIONAL resp 2 {}");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS for IKE_SA rw*: "
				  "sent by the original initiator");
	assert_at(OLD);
}
END_TEST

/*
 * Who the initiator is doesn't depend on who initiated the rekeying.
 */
/* REFUSED, MOBIKE-3.5-1 */
START_TEST(test_sent_by_initiator_after_rekeying_is_ignored)
{
	world_establish();
	world_call(RESPONDER, rekey);
	world_run(1000);
	world_mark();
	send_forged(INITIATOR, 0, 0, chunk_from_chars(192, 0, 2, 2));

	assert_dialogue(
		CLIENT " -> " OLD " INFORMATIONAL req 0 {SWITCH=" NEW "}",
		CLIENT " <- " OLD " INFORMATIONAL resp 0 {}");
	assert_at(OLD);
}
END_TEST

/*
 *     {}                   -> OLD
 *                          <- OLD  SWITCH=NEW in the response
 */
/* REQ: IKE-3.10-1 */
START_TEST(test_in_a_response_is_ignored)
{
	world_establish();
	world_forge(RESPONDER, INFORMATIONAL, TRUE, 0, 0, 41042,
				chunk_from_chars(192, 0, 2, 2));
	world_call(INITIATOR, send_dpd);
	world_run(1000);

	assert_dialogue(
		CLIENT " -> " OLD " INFORMATIONAL req 2 {}",
		CLIENT " <- " OLD " INFORMATIONAL resp 2 {SWITCH=" NEW "}");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS *: received in a response");
	assert_at(OLD);
}
END_TEST

START_TEST(test_in_create_child_sa_is_ignored)
{
	world_establish();
	world_forge(RESPONDER, CREATE_CHILD_SA, FALSE, 0, 0, 41042,
				chunk_from_chars(192, 0, 2, 2));
	world_rekey_child(RESPONDER);
	world_run(10000);

	assert_count(1, "* CREATE_CHILD_SA req * {* SWITCH=" NEW "*}");
	assert_count(1, "* CREATE_CHILD_SA resp *");
	assert_count(0, UPDATE_REQ);
	assert_count(0, "*" NEW " INFORMATIONAL *");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS *: not received in an "
				  "INFORMATIONAL exchange");
	assert_at(OLD);
}
END_TEST

START_TEST(test_without_mobike_is_ignored)
{
	world_establish(.no_mobike = TRUE);
	name_address(NEW);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW "}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS *: MOBIKE is not enabled");
	assert_at(OLD);
}
END_TEST

START_TEST(test_if_we_did_not_send_r_is_ignored)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { advertise = no } }");
	name_address(NEW);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW "}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}");
	assert_logged("*ignored SWITCH_TO_IP_ADDRESS *: we did not say that we "
				  "support it");
	assert_at(OLD);
}
END_TEST

/*
 * The peer is there already: harmless, maybe it wants to be sure.
 *
 *                          <- OLD  SWITCH=OLD
 *     {}                   -> OLD
 *     UPD_SA_ADDR          -> OLD
 */
START_TEST(test_current_address_is_updated)
{
	world_establish(.nat = TRUE, .settings = _i ?
					"plugins { rmobike { accept = none } }" : NULL);
	name_address(OLD);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" OLD "}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}",
		CLIENT " -> " OLD " INFORMATIONAL req 2 {UPD_SA_ADDR *}",
		CLIENT " <- " OLD " INFORMATIONAL resp 2 {*}");
	assert_at(OLD);
}
END_TEST

/*
 * OpenIKED drops MOBIKE if MOBIKE_SUPPORTED has data. Its users are told why,
 * once for each connection.
 */
START_TEST(test_responder_without_mobike_is_named_once)
{
	bool quiet = _i;
	int i;

	world_create((world_conf_t){
		.settings = quiet ? "plugins { rmobike { connections { home { "
							"advertise = no } } } }" : NULL,
	});
	for (i = 0; i < 2; i++)
	{
		world_forge(.from = RESPONDER, .exchange = IKE_AUTH, .response = TRUE,
					.type = MOBIKE_SUPPORTED, .replace = TRUE);
		world_initiate();
		world_run(1000);
	}
	ck_assert_uint_eq(world_logged("*set charon.plugins.rmobike.connections."
								   "home.advertise = no"), !quiet);
}
END_TEST

void suite_refuse(TCase *tcase)
{
	tcase_add_test(tcase, test_refuses_another_family_in_transport_mode);
	tcase_add_loop_test(tcase, test_refusal_stays_and_checks_liveness, 0,
						countof(refusals));
	tcase_add_test(tcase, test_refusal_is_an_outcome);
	tcase_add_test(tcase, test_silent_refusal_is_an_outcome);
	tcase_add_test(tcase, test_many_refusals_hold_up_nobody);
	tcase_add_test(tcase, test_many_refusals_cost_little);
	tcase_add_test(tcase, test_too_many_switches_are_refused);
	tcase_add_loop_test(tcase, test_malformed_length_is_ignored, 0, 65);
	tcase_add_loop_test(tcase, test_malformed_header_is_ignored, 0, 4);
	tcase_add_loop_test(tcase, test_protocol_id_without_spi_means_nothing, 0,
						3);
	tcase_add_test(tcase, test_two_in_a_message_are_ignored);
	tcase_add_test(tcase, test_sent_by_initiator_is_ignored);
	tcase_add_test(tcase, test_sent_by_initiator_after_rekeying_is_ignored);
	tcase_add_test(tcase, test_in_a_response_is_ignored);
	tcase_add_test(tcase, test_in_create_child_sa_is_ignored);
	tcase_add_test(tcase, test_without_mobike_is_ignored);
	tcase_add_test(tcase, test_if_we_did_not_send_r_is_ignored);
	tcase_add_loop_test(tcase, test_current_address_is_updated, 0, 2);
	tcase_add_loop_test(tcase, test_responder_without_mobike_is_named_once, 0,
						2);
}
