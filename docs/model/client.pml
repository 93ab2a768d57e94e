/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 *
 * Part of rmobike.pml: the initiator
 */

/* spin tells the story of a trail with this, pan does not print it */
#define TELL(text, p, q) printf(text, p, q)

/* It sends what is in the air, again or for the first time */
inline c_transmit()
{
	if
	:: OURS ->
		set = 0;
#ifndef NO_ROAMED
		c_strayed = c_strayed | (here != c_me);
#endif
		if
		:: c_silent > 0 ->
			set = BIT(c_old);
			if
			:: q_ours -> set = set | BIT(q_to)
			:: else
			fi;
#ifndef NO_THIRD
			if
			:: c_silent > 1 -> set = set | (c_known & ~BIT(c_at))
			:: else
			fi;
#endif
			set = set & ~BIT(c_to);
			c_asked = c_asked | set;
			c_strayed = c_strayed | (set != 0)
		:: else
		fi;
		set = set | BIT(c_to)
	:: else ->
		set = BIT(c_at);
		if
		:: c_kind == PROBE -> set = set | c_known
		:: else
		fi;
		if
		:: c_follow != NOWHERE -> set = set | BIT(c_follow)
		:: else
		fi;
		if
		:: c_silent > 0 -> set = set | c_known; c_asked = c_known
		:: else
		fi
	fi;
	c_req = c_req | PATHS(set, here);
	nat = nat | set
}

/* A request begins, there is no other one */
inline c_begin(kind)
{
	c_kind = kind;
	c_silent = 0; c_asked = 0; c_strayed = 0; c_handled = 0;
	c_req = 0; c_resp = 0;
	c_me = here;
	c_follow = NOWHERE;
	c_transmit()
}

/* A request has been answered */
inline c_end()
{
	c_kind = IDLE;
	c_silent = 0; c_asked = 0; c_strayed = 0; c_handled = 0;
	c_req = 0; c_resp = 0;
	c_me = 0; c_to = 0; c_old = 0; c_agree = 0;
	c_follow = NOWHERE
}

/* May it go there, and is the path to be checked? Sets to and check */
inline go(address)
{
	to = address; check = 0;
	if
	:: address == c_at -> skip
#ifndef NO_LIMIT
	:: address != c_at && moves >= MOVES -> to = c_at
#endif
	:: else ->
		check = !HAS(c_known, address);
		moves = (moves < 15 -> moves + 1 : 15);
		c_left = c_at; c_outdated = 2
	fi
}

/* Queue an update, which takes the place of one that is queued */
inline c_queue(address, checked, newer)
{
	q_ours = 1; q_to = address; q_check = checked; q_here = (address == c_at);
	q_newer = newer
}

/* An answer seems to come from there; has the gateway to be told? */
inline settle(address, agree)
{
	if
	:: q_ours -> q_agree = q_agree | agree
	:: else ->
		go(address);
		if
		:: agree || to != c_at -> c_queue(to, check, 0); q_agree = agree
		:: else
		fi
	fi
}

/* The update that it is about to send */
inline c_update()
{
	went = (went < 15 -> went + (c_to != c_at) : went);
	c_old = c_at;
	c_at = c_to;
	CLAIM(6, went <= MOVES || round > 0);	/* not in fair weather */
	c_begin(UPDATE)
}

/* It starts what is queued */
inline c_start()
{
	if
	:: q_ours ->
		if
		:: q_here && q_to != c_at -> go(q_to)
		:: else -> to = q_to; check = q_check
		fi;
		c_to = to; c_agree = q_agree;
		q_ours = 0; q_to = 0; q_check = 0; q_agree = 0; q_here = 0; q_newer = 0;
		q_roam = 0;
		if
		:: check -> c_old = c_at; c_begin(CHECK)
		:: else -> c_update()
		fi
	:: else ->
		if
		:: q_roam -> q_roam = 0; c_begin(PROBE)
		:: else -> q_ping = 0; c_begin(PING)
		fi
	fi
}

/* The timer of its request is over */
inline c_timer()
{
	c_silent++;
	if
	:: c_kind == UPDATE && c_silent == 1 -> c_at = c_old
	:: else
	fi;
	c_transmit()
}

