/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_udp.h"

#include <sys/socket.h>

/**
 * Both ends, by family: first IPv4, then IPv6.
 */
static const struct {
	const char *me;
	const char *other;
	uint16_t my_port;
	uint16_t other_port;
	size_t ip_len;
	size_t data_max;
} ends[] = {
	{ "192.0.2.1", "198.51.100.7", 4500, 1024, 20, 65507 },
	{ "2001:db8::1", "2001:db8:0:7::abcd", 500, 500, 40, 65527 },
};

/**
 * Build a packet with some data and a differentiated services code point.
 */
static chunk_t build_dscp(int family, uint8_t dscp, chunk_t data)
{
	host_t *me = host(ends[family].me), *other = host(ends[family].other);
	chunk_t packet;

	me->set_port(me, ends[family].my_port);
	other->set_port(other, ends[family].other_port);
	packet = rmobike_udp_build(me, other, dscp, data);
	me->destroy(me);
	other->destroy(other);
	return packet;
}

/**
 * Build a packet with some data.
 */
static chunk_t build(int family, chunk_t data)
{
	return build_dscp(family, 0, data);
}

/**
 * Packets that Linux 6 sent between these ends, read from a TUN device. What is
 * up to it is 0: ID and checksum of IPv4 headers, flow label of IPv6 headers.
 */
static const struct {
	const char *data;
	const char *ip;
	const char *udp;
} sent[][5] = {
	{
		{ "", "4500001c0000000040110000c0000201c6336407",
		  "119404000008fe0d" },
		{ "00000000494b4521", "450000240000000040110000c0000201c6336407",
		  "1194040000106f91" },
		{ "00000000494b45", "450000230000000040110000c0000201c6336407",
		  "11940400000f6fb4" },
		{ "ffffffffffffff", "450000230000000040110000c0000201c6336407",
		  "11940400000ffefe" },
		/* the sum is 0, which would mean that there is none */
		{ "fe09", "4500001e0000000040110000c0000201c6336407",
		  "11940400000affff" },
	},
	{
		{ "", "6000000000081140"
		  "20010db800000000000000000000000120010db800000007000000000000abcd",
		  "01f401f40008f4ae" },
		{ "00000000494b4521", "6000000000101140"
		  "20010db800000000000000000000000120010db800000007000000000000abcd",
		  "01f401f400106632" },
		{ "00000000494b45", "60000000000f1140"
		  "20010db800000000000000000000000120010db800000007000000000000abcd",
		  "01f401f4000f6655" },
		{ "ffffffffffffff", "60000000000f1140"
		  "20010db800000000000000000000000120010db800000007000000000000abcd",
		  "01f401f4000ff59f" },
		{ "f4aa", "60000000000a1140"
		  "20010db800000000000000000000000120010db800000007000000000000abcd",
		  "01f401f4000affff" },
	},
};

START_TEST(packets_are_those_that_linux_sends)
{
	chunk_t data, packet;
	char expected[256];
	int i;

	for (i = 0; i < (int)countof(sent[_i]); i++)
	{
		snprintf(expected, sizeof(expected), "%s%s%s", sent[_i][i].ip,
				 sent[_i][i].udp, sent[_i][i].data);
		data = chunk_from_hex(chunk_from_str((char*)sent[_i][i].data), NULL);
		packet = build(_i, data);
		chunk_free(&data);
		data = chunk_to_hex(packet, NULL, FALSE);
		ck_assert_str_eq((char*)data.ptr, expected);
		chunk_free(&data);
		chunk_free(&packet);
	}
}
END_TEST

/**
 * All else is as without. Expedited forwarding is 101110 (RFC 3246), two bits
 * for congestion follow.
 */
START_TEST(packets_have_their_code_point)
{
	chunk_t data = chunk_from_str("data"), packet, marked;
	u_char expected[][2] = {
		{ 0x45, 0xb8 },
		{ 0x6b, 0x80 },
	};

	packet = build(_i, data);
	marked = build_dscp(_i, 46, data);
	ck_assert(memeq(marked.ptr, expected[_i], 2));
	memcpy(marked.ptr, packet.ptr, 2);
	ck_assert(chunk_equals(marked, packet));
	chunk_free(&packet);
	chunk_free(&marked);
}
END_TEST

