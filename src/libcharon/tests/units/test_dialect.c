/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_dialect.h"

#include <bio/bio_writer.h>

/**
 * Attributes with values of all kinds: their numbers in versions 3, and 4 and
 * later, and an example. 0 if version 3 doesn't have it.
 */
static const struct {
	const char *name;
	uint8_t old, new;
	const char *value;
} attributes[] = {
	{ "IKE_ID",			1, 1,	"02a1a2a3a4a5a6a7a8b1b2b3b4b5b6b7b800" },
	{ "IKE_REKEY_ID",	2, 2,	"02c1c2c3c4c5c6c7c8d1d2d3d4d5d6d7d801" },
	{ "LOCAL_ID",		3, 3,	"02056140622e63" },
	{ "REMOTE_ID",		4, 4,	"0100" },
	{ "REMOTE_EAP_ID",	5, 5,	"0b0178" },
	{ "LOCAL_ADDR",		6, 6,	"119402c0000201" },
	{ "REMOTE_ADDR",	7, 7,	"01f40a20010db8000000000000000000000001" },
	{ "CONFIG_NAME",	8, 8,	"727700" },
	{ "CONDITIONS",		9, 9,	"40008005" },
	{ "EXTENSIONS",		10, 10,	"40021813" },
	{ "LOCAL_VIP",		11, 11,	"0000020a030001" },
	{ "REMOTE_VIP",		12, 12,	"0000020a030002" },
	{ "PEER_ADDR",		13, 13,	"1194020a010102" },
	{ "INITIATOR",		14, 14,	"01" },
	{ "NONCE_I",		15, 15,	"000411121314" },
	{ "NONCE_R",		16, 16,	"0000" },
	{ "SECRET",			17, 17,	"000221ff" },
	{ "ADD_SECRET",		0, 18,	"000231ff" },
	{ "OLD_SKD",		18, 19,	"0003414243" },
	{ "ALG_PRF",		19, 20,	"0005" },
	{ "ALG_OLD_PRF",	20, 21,	"0002" },
	{ "ALG_ENCR",		21, 22,	"0014" },
	{ "ALG_ENCR_LEN",	22, 23,	"0080" },
	{ "ALG_INTEG",		23, 24,	"000c" },
	{ "ALG_KE",			24, 25,	"001f" },
	{ "ALG_ADD_KES",	0, 26,	"000400240025" },
	{ "IPSEC_MODE",		25, 27,	"02" },
	{ "IPCOMP",			26, 28,	"00" },
	{ "INBOUND_SPI",	27, 29,	"c1000001" },
	{ "OUTBOUND_SPI",	28, 30,	"c8000002" },
	{ "INBOUND_CPI",	29, 31,	"1234" },
	{ "OUTBOUND_CPI",	30, 32,	"5678" },
	{ "LOCAL_TS",		31, 33,	"07000000ffff000a0200000a0200ff" },
	{ "REMOTE_TS",		32, 34,	"08110035003501"
								"20010db8000000000000000000000000"
								"20010db80000000000000000000000ff" },
	{ "MID",			33, 35,	"00000007" },
	{ "SEGMENT",		34, 36,	"0001" },
	{ "ESN",			35, 37,	"0001" },
	{ "IKE_VERSION",	36, 38,	"02" },
	{ "LOCAL_DH",		37, 39,	"000151" },
	{ "REMOTE_DH",		38, 40,	"000161" },
	{ "PSK",			39, 41,	"000171" },
	{ "IV",				40, 42,	"000181" },
	{ "AUTH_METHOD",	41, 43,	"0003" },
};

/**
 * Types of messages.
 */
enum {
	IKE_ADD = 1,
	IKE_UPDATE = 2,
	CHILD_ADD = 6,
	STATUS = 10,
	RESYNC = 11,
	IKE_IV = 12,
};

/**
 * Find an attribute.
 */
static int find(const char *name)
{
	int i;

	for (i = 0; i < (int)countof(attributes); i++)
	{
		if (streq(attributes[i].name, name))
		{
			return i;
		}
	}
	ck_abort_msg("no attribute '%s' in this test", name);
	return -1;
}

