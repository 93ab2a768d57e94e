/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * A small world in one process: an initiator, maybe a NAT in front of it, and a
 * responder with several addresses, all run by one charon without threads.
 *
 * Nothing happens by itself and nothing is left to chance: jobs, timers and
 * packets wait in one queue and take place when a test lets (virtual) time go
 * by, random numbers come from a seed.
 *
 * Both ends use the same daemon object. Which of them asks for its addresses is
 * told by the IKE_SA that is checked out; code without one is the responder.
 */

#ifndef WORLD_H_
#define WORLD_H_

#include <daemon.h>

/** One end of the IKE_SA, as of who initiated the first one (RFC 4555) */
typedef enum {
	RESPONDER,
	INITIATOR,
} side_t;

/** Address of the initiator as the responder sees it */
#define CLIENT "198.51.100.10"
/** Address of the initiator if it is behind a NAT */
#define INSIDE "10.0.0.10"
/** Address of the responder where IKE_SAs are established */
#define OLD "192.0.2.1"
/** Another one, announced */
#define NEW "192.0.2.2"
/** Yet another one, announced */
#define NEWER "192.0.2.3"
/** One that nobody heard of */
#define FOREIGN "203.0.113.77"

/** How the world is made; what is not set is as commented */
typedef struct {
	/** the initiator is behind a restricted-cone NAT */
	bool nat;
	/** addresses, separated by blanks, the first is the preferred one:
	 * CLIENT or INSIDE; OLD, NEW and NEWER */
	char *initiator, *responder;
	/** content of the charon section of strongswan.conf */
	char *settings;
	/** the initiator doesn't support MOBIKE */
	bool no_mobike;
	/** transport mode */
	bool transport;
	/** IP-TFS, where strongSwan has it (6.0.2) */
	bool iptfs;
	/** SAs can't be updated, only rekeyed, as with kernel-libipsec */
	bool userland_esp;
	/** SAs can't be moved in one step, but updated by removing and adding */
	bool plain_kernel;
	/** SAs can be migrated one by one, as since Linux 7.2 */
	bool new_kernel;
	/** the responder's kernel can't update SAs that send */
	bool no_outbound_updates;
	/** the kernel is locked down: it doesn't tell the keys of SAs */
	bool locked;
	/** stock charon without our plugin */
	bool stock;
	/** stock charon without our plugin, but only the initiator */
	bool stock_initiator;
	/** the responder can't send from addresses it doesn't have */
	bool no_raw_send;
	/** milliseconds a packet is under way, 10 */
	u_int delay;
	/** milliseconds to process a packet, 0; meanwhile charon drops any other
	 * one with the same message ID, whatever it is */
	u_int busy;
	/** seed of all random numbers, 1 */
	uint64_t seed;
	/** up to this many ms are randomly added to when a job runs, 0 */
	u_int job_jitter;
} world_conf_t;

/**
 * Create the world, IKE_SAs not included.
 */
void world_create(world_conf_t conf);

/**
 * Destroy the world.
 */
void world_destroy();

/**
 * Create the world and establish an IKE_SA with a CHILD_SA.
 *
 * Example: world_establish(.nat = TRUE);
 */
#define world_establish(...) \
	world_establish_(__FILE__, __LINE__, (world_conf_t){ __VA_ARGS__ })

void world_establish_(const char *file, int line, world_conf_t conf);

/**
 * Load more into the charon section of strongswan.conf, NULL for nothing.
 */
void world_reload(char *settings);

/**
 * Initiate (another) IKE_SA with a CHILD_SA in a world that exists.
 */
void world_initiate();

/* --- time ---------------------------------------------------------------- */

/** Let time go by, in milliseconds */
void world_run(u_int ms);

/** Do what is due at the current time only */
void world_step();

/** Another thread of the daemon does so, while this one is in a hook: it must
 * not need the same IKE_SA */
void world_other_thread();

