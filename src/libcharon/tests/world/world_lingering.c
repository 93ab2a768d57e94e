/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * SAs that linger, at each end its own: destination and SPI of what one end
 * sends with are those of what the other end receives with. This file takes the
 * place of rmobike_lingering.c, which it includes.
 */

#define rmobike_lingering_create lingering_create
#include "kernel/rmobike_lingering.c"
#undef rmobike_lingering_create

#include "world_parts.h"

rmobike_lingering_t *rmobike_lingering_create(void);

/** What each end has */
static rmobike_lingering_t *ends[2];

METHOD(rmobike_lingering_t, add_at_end, void,
	rmobike_lingering_t *this, kernel_ipsec_sa_id_t *id)
{
	side_t side = kernel_side();
	esp_t *sa = esp_find(side, id->spi, id->dst);

	if (sa)
	{
		sa->spare_until = time_us() +
						  (LINGER_MS + world_conf.job_jitter) * 1000ULL;
	}
	else
	{
		trace_note("kernel: no SA to %H with SPI %.8x lingers", id->dst,
				   ntohl(id->spi));
	}
	ends[side]->add(ends[side], id);
}

METHOD(rmobike_lingering_t, end_at_end, void,
	rmobike_lingering_t *this, kernel_ipsec_sa_id_t *id)
{
	side_t side = kernel_side();

	ends[side]->end(ends[side], id);
}

METHOD(rmobike_lingering_t, destroy_ends, void,
	rmobike_lingering_t *this)
{
	kernel_set_side(INITIATOR);
	ends[INITIATOR]->destroy(ends[INITIATOR]);
	kernel_set_side(RESPONDER);
	ends[RESPONDER]->destroy(ends[RESPONDER]);
	free(this);
}

/*
 * Described in rmobike_lingering.h
 */
rmobike_lingering_t *rmobike_lingering_create(void)
{
	rmobike_lingering_t *this;

	ends[INITIATOR] = lingering_create();
	ends[RESPONDER] = lingering_create();
	INIT(this,
		.add = _add_at_end,
		.end = _end_at_end,
		.destroy = _destroy_ends,
	);
	return this;
}