/**
 * Begin a message.
 */
static void begin(bio_writer_t *writer, uint8_t version, uint8_t type)
{
	writer->write_uint8(writer, version);
	writer->write_uint8(writer, type);
}

/**
 * Write an attribute with a value of its own, in hex.
 */
static void put(bio_writer_t *writer, uint8_t version, const char *name,
				const char *value)
{
	int i = find(name);
	chunk_t data;

	data = chunk_from_hex(chunk_from_str((char*)value), NULL);
	writer->write_uint8(writer, version < 4 ? attributes[i].old :
											  attributes[i].new);
	writer->write_data(writer, data);
	chunk_free(&data);
}

/**
 * End a message.
 */
static chunk_t end(bio_writer_t *writer)
{
	chunk_t message = writer->extract_buf(writer);

	writer->destroy(writer);
	return message;
}

/**
 * Write a message with one attribute besides the IKE_SA.
 */
static chunk_t one(uint8_t version, uint8_t type, const char *name,
				   const char *value)
{
	bio_writer_t *writer = bio_writer_create(0);

	begin(writer, version, type);
	put(writer, version, "IKE_ID", attributes[find("IKE_ID")].value);
	put(writer, version, "ALG_ENCR", "0014");
	put(writer, version, name, value);
	return end(writer);
}

/**
 * Write a message with all attributes that all versions have.
 */
static chunk_t all(uint8_t version, uint8_t type)
{
	bio_writer_t *writer = bio_writer_create(0);
	int i;

	begin(writer, version, type);
	for (i = 0; i < (int)countof(attributes); i++)
	{
		if (attributes[i].old)
		{
			put(writer, version, attributes[i].name, attributes[i].value);
		}
	}
	return end(writer);
}

/**
 * Expect a message to be translated to another one, both are freed.
 */
static void becomes(chunk_t message, u_int version, chunk_t expected)
{
	const char *why = NULL;
	chunk_t found;

	found = rmobike_dialect_translate(message, version, &why);
	ck_assert_msg(found.len, "not translated to version %u: %s", version, why);
	ck_assert_msg(chunk_equals(found, expected),
				  "%#B translated to version %u is %#B, expected %#B", &message,
				  version, &found, &expected);
	chunk_free(&found);
	chunk_free(&message);
	chunk_free(&expected);
}

/**
 * Expect a message not to be translated for a reason, it is freed.
 */
static void refused(chunk_t message, u_int version, const char *reason)
{
	const char *why = NULL;
	chunk_t found;

	found = rmobike_dialect_translate(message, version, &why);
	ck_assert(!found.len && !found.ptr);
	ck_assert_msg(why && strstr(why, reason), "'%s', expected '%s'", why,
				  reason);
	chunk_free(&message);
}

/**
 * All pairs of versions.
 */
#define PAIRS 9
#define FROM(i) (3 + (i) / 3)
#define TO(i) (3 + (i) % 3)

START_TEST(all_attributes_keep_their_values)
{
	uint8_t type;

	for (type = 1; type <= IKE_IV; type++)
	{
		becomes(all(FROM(_i), type), TO(_i), all(TO(_i), type));
	}
}
END_TEST

START_TEST(private_bits_go_where_they_are_known)
{
	uint8_t from = FROM(_i), to = TO(_i);
	bio_writer_t *writer = bio_writer_create(0), *other = bio_writer_create(0);

	begin(writer, from, IKE_UPDATE);
	put(writer, from, "CONDITIONS", "40000001");
	put(writer, from, "CONDITIONS", "80000002");
	put(writer, from, "EXTENSIONS", "40000003");
	put(writer, from, "EXTENSIONS", "80000004");
	begin(other, to, IKE_UPDATE);
	put(other, to, "CONDITIONS", "40000001");
	if (from == 5 && to == 5)
	{
		put(other, to, "CONDITIONS", "80000002");
	}
	put(other, to, "EXTENSIONS", "40000003");
	if (from == 5 && to == 5)
	{
		put(other, to, "EXTENSIONS", "80000004");
	}
	becomes(end(writer), to, end(other));
}
END_TEST