/** Milliseconds since the world was created, or since world_mark() */
double world_now();

/** Run a function later */
void world_later(u_int ms, void (*cb)(void*), void *user);

/** A random number below limit */
u_int world_random(u_int limit);

/** Jobs and timers of the plugin that wait in the queue */
u_int world_plugin_jobs();

/* --- addresses, routes and the wire -------------------------------------- */

/** Give an address to one end, or take it away, without telling charon */
void world_add_address(side_t side, char *address);
void world_del_address(side_t side, char *address);

/** Tell charon about changed addresses, like the kernel interface does */
void world_roam(side_t side);

/** Packets from or to this address, as seen outside, are lost, or no more */
void world_block(char *address);
void world_unblock(char *address);

/** The NAT loses its state; new mappings get new ports */
void world_nat_reboot();

/** Packets of the responder claim to come from there, NULL for no more */
void world_lie(char *address);

/** Milliseconds a packet is under way in each direction from now on */
void world_delay(side_t from, u_int ms);

/** Packets are lost, doubled (in percent), delayed by up to jitter ms */
void world_weather(u_int loss, u_int doubled, u_int jitter);

/** Send ESP in each SA, each millisecond; weather and blocks don't count */
void world_ping(u_int ms);

/** How many of them were not received (yet) */
u_int world_lost_pings();

/** How often charon blocked all traffic of a CHILD_SA */
u_int world_drops();

/** What can happen to a packet */
typedef enum {
	/** it is lost */
	DROP,
	/** it waits for world_release() */
	HOLD,
	/** it arrives twice */
	DOUBLE,
	/** it takes LATE ms longer */
	DELAY,
	/** it isn't what it was: one bit of the last octet is flipped */
	GARBLE,
} fate_t;

#define LATE 1000

/** The next count packets whose line in the trace matches share a fate */
void world_fate(fate_t fate, char *pattern, u_int count);

/** From now on they have none anymore */
void world_fate_none();

/** Deliver held packets that match, first come first served, at once */
void world_release(char *pattern);

/** Deliver a copy of the first held packet that matches, FALSE if none does */
bool world_deliver(char *pattern);

/* --- what went over the wire --------------------------------------------- */

/** Forget the trace and the log, and set world_now() to zero */
void world_mark();

/** Forget what was sent and logged so far */
void world_forget();

/**
 * Number of packets in the trace that match.
 *
 * A packet reads (initiator on the left, addresses as the responder sees them)
 *
 *   198.51.100.10 <- 192.0.2.1 INFORMATIONAL req 0 {SWITCH=192.0.2.2}
 *
 * followed by " !why" if it wasn't delivered. Keepalives are "KEEPALIVE".
 * Patterns are those of fnmatch(3).
 */
u_int world_count(char *pattern);

/** When the first packet that matches was sent, -1 if none */
double world_sent_at(char *pattern);

/** Number of log lines (level 1) that match */
u_int world_logged(char *pattern);

/** Print the trace and the log */
void world_dump();

/**
 * Check that exactly these packets were sent since world_mark(), keepalives
 * aside. Each one is a pattern.
 */
