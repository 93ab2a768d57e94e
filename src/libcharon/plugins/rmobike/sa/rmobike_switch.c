/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_switch.h"

ENUM(rmobike_state_names, RMOBIKE_ASKED, RMOBIKE_CANCELLED,
	"asked",
	"answered",
	"done",
	"refused",
	"timeout",
	"failed",
	"planned",
	"ineligible",
	"redirected",
	"cancelled",
);

/*
 * Described in header
 */
void rmobike_switch_destroy(rmobike_switch_t *this)
{
	if (this)
	{
		free(this->name);
		free(this->peer_id);
		free(this->tag);
		DESTROY_IF(this->from);
		DESTROY_IF(this->to);
		DESTROY_IF(this->remote);
		free(this);
	}
}

/*
 * Described in header
 */
rmobike_switch_t *rmobike_switch_clone(const rmobike_switch_t *orig)
{
	rmobike_switch_t *this;

	this = malloc_thing(rmobike_switch_t);
	*this = *orig;
	this->name = strdupnull(orig->name);
	this->peer_id = strdupnull(orig->peer_id);
	this->tag = strdupnull(orig->tag);
	this->from = orig->from->clone(orig->from);
	this->to = orig->to ? orig->to->clone(orig->to) : NULL;
	this->remote = orig->remote->clone(orig->remote);
	return this;
}