START_TEST(additional_key_exchanges_are_not_for_old_nodes)
{
	static const struct {
		const char *attribute, *value;
	} new[] = {
		{ "ADD_SECRET", "000231ff" },
		{ "ALG_ADD_KES", "00020024" },
	};
	int i;

	for (i = 0; i < (int)countof(new); i++)
	{
		refused(one(4, IKE_ADD, new[i].attribute, new[i].value), 3,
				"key exchanges");
		refused(one(5, CHILD_ADD, new[i].attribute, new[i].value), 3,
				"key exchanges");
		becomes(one(4, IKE_ADD, new[i].attribute, new[i].value), 5,
				one(5, IKE_ADD, new[i].attribute, new[i].value));
		becomes(one(5, IKE_ADD, new[i].attribute, new[i].value), 4,
				one(4, IKE_ADD, new[i].attribute, new[i].value));
	}
}
END_TEST

START_TEST(new_keys_of_an_ike_sa_are_not_for_old_nodes)
{
	bio_writer_t *writer;
	uint8_t version;

	for (version = 4; version <= 5; version++)
	{
		writer = bio_writer_create(0);
		begin(writer, version, IKE_ADD);
		put(writer, version, "IKE_VERSION", "02");
		put(writer, version, "IKE_ID", attributes[find("IKE_ID")].value);
		put(writer, version, "SECRET", "000221ff");
		refused(end(writer), 3, "key exchanges");
	}
}
END_TEST

/**
 * strongSwan 6.0.0 tells these like that, by messages of version 3.
 */
START_TEST(ike_sas_that_replace_themselves_are_not_told)
{
	const char *id = attributes[find("IKE_ID")].value;

	refused(one(3, IKE_ADD, "IKE_REKEY_ID", id), 4, "key exchanges");
	refused(one(3, IKE_ADD, "IKE_REKEY_ID", id), 5, "key exchanges");
}
END_TEST

START_TEST(ml_kem_is_not_for_old_nodes)
{
	refused(one(5, IKE_ADD, "ALG_KE", "0023"), 3, "key exchanges");
	refused(one(4, CHILD_ADD, "ALG_KE", "0025"), 3, "key exchanges");
	becomes(one(5, IKE_ADD, "ALG_KE", "0024"), 4,
			one(4, IKE_ADD, "ALG_KE", "0024"));
	becomes(one(5, IKE_ADD, "ALG_KE", "0022"), 3,
			one(3, IKE_ADD, "ALG_KE", "0022"));
	becomes(one(5, IKE_ADD, "ALG_KE", "0026"), 3,
			one(3, IKE_ADD, "ALG_KE", "0026"));
}
END_TEST

START_TEST(ntru_and_new_hope_are_not_for_new_nodes)
{
	refused(one(3, IKE_ADD, "ALG_KE", "0406"), 4, "key exchanges");
	refused(one(3, CHILD_ADD, "ALG_KE", "0409"), 5, "key exchanges");
	refused(one(3, IKE_ADD, "ALG_KE", "0410"), 5, "key exchanges");
	becomes(one(3, IKE_ADD, "ALG_KE", "0410"), 3,
			one(3, IKE_ADD, "ALG_KE", "0410"));
	becomes(one(3, IKE_ADD, "ALG_KE", "0405"), 5,
			one(5, IKE_ADD, "ALG_KE", "0405"));
	becomes(one(3, IKE_ADD, "ALG_KE", "040a"), 5,
			one(5, IKE_ADD, "ALG_KE", "040a"));
}
END_TEST

START_TEST(iptfs_is_not_for_old_nodes)
{
	refused(one(5, CHILD_ADD, "IPSEC_MODE", "06"), 3, "mode");
	refused(one(5, CHILD_ADD, "IPSEC_MODE", "06"), 4, "mode");
	becomes(one(5, CHILD_ADD, "IPSEC_MODE", "06"), 5,
			one(5, CHILD_ADD, "IPSEC_MODE", "06"));
}
END_TEST

