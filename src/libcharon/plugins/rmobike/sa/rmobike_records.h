/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_records rmobike_records
 * @{ @ingroup rmobike
 *
 * All that is known of an IKE_SA, in one record. Each part of it belongs to one
 * room that alone knows what it looks like; what becomes of the parts if the
 * IKE_SA is rekeyed is decided here.
 */

#ifndef RMOBIKE_RECORDS_H_
#define RMOBIKE_RECORDS_H_

#include <sa/ike_sa.h>

typedef struct rmobike_record_t rmobike_record_t;
typedef struct rmobike_records_t rmobike_records_t;
typedef enum rmobike_part_t rmobike_part_t;

/**
 * Parts of a record.
 */
enum rmobike_part_t {
	/** responder: last switch that its peer was asked for (rmobike_switches) */
	RMOBIKE_PART_SWITCH,
	/** responder: when it moved lately, or was asked to (rmobike_switches) */
	RMOBIKE_PART_RECENT,
	/** responder: addresses that were announced (rmobike_choice) */
	RMOBIKE_PART_ANNOUNCED,
	/** responder: addresses its peer did not go to (rmobike_choice) */
	RMOBIKE_PART_TRIED,
	/** responder: address it is counted at (rmobike_census) */
	RMOBIKE_PART_ADDRESS,
	/** which node of a cluster serves it (rmobike_ownership) */
	RMOBIKE_PART_OWNED,
	/** initiator: its last moves, and why others not (rmobike_accepted) */
	RMOBIKE_PART_MOVES,
	/** initiator: last request it accepted (rmobike_accepted) */
	RMOBIKE_PART_ACCEPTED,
	/** initiator: last answer (rmobike_echo) */
	RMOBIKE_PART_ANSWER,
	/** initiator: where the responder is looked for (rmobike_seek) */
	RMOBIKE_PART_SEEK,
	/** initiator: does the responder know where we are? (rmobike_mapping) */
	RMOBIKE_PART_MAPPING,
	/** request that is not answered yet (rmobike_requests) */
	RMOBIKE_PART_REQUEST,
	/** number of parts */
	RMOBIKE_PARTS
};

/**
 * What is known of an IKE_SA. The record goes on with the IKE_SA that replaces
 * it, so whoever keeps a pointer by rmobike_records_t.ref() follows that. To be
 * used with the lock only.
 */
struct rmobike_record_t {

	/** unique ID of the IKE_SA */
	uint32_t id;

	/** TRUE if another IKE_SA has replaced it, and has its record */
	bool replaced;

	/** parts by rmobike_part_t, NULL if nothing is known, see own() */
	void *parts[RMOBIKE_PARTS];
};

/**
 * Records by unique ID of the IKE_SA. Nothing blocks for long.
 */
struct rmobike_records_t {

	/**
	 * Get hold of all records. No other lock may be taken, and nothing be asked
	 * that might do so.
	 */
	void (*lock)(rmobike_records_t *this);

	/**
	 * Let go of them.
	 */
	void (*unlock)(rmobike_records_t *this);

	/**
	 * Say what a part needs. Both are called with the lock, not with NULL.
	 *
	 * @param part		which one
	 * @param destroy	frees it
	 * @param rekeyed	it follows to an IKE_SA with this unique ID, or NULL
	 */
	void (*own)(rmobike_records_t *this, rmobike_part_t part,
				void (*destroy)(void *part),
				void (*rekeyed)(void *part, uint32_t id));

	/**
	 * Get a part, with the lock.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param part		which one
	 * @return			NULL if there is none
	 */
	void *(*get)(rmobike_records_t *this, uint32_t id, rmobike_part_t part);

	/**
	 * Replace a part, with the lock.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param part		which one
	 * @param value		what it is from now on, adopted, or NULL
	 * @return			what it was before, owned by the caller, or NULL
	 */
	void *(*set)(rmobike_records_t *this, uint32_t id, rmobike_part_t part,
				 void *value);

	/**
	 * Get the record of an IKE_SA, with the lock; creates it if there is none.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			valid with the lock, or if ref() is called
	 */
	rmobike_record_t *(*get_record)(rmobike_records_t *this, uint32_t id);

	/**
	 * Keep a record, with the lock.
	 *
	 * @param record	record that stays, even if its IKE_SA is gone
	 * @param sa		ID of its IKE_SA, cloned
	 */
	void (*ref)(rmobike_records_t *this, rmobike_record_t *record,
				ike_sa_id_t *sa);

	/**
	 * Get the ID of the IKE_SA that a record is about, with the lock.
	 *
	 * @param record	record that somebody keeps
	 * @return			clone, to be destroyed
	 */
	ike_sa_id_t *(*get_sa)(rmobike_records_t *this, rmobike_record_t *record);

	/**
	 * Don't keep a record anymore, with the lock.
	 *
	 * @param record	record that was kept
	 */
	void (*unref)(rmobike_records_t *this, rmobike_record_t *record);

	/**
	 * An IKE_SA was rekeyed: its record is that of the new one, only what the
	 * last messages of the old one need stays there. Takes the lock.
	 *
	 * @param old		old IKE_SA
	 * @param new		new IKE_SA
	 */
	void (*rekeyed)(rmobike_records_t *this, ike_sa_t *old, ike_sa_t *new);

	/**
	 * Note that an IKE_SA was replaced, by whatever. Takes the lock.
	 *
	 * @param id		unique ID of the IKE_SA
	 */
	void (*replaced)(rmobike_records_t *this, uint32_t id);

	/**
	 * Was an IKE_SA replaced? Takes the lock.
	 *
	 * @param id		unique ID of the IKE_SA
	 */
	bool (*is_replaced)(rmobike_records_t *this, uint32_t id);

	/**
	 * Forget an IKE_SA that is gone. Takes the lock.
	 *
	 * @param id		unique ID of the IKE_SA
	 */
	void (*remove)(rmobike_records_t *this, uint32_t id);

	/**
	 * Count the records, kept ones as well. Takes the lock.
	 */
	u_int (*get_count)(rmobike_records_t *this);

	/**
	 * Destroy a rmobike_records_t, when nobody keeps any.
	 */
	void (*destroy)(rmobike_records_t *this);
};

/**
 * Create it.
 */
rmobike_records_t *rmobike_records_create(void);

#endif /** RMOBIKE_RECORDS_H_ @}*/