#define assert_dialogue(...) world_assert_dialogue(__FILE__, __LINE__, \
									(char*[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

void world_assert_dialogue(const char *file, int line, char **patterns);

/* --- IKE_SAs ------------------------------------------------------------- */

/** Check out the (youngest established) IKE_SA of an end, NULL if none */
ike_sa_t *world_checkout(side_t side);

/** Check it in again, or destroy it if status says so; NULL is fine */
void world_checkin(ike_sa_t *ike_sa, status_t status);

/**
 * Call a method of an end's IKE_SA that returns a status_t, as a job would.
 */
#define world_call(side, method, ...) ({ \
	ike_sa_t *_sa = world_checkout(side); \
	status_t _status = FAILED; \
	if (_sa) \
	{ \
		_status = _sa->method(_sa, ##__VA_ARGS__); \
	} \
	world_checkin(_sa, _status); \
	_status; \
})

/** Do something with each IKE_SA of an end */
void world_each(side_t side, status_t (*what)(ike_sa_t *ike_sa));

/** Rekey, delete or create the CHILD_SA of an end */
void world_rekey_child(side_t side);
void world_delete_child(side_t side);
void world_create_child(side_t side);

/** Unique ID of an end's IKE_SA, 0 if none */
uint32_t world_id(side_t side);

/** Does an end believe the responder to be at this address? */
bool world_is_at(side_t side, char *address);

/** Next message ID of an end, for requests that it sends or receives */
uint32_t world_mid(side_t side, bool initiate);

/** Number of CHILD_SAs of an end */
u_int world_children(side_t side);

/** The next message of that kind from one end gets another notify */
typedef struct {
	side_t from;
	exchange_type_t exchange;
	bool response;
	uint8_t protocol;
	uint32_t spi;
	notify_type_t type;
	chunk_t data;
	/** TRUE if it replaces those of that type, without data it removes them */
	bool replace;
} forged_t;

#define world_forge(...) world_forge_((forged_t){ __VA_ARGS__ })

void world_forge_(forged_t forged);

/* --- the plugin ---------------------------------------------------------- */

/**
 * Ask the peers of all IKE_SAs of a connection to switch, "rw" is what the
 * responder's are called, "home" the initiator's. Returns their number.
 */
u_int world_switch_of(char *ike, char *to);

/** Number of IKE_SAs the plugin knows */
u_int world_records();

/** Parts of the plugin; the commands still need something to build messages */
struct rmobike_commands_t *world_commands();
struct rmobike_refs_t *world_refs();

/** Ask the initiator */
u_int world_switch(char *to);

/** Have it moved with other ways to try: "mobike", "redirect" or both */
u_int world_move(char *to, char *fallback, bool dry_run);

/** Number of switches that ended since the last assert_outcomes() */
u_int world_outcomes();

/**
 * Check that exactly these switches ended since the last check:
 *
 *   rw 192.0.2.1 -> 192.0.2.2 refused: the peer stays at its address
 */
#define assert_outcomes(...) world_assert_outcomes(__FILE__, __LINE__, \
									(char*[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

void world_assert_outcomes(const char *file, int line, char **patterns);

/* --- checks -------------------------------------------------------------- */

/** The reason why the ends disagree, NULL if all is well; if the IKE_SAs are
 * fine and only their CHILD_SAs are not it begins with "ESP: " */
const char *world_disagreement();

/** Number of tasks of all IKE_SAs */
u_int world_tasks();

/** Both ends are idle, agree on this address of the responder, ESP passes */
#define assert_at(address) world_assert_at(__FILE__, __LINE__, address)

/** There is no IKE_SA and nothing is left of any */
#define assert_gone() world_assert_gone(__FILE__, __LINE__)

/** Number of packets (lost or not) or log lines that match */
#define assert_count(n, pattern) \
				world_assert_count(__FILE__, __LINE__, n, pattern)
#define assert_logged(pattern) \
				world_assert_logged(__FILE__, __LINE__, pattern, TRUE)
#define assert_not_logged(pattern) \
				world_assert_logged(__FILE__, __LINE__, pattern, FALSE)

void world_assert_at(const char *file, int line, char *address);
void world_assert_gone(const char *file, int line);
void world_assert_count(const char *file, int line, u_int n, char *pattern);
void world_assert_logged(const char *file, int line, char *pattern, bool yes);

/** To be provided by the program: a test failed, must not return */
void world_failed(const char *file, int line, const char *why);

/** For programs that are no test cases: fail, with what happened, unless */
#define world_require(cond) \
({ \
	if (!(cond)) \
	{ \
		world_dump(); \
		world_failed(__FILE__, __LINE__, #cond); \
	} \
})

#endif /** WORLD_H_ */
