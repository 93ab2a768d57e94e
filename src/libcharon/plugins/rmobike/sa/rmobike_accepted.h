/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_accepted rmobike_accepted
 * @{ @ingroup rmobike
 *
 * What we, as initiator, know of each IKE_SA: the last request to switch that
 * we accepted, what became of it, and how many there were lately.
 */

#ifndef RMOBIKE_ACCEPTED_H_
#define RMOBIKE_ACCEPTED_H_

#include "sa/rmobike_records.h"

#include <library.h>
#include <networking/host.h>
#include <networking/packet.h>

typedef struct rmobike_accepted_t rmobike_accepted_t;

/**
 * What was accepted on each IKE_SA. All methods are thread safe and don't block
 * on any IKE_SA.
 */
struct rmobike_accepted_t {

	/**
	 * Remember a request that we accepted, instead of the last one.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the request
	 * @param message	the request as received, cloned; the header of a copy of
	 *					it is not authenticated when it arrives, so it has to be
	 *					the same to the last octet
	 * @param me		source of the response, cloned, NULL to answer where the
	 *					request came from
	 * @param other		destination of the response, cloned, or NULL
	 * @return			serial number of the request, newer ones are higher
	 */
	u_int (*add)(rmobike_accepted_t *this, uint32_t id, uint32_t mid,
				 chunk_t message, host_t *me, host_t *other);

	/**
	 * Remember a request whose response has to take another path, instead of
	 * the last one that was accepted.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the request
	 * @param message	the request as received, cloned
	 * @param me		source of the response, cloned
	 * @param other		destination of the response, cloned
	 */
	void (*redirect)(rmobike_accepted_t *this, uint32_t id, uint32_t mid,
					 chunk_t message, host_t *me, host_t *other);

	/**
	 * Get the path that the response to such a request has to take.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the response
	 * @param me		receives the source, to be destroyed
	 * @param other		receives the destination, to be destroyed
	 * @return			FALSE if it goes where the request came from
	 */
	bool (*get_path)(rmobike_accepted_t *this, uint32_t id, uint32_t mid,
					 host_t **me, host_t **other);

	/**
	 * Get the serial number of the newest request, which is what the peer wants
	 * now. Something that it did not ask for has the same, and is replaced by
	 * its next request.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			serial number, 0 if there was none
	 */
	u_int (*get_serial)(rmobike_accepted_t *this, uint32_t id);

	/**
	 * Remember the response to the accepted request.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the response
	 * @param response	packet with the addresses of the new path, adopted
	 */
	void (*responded)(rmobike_accepted_t *this, uint32_t id, uint32_t mid,
					  packet_t *response);

	/**
	 * Get the response to send again for a retransmitted request.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the request
	 * @param message	the request as received
	 * @return			copy of the packet, NULL if it is not that request
	 */
	packet_t *(*get_response)(rmobike_accepted_t *this, uint32_t id,
							  uint32_t mid, chunk_t message);

	/**
	 * Remember where the responder was when it asked for a request that was
	 * accepted, or answered from elsewhere so that we go there without having
	 * been asked, and when.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param from		address, cloned
	 */
	void (*leaving)(rmobike_accepted_t *this, uint32_t id, host_t *from);

	/**
	 * The responder answered our update, wherever that left the IKE_SA.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the next request expected from it, the
	 *					last one that it may have sent before it handled the
	 *					update
	 */
	void (*updated)(rmobike_accepted_t *this, uint32_t id, uint32_t mid);

	/**
	 * Check if a request may have been made at the address that we left last,
	 * before the responder handled our update.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the request
	 * @param from		source of the request, or any address
	 * @return			TRUE if so
	 */
	bool (*is_outdated)(rmobike_accepted_t *this, uint32_t id, uint32_t mid,
						host_t *from);

	/**
	 * Count the requests that were accepted lately, without those to stay, and
	 * the moves of our own.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param interval	how far to look back, in seconds
	 * @return			number of both
	 */
	u_int (*count_recent)(rmobike_accepted_t *this, uint32_t id,
						  u_int interval);

	/**
	 * Check if something may be logged: each reason once per IKE_SA and minute.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param reason	static text
	 * @return			TRUE if it was not logged in the last minute
	 */
	bool (*may_log)(rmobike_accepted_t *this, uint32_t id, const char *reason);

	/**
	 * Check if a response may be sent to other addresses as well, and count
	 * that it was: who replays requests must not make us send much.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			TRUE if it wasn't done too often lately
	 */
	bool (*may_echo)(rmobike_accepted_t *this, uint32_t id);

	/**
	 * The same for a response that is sent on its path again.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			TRUE if it wasn't done too often lately
	 */
	bool (*may_repeat)(rmobike_accepted_t *this, uint32_t id);

	/**
	 * Destroy a rmobike_accepted_t, after all IKE_SAs are gone.
	 */
	void (*destroy)(rmobike_accepted_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 */
rmobike_accepted_t *rmobike_accepted_create(rmobike_records_t *records);

#endif /** RMOBIKE_ACCEPTED_H_ @}*/