/**
 * The remainder that octets leave as a number, padded to whole words, when
 * divided by 65535: another way to get their ones' complement sum.
 */
static uint32_t add_remainder(uint32_t remainder, chunk_t octets)
{
	size_t i;

	for (i = 0; i < octets.len + octets.len % 2; i++)
	{
		remainder = remainder * 256 + (i < octets.len ? octets.ptr[i] : 0);
		remainder %= 65535;
	}
	return remainder;
}

/**
 * Fail the test unless lengths and checksum are as they have to be.
 */
static void check_packet(int family, chunk_t packet, size_t data_len)
{
	chunk_t udp = chunk_skip(packet, ends[family].ip_len);
	uint16_t len = htons(udp.len), protocol = htons(IPPROTO_UDP);
	uint32_t remainder;

	ck_assert_int_eq(packet.len, ends[family].ip_len + 8 + data_len);
	ck_assert_int_eq(untoh16(udp.ptr + 4), udp.len);
	ck_assert_int_eq(untoh16(packet.ptr + (family ? 4 : 2)),
					 family ? udp.len : packet.len);

	/* both addresses end their header */
	remainder = add_remainder(0, chunk_create(udp.ptr - (family ? 32 : 8),
											  family ? 32 : 8));
	remainder = add_remainder(remainder, chunk_from_thing(protocol));
	remainder = add_remainder(remainder, chunk_from_thing(len));
	ck_assert_int_eq(add_remainder(remainder, udp), 0);
	ck_assert_int_ne(untoh16(udp.ptr + 6), 0);
}

START_TEST(checksum_is_right_whatever_the_length)
{
	u_char octets[600];
	chunk_t packet;
	size_t i;

	for (i = 0; i < sizeof(octets); i++)
	{
		octets[i] = i * 151 + 13;
	}
	for (i = 0; i <= sizeof(octets); i++)
	{
		packet = build(_i, chunk_create(octets, i));
		check_packet(_i, packet, i);
		ck_assert(memeq(packet.ptr + ends[_i].ip_len + 8, octets, i));
		chunk_free(&packet);
	}
}
END_TEST

START_TEST(there_is_always_a_checksum)
{
	chunk_t packet;
	uint16_t data;
	int i;

	for (i = 0; i <= UINT16_MAX; i++)
	{
		data = i;
		packet = build(_i, chunk_from_thing(data));
		check_packet(_i, packet, sizeof(data));
		chunk_free(&packet);
	}
}
END_TEST

START_TEST(there_is_nothing_if_it_is_too_long)
{
	chunk_t data = chunk_alloc(100000), packet;

	memset(data.ptr, 0xff, data.len);
	packet = build(_i, chunk_create(data.ptr, ends[_i].data_max));
	check_packet(_i, packet, ends[_i].data_max);
	chunk_free(&packet);

	ck_assert(!build(_i, chunk_create(data.ptr, ends[_i].data_max + 1)).ptr);
	ck_assert(!build(_i, chunk_create(data.ptr, UINT16_MAX)).ptr);
	ck_assert(!build(_i, chunk_create(data.ptr, UINT16_MAX + 1)).ptr);
	ck_assert(!build(_i, data).ptr);
	chunk_free(&data);
}
END_TEST

Suite *udp_suite(void)
{
	Suite *suite = suite_create("udp");
	TCase *tc;

	tc = add_case(suite, "packets");
	tcase_add_loop_test(tc, packets_are_those_that_linux_sends,
						0, countof(ends));
	tcase_add_loop_test(tc, packets_have_their_code_point, 0, countof(ends));
	tcase_add_loop_test(tc, checksum_is_right_whatever_the_length,
						0, countof(ends));
	tcase_add_loop_test(tc, there_is_always_a_checksum, 0, countof(ends));
	tcase_add_loop_test(tc, there_is_nothing_if_it_is_too_long,
						0, countof(ends));

	return suite;
}
