/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_nodes.h"
#include "rmobike_compat.h"

#include <threading/mutex.h>

typedef struct private_rmobike_nodes_t private_rmobike_nodes_t;

/**
 * Private data
 */
struct private_rmobike_nodes_t {

	/**
	 * Public interface
	 */
	rmobike_nodes_t public;

	/**
	 * Channel to the other node
	 */
	rmobike_channel_t *channel;

	/**
	 * Knows how many IKE_SAs are where
	 */
	rmobike_census_t *census;

	/**
	 * Translates what the ha plugin says
	 */
	rmobike_interpreter_t *interpreter;

	/**
	 * This node, without IKE_SAs
	 */
	rmobike_profile_t own;

	/**
	 * Version of the other node, "" if it is not known
	 */
	char version[RMOBIKE_PROFILE_VERSION];

	/**
	 * Why IKE_SAs can't go there, NULL if they can
	 */
	const char *conflict;

	/**
	 * Protects what is known of the other node
	 */
	mutex_t *mutex;
};

METHOD(rmobike_nodes_t, get_other, const char*,
	private_rmobike_nodes_t *this, char *version)
{
	const char *conflict;

	this->mutex->lock(this->mutex);
	memcpy(version, this->version, sizeof(this->version));
	conflict = this->conflict;
	this->mutex->unlock(this->mutex);
	return conflict;
}

/**
 * Does a card count the packets of an IKE_SA, where nobody could go on?
 */
static bool is_offloaded(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	child_cfg_t *config;
	bool offloaded = FALSE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!offloaded && enumerator->enumerate(enumerator, &child_sa))
	{
		config = child_sa->get_config(child_sa);
		offloaded = config->get_hw_offload(config) != HW_OFFLOAD_NO;
	}
	enumerator->destroy(enumerator);
	return offloaded;
}

METHOD(rmobike_nodes_t, refuse, const char*,
	private_rmobike_nodes_t *this, ike_sa_t *ike_sa)
{
	char version[RMOBIKE_PROFILE_VERSION];
	const char *conflict;

	if (!this->channel->is_alive(this->channel, NULL))
	{
		return "the other node does not answer";
	}
	conflict = get_other(this, version);
	if (conflict || !ike_sa)
	{
		return conflict;
	}
	if (is_offloaded(ike_sa))
	{
		return "its CHILD_SAs may be in hardware, see hw_offload";
	}
	if (!rmobike_ha_has_pools(ike_sa))
	{
		return "its virtual IP is not from a pool of the ha plugin";
	}
	return this->interpreter->refuse(this->interpreter, ike_sa);
}

/**
 * Tell the other node of this one, implements rmobike_beat_t
 */
static chunk_t beat(void *user)
{
	private_rmobike_nodes_t *this = user;
	rmobike_profile_t profile = this->own;
	enumerator_t *enumerator;
	u_int sas, capable;
	host_t *address;
	chunk_t data;

	profile.sas = rmobike_weights_create(NULL, NULL, 0);
	enumerator = this->census->create_enumerator(this->census);
	while (enumerator->enumerate(enumerator, &address, &sas, &capable))
	{
		profile.sas->add(profile.sas, address, sas);
	}
	enumerator->destroy(enumerator);
	data = rmobike_profile_write(&profile);
	profile.sas->destroy(profile.sas);
	return data;
}

/**
 * The other node told of itself, implements rmobike_heard_t
 */
static void heard_beat(void *user, chunk_t data)
{
	private_rmobike_nodes_t *this = user;
	rmobike_profile_t other;
	const char *conflict;
	bool changed;

	if (!data.len)
	{	/* the first one says nothing */
		return;
	}
	if (!rmobike_profile_read(data, &other))
	{
		DBG1(DBG_CFG, "the other node tells nothing of itself that is "
			 "understood, is its plugin of another version?");
		return;
	}
	conflict = rmobike_profile_conflict(&this->own, &other);
	this->mutex->lock(this->mutex);
	changed = conflict != this->conflict ||
			  !streq(other.version, this->version);
	this->conflict = conflict;
	memcpy(this->version, other.version, sizeof(this->version));
	this->mutex->unlock(this->mutex);
	if (changed && conflict)
	{
		DBG1(DBG_CFG, "IKE_SAs can't be moved to the other node (strongSwan "
			 "%s, SPIs 0x%.8x to 0x%.8x; here %s, 0x%.8x to 0x%.8x): %s",
			 other.version, other.spi_min, other.spi_max, this->own.version,
			 this->own.spi_min, this->own.spi_max, conflict);
	}
	/* one that can't answer is better left alone */
	this->interpreter->set_other(this->interpreter,
								 other.interprets ? other.ha : this->own.ha);
	this->census->set_elsewhere(this->census, other.sas);
	other.sas = NULL;
	rmobike_profile_clear(&other);
}

METHOD(rmobike_nodes_t, forget, void,
	private_rmobike_nodes_t *this)
{
	this->mutex->lock(this->mutex);
	this->conflict = NULL;
	this->version[0] = '\0';
	this->mutex->unlock(this->mutex);
	this->census->set_elsewhere(this->census, NULL);
}

/**
 * Get a bound of the SPIs that charon has the kernel choose from
 */
static uint32_t get_spi(const char *key, uint32_t otherwise)
{
	return lib->settings->get_int(lib->settings, "%s.%s", otherwise, lib->ns,
								  key);
}

METHOD(rmobike_nodes_t, destroy, void,
	private_rmobike_nodes_t *this)
{
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_nodes_t *rmobike_nodes_create(rmobike_channel_t *channel,
									  rmobike_census_t *census,
									  rmobike_interpreter_t *interpreter)
{
	private_rmobike_nodes_t *this;
	uint32_t first, last;

	first = get_spi("spi_min", KERNEL_SPI_MIN);
	last = get_spi("spi_max", KERNEL_SPI_MAX);
	INIT(this,
		.public = {
			.refuse = _refuse,
			.get_other = _get_other,
			.forget = _forget,
			.destroy = _destroy,
		},
		.channel = channel,
		.census = census,
		.interpreter = interpreter,
		.own = {
			.version = VERSION,
			.ha = rmobike_compat_ha(),
			.interprets = interpreter->is_ready(interpreter),
			/* charon accepts both orders, too */
			.spi_min = min(first, last),
			.spi_max = max(first, last),
		},
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	channel->set_beat(channel, beat, this);
	channel->hear(channel, RMOBIKE_TOPIC_BEAT, heard_beat, this);
	return &this->public;
}