/* Charon's own request was answered from a: where does that lead? */
inline c_answered_stock()
{
	/* a probe is followed by an update; where to is for us to decide if a
	 * switch would not go there at once */
	may = (a == c_at) || (HAS(c_known, a) && moves < MOVES);
#ifdef NO_POLICY
	changed = c_silent > 0;
#else
	changed = c_silent > 0 && (a == c_at || HAS(c_asked, a));
#endif
#ifdef NO_SAME
	changed = changed && a != c_at;
#endif
	set = c_kind;
	c_end();
	if
	:: changed ->
#ifdef NO_POLICY
		c_at = a;
#endif
		settle(a, 1)
	:: set == PROBE && !changed && !q_ours && may ->
		c_at = a;
		c_begin(STOCK_UPDATE)
	:: set == PROBE && !changed && !q_ours && !may ->
		to = (HAS(c_known, a) -> a : c_at);
		settle(to, 1)
	:: else
	fi
}

/* The response to its request arrives, from a */
inline c_answered()
{
	to = ((a == c_to || HAS(c_asked, a)) -> a : c_at);
	if
	:: c_kind == UPDATE ->
		c_outdated = (c_outdated == 2 -> 1 : c_outdated);
		if
		:: c_strayed -> c_end(); settle(to, 1)
		:: else ->
			c_at = c_to; c_known = c_known | BIT(c_to);
			c_end()
		fi
#ifdef NO_OWN_COOKIE
	:: c_kind == CHECK && a == c_to && q_ours && q_newer ->
#else
	:: c_kind == CHECK && a == c_to && !c_strayed && q_ours && q_newer ->
#endif
		q_agree = q_agree | c_agree;
		c_end()
#ifdef NO_OWN_COOKIE
	:: c_kind == CHECK && a == c_to && !(q_ours && q_newer) ->
#else
	:: c_kind == CHECK && a == c_to && !c_strayed && !(q_ours && q_newer) ->
#endif
		c_update()
#ifdef NO_OWN_COOKIE
	:: c_kind == CHECK && a != c_to ->
#else
	:: c_kind == CHECK && (a != c_to || c_strayed) ->
#endif
		changed = c_agree;
		c_end();
		settle(to, changed)
	:: else -> c_answered_stock()
	fi
}

/* It answers the gateway's request, which came from a, maybe again */
inline c_answer()
{
	set = BIT(a);
	if
	:: g_answer != NOWHERE -> set = (g_handled -> set : 0) | BIT(g_answer)
	:: else
	fi;
	if
	:: g_handled && a == c_at -> set = set | c_known	/* echo */
	:: else
	fi;
	g_resp = g_resp | PATHS(set, here);
	nat = nat | set
}

/* The gateway's list is taken up; it lacks the address where it was made, which is
 * any that the client knows if it is not the one where it came from */
inline c_learn()
{
	set = BIT(c_at);
	if
	:: a != c_at -> set = set | (c_known & BIT(a))
	:: else
	fi;
	if
	:: c_outdated > 0 && c_left != NOWHERE -> set = set | (c_known & BIT(c_left))
	:: else
	fi;
#ifndef NO_ELSEWHERE
	if
	:: HAS(g_list, a) -> set = set | c_known
	:: else
	fi;
#endif
	c_known = g_list | set
}

/* It is asked to switch */
inline c_asked_to_switch()
{
	to = g_to;
	if
	:: to != c_at && moves >= MOVES ->	/* refused */
		q_ping = 1
	:: else ->
		new = c_at;
		go(g_to);
		g_answer = (to == new -> NOWHERE : to);
		c_queue(to, check, 1);
		if
		:: to != new && c_kind != IDLE && !OURS -> c_follow = to
		:: else
		fi
	fi
}

/* A list came from a */
inline c_told()
{
	if
	:: a != c_at && c_outdated > 0 && a == c_left ->
		g_answer = c_at		/* as if it came from there */
	:: a != c_at && !(c_outdated > 0 && a == c_left) ->
#ifdef NO_UPDATE_AFTER_LIST
		c_at = a
#else
		if
		:: c_kind != IDLE && !OURS && moves < MOVES -> c_follow = a
		:: else
		fi;
		settle(a, 1)
#endif
	:: else
	fi
}

/* A request of the gateway arrives for the first time, from a */
inline c_asked_by_gateway()
{
	g_answer = NOWHERE;
	if
	:: g_kind == SWITCH -> c_asked_to_switch(); c_learn()
	:: g_kind == LIST -> new = c_known; c_learn(); c_told()
	:: else
	fi;
	c_answer();
	g_handled = 1;
	c_outdated = (c_outdated == 1 -> 0 : c_outdated)
}
