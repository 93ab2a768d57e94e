/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_refs.h"

#include <daemon.h>

typedef struct private_rmobike_refs_t private_rmobike_refs_t;
typedef struct private_rmobike_ref_t private_rmobike_ref_t;

/**
 * Private data
 */
struct private_rmobike_refs_t {

	/**
	 * Public interface
	 */
	rmobike_refs_t public;

	/**
	 * Records of IKE_SAs, which follow them
	 */
	rmobike_records_t *records;
};

/**
 * A reference
 */
struct private_rmobike_ref_t {

	/**
	 * Public interface
	 */
	rmobike_ref_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_records_t *records;

	/**
	 * Record of its IKE_SA
	 */
	rmobike_record_t *record;
};

METHOD(rmobike_ref_t, get_id, uint32_t,
	private_rmobike_ref_t *this)
{
	uint32_t id;

	this->records->lock(this->records);
	id = this->record->id;
	this->records->unlock(this->records);
	return id;
}

METHOD(rmobike_ref_t, checkout, ike_sa_t*,
	private_rmobike_ref_t *this)
{
	ike_sa_t *ike_sa;
	ike_sa_id_t *sa;
	uint32_t id;

	while (TRUE)
	{
		this->records->lock(this->records);
		sa = this->records->get_sa(this->records, this->record);
		id = this->record->id;
		this->records->unlock(this->records);

		ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager, sa);
		sa->destroy(sa);
		if (get_id(this) == id)
		{
			return ike_sa;
		}
		/* rekeyed while we waited for it */
		if (ike_sa)
		{
			charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
		}
	}
}

METHOD(rmobike_ref_t, destroy_ref, void,
	private_rmobike_ref_t *this)
{
	this->records->lock(this->records);
	this->records->unref(this->records, this->record);
	this->records->unlock(this->records);
	free(this);
}

METHOD(rmobike_refs_t, create_ref, rmobike_ref_t*,
	private_rmobike_refs_t *this, ike_sa_t *ike_sa)
{
	private_rmobike_ref_t *ref;
	ike_sa_id_t *sa = ike_sa->get_id(ike_sa);

	INIT(ref,
		.public = {
			.checkout = _checkout,
			.get_id = _get_id,
			.destroy = _destroy_ref,
		},
		.records = this->records,
	);
	this->records->lock(this->records);
	ref->record = this->records->get_record(this->records,
											ike_sa->get_unique_id(ike_sa));
	this->records->ref(this->records, ref->record, sa);
	this->records->unlock(this->records);
	return &ref->public;
}

METHOD(rmobike_refs_t, destroy, void,
	private_rmobike_refs_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_refs_t *rmobike_refs_create(rmobike_records_t *records)
{
	private_rmobike_refs_t *this;

	INIT(this,
		.public = {
			.create_ref = _create_ref,
			.destroy = _destroy,
		},
		.records = records,
	);
	return &this->public;
}
