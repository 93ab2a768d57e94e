/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_options_balance rmobike_options_balance
 * @{ @ingroup rmobike
 *
 * The addresses configured to be balanced, with complaints about bad values.
 */

#ifndef RMOBIKE_OPTIONS_BALANCE_H_
#define RMOBIKE_OPTIONS_BALANCE_H_

#include "base/rmobike_parse.h"
#include "base/rmobike_weights.h"

/**
 * Read what is configured in <ns>.plugins.rmobike.balance.
 *
 * An entry that is not valid is ignored as a whole: a guess would send IKE_SAs
 * where nobody wants them.
 *
 * @param settings		settings to read from
 * @param ns			namespace, lib->ns
 * @param hysteresis	receives how much more than its share an address may
 *						have, in percent; NULL if of no interest
 * @param complain		called once for each value that is not valid and each
 *						option and section that is not known, NULL to be silent
 * @param user			data to pass to complain
 * @return				addresses with weights, may be empty, never NULL
 */
rmobike_weights_t *rmobike_options_balance_load(settings_t *settings,
												const char *ns,
												u_int *hysteresis,
												rmobike_complain_t complain,
												void *user);

#endif /** RMOBIKE_OPTIONS_BALANCE_H_ @}*/
