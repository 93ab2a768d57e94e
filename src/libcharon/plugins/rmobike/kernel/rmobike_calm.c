/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_calm.h"
#include "kernel/rmobike_xfrm.h"

#include <processing/jobs/callback_job.h>

/**
 * Seconds until the kernel reports again that packets come from somewhere else
 */
#define REPORT_INTERVAL 1

/**
 * Until it reports each of them again, in milliseconds: the responder should
 * have got the update by then
 */
#define CALM_MS 3000

CALLBACK(end, job_requeue_t,
	kernel_ipsec_sa_id_t *id)
{
	rmobike_xfrm_calm(id, 0);
	return JOB_REQUEUE_NONE;
}

CALLBACK(destroy_id, void,
	kernel_ipsec_sa_id_t *id)
{
	id->dst->destroy(id->dst);
	free(id);
}

/*
 * Described in header
 */
void rmobike_calm_for_a_while(kernel_ipsec_sa_id_t *id)
{
	kernel_ipsec_sa_id_t *later;

	/* charon 6.1.0 asks for it itself, for SAs of a CPU */
	if (!rmobike_xfrm_is_calm(id) && rmobike_xfrm_calm(id, REPORT_INTERVAL))
	{
		later = malloc_thing(kernel_ipsec_sa_id_t);
		*later = *id;
		later->src = NULL;
		later->dst = id->dst->clone(id->dst);
		lib->scheduler->schedule_job_ms(lib->scheduler,
				(job_t*)callback_job_create(end, later, destroy_id, NULL),
				CALM_MS);
	}
}
