/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_errand.h"
#include "sa/rmobike_ike_sa.h"

#include <daemon.h>
#include <processing/jobs/callback_job.h>

typedef struct errand_t errand_t;

/**
 * What to do
 */
struct errand_t {
	/** the IKE_SA */
	rmobike_ref_t *ref;
	/** what to do with it */
	rmobike_errand_t cb;
	/** data to pass */
	void *user;
};

CALLBACK(execute, job_requeue_t,
	errand_t *this)
{
	ike_sa_t *ike_sa;

	ike_sa = this->ref->checkout(this->ref);
	if (ike_sa)
	{
		rmobike_ike_sa_checkin(ike_sa, this->cb(this->user, ike_sa));
	}
	return JOB_REQUEUE_NONE;
}

CALLBACK(destroy, void,
	errand_t *this)
{
	this->ref->destroy(this->ref);
	free(this);
}

/*
 * Described in header
 */
void rmobike_errand_queue(rmobike_ref_t *ref, u_int ms, rmobike_errand_t cb,
						  void *user)
{
	errand_t *this;
	job_t *job;

	INIT(this,
		.ref = ref,
		.cb = cb,
		.user = user,
	);
	job = (job_t*)callback_job_create(execute, this, destroy, NULL);
	if (ms)
	{
		lib->scheduler->schedule_job_ms(lib->scheduler, job, ms);
	}
	else
	{
		lib->processor->queue_job(lib->processor, job);
	}
}
