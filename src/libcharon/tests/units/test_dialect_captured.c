/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_dialect.h"

/**
 * What nodes of each version told each other in a laboratory: a client behind a
 * NAT connected to one of them, then its IKE_SA and CHILD_SA were rekeyed.
 * First the type, then the messages of 5.9.8, 6.0.1 and 6.1.0.
 */
static const char *captured[][4] = {
	{
		"IKE_ADD",
		"0301240201028ac66058e9eaabdd0a9369f270044d2e000202f9ef273845d210"
		"fe0ad839c6d5d6c8e400140005120020e1b65282dfa0b2ea797d6645fb794f01"
		"49eb3750e9e8c2cad1bd415edb43fa6315000c16008017000c13000518001f0f"
		"00201bcfa6d4981aedb64b1c584e7db3e934f966d888bf6daac4c91a479097cf"
		"7547100020f9a341fea02390fce488f3b56908e545da6850b34d1a8848c6e0eb"
		"28ea3cc92f1100203e394dc5719762fc7ca8219a6fb2e77201309b8e74814a32"
		"f554aab8fb97f6490711940264400101",
		"0401260201029596031a1aa7d5060a4b9516cf0c6a57000202a6ee84ba92b4c3"
		"9a0afbc5c83de1a74f0015000513002072405fc100ec05622dabc6046c6b67f8"
		"3e495fa9cffdeaf73a55ad0901c949fa16000c17008018000c1400051900130f"
		"0020672e4d2422bfdefe781bc0425926a54e03f9116aee50e93b31ce3d19556d"
		"515d100020ee6e993232c8f57f01a694c9dbf4babf1511cc88ac3bb7e8f43016"
		"c049c7d3a21100208cc03584a0671a3637c58d6dab528049bdf4d262fb56eaf6"
		"4df2103f44096a7f0711940264400101",
		"050126020102b106f48b4122b1e60a79598cb6252bbb000202f85e4805c6505f"
		"f30aeb164eaec7132f001500051300209a6aa2ee1d6725381f8d6a6ac0f84393"
		"753de50d14a5966a5677a871e2496dae16000c17008018000c1400051900130f"
		"00205588a3c6d3042a277a6166b60d08e9f1a5942039ffff7b1899eedb8c3d07"
		"c779100020978f347325ffb93d9c783114ef2a160faa8a1607bc6e5cb0b69156"
		"fc763c2e581100205f2cc448cec0bd1004f778c7921d515a5524d4664a8c7e2c"
		"67f90fd48dd906e00711940264400101",
	},
	{
		"IKE_UPDATE",
		"030201028ac66058e9eaabdd0a9369f270044d2e000303146761746577617940"
		"726d6f62696b652e74657374040313636c69656e7440726d6f62696b652e7465"
		"737406119402c0000201071194026440010109000040050a4000392b08727700"
		"0d11940264400101",
		"040201029596031a1aa7d5060a4b9516cf0c6a57000303146761746577617940"
		"726d6f62696b652e74657374040313636c69656e7440726d6f62696b652e7465"
		"737406119402c0000201071194026440010109000040050a4000392b08727700"
		"0d11940264400101",
		"05020102b106f48b4122b1e60a79598cb6252bbb000303146761746577617940"
		"726d6f62696b652e74657374040313636c69656e7440726d6f62696b652e7465"
		"737406119402c00002010711940264400101090000400509800000000a400039"
		"2b0a80000000087277000d11940264400101",
	},
	{
		"IKE_MID_RESPONDER",
		"030401028ac66058e9eaabdd0a9369f270044d2e002100000003",
		"040401029596031a1aa7d5060a4b9516cf0c6a57002300000003",
		"05040102b106f48b4122b1e60a79598cb6252bbb002300000003",
	},
	{
		"CHILD_ADD",
		"030601028ac66058e9eaabdd0a9369f270044d2e000e001bd69852c31c27395f"
		"c41d00001e000019021a00086e657430001500141600802300000f0020e5f54e"
		"76ce4432c7987936e1c130dd4b4d0abd350e74be22ebe0dfd8b81d6df5100020"
		"8489eefe67cbd4ac881cbf364f9be9d835c4afbdc782c7501aa00394e4d4624e"
		"1f07000000ffff000a0200000a0200ff2007000000ffff000a0300010a030001",
		"040601029596031a1aa7d5060a4b9516cf0c6a57000e001db4d334c71e0649b8"
		"c51f00002000001b021c00086e657430001600141700802500000f0020e49a95"
		"2bb6845a3e80da4af7302aab853a229a73d7926a1a078e2d02c5765649100020"
		"7ee59fa9e80240bed57661d5651690c03a043986c6e9ef7f8fcd6058a27ea95c"
		"2107000000ffff000a0200000a0200ff2207000000ffff000a0300010a030001",
		"05060102b106f48b4122b1e60a79598cb6252bbb000e001d5beec9c61eb6c132"
		"c41f00002000001b021c00086e657430001600141700802500000f0020221441"
		"7b87edc859947638481a676d24068be71b9cf277e04edad73e59b5c111100020"
		"4905aaa9a759e398de41fbf60728de82c9484aa921a68a194734f38a081da3b0"
		"2107000000ffff000a0200000a0200ff2207000000ffff000a0300010a030001",
	},
	{
		"RESYNC",
		"030b220001",
		"040b240001",
		"050b240001",
	},
};

