/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_notify rmobike_notify
 * @{ @ingroup rmobike
 *
 * The octets that R-MOBIKE puts into notify payloads. Pure functions, callable
 * from any thread.
 */

#ifndef RMOBIKE_NOTIFY_H_
#define RMOBIKE_NOTIFY_H_

#include <networking/host.h>
#include <utils/chunk.h>

/**
 * Type of the status notify SWITCH_TO_IP_ADDRESS, unless configured. The draft
 * never got a number assigned by IANA, so it is a private use one.
 */
#define RMOBIKE_NOTIFY_TYPE_DEFAULT 41042

/**
 * First and last status notify type for private use (RFC 7296, section 3.10.1).
 */
#define RMOBIKE_NOTIFY_TYPE_MIN 40960
#define RMOBIKE_NOTIFY_TYPE_MAX 65535

/**
 * Get the data of a MOBIKE_SUPPORTED notify by which an initiator says that it
 * can be asked to switch: one octet, 'R'.
 *
 * @return				static data, not to be freed
 */
chunk_t rmobike_notify_capability(void);

/**
 * Check if the data of a MOBIKE_SUPPORTED notify says that its sender can be
 * asked to switch.
 *
 * Plain MOBIKE sends no data and requires receivers to ignore any (RFC 4555,
 * section 4.2.1), so everything but exactly one octet 'R' is no capability.
 *
 * @param data			notification data
 * @return				TRUE if it is exactly one octet 'R'
 */
bool rmobike_notify_is_capability(chunk_t data);

/**
 * Parse a SWITCH_TO_IP_ADDRESS notify.
 *
 * Accepts any address of 4 or 16 octets, whether it is one to go to is up to
 * rmobike_policy_judge(). There is no SPI, so the protocol ID means nothing,
 * whatever it is (RFC 7296, 3.10).
 *
 * @param has_spi		TRUE if the notify has an SPI, has to be FALSE
 * @param data			notification data
 * @param port			port of the returned host
 * @param why			if NULL is returned, receives static text that says what
 *						is wrong (out, may be NULL)
 * @return				address to switch to, NULL if malformed
 */
host_t *rmobike_notify_parse_switch(bool has_spi, chunk_t data, uint16_t port,
									const char **why);

#endif /** RMOBIKE_NOTIFY_H_ @}*/
