/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 *
 * Two nodes that have the keys of one IKE_SA and of one CHILD_SA: who sends ESP
 * with which sequence numbers, and with which message IDs the client is asked to
 * come. See docs/cluster.md; README.md has what this leaves out.
 *
 * - Node 0 set the CHILD_SA up, the other one got a copy. Either may be dead, or
 *   take the other one for dead if the link between them is cut: then both
 *   believe that they own the IKE_SA, and nothing tells them otherwise.
 * - Sequence numbers are in hands: 0 is the first half of them, 1 the first half
 *   of the rest, and so on. A node never leaves its hand by sending.
 * - A node knows what it got from its own SA in the kernel, nothing of the other
 *   one's (rmobike_replay_raise).
 * - What the old node sent last was told to the other one, or not, or was told
 *   but not sent: message IDs are known up to one.
 *
 *  7 no two nodes, nor a node before and after it was dead, send ESP with the
 *    same key and the same sequence numbers
 *  8 a client that is asked by a node that took over takes that for a new request
 *
 * TAKES is how often the IKE_SA changes hands before its CHILD_SA is rekeyed,
 * REKEYS how often it is, RESTARTS how often a node comes back without all that
 * it knew. Each NO_* takes a rule out.
 */

#ifndef TAKES
#define TAKES 4
#endif
#ifndef REKEYS
#define REKEYS 1
#endif
#ifndef RESTARTS
#define RESTARTS 0
#endif
#define HANDS 16
#define CLAIM(number, holds) assert((holds) || number == 0)

typedef node_t {
	bit alive;
	bit serves;			/* it believes that the IKE_SA is its own */
	bit sends;			/* it was active since it has this CHILD_SA */
	byte ones;			/* its sequence number begins with so many ones */
	bit counted;		/* that number is not 0 */
	byte life			/* how often it was started */
}

node_t nodes[2];
bit creator = 0;		/* whose SPI the CHILD_SA has */
bit link = 1;
byte owner[HANDS];		/* who sent with the numbers of a hand, and in which life */
byte takes, rekeys = REKEYS, restarts = RESTARTS;
byte expected;			/* message ID that the client expects */
byte told;				/* the one before that which the other node was told */
hidden byte hand, mid;

#define ID(n) (1 + (n) + 2 * nodes[n].life)

/* It sends a packet */
inline send(n)
{
	hand = nodes[n].ones;
	nodes[n].counted = 1;
	CLAIM(7, owner[hand] == 0 || owner[hand] == ID(n));
	owner[hand] = ID(n);
	hand = 0
}

/* It goes on with numbers that nobody has used */
inline raise(n)
{
#ifdef NO_RAISE
	skip
#else
#ifdef NO_HANDS
	nodes[n].ones = 1;
#else
#ifdef NO_FROM_HERE
	nodes[n].ones = nodes[n].ones + (nodes[n].counted -> 2 : 1);
#else
	nodes[n].ones = nodes[n].ones + (nodes[n].counted || creator == n -> 2 : 1);
#endif
#endif
	nodes[n].counted = 1
#endif
}

/* It asks the client to come: two fillers, then what it means. The client takes
 * what it expects, and answers what it had without looking at it */
inline ask()
{
	mid = told;
#ifndef NO_FILLERS
	expected = (expected == mid -> expected + 1 : expected);
	mid++;
	expected = (expected == mid -> expected + 1 : expected);
	mid++;
#endif
	CLAIM(8, expected == mid);
	expected = 0; told = 0; mid = 0
}

inline take(n)
{
	takes++;
	nodes[n].serves = 1; nodes[n].sends = 1;
	raise(n);
	ask()
}

/* A new CHILD_SA, and a copy of it at the other node if that can be told */
inline rekey(n)
{
	rekeys--;
	takes = 0;
	creator = n;
	for (hand : 0 .. HANDS - 1) {
		owner[hand] = 0
	}
	hand = 0;
	nodes[n].ones = 0; nodes[n].counted = 0; nodes[n].sends = 1;
	nodes[1 - n].ones = 0; nodes[1 - n].counted = 0; nodes[1 - n].sends = 0;
	nodes[1 - n].serves = 0
}

#define EACH(n) \
	:: nodes[n].alive && nodes[n].sends -> d_step { send(n) } \
	/* the other one is dead, or seems to be */ \
	:: takes < TAKES && nodes[n].alive && !nodes[n].serves && \
	   (!link || !nodes[1 - n].alive) -> d_step { take(n) } \
	/* a planned move: the other one gives it away, but still sends */ \
	:: takes < TAKES && nodes[n].alive && !nodes[n].serves && link && \
	   nodes[1 - n].alive && nodes[1 - n].serves -> d_step { \
		nodes[1 - n].serves = 0; take(n) } \
	/* both have it, the client is here: the other one is told */ \
	:: link && nodes[n].serves && nodes[n].alive && nodes[1 - n].serves && \
	   nodes[1 - n].alive -> d_step { nodes[1 - n].serves = 0 } \
	:: rekeys > 0 && nodes[n].alive && nodes[n].serves && \
	   !(nodes[1 - n].alive && nodes[1 - n].serves) && \
	   (link || !nodes[1 - n].alive) -> d_step { rekey(n) } \
	:: nodes[n].alive && nodes[1 - n].alive -> d_step { \
		nodes[n].alive = 0; nodes[n].serves = 0 } \
	:: restarts > 0 && !nodes[n].alive && link -> d_step { \
		restarts--; nodes[n].alive = 1; nodes[n].life++; \
		nodes[n].ones = 0; nodes[n].counted = 0; nodes[n].sends = 0 }

init
{
	d_step {
		nodes[0].alive = 1; nodes[1].alive = 1;
		nodes[0].serves = 1; nodes[0].sends = 1
	}
	do
	EACH(0)
	EACH(1)
	:: link = !link
	/* the node that has it asks something: both know, the other one was told
	 * but nothing was sent, or was not told */
	:: d_step { expected == told -> expected = told + 1 }
	:: d_step { expected == told -> expected = told + 2 }
	od
}