START_TEST(requests_are_told_from_others)
{
	chunk_t request = all(FROM(_i), RESYNC), other = all(FROM(_i), STATUS);

	ck_assert(rmobike_dialect_is_request(request));
	ck_assert(!rmobike_dialect_is_request(other));
	ck_assert(!rmobike_dialect_is_request(chunk_create(request.ptr, 1)));
	ck_assert(!rmobike_dialect_is_request(chunk_empty));
	chunk_free(&request);
	chunk_free(&other);
}
END_TEST

START_TEST(new_ike_sas_are_told_from_others)
{
	chunk_t added = all(FROM(_i), IKE_ADD), other = all(FROM(_i), IKE_UPDATE);
	uint64_t initiator = 0, responder = 0;

	ck_assert(rmobike_dialect_get_added(added, &initiator, &responder));
	ck_assert(be64toh(initiator) == 0xa1a2a3a4a5a6a7a8ULL);
	ck_assert(be64toh(responder) == 0xb1b2b3b4b5b6b7b8ULL);
	ck_assert(!rmobike_dialect_get_added(other, &initiator, &responder));
	/* without an IKE_SA, or with a part of one */
	ck_assert(!rmobike_dialect_get_added(chunk_create(added.ptr, 1), &initiator,
										 &responder));
	ck_assert(!rmobike_dialect_get_added(chunk_create(added.ptr, 2), &initiator,
										 &responder));
	ck_assert(!rmobike_dialect_get_added(chunk_create(added.ptr, 2 + 18),
										 &initiator, &responder));
	*added.ptr = 2;
	ck_assert(!rmobike_dialect_get_added(added, &initiator, &responder));
	chunk_free(&added);
	chunk_free(&other);
}
END_TEST

START_TEST(unknown_versions_types_and_attributes_are_refused)
{
	chunk_t message;
	u_int version;

	for (version = 0; version < 256; version++)
	{
		message = all(3, STATUS);
		message.ptr[0] = version;
		if (version < 3 || version > 5)
		{
			ck_assert(!rmobike_dialect_is_known(version));
			refused(all(5, STATUS), version, "not understood");
			refused(chunk_clone(message), 3, "not understood");
		}
		message.ptr[0] = FROM(_i);
		message.ptr[1] = version;
		if (version < 1 || version > IKE_IV)
		{
			refused(chunk_clone(message), TO(_i), "not understood");
		}
		if (version < 1 || version > (FROM(_i) < 4 ? 41 : 43))
		{
			message.ptr[1] = STATUS;
			message.ptr[2] = version;
			refused(chunk_clone(message), TO(_i), "not understood");
		}
		chunk_free(&message);
	}
}
END_TEST

/**
 * Where an attribute ends the rest may be missing, and nowhere else.
 */
START_TEST(what_is_cut_off_is_refused)
{
	chunk_t message = all(FROM(_i), IKE_UPDATE);
	bool ends[message.len + 1];
	size_t len = 2, i;

	memset(ends, 0, sizeof(ends));
	ends[len] = TRUE;
	for (i = 0; i < countof(attributes); i++)
	{
		if (attributes[i].old)
		{
			len += 1 + strlen(attributes[i].value) / 2;
			ends[len] = TRUE;
		}
	}
	ck_assert_int_eq(len, message.len);
	for (len = 0; len < message.len; len++)
	{
		/* in memory of its own: sanitizers see what is read behind it */
		chunk_t cut = chunk_clone(chunk_create(message.ptr, len)), found;
		const char *why;

		if (!ends[len])
		{
			refused(cut, TO(_i), "not understood");
			continue;
		}
		found = rmobike_dialect_translate(cut, TO(_i), &why);
		ck_assert_int_eq(found.len, len);
		chunk_free(&found);
		chunk_free(&cut);
	}
	chunk_free(&message);
}
END_TEST

