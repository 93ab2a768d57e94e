/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_mail rmobike_mail
 * @{ @ingroup rmobike
 *
 * What the nodes of a cluster tell each other about an IKE_SA.
 */

#ifndef RMOBIKE_MAIL_H_
#define RMOBIKE_MAIL_H_

#include <bio/bio_reader.h>
#include <bio/bio_writer.h>
#include <daemon.h>

/**
 * How many CHILD_SAs of an IKE_SA can be told of
 */
#define RMOBIKE_MAIL_SPIS 255

/**
 * How many times a release is sent until it comes after what the ha plugin sent
 * before, which takes another way
 */
#define RMOBIKE_MAIL_TRIES 5

/**
 * Why an IKE_SA is released, and what is said to that or to an arrival.
 */
enum {
	/** released by order, nothing was under way */
	RMOBIKE_MAIL_SETTLED = 0,
	/** it goes back, or nobody asked: the last message IDs are not known */
	RMOBIKE_MAIL_UNSETTLED = 1,

	/** the other node has the same as we */
	RMOBIKE_MAIL_SYNCHRONIZED = 0,
	/** it doesn't have a copy, or another one */
	RMOBIKE_MAIL_NOT_SYNCHRONIZED = 1,
	/** it serves it already */
	RMOBIKE_MAIL_SERVED_THERE = 2,
	/** it doesn't know the IKE_SA */
	RMOBIKE_MAIL_MISSING = 3,
};

typedef struct rmobike_mail_t rmobike_mail_t;

/**
 * A message; what is not of interest is 0.
 */
struct rmobike_mail_t {
	/** SPIs of the IKE_SA */
	uint64_t initiator_spi, responder_spi;
	/** number that the answer refers to */
	uint32_t number;
	/** message IDs of our next request and of the peer's next one */
	uint32_t next, expected;
	/** what the client sent last to the sender itself: the message ID after
	 * that of the request, 0 if there was none, and how many ms ago */
	uint32_t heard, ago;
	/** which of several reasons */
	uint8_t why;
	/** how many times it was sent before */
	uint8_t tries;
	/** address that the client is to go to, or NULL */
	host_t *to;
	/** addresses and ports of the IKE_SA, or NULL */
	host_t *me, *other;
	/** inbound SPIs of its CHILD_SAs */
	uint32_t spis[RMOBIKE_MAIL_SPIS];
	/** how many */
	u_int count;
};

/**
 * Handles a message in a job.
 *
 * @param user		supplied user data
 * @param ike_sa	IKE_SA it is about, checked out, NULL if there is none
 * @param mail		the message
 */
typedef void (*rmobike_mail_cb_t)(void *user, ike_sa_t *ike_sa,
								  rmobike_mail_t *mail);

/**
 * Start a message about an IKE_SA, with its SPIs, message IDs and addresses,
 * which are not copied.
 *
 * @param mail		receives it
 * @param ike_sa	IKE_SA, checked out
 */
void rmobike_mail_start(rmobike_mail_t *mail, ike_sa_t *ike_sa);

/**
 * Add the SPIs of the CHILD_SAs to a message, without those that were deleted
 * and are only kept a moment longer for packets that come late.
 *
 * @param mail		the message
 * @param ike_sa	IKE_SA, checked out
 * @return			FALSE if there are too many
 */
bool rmobike_mail_add_spis(rmobike_mail_t *mail, ike_sa_t *ike_sa);

/**
 * Is an SPI among those of a message?
 *
 * @param mail		the message
 * @param spi		inbound SPI of a CHILD_SA
 * @return			TRUE if it is
 */
bool rmobike_mail_has_spi(const rmobike_mail_t *mail, uint32_t spi);

/**
 * Have an IKE_SA use the addresses that it has at the other node.
 *
 * @param mail		the message, read
 * @param ike_sa	IKE_SA, checked out, a copy of the other node's
 */
void rmobike_mail_apply(const rmobike_mail_t *mail, ike_sa_t *ike_sa);

/**
 * Encode an address and a port, or that there is none.
 *
 * @param writer	receives it
 * @param host		address, or NULL
 */
void rmobike_mail_write_host(bio_writer_t *writer, host_t *host);

/**
 * Decode an address and a port, or that there is none.
 *
 * @param reader	where it is
 * @param host		receives the address, to be destroyed, unchanged if none
 * @return			FALSE if that is something else
 */
bool rmobike_mail_read_host(bio_reader_t *reader, host_t **host);

/**
 * Encode a message.
 *
 * @param mail		the message
 * @return			octets, allocated
 */
chunk_t rmobike_mail_write(const rmobike_mail_t *mail);

/**
 * Decode a message, to be freed with rmobike_mail_clear().
 *
 * @param mail		receives it
 * @param data		octets
 * @return			FALSE if it is none
 */
bool rmobike_mail_read(rmobike_mail_t *mail, chunk_t data);

/**
 * Free what a message owns.
 */
void rmobike_mail_clear(rmobike_mail_t *mail);

/**
 * Handle a message that was received in a job of its own.
 *
 * @param data		octets, copied
 * @param cb		handles it
 * @param user		data to pass, which has to live as long as the daemon's jobs
 */
void rmobike_mail_handle(chunk_t data, rmobike_mail_cb_t cb, void *user);

#endif /** RMOBIKE_MAIL_H_ @}*/
