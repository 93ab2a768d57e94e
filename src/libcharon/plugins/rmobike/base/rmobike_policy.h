/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_policy rmobike_policy
 * @{ @ingroup rmobike
 *
 * Decides if an initiator goes to the address its responder asks it to switch
 * to. Pure functions, callable from any thread.
 */

#ifndef RMOBIKE_POLICY_H_
#define RMOBIKE_POLICY_H_

#include "base/rmobike_addrs.h"

#include <networking/host.h>
#include <utils/enum.h>

typedef enum rmobike_accept_t rmobike_accept_t;
typedef enum rmobike_path_check_t rmobike_path_check_t;
typedef enum rmobike_verdict_t rmobike_verdict_t;
typedef struct rmobike_question_t rmobike_question_t;
typedef struct rmobike_candidate_t rmobike_candidate_t;

/**
 * Which addresses are acceptable, besides those that are configured.
 */
enum rmobike_accept_t {
	/** those the peer announced in ADDITIONAL_IP4/IP6_ADDRESS notifies */
	RMOBIKE_ACCEPT_ANNOUNCED,
	/** no other */
	RMOBIKE_ACCEPT_NONE,
	/** any, if those that the peer did not announce pass a check */
	RMOBIKE_ACCEPT_ANY,
};

/**
 * Names of rmobike_accept_t as used in the configuration.
 */
extern enum_name_t *rmobike_accept_names;

/**
 * Which new paths are checked before ESP uses them.
 */
enum rmobike_path_check_t {
	/** those to addresses that the peer did not announce */
	RMOBIKE_CHECK_UNANNOUNCED,
	/** all */
	RMOBIKE_CHECK_ALWAYS,
};

/**
 * Names of rmobike_path_check_t as used in the configuration.
 */
extern enum_name_t *rmobike_path_check_names;

/**
 * What to do about an address.
 */
enum rmobike_verdict_t {
	/** go there at once */
	RMOBIKE_VERDICT_MOVE,
	/** go there after the path was checked */
	RMOBIKE_VERDICT_PROBE,
	/** the peer is there already, there is nothing to do */
	RMOBIKE_VERDICT_CURRENT,
	/** 0.0.0.0/8, :: */
	RMOBIKE_REFUSE_UNSPECIFIED,
	/** 127.0.0.0/8, ::1 */
	RMOBIKE_REFUSE_LOOPBACK,
	/** 224.0.0.0/4, ff00::/8 */
	RMOBIKE_REFUSE_MULTICAST,
	/** 240.0.0.0/4, which has 255.255.255.255 */
	RMOBIKE_REFUSE_BROADCAST,
	/** 169.254.0.0/16, fe80::/10 */
	RMOBIKE_REFUSE_LINK_LOCAL,
	/** ::ffff:0:0/96 and ::/96 with any other IPv4 address in it */
	RMOBIKE_REFUSE_MAPPED,
	/** an address of this host */
	RMOBIKE_REFUSE_OWN,
	/** no route or no source address to reach it */
	RMOBIKE_REFUSE_NO_SOURCE,
	/** of another family, which CHILD_SAs in transport mode can't go to */
	RMOBIKE_REFUSE_FAMILY,
	/** too many switches lately */
	RMOBIKE_REFUSE_TOO_MANY,
	/** neither announced by the peer nor configured */
	RMOBIKE_REFUSE_NOT_ANNOUNCED,
	/** not configured and no other is accepted */
	RMOBIKE_REFUSE_POLICY,
};

/**
 * Names of rmobike_verdict_t, for refusals the reason, to be read by people.
 */
extern enum_name_t *rmobike_verdict_names;

/**
 * What is known about an address. All hosts are borrowed, ports are ignored.
 */
struct rmobike_question_t {
	/** address the peer asks to switch to */
	host_t *address;
	/** address the peer is at, NULL if unknown */
	host_t *current;
	/** TRUE if the peer announced the address */
	bool announced;
	/** TRUE if the address is one of this host */
	bool own;
	/** TRUE if there is a source address to reach the address from */
	bool reachable;
	/** TRUE if CHILD_SAs bind the peer to another address family */
	bool bound;
	/** TRUE if we followed as many switches lately as we want to */
	bool exhausted;
};

/**
 * Check if a verdict is one of the refusals.
 *
 * @param verdict		verdict to check
 * @return				TRUE if the address is refused
 */
bool rmobike_verdict_is_refusal(rmobike_verdict_t verdict);

/**
 * Decide what to do about an address.
 *
 * Addresses that can't be one peer's are refused no matter what, even if they
 * are current or configured. After that, nothing is refused that changes
 * nothing: the current address is. All others may not be our own and have to be
 * reachable before what the peer announced and what is configured counts.
 *
 * The path to an unannounced address is always checked first, so that a peer
 * can't direct our traffic to a third party (RFC 4555, section 5.2.2 and 5.6).
 * That is what protects from it: a peer may announce any address, so that an
 * address was announced proves nothing.
 *
 * @param accept		acceptable addresses
 * @param extra			addresses acceptable besides, even if accept is none,
 *						NULL if there are none
 * @param check			which paths to check
 * @param question		what is known about the address
 * @return				what to do
 */
rmobike_verdict_t rmobike_policy_judge(rmobike_accept_t accept,
									   rmobike_addrs_t *extra,
									   rmobike_path_check_t check,
									   const rmobike_question_t *question);

/**
 * An address that a responder may ask to switch to.
 */
struct rmobike_candidate_t {
	/** address of this host */
	host_t *address;
	/** TRUE if nobody shall be there */
	bool drained;
	/** position in the list of preferred addresses, -1 if not in it */
	int preferred;
	/** TRUE if it is of the family of the current address */
	bool same_family;
	/** TRUE if we announced it to the peer */
	bool announced;
	/** TRUE if packets to the peer have it as source unless they are bound to
	 * another one */
	bool source;
};

/**
 * Compare addresses to switch to: those that are drained come last, those
 * preferred by configuration first in their order, then those of the same
 * family, then announced ones, then the one that routes to the peer prefer.
 *
 * @param a			a candidate
 * @param b			another candidate
 * @return			TRUE if a is better than b
 */
bool rmobike_policy_is_better(const rmobike_candidate_t *a,
							  const rmobike_candidate_t *b);

#endif /** RMOBIKE_POLICY_H_ @}*/