START_TEST(values_that_are_none_are_refused)
{
	static const struct {
		const char *attribute, *value;
	} odd[] = {
		{ "LOCAL_ADDR", "01f403c0000201" },
		{ "LOCAL_ADDR", "01f400c0000201" },
		{ "LOCAL_TS", "09000000ffff000a0200000a0200ff" },
		{ "LOCAL_TS", "00000000ffff000a0200000a0200ff" },
		{ "CONFIG_NAME", "7277" },
		{ "NONCE_I", "ffff11" },
		{ "LOCAL_ID", "02ff61" },
	};
	int i;

	for (i = 0; i < (int)countof(odd); i++)
	{
		refused(one(FROM(_i), IKE_UPDATE, odd[i].attribute, odd[i].value),
				TO(_i), "not understood");
	}
}
END_TEST

/**
 * The largest datagram that can come is no trouble.
 */
START_TEST(long_messages_are_translated)
{
	bio_writer_t *writer = bio_writer_create(0), *other = bio_writer_create(0);

	begin(writer, FROM(_i), STATUS);
	begin(other, TO(_i), STATUS);
	while (writer->get_buf(writer).len + 3 <= 65507)
	{
		put(writer, FROM(_i), "SEGMENT", "0001");
		put(other, TO(_i), "SEGMENT", "0001");
	}
	becomes(end(writer), TO(_i), end(other));
}
END_TEST

/**
 * Change some octets of a message, and expect either a translation that is one
 * or a reason.
 */
START_TEST(damaged_messages_do_no_harm)
{
	chunk_t message = all(FROM(_i), IKE_UPDATE), damaged, found, again;
	u_int seed = 42 + _i, tries, good = 0;
	const char *why;
	int changes;

	for (tries = 0; tries < 20000; tries++)
	{
		damaged = chunk_clone(message);
		damaged.len -= rand_r(&seed) % 8;
		for (changes = 1 + rand_r(&seed) % 3; changes; changes--)
		{
			damaged.ptr[2 + rand_r(&seed) % (damaged.len - 2)] = rand_r(&seed);
		}
		why = NULL;
		found = rmobike_dialect_translate(damaged, TO(_i), &why);
		ck_assert(!found.len == !!why);
		ck_assert(found.len <= damaged.len);
		if (found.len)
		{
			good++;
			again = rmobike_dialect_translate(found, TO(_i), &why);
			ck_assert(chunk_equals(found, again));
			chunk_free(&again);
		}
		chunk_free(&found);
		chunk_free(&damaged);
	}
	ck_assert(good > 0);
	chunk_free(&message);
}
END_TEST

/*
 * Described in header
 */
Suite *dialect_suite(void)
{
	Suite *suite = suite_create("dialect");
	TCase *tc;

	tc = add_case(suite, "said in another version");
	tcase_add_loop_test(tc, all_attributes_keep_their_values, 0, PAIRS);
	tcase_add_loop_test(tc, private_bits_go_where_they_are_known, 0, PAIRS);
	tcase_add_loop_test(tc, long_messages_are_translated, 0, PAIRS);
	tcase_add_loop_test(tc, requests_are_told_from_others, 0, PAIRS);
	tcase_add_loop_test(tc, new_ike_sas_are_told_from_others, 0, PAIRS);

	tc = add_case(suite, "what can't be said");
	tcase_add_test(tc, additional_key_exchanges_are_not_for_old_nodes);
	tcase_add_test(tc, new_keys_of_an_ike_sa_are_not_for_old_nodes);
	tcase_add_test(tc, ike_sas_that_replace_themselves_are_not_told);
	tcase_add_test(tc, ml_kem_is_not_for_old_nodes);
	tcase_add_test(tc, ntru_and_new_hope_are_not_for_new_nodes);
	tcase_add_test(tc, iptfs_is_not_for_old_nodes);

	tc = add_case(suite, "damaged");
	tcase_add_loop_test(tc, unknown_versions_types_and_attributes_are_refused,
						0, PAIRS);
	tcase_add_loop_test(tc, what_is_cut_off_is_refused, 0, PAIRS);
	tcase_add_loop_test(tc, values_that_are_none_are_refused, 0, PAIRS);
	tcase_add_loop_test(tc, damaged_messages_do_no_harm, 0, PAIRS);
	return suite;
}
