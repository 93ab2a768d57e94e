/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_keys rmobike_keys
 * @{ @ingroup rmobike
 *
 * Keys of IPsec SAs, as the Linux kernel tells them.
 */

#ifndef RMOBIKE_KEYS_H_
#define RMOBIKE_KEYS_H_

#include <utils/chunk.h>

/**
 * Check if the kernel gave all keys of an SA.
 *
 * If it is locked down (lockdown=confidentiality) it gives zeros instead. No SA
 * must be made of these: anybody who knows its SPI could forge packets.
 *
 * @param attributes	attributes of an XFRM_MSG_NEWSA, aligned
 * @return				FALSE if there is a key of zeros only
 */
bool rmobike_keys_given(chunk_t attributes);

#endif /** RMOBIKE_KEYS_H_ @}*/
