/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_policy.h"

#include <utils/utils.h>

#include <sys/socket.h>

ENUM(rmobike_accept_names, RMOBIKE_ACCEPT_ANNOUNCED, RMOBIKE_ACCEPT_ANY,
	"announced",
	"none",
	"any",
);

ENUM(rmobike_path_check_names, RMOBIKE_CHECK_UNANNOUNCED, RMOBIKE_CHECK_ALWAYS,
	"unannounced",
	"always",
);

ENUM(rmobike_verdict_names, RMOBIKE_VERDICT_MOVE, RMOBIKE_REFUSE_POLICY,
	"accepted",
	"accepted, checking path first",
	"the peer is there already",
	"unspecified address",
	"loopback address",
	"multicast address",
	"broadcast or reserved address",
	"link-local address",
	"IPv4 address in an IPv6 one",
	"one of our own addresses",
	"no source address to reach it",
	"transport mode CHILD_SAs, which only strongSwan 6.1.0 on Linux 7.2 can "
	"move to another address family",
	"too many switches in a short time",
	"not announced by the peer",
	"denied by policy",
);

/*
 * Described in header
 */
bool rmobike_verdict_is_refusal(rmobike_verdict_t verdict)
{
	return verdict >= RMOBIKE_REFUSE_UNSPECIFIED;
}

/**
 * Refuse IPv4 addresses that can't be one peer's.
 */
static rmobike_verdict_t judge_ipv4(const uint8_t *addr)
{
	if (addr[0] == 0)
	{
		return RMOBIKE_REFUSE_UNSPECIFIED;
	}
	if (addr[0] == 127)
	{
		return RMOBIKE_REFUSE_LOOPBACK;
	}
	if (addr[0] == 169 && addr[1] == 254)
	{
		return RMOBIKE_REFUSE_LINK_LOCAL;
	}
	if (addr[0] >= 240)
	{
		return RMOBIKE_REFUSE_BROADCAST;
	}
	if (addr[0] >= 224)
	{
		return RMOBIKE_REFUSE_MULTICAST;
	}
	return RMOBIKE_VERDICT_MOVE;
}

/**
 * Refuse IPv6 addresses that can't be one peer's, among them those that stand
 * for an IPv4 address and would get around the rules for these.
 */
static rmobike_verdict_t judge_ipv6(const uint8_t *addr)
{
	static const uint8_t compat[12], mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t loopback[16] = { [15] = 1 };
	rmobike_verdict_t verdict;

	if (memeq(addr, loopback, sizeof(loopback)))
	{
		return RMOBIKE_REFUSE_LOOPBACK;
	}
	if (memeq(addr, compat, sizeof(compat)) ||
		memeq(addr, mapped, sizeof(mapped)))
	{
		verdict = judge_ipv4(addr + sizeof(mapped));
		return rmobike_verdict_is_refusal(verdict) ? verdict
												   : RMOBIKE_REFUSE_MAPPED;
	}
	if (addr[0] == 0xff)
	{
		return RMOBIKE_REFUSE_MULTICAST;
	}
	if (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80)
	{
		return RMOBIKE_REFUSE_LINK_LOCAL;
	}
	return RMOBIKE_VERDICT_MOVE;
}

/**
 * Refuse addresses that can't be one peer's.
 */
static rmobike_verdict_t judge_form(host_t *address)
{
	const uint8_t *addr = address->get_address(address).ptr;

	if (address->get_family(address) == AF_INET)
	{
		return judge_ipv4(addr);
	}
	return judge_ipv6(addr);
}

/**
 * Refuse addresses that are neither configured nor of the accepted kind.
 */
static rmobike_verdict_t judge_permission(rmobike_accept_t accept,
										  rmobike_addrs_t *extra,
										  const rmobike_question_t *question)
{
	if (extra && extra->includes(extra, question->address))
	{
		return RMOBIKE_VERDICT_MOVE;
	}
	switch (accept)
	{
		case RMOBIKE_ACCEPT_ANY:
			return RMOBIKE_VERDICT_MOVE;
		case RMOBIKE_ACCEPT_ANNOUNCED:
			return question->announced ? RMOBIKE_VERDICT_MOVE
									   : RMOBIKE_REFUSE_NOT_ANNOUNCED;
		case RMOBIKE_ACCEPT_NONE:
		default:
			return RMOBIKE_REFUSE_POLICY;
	}
}

/*
 * Described in header
 */
rmobike_verdict_t rmobike_policy_judge(rmobike_accept_t accept,
									   rmobike_addrs_t *extra,
									   rmobike_path_check_t check,
									   const rmobike_question_t *question)
{
	host_t *address = question->address, *current = question->current;
	rmobike_verdict_t verdict;

	verdict = judge_form(address);
	if (rmobike_verdict_is_refusal(verdict))
	{
		return verdict;
	}
	if (current && address->ip_equals(address, current))
	{
		return RMOBIKE_VERDICT_CURRENT;
	}
	if (question->own)
	{
		return RMOBIKE_REFUSE_OWN;
	}
	if (!question->reachable)
	{
		return RMOBIKE_REFUSE_NO_SOURCE;
	}
	if (question->bound)
	{
		return RMOBIKE_REFUSE_FAMILY;
	}
	verdict = judge_permission(accept, extra, question);
	if (verdict == RMOBIKE_VERDICT_MOVE && question->exhausted)
	{
		return RMOBIKE_REFUSE_TOO_MANY;
	}
	if (verdict == RMOBIKE_VERDICT_MOVE &&
		(check == RMOBIKE_CHECK_ALWAYS || !question->announced))
	{
		return RMOBIKE_VERDICT_PROBE;
	}
	return verdict;
}

/*
 * Described in header
 */
bool rmobike_policy_is_better(const rmobike_candidate_t *a,
							  const rmobike_candidate_t *b)
{
	if (a->drained != b->drained)
	{
		return b->drained;
	}
	if (a->preferred != b->preferred)
	{
		return a->preferred >= 0 &&
			   (b->preferred < 0 || a->preferred < b->preferred);
	}
	if (a->same_family != b->same_family)
	{
		return a->same_family;
	}
	if (a->announced != b->announced)
	{
		return a->announced;
	}
	return a->source && !b->source;
}
