/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include <library.h>

#include "base/rmobike_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/**
 * A list of addresses. Its first octets are also an address to look up, which
 * no peer announced and so is never to be moved to without a check.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	chunk_t octets = chunk_create((u_char*)data, len > 15 ? 16 : 4);
	rmobike_question_t question = { .reachable = TRUE };
	char *list = strndup((char*)data, len), why[32] = "";
	rmobike_addrs_t *addrs;

	addrs = rmobike_addrs_create(list, why, sizeof(why));
	if (!addrs == !*why)
	{
		abort();
	}
	if (addrs && len >= octets.len)
	{
		question.address = host_create_from_chunk(AF_UNSPEC, octets, 0);
		if (addrs->index(addrs, question.address) >= addrs->count(addrs) ||
			rmobike_policy_judge(RMOBIKE_ACCEPT_NONE, addrs,
						RMOBIKE_CHECK_UNANNOUNCED, &question) <
			RMOBIKE_VERDICT_PROBE)
		{
			abort();
		}
		question.address->destroy(question.address);
	}
	DESTROY_IF(addrs);
	free(list);
	return 0;
}
