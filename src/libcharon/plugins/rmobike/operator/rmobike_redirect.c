/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "operator/rmobike_redirect.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

typedef struct private_rmobike_redirect_t private_rmobike_redirect_t;

/**
 * Private data
 */
struct private_rmobike_redirect_t {

	/**
	 * Public interface
	 */
	rmobike_redirect_t public;

	/**
	 * Asks peers
	 */
	rmobike_ask_t *ask;
};

/**
 * The replaced method has no other way to find us
 */
static private_rmobike_redirect_t *instance;

/**
 * charon's redirect(), the same for all IKE_SAs
 */
static status_t (*stock_redirect)(ike_sa_t *this, identification_t *gateway);

/**
 * Is this enabled?
 */
static bool is_enabled(void)
{
	rmobike_options_t *options;
	bool enabled;

	options = rmobike_settings_get(NULL);
	enabled = options->upgrade_redirect;
	rmobike_options_destroy(options);
	return enabled;
}

/**
 * Get the address of a gateway if it is one of ours
 */
static host_t *get_own_address(identification_t *gateway)
{
	host_t *host = NULL;
	int family = AF_INET;

	switch (gateway->get_type(gateway))
	{
		case ID_IPV6_ADDR:
			family = AF_INET6;
			/* fall through */
		case ID_IPV4_ADDR:
			host = host_create_from_chunk(family,
										  gateway->get_encoding(gateway), 0);
			break;
		default:
			break;
	}
	if (host && !charon->kernel->get_interface(charon->kernel, host, NULL))
	{
		host->destroy(host);
		host = NULL;
	}
	return host;
}

METHOD(ike_sa_t, redirect, status_t,
	ike_sa_t *this, identification_t *gateway)
{
	host_t *to = NULL;

	if (is_enabled() && !rmobike_ike_sa_refuses(this))
	{
		to = get_own_address(gateway);
	}
	if (!to)
	{
		return stock_redirect(this, gateway);
	}
	instance->ask->initiate(instance->ask, this, to, NULL);
	to->destroy(to);
	return SUCCESS;
}

/**
 * From now on, switch if redirection is requested
 */
static void attach(ike_sa_t *ike_sa)
{
	if (ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		ike_sa->redirect != (void*)_redirect)
	{
		stock_redirect = ike_sa->redirect;
		ike_sa->redirect = _redirect;
	}
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_redirect_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_ESTABLISHED)
	{
		attach(ike_sa);
	}
	return TRUE;
}

METHOD(rmobike_redirect_t, rekeyed, void,
	private_rmobike_redirect_t *this, ike_sa_t *new)
{
	attach(new);
}

METHOD(rmobike_redirect_t, destroy, void,
	private_rmobike_redirect_t *this)
{
	instance = NULL;
	free(this);
}

/*
 * Described in header
 */
rmobike_redirect_t *rmobike_redirect_create(rmobike_ask_t *ask)
{
	private_rmobike_redirect_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_state_change = _ike_state_change,
			},
			.rekeyed = _rekeyed,
			.destroy = _destroy,
		},
		.ask = ask,
	);
	instance = this;

	return &this->public;
}
