/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 *
 * Part of rmobike.pml: what can happen, and what follows
 */

/* === deliver a packet, if it gets through === */

#define GETS_TO_GATEWAY (HAS(has, a) && HAS(open, a))
#define GETS_TO_CLIENT (x == here && HAS(nat, a) && HAS(open, a))

inline deliver_c_req()
{
	progress = progress | !c_handled;
	if
	:: c_handled
	:: else -> g_asked_by_client()
	fi;
	c_resp = c_resp | PATH(a, x)
}

inline deliver_g_req()
{
	progress = progress | !g_handled;
#ifdef EAGER
	n_repeats = (g_handled && n_repeats > 0 -> n_repeats - 1 : n_repeats);
#endif
	if
	:: g_handled -> c_answer()
	:: else -> c_asked_by_gateway()
	fi
}

/* === the weather === */

/* Nothing of what is needed for a moment only is part of a state */
inline over()
{
#ifdef EAGER
	if
	:: c_kind == IDLE && (q_ours || q_roam || q_ping) -> c_start()
	:: else
	fi;
	if
	:: g_kind == IDLE && (p_switch || p_list || p_probe || p_ping) -> g_start()
	:: else
	fi;
	printf("at %d %d\n", c_at, g_at);
#endif
	a = 0; x = 0; set = 0; to = 0; new = 0; round = 0; check = 0; changed = 0;
	may = 0
}

/* A request to switch, and an update, that somebody without keys made up */
inline forge()
{
	new = c_at; round = g_at;
	may = q_ours;
#ifdef NO_KEYS
	if
	:: !q_ours -> go(1 - c_at); c_queue(to, check, 1)
	:: else -> g_at = 1 - g_at
	fi;
#endif
	CLAIM(1, new == c_at && round == g_at && may == q_ours)
}

/* The operator wants it elsewhere */
inline g_asked_to_move(address)
{
	s_begin(address, 0);
	if
	:: address == g_at && g_kind != SWITCH -> p_switch = 0; s_end(1)
	:: else
	fi
}

/* In that time each end sends again what is in the air, but charon not its lists,
 * and the gateway's timer is over as well. It tells its list again, after a second,
 * if that came from several addresses. */
inline pass_half_a_second()
{
	if
	:: c_kind != IDLE -> c_transmit()
	:: else
	fi;
	if
	:: g_kind == SWITCH && g_silent < 2 -> g_silent++
	:: else
	fi;
	if
	:: g_kind == SWITCH -> g_transmit()
	:: else
	fi;
	p_list = p_list | (g_again & 1);
	g_again = g_again >> 1
}

/* spin begins anywhere among these and takes the next one that is possible, so
 * those that come first after others would be taken most */
#ifdef EAGER
#define RARE :: false :: false :: false :: false :: false
#define ANSWERS (!g_handled || n_repeats > 0)
#define WORTH(address) (g_at != address)
#else
#define RARE
#define ANSWERS true
#define WORTH(address) true
#endif

