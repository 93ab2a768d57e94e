/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 *
 * What the plugin does with one IKE_SA, for spin: all that weather, operator,
 * client and attacker can do in any order. testing/model runs it, README.md has
 * what it leaves out.
 *
 * The rules of this world:
 *
 * - The gateway has the addresses 0 to N-1, the client 0 or 1. A path is one of
 *   each. All sets of addresses or of paths are bits of a byte.
 * - Each end has one request in the air (RFC 7296, 2.3), and each of those has a
 *   set of paths that the same octets took, so has its response. Any of them can
 *   be delivered at any time, as often as it likes, or never: that is loss,
 *   delay, duplicates and reordering. Those of earlier message IDs can't change
 *   anything and are forgotten.
 * - The NAT lets in what comes from an address that the client sent something to
 *   from the address that it has now.
 * - Timers have no order, but there is a time after the weather in which all that
 *   is left happens one after the other (fair_weather): deliver, then start what
 *   is queued, then send again, then timers. It ends with the claims.
 * - What charon does by itself is here as far as it concerns addresses.
 *
 * The claims:
 *
 *  1 nothing that is not authenticated changes anything
 *  2 the IKE_SA is not given up while a path works for long enough
 *  3 when the weather ends both ends agree on addresses
 *  4 ESP never goes to an address that was not announced and proved nothing
 *  5 a switch ends exactly once
 *  6 no more than MOVES moves within an interval (there is only one here)
 *
 * What can happen is limited by numbers: SWITCHES of the operator, LOSSES of
 * addresses, DEATHS of paths, ROAMS of the client, FORGETS of the NAT, PINGS of
 * either end. EVIL is a gateway that lies, FORGER somebody without keys. Each
 * NO_* takes a rule out of what the plugin does. EAGER is for stories that are
 * told to the code: what is queued starts at once, the only timers are TIMERS
 * of the client, and they have STEPS steps.
 */

#ifndef N
#define N 2
#endif
#ifndef SWITCHES
#define SWITCHES 1
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef ROAMS
#define ROAMS 0
#endif
#ifndef FORGETS
#define FORGETS 0
#endif
#ifndef PINGS
#define PINGS 0
#endif
#ifndef TIMERS
#define TIMERS 1			/* 0: the client has none; without end, unless EAGER */
#endif
#ifndef MOVES
#define MOVES 5
#endif
#ifdef EVIL
/* somebody else's address, the gateway sees nothing of what arrives there */
#define VICTIM N
#define ADDRESSES (N + 1)
#define PASS 255
/* there is no NAT then */
#define MAPPED 255
#else
#define ADDRESSES N
#define PASS ALL
#define MAPPED 1
#endif
#define ALL ((1 << N) - 1)
#define NOWHERE 7

/* pan prints what is violated, and so its number */
#define CLAIM(number, holds) assert((holds) || number == 0)

#define BIT(a) (1 << (a))
#define HAS(set, a) (((set) >> (a)) & 1)
#define PATH(a, x) BIT(2 * (a) + (x))
/* the paths of several addresses of the gateway to one of the client */
#define PATHS(set, x) ((((set) & 1) | ((set) & 2) << 1 | ((set) & 4) << 2 | \
						((set) & 8) << 3) << (x))

/* requests: update, check of a path, charon's own update, its probe of all
 * addresses, a sign of life; SWITCH_TO_IP_ADDRESS, address list */
#define IDLE 0
#define UPDATE 1
#define CHECK 2
#define STOCK_UPDATE 3
#define PROBE 4
#define PING 5
#define SWITCH 6
#define LIST 7
#define OURS (c_kind == UPDATE || c_kind == CHECK)

/* states of a switch */
#define NONE 0
#define ASKED 1
#define ANSWERED 2
#define ENDED 3
#define PENDING (s_state == ASKED || s_state == ANSWERED)

/* --- the network --- */
byte has = ALL;				/* addresses that the gateway has */
byte open = PASS;			/* those that packets pass to and from */
bit here = 0;				/* the client's address */
byte nat = MAPPED;				/* addresses that its NAT lets in */
byte c_req, c_resp;			/* paths of the client's request, its response */
byte g_req, g_resp;			/* the same of the gateway's */

/* --- the client --- */
byte c_at = 0;				/* where the gateway is, and ESP goes */
byte c_known = ALL;			/* what was announced */
byte c_kind, c_to;			/* its request in the air, and where that is to go */
byte c_old;					/* where it was before */
bit c_me;					/* its own address then */
byte c_asked;				/* other addresses that the request went to */
bit c_strayed;				/* it took another path as well */
bit c_agree;				/* an update has to follow, whatever happens */
byte c_silent;				/* how many timers of it are over */
byte c_follow = NOWHERE;	/* charon's request goes there, too */
bit c_handled;				/* the gateway has had it */
bit q_ours, q_check, q_agree, q_here, q_newer;
byte q_to;					/* update that is queued */
bit q_roam, q_ping;			/* what charon has queued */
byte c_left = NOWHERE;		/* address that it left last */
byte c_outdated;			/* 2: lists from there are old, 1: the next one is */
byte moves, went;			/* moves counted, moves made */

/* --- the gateway --- */
byte g_at = 0;				/* its address */
bit g_peer = 0;				/* the client's */
byte g_kind, g_to, g_list;	/* its request in the air, what that says */
byte g_silent;
bit g_follow;				/* charon's probe goes where the client is */
bit g_handled;				/* the client has had it */
byte g_answer;				/* where the client answers it besides */
bit p_switch, p_list, p_probe, p_ping;	/* what is queued */
bit g_roam;					/* charon tells that addresses have changed */
byte g_tried;				/* addresses that were tried in vain */
byte s_state, s_to;			/* the last switch */
bit s_auto, s_new, s_replaces;
byte s_begun, s_ended;

/* --- what may still happen --- */
byte n_switches = SWITCHES, n_losses = LOSSES, n_deaths = DEATHS;
#ifdef EAGER
byte n_steps = STEPS;
byte n_repeats = 8;			/* how often the client answers again everywhere */
byte g_again;				/* when the list is told again */
#endif
byte n_timers = TIMERS, n_roams = ROAMS, n_forgets = FORGETS, n_c_pings = PINGS, n_g_pings = PINGS;

/* --- not part of a state --- */
hidden byte a, x, set, to, new, round, pings, progress, fruitless;
hidden byte check, changed, may;

#include "client.pml"
#include "gateway.pml"
#include "weather.pml"

/* There has to be a path that the client knows, otherwise nobody can help */
#define A_PATH_WORKS (has & open & (c_known | BIT(c_at)))

init
{
	do
	:: atomic {
		weather();
#ifdef EAGER
		n_steps = (n_steps > 0 -> n_steps - 1 : 0);
#endif
#ifdef EVIL
		CLAIM(4, c_at != VICTIM)
#endif
	}
#ifdef EAGER
	:: n_steps == 0 || timeout -> open = ALL; break
#else
#ifndef EVIL
	:: A_PATH_WORKS -> break
	:: !A_PATH_WORKS -> open = ALL; break
#endif
#endif
	od;
	skip;
	d_step {
		TELL("fair %d %d\n", 0, 0);
		fair_weather();
		TELL("end %d %d\n", c_at, g_at);
		CLAIM(2, QUIET);
		CLAIM(3, c_at == g_at);
		CLAIM(3, here == g_peer);
		CLAIM(3, HAS(has & open & nat, g_at));
		CLAIM(5, s_begun == s_ended)
	}
}
