/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_netlink rmobike_netlink
 * @{ @ingroup rmobike
 *
 * Requests to the IPsec part of the Linux kernel (XFRM) and its replies. May be
 * used by any thread: each has a socket of its own while it waits for a reply,
 * which others use later.
 */

#ifndef RMOBIKE_NETLINK_H_
#define RMOBIKE_NETLINK_H_

#include <kernel/kernel_ipsec.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

typedef union rmobike_netlink_t rmobike_netlink_t;

/**
 * A message, large enough for an SA with all its attributes. Replies may have
 * keys: to be wiped, which can be done once one of the functions had it.
 */
union rmobike_netlink_t {
	struct nlmsghdr header;
	u_char data[4096];
};

/**
 * Have sockets kept, to be called before any of the functions that send.
 */
void rmobike_netlink_init(void);

/**
 * Close them, after all threads that send are gone.
 */
void rmobike_netlink_deinit(void);

/**
 * Wipe what there is of a message, which is a fraction of its room.
 *
 * @param message	request that was started, or what was to receive a reply
 */
void rmobike_netlink_wipe(rmobike_netlink_t *message);

/**
 * Start a request.
 *
 * @param request	message to initialize
 * @param type		type of message
 * @param flags		NLM_F_ACK, if there is no other reply
 * @param len		length of its fixed part
 * @return			its fixed part, all zero
 */
void *rmobike_netlink_start(rmobike_netlink_t *request, uint16_t type,
							uint16_t flags, size_t len);

/**
 * Append an attribute to a request.
 *
 * @param request	started request
 * @param type		type of attribute
 * @param data		its value
 * @param len		length of that
 * @return			FALSE if there is no room
 */
bool rmobike_netlink_add(rmobike_netlink_t *request, uint16_t type,
						 const void *data, size_t len);

/**
 * Append the mark of an SA or a policy to a request.
 *
 * @param request	started request
 * @param mark		mark, with a mask of 0 for none
 * @return			FALSE if there is no room
 */
bool rmobike_netlink_mark(rmobike_netlink_t *request, mark_t mark);

/**
 * Send a request, receive the first message of the reply. The kernel handles it
 * before it is sent, so this doesn't wait for anything.
 *
 * @param request	request
 * @param reply		receives the reply
 * @return			FALSE if it failed, errno says why
 */
bool rmobike_netlink_transact(rmobike_netlink_t *request,
							  rmobike_netlink_t *reply);

/**
 * Send requests that the kernel handles in one go, with nothing in between on
 * this CPU but what comes from interrupts. It goes on if one fails.
 *
 * @param requests	requests with NLM_F_ACK
 * @param count		number of them
 * @return			how many were done before the first one that failed
 */
u_int rmobike_netlink_batch(rmobike_netlink_t *requests, u_int count);

/**
 * Find an attribute in a message.
 *
 * @param message	message
 * @param fixed		length of its fixed part
 * @param type		type of attribute
 * @return			its value, NULL if there is none
 */
void *rmobike_netlink_find(rmobike_netlink_t *message, size_t fixed,
						   uint16_t type);

/**
 * Query an SA.
 *
 * @param id		which one; its source does not matter
 * @param reply		receives an XFRM_MSG_NEWSA
 * @return			FALSE if there is none
 */
bool rmobike_netlink_get_sa(kernel_ipsec_sa_id_t *id, rmobike_netlink_t *reply);

/**
 * Check if the kernel gave the keys of an SA, see rmobike_keys.h. Tells in the
 * log if not, once.
 *
 * @param sa		an XFRM_MSG_NEWSA
 * @return			FALSE if a key is missing
 */
bool rmobike_netlink_has_keys(rmobike_netlink_t *sa);

/**
 * Convert an address.
 *
 * @param address	receives it
 * @param host		what to convert
 */
void rmobike_netlink_address(xfrm_address_t *address, host_t *host);

/**
 * Check if packets of an SA come from the port of its source, if they are
 * encapsulated in UDP. charon may have per-CPU SAs send from a random one and
 * accept any (0), for receivers to spread them over their CPUs.
 *
 * @param encap		encapsulation of the SA, NULL if there is none
 * @param src		its source
 * @return			FALSE if they come from another one
 */
bool rmobike_netlink_has_port(const struct xfrm_encap_tmpl *encap, host_t *src);

/**
 * Let an SA be encapsulated between other ports. If it has another one than its
 * source it keeps that.
 *
 * @param encap		its encapsulation
 * @param src		its source
 * @param new_src	its new source
 * @param new_dst	its new destination
 */
void rmobike_netlink_ports(struct xfrm_encap_tmpl *encap, host_t *src,
						   host_t *new_src, host_t *new_dst);

#endif /** RMOBIKE_NETLINK_H_ @}*/
