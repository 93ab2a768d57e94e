/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/* memmem(), dl_iterate_phdr(), RTLD_DEFAULT */
#define _GNU_SOURCE
#include "rmobike_compat.h"

#include <ctype.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#ifdef RMOBIKE_IN_TREE

/*
 * Described in header
 */
bool rmobike_compat_check(char *why, size_t len)
{
	return TRUE;
}

#else /* !RMOBIKE_IN_TREE */

/**
 * Is this a character that could continue a version number?
 */
static bool in_version(char c)
{
	return c == '.' || isalnum((u_char)c);
}

/**
 * Look for the version as a word of its own in read-only data.
 */
static bool find_version(const char *data, size_t len)
{
	const char *hit, *pos = data, *end = data + len;
	size_t version = strlen(VERSION);

	while ((hit = memmem(pos, end - pos, VERSION, version)))
	{
		if ((hit == data || !in_version(hit[-1])) &&
			(hit + version == end || !in_version(hit[version])))
		{
			return TRUE;
		}
		pos = hit + 1;
	}
	return FALSE;
}

/**
 * The libraries don't contain their version, but each daemon's program does.
 * dl_iterate_phdr() visits the program first.
 */
static int search_program(struct dl_phdr_info *info, size_t size, void *data)
{
	bool *found = data;
	int i;

	for (i = 0; i < info->dlpi_phnum && !*found; i++)
	{
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];

		if (header->p_type == PT_LOAD && (header->p_flags & PF_R) &&
			!(header->p_flags & PF_W))
		{
			*found = find_version((char*)info->dlpi_addr + header->p_vaddr,
								  header->p_memsz);
		}
	}
	return 1;
}

/*
 * Described in header
 */
bool rmobike_compat_check(char *why, size_t len)
{
	bool found = FALSE, mediation;

	dl_iterate_phdr(search_program, &found);
	if (!found)
	{
		snprintf(why, len, "it was built for strongSwan %s, which this daemon "
				 "is not", VERSION);
		return FALSE;
	}
	/* mediation support adds methods to the structures that we call */
	mediation = dlsym(RTLD_DEFAULT, "ike_me_create") != NULL;
#ifdef ME
	if (!mediation)
	{
		snprintf(why, len, "it was built with mediation support, this daemon "
				 "was not");
		return FALSE;
	}
#else
	if (mediation)
	{
		snprintf(why, len, "it was built without mediation support, this "
				 "daemon has it");
		return FALSE;
	}
#endif
	return TRUE;
}

#endif /* RMOBIKE_IN_TREE */

/*
 * Described in header
 */
u_int rmobike_compat_ha(void)
{
	u_int major = 0, minor = 0, patch = 0;

	sscanf(VERSION, "%u.%u.%u", &major, &minor, &patch);
	/* 6.0.1 and 6.0.2 each inserted attributes */
	if (major < 6 || (major == 6 && minor == 0 && patch == 0))
	{
		return 3;
	}
	return major == 6 && minor == 0 && patch == 1 ? 4 : 5;
}

/*
 * Described in header
 */
void rmobike_compat_forget(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
#ifdef RMOBIKE_HAVE_REKEY_SA
	enumerator_t *enumerator;
	child_sa_t *other;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &other))
	{
		if (other->get_rekey_sa(other) == child_sa)
		{
			other->set_rekey_sa(other, NULL);
		}
	}
	enumerator->destroy(enumerator);
#endif
}