/**
 * Get one of them, allocated.
 */
static chunk_t get_captured(int i, u_int version)
{
	const char *octets = captured[i][version - 2];

	return chunk_from_hex(chunk_from_str((char*)octets), NULL);
}

/**
 * Translate a message, which is freed.
 */
static chunk_t say_in(chunk_t message, u_int version)
{
	const char *reason = NULL;
	chunk_t translated;

	translated = rmobike_dialect_translate(message, version, &reason);
	ck_assert_msg(translated.len, "%s", reason);
	chunk_free(&message);
	return translated;
}

/**
 * There and back it is as it was, but for the private bits, which were not set.
 */
START_TEST(captured_messages_come_back)
{
	chunk_t message, back;
	u_int from, to;

	for (from = 3; from <= 5; from++)
	{
		for (to = 3; to <= 5; to++)
		{
			message = get_captured(_i, from);
			back = say_in(say_in(chunk_clone(message), to), from);
			if (back.len != message.len)
			{
				ck_assert(from == 5 && to < 5);
				ck_assert_str_eq(captured[_i][0], "IKE_UPDATE");
				ck_assert_int_eq(back.len, message.len - 2 * 5);
			}
			else
			{
				ck_assert(chunk_equals(message, back));
			}
			chunk_free(&message);
			chunk_free(&back);
		}
	}
}
END_TEST

/**
 * Where the translation differs from the original there is the version or the
 * number of an attribute, and that is the one that the other daemon has there.
 */
START_TEST(captured_messages_are_like_those_of_other_versions)
{
	chunk_t message, translated, real;
	u_int from, to, changed = 0;
	size_t i;

	for (from = 3; from <= 5; from++)
	{
		for (to = 3; to <= 5; to++)
		{
			/* without private bits, if any version doesn't have these */
			message = say_in(say_in(get_captured(_i, from), to), from);
			translated = say_in(chunk_clone(message), to);
			real = say_in(say_in(get_captured(_i, to), from), to);
			ck_assert_int_eq(translated.len, real.len);
			ck_assert_int_eq(translated.len, message.len);
			for (i = 0; i < message.len; i++)
			{
				if (message.ptr[i] != translated.ptr[i])
				{
					changed++;
					ck_assert_msg(translated.ptr[i] == real.ptr[i],
								  "%s: %u to %u, octet %zu is %u, in a real "
								  "one %u", captured[_i][0], from, to, i,
								  translated.ptr[i], real.ptr[i]);
				}
			}
			chunk_free(&message);
			chunk_free(&translated);
			chunk_free(&real);
		}
	}
	/* the version each time, and some numbers */
	ck_assert_uint_ge(changed, 6);
}
END_TEST

/*
 * Described in header
 */
Suite *dialect_captured_suite(void)
{
	Suite *suite = suite_create("dialect, captured");
	TCase *tc;

	tc = add_case(suite, "captured");
	tcase_add_loop_test(tc, captured_messages_come_back, 0,
						countof(captured));
	tcase_add_loop_test(tc, captured_messages_are_like_those_of_other_versions,
						0, countof(captured));
	return suite;
}