inline weather()
{
	if
	/* packets */
#define DELIVER(A, X) \
	RARE :: (c_req & PATH(A, X)) && HAS(has & open, A) -> d_step { \
		a = A; x = X; TELL("c_req %d %d\n", A, X); deliver_c_req(); over() } \
	RARE :: (c_resp & PATH(A, X)) && X == here && HAS(nat & open, A) -> d_step { \
		a = A; x = X; TELL("c_resp %d %d\n", A, X); c_answered(); over() } \
	RARE :: (g_req & PATH(A, X)) && X == here && HAS(nat & open, A) && ANSWERS -> d_step { \
		a = A; x = X; TELL("g_req %d %d\n", A, X); deliver_g_req(); over() } \
	RARE :: (g_resp & PATH(A, X)) && HAS(has & open, A) -> d_step { \
		a = A; x = X; TELL("g_resp %d %d\n", A, X); g_answered(); over() }
	DELIVER(0, 0)
	DELIVER(1, 0)
#if ROAMS
	DELIVER(0, 1)
	DELIVER(1, 1)
#endif
#if ADDRESSES > 2
	DELIVER(2, 0)
#if ROAMS
	DELIVER(2, 1)
#endif
#endif
	/* each end */
	RARE :: n_timers > 0 && c_kind != IDLE && c_silent < (OURS -> 2 : 1) -> d_step {
		TELL("c_timer %d %d\n", 0, 0);
#ifdef EAGER
		n_timers--;
		pass_half_a_second();
#endif
		c_timer(); over() }
#ifndef EAGER
	RARE :: c_kind == IDLE && (q_ours || q_roam || q_ping) -> d_step {
		c_start(); over() }
	RARE :: c_kind != IDLE -> d_step {
		c_transmit(); over() }
#endif
#ifndef EVIL
#ifndef EAGER
	RARE :: g_kind == IDLE && (p_switch || p_list || p_probe || p_ping) -> d_step {
		g_start(); over() }
	RARE :: g_kind != IDLE -> d_step {
		g_transmit(); over() }
	RARE :: g_kind != IDLE && g_silent < 2 -> d_step {
		g_silent++; g_transmit(); over() }
	RARE :: g_roam -> d_step {
		g_roams(); over() }
	/* its time is over, or the client seems to stay */
	RARE :: PENDING -> d_step {
		s_end(0); over() }
#endif
	/* people */
#define ASK(A) \
	RARE :: n_switches > 0 && HAS(has, A) && WORTH(A) -> d_step { \
		n_switches--; TELL("switch %d %d\n", A, 0); g_asked_to_move(A); over() }
	ASK(0)
	ASK(1)
#if N > 2
	ASK(2)
#endif
#else
	/* The gateway asks to go to its victim's address, and seems to be there */
	RARE :: g_kind == IDLE -> d_step {
		g_to = VICTIM; g_begin(SWITCH); over() }
	RARE :: g_kind == IDLE -> d_step {
		g_begin(LIST); over() }
	RARE :: g_kind != IDLE -> d_step {
		g_end(); over() }
	RARE :: g_kind != IDLE -> d_step {
		g_req = g_req | PATHS(BIT(VICTIM) | ALL, here); over() }
	RARE :: c_handled -> d_step {
		c_resp = c_resp | PATHS(BIT(VICTIM) | ALL, here); over() }
#endif
	RARE :: n_c_pings > 0 -> d_step {
		n_c_pings--; TELL("c_ping %d %d\n", 0, 0); q_ping = 1; over() }
	RARE :: n_g_pings > 0 -> d_step {
		n_g_pings--; TELL("g_ping %d %d\n", 0, 0); p_ping = 1; over() }
	/* addresses */
#define CHANGE(A) \
	RARE :: n_losses > 0 && has != BIT(A) -> d_step { \
		n_losses--; has = has ^ BIT(A); g_roam = 1; \
		TELL("has %d %d\n", A, HAS(has, A)); over() } \
	RARE :: n_deaths > 0 -> d_step { \
		n_deaths--; open = open ^ BIT(A); \
		TELL("open %d %d\n", A, HAS(open, A)); over() }
	CHANGE(0)
	CHANGE(1)
#if N > 2
	CHANGE(2)
#endif
	RARE :: n_roams > 0 -> d_step {
		n_roams--;
		here = !here; nat = 0;
		q_roam = !(OURS || q_ours);
		TELL("c_roam %d %d\n", here, 0); over() }
	RARE :: n_forgets > 0 -> d_step {
		n_forgets--; TELL("forget %d %d\n", 0, 0); nat = 0; over() }
#ifdef FORGER
	/* Somebody who sees all packets but has no keys: a copy from elsewhere, or
	 * something of his own */
	RARE :: c_resp != 0 -> d_step {
		c_resp = c_resp | PATHS(ALL, here); over() }
	RARE :: g_req != 0 -> d_step {
		g_req = g_req | PATHS(ALL, here); over() }
	RARE :: d_step { forge(); over() }
#endif
	fi
}

/* === fair weather === */

#define QUIET (c_kind == IDLE && g_kind == IDLE && \
			   !(q_ours || q_roam || q_ping) && \
			   !(p_switch || p_list || p_probe || p_ping) && !g_roam)

/* One copy that gets through, from each end to the other */
inline deliver_all()
{
	a = 0;
	do
	:: a < N ->
		x = 0;
		do
		:: x < 2 ->
			if
			:: (c_req & PATH(a, x)) && GETS_TO_GATEWAY ->
				deliver_c_req(); c_req = c_req & ~PATH(a, x)
			:: else
			fi;
			if
			:: (c_resp & PATH(a, x)) && GETS_TO_CLIENT ->
				progress = 1; c_answered()
			:: else
			fi;
			if
			:: (g_req & PATH(a, x)) && GETS_TO_CLIENT ->
				deliver_g_req(); g_req = g_req & ~PATH(a, x)
			:: else
			fi;
			if
			:: (g_resp & PATH(a, x)) && GETS_TO_GATEWAY ->
				progress = 1; g_answered()
			:: else
			fi;
			x++
		:: else -> break
		od;
		a++
	:: else -> break
	od
}

/* All timers, one after the other */
inline pass_time()
{
	if
	:: PENDING && !p_switch -> s_end(0)
	:: !(PENDING && !p_switch) && c_kind != IDLE && c_silent < (OURS -> 2 : 1) ->
		c_timer()
	:: !(PENDING && !p_switch) && g_kind != IDLE && g_silent < 2 &&
	   !(c_kind != IDLE && c_silent < (OURS -> 2 : 1)) ->
		g_silent++; g_transmit()
	:: else ->
		pings++;
		if
		:: pings == 1 || pings == 2 -> q_ping = 1
		:: pings == 3 -> p_ping = 1
		:: else
		fi
	fi
}

/* All that is left happens, until nothing is */
inline fair_weather()
{
	c_req = 0; c_resp = 0; g_req = 0; g_resp = 0;
	pings = 0; fruitless = 0; round = 0;
	moves = 0;					/* the interval is over */
	do
	:: pings > 3 && (QUIET || fruitless > 3) -> break
	:: round > 200 -> break
	:: else ->
		round++;
		progress = 0;
		if
		:: g_roam -> g_roams(); progress = 1
		:: else
		fi;
		if
		:: c_kind == IDLE && (q_ours || q_roam || q_ping) ->
			c_start(); progress = 1
		:: c_kind != IDLE -> c_transmit()
		:: else
		fi;
		if
		:: g_kind == IDLE && (p_switch || p_list || p_probe || p_ping) ->
			g_start(); progress = 1
		:: g_kind != IDLE -> g_transmit()
		:: else
		fi;
		deliver_all();
		fruitless = (progress -> 0 : fruitless + 1);
		if
		:: fruitless > 1 -> pass_time()
		:: else
		fi
	od
}
