/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * What the parts of the world need of each other.
 */

#ifndef WORLD_PARTS_H_
#define WORLD_PARTS_H_

#include "world.h"

#include <collections/linked_list.h>

#include "exchange/rmobike_raw_socket.h"

/** How the world was made */
extern world_conf_t world_conf;

/* --- world_time.c -------------------------------------------------------- */

void time_create();
void time_destroy();

/** Microseconds since the world began */
uint64_t time_us();

/** Begin to count world_now() from zero */
void time_mark();

/** Run a function later, and another one if it never takes place */
void time_schedule(uint64_t us, void (*run)(void*), void (*discard)(void*),
				   void *data);

/* --- world_kernel.c ------------------------------------------------------ */

void kernel_create();
void kernel_destroy();

/** The end whose code runs */
side_t kernel_side();

/** The end an IKE_SA belongs to */
side_t kernel_side_of(ike_sa_t *ike_sa);

/** Code without a checked out IKE_SA runs for this end */
void kernel_set_side(side_t side);

/** The job that runs belongs to this end, unless it checks an IKE_SA out */
void kernel_set_job(side_t side);

/** Does one end have an address? */
bool kernel_has_address(side_t side, host_t *host);

/** Has it any address of a family, and with it a route? */
bool kernel_has_family(side_t side, int family);

/* --- world_config.c ------------------------------------------------------ */

void config_create();
void config_destroy();

/** What initiators are configured to do */
peer_cfg_t *config_get_peer();
child_cfg_t *config_get_child(side_t side, char *name);

/* --- world_forge.c ------------------------------------------------------- */

void forge_create();
void forge_destroy();

/* --- world_esp.c --------------------------------------------------------- */

typedef struct esp_t esp_t;

/** An IPsec SA in the kernel of one end */
struct esp_t {
	/** end that installed it */
	side_t side;
	/** TRUE if just the SPI is allocated */
	bool larval;
	/** TRUE if it is the receiver */
	bool inbound;
	uint32_t spi;
	uint32_t reqid;
	host_t *src, *dst;
	bool encap;
	/** TRUE if it is in tunnel mode */
	bool tunnel;
	/** TRUE if packets from elsewhere are reported once in a while only */
	bool calm;
	/** TRUE if it was added with what a locked kernel told */
	bool keyless;
	/** time in microseconds until which it may be there besides the SA that
	 * took over from it, 0 if none did */
	uint64_t spare_until;
	/** packets that it received, those of world_ping() */
	u_int received;
};

/** Enumerate all of them */
enumerator_t *esp_create_enumerator();

/** Find one, at any destination if dst is NULL */
esp_t *esp_find(side_t side, uint32_t spi, host_t *dst);

/** Is it there only for packets that were under way when it was replaced? */
bool esp_is_spare(esp_t *sa);

/** Add, readdress, remove one at the end whose code runs */
esp_t *esp_add(uint32_t spi, host_t *src, host_t *dst);
void esp_move(esp_t *sa, host_t *src, host_t *dst);
void esp_remove(esp_t *sa);

void esp_create();
void esp_destroy();

/** Would ESP pass both ways in each CHILD_SA? If not, why? */
const char *esp_check();

/** Number of installed SAs */
u_int esp_count();

/* --- world_ping.c -------------------------------------------------------- */

void ping_create();

/** Send one in an SA, it is lost if that is NULL. If it is picky it needs the
 * addresses and the encapsulation of both ends, and a path. */
void ping_send(esp_t *sa, bool picky);

/* --- world_xfrm.c -------------------------------------------------------- */

void xfrm_create();
void xfrm_destroy();

/** Methods of kernel_ipsec_t */
status_t xfrm_add_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
						kernel_ipsec_manage_policy_t *data);
status_t xfrm_del_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
						kernel_ipsec_manage_policy_t *data);

/** Have a policy refer to an SA as it is going to be */
void xfrm_turn_policy(kernel_ipsec_policy_id_t *id, uint32_t reqid,
					  host_t *src, host_t *dst);

/** Is there an SA for each policy? If not, why? */
const char *xfrm_check();

/** Number of policies */
u_int xfrm_count_policies();

/* --- world_state.c ------------------------------------------------------- */

/** Does the kernel tell the keys of SAs? */
bool state_has_keys();

/** Can the kernel of the end whose code runs update such SAs? */
bool state_is_updated(bool inbound);

/* --- world_nat.c --------------------------------------------------------- */

void nat_create();
void nat_destroy();

/** Outside address of a packet the initiator sends; remembers the mapping */
host_t *nat_out(host_t *inside, host_t *remote);

/** Inside address of a packet to the initiator, NULL if the NAT drops it */
host_t *nat_in(host_t *outside, host_t *remote);

/** Would it? Without touching any mapping */
host_t *nat_peek(host_t *inside);

/* --- world_wire.c -------------------------------------------------------- */

void wire_create();
void wire_destroy();

/** What the plugin sends with from addresses that are gone */
rmobike_raw_socket_t *wire_create_source();

/** Microseconds a packet is under way */
uint64_t wire_get_delay(side_t from);

/** Is this address blocked? */
bool wire_is_blocked(host_t *host);

/* --- world_trace.c ------------------------------------------------------- */

/** A packet that was sent */
typedef struct {
	/** what it looks like */
	char line[512];
	/** why it wasn't delivered, NULL if it was, or will be */
	const char *why;
	/** when, in microseconds */
	uint64_t at;
} trace_t;

void trace_create();
void trace_destroy();

/** Start to watch; after the plugin, whose changes are to be seen */
void trace_listen();
void trace_ignore();

/** Add a packet; owned by the trace, valid until world_mark() */
trace_t *trace_add(side_t from, host_t *initiator, host_t *responder,
				   chunk_t data);

/** The line, and what became of the packet */
void trace_print(trace_t *trace, char *buf, size_t len);

/** Write down what a test should know */
void trace_note(const char *fmt, ...);

/** Fail a test, with the trace */
void trace_fail(const char *file, int line, const char *fmt, ...);

/* --- world_fate.c -------------------------------------------------------- */

void fate_create();
void fate_destroy();

/** The fate_t of a packet, -1 for none in particular */
int fate_of(trace_t *trace);

/** Keep a packet until world_release(), copies are for world_deliver() */
void fate_hold(trace_t *trace, void (*arrive)(void*), void (*discard)(void*),
			   void *(*copy)(void*), void *data);

/* --- world_plugin.c ------------------------------------------------------ */

void plugin_create_all();
void plugin_unlisten();
void plugin_reload();
void plugin_destroy_all();

/** Addresses or routes have changed, as kernel_interface_t.roam() tells it */
void plugin_roam(side_t side);

#endif /** WORLD_PARTS_H_ */
