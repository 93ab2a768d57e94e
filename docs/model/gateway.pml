/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 *
 * Part of rmobike.pml: the responder
 */

/* It sends what is in the air, again or for the first time */
inline g_transmit()
{
	set = BIT(g_at);
	if
	:: g_kind == PROBE && !g_follow ->
		/* the kernel's choice */
		set = (has & 1 -> 1 : (has & 2 -> 2 : (has & 4 -> 4 : 0)))
	:: else
	fi;
	if
	:: g_silent == 1 && g_kind == SWITCH -> set = set | (BIT(g_to) & has)
	:: g_silent > 1 && (g_kind == SWITCH || !HAS(has, g_at)) -> set = set | has
	:: else
	fi;
	g_req = g_req | PATHS(set, g_peer)
}

/* A request begins */
inline g_begin(kind)
{
	g_kind = kind;
	g_silent = 0; g_handled = 0; g_follow = 0; g_answer = NOWHERE;
	g_req = 0; g_resp = 0;
	g_list = has & ~BIT(g_at);
	g_transmit()
}

/* A request has been answered */
inline g_end()
{
	g_kind = IDLE;
	g_silent = 0; g_handled = 0; g_follow = 0; g_answer = NOWHERE;
	g_req = 0; g_resp = 0; g_list = 0; g_to = 0
}

/* The switch ends, for whatever reason */
inline s_end(done)
{
#ifndef NO_PENDING
	CLAIM(5, PENDING);
#endif
	s_ended++;
	s_state = ENDED;
	if
	:: s_auto && done -> g_tried = 0; p_list = 1
	:: s_auto && !done -> g_tried = g_tried | BIT(s_to); g_roam = 1
	:: else
	fi;
	CLAIM(5, s_ended <= s_begun)
}

/* Somebody wants the client to switch */
inline s_begin(address, automatic)
{
	s_replaces = PENDING;
	if
#ifndef NO_SUPERSEDED
	:: PENDING -> s_end(0)
#endif
	:: else
	fi;
	s_begun++;
	s_state = ASKED; s_to = address; s_auto = automatic; s_new = 0;
	p_switch = 1
}

/* It starts what is queued */
inline g_start()
{
	if
	:: p_switch ->
		p_switch = 0;
		if
		:: s_state == ASKED -> g_to = s_to; g_begin(SWITCH)
		:: else
		fi
	:: !p_switch && p_list -> p_list = 0; g_begin(LIST)
	:: !p_switch && !p_list && p_probe -> p_probe = 0; g_begin(PROBE)
	:: else -> p_ping = 0; g_begin(PING)
	fi
}

/* Addresses have changed, or what was tried did not help */
inline g_roams()
{
	g_roam = 0;
	if
	:: HAS(has, g_at) -> g_tried = 0; p_list = 1
	:: PENDING && HAS(has, s_to) -> skip
	:: else ->
		set = has & ~g_tried;
		if
		:: set != 0 ->
			to = (set & 1 -> 0 : (set & 2 -> 1 : 2));
			s_begin(to, 1)
		:: set == 0 && g_tried != 0 -> g_tried = 0; p_probe = 1
		:: else
		fi
	fi
}

/* A request of the client arrives at a from x for the first time */
inline g_asked_by_client()
{
	if
	:: PENDING && OURS && a == g_at && x == g_peer ->
		/* it checks or updates the path that it has */
		if
		:: a == s_to -> s_end(1)
		:: a != s_to && !s_replaces && s_state == ANSWERED -> s_end(0)
		:: else
		fi
	:: else
	fi;
	if
	:: s_state == ANSWERED ->
		s_new = s_new | (a == s_to)
	:: else
	fi;
	if
	:: c_kind == UPDATE || c_kind == STOCK_UPDATE ->
		g_at = a; g_peer = x;
		if
		:: PENDING && a == s_to -> s_end(1)
		:: else
		fi;
#ifndef NO_TAKING_BACK
		if
		:: p_probe || g_kind == PROBE ->
			p_probe = 0; p_list = 1;
			g_follow = (g_kind == PROBE)
		:: else
		fi
#endif
	:: else
	fi;
	c_handled = 1
}

/* The response to its request arrives, at a */
inline g_answered()
{
#ifdef EAGER
	/* if the list in it came from several addresses */
	g_again = g_again | (g_kind == SWITCH && g_silent > 0 -> BIT(1) : 0);
#endif
	if
	:: g_kind == SWITCH && s_state == ASKED && s_to == g_to && !p_switch ->
		s_state = ANSWERED;
		s_new = (a == s_to)
	:: else
	fi;
	g_end()
}
