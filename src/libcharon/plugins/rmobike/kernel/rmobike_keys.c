/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_keys.h"

#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

/**
 * Check if a key that should be there is: one of zeros is none
 */
static bool has_key(const void *key, u_int bits, size_t room)
{
	size_t i, len = (bits + 7) / 8;

	for (i = 0; i < len && i < room; i++)
	{
		if (((const u_char*)key)[i])
		{
			return TRUE;
		}
	}
	return !len;
}

/**
 * Check if an attribute lacks a key
 */
static bool lacks_key(struct rtattr *attr)
{
	size_t len = RTA_PAYLOAD(attr);
	struct xfrm_algo *alg = RTA_DATA(attr);
	struct xfrm_algo_auth *auth = RTA_DATA(attr);
	struct xfrm_algo_aead *aead = RTA_DATA(attr);

	switch (attr->rta_type)
	{
		case XFRMA_ALG_CRYPT:
		case XFRMA_ALG_AUTH:
			return len < sizeof(*alg) || !has_key(alg->alg_key,
								alg->alg_key_len, len - sizeof(*alg));
		case XFRMA_ALG_AUTH_TRUNC:
			return len < sizeof(*auth) || !has_key(auth->alg_key,
								auth->alg_key_len, len - sizeof(*auth));
		case XFRMA_ALG_AEAD:
			return len < sizeof(*aead) || !has_key(aead->alg_key,
								aead->alg_key_len, len - sizeof(*aead));
		default:
			return FALSE;
	}
}

/*
 * Described in header
 */
bool rmobike_keys_given(chunk_t attributes)
{
	struct rtattr *attr = (struct rtattr*)attributes.ptr;
	size_t len = attributes.len;

	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
	{
		if (lacks_key(attr))
		{
			return FALSE;
		}
	}
	return TRUE;
}
