/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * IPsec policies of both ends, and what rmobike_xfrm.h and
 * rmobike_xfrm_policy.h ask of the kernel: this file takes their place.
 */

#include "world_parts.h"

#include <stdio.h>

#include "kernel/rmobike_xfrm_policy.h"

typedef struct policy_t policy_t;
typedef struct user_t user_t;

/**
 * What charon installed a policy for
 */
struct user_t {
	uint32_t reqid;
	host_t *src, *dst;
};

/**
 * A policy
 */
struct policy_t {
	/** whose it is, which one: direction and traffic selectors */
	side_t side;
	policy_dir_t dir;
	char key[256];
	/** user_t, in order of installation */
	linked_list_t *users;
	/** SA it takes packets to, at present */
	user_t *sa;
};

/** policy_t */
static linked_list_t *policies;

/** How often traffic was blocked */
static u_int drops;

/**
 * Create a user of a policy.
 */
static user_t *user_create(uint32_t reqid, host_t *src, host_t *dst)
{
	user_t *user;

	INIT(user,
		.reqid = reqid,
		.src = src->clone(src),
		.dst = dst->clone(dst),
	);
	return user;
}

/**
 * Destroy a user of a policy.
 */
static void user_destroy(user_t *this)
{
	this->src->destroy(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

/**
 * Is this the SA?
 */
static bool user_equals(user_t *this, uint32_t reqid, host_t *src, host_t *dst)
{
	return this->reqid == reqid && this->src->ip_equals(this->src, src) &&
		   this->dst->ip_equals(this->dst, dst);
}

/**
 * Where a policy takes packets to.
 */
static void set_sa(policy_t *policy, uint32_t reqid, host_t *src, host_t *dst)
{
	user_t *sa = user_create(reqid, src, dst);

	user_destroy(policy->sa);
	policy->sa = sa;
}

/**
 * Destroy a policy.
 */
static void policy_destroy(policy_t *this)
{
	this->users->destroy_function(this->users, (void*)user_destroy);
	user_destroy(this->sa);
	free(this);
}

/**
 * Find a policy of the end whose code runs.
 */
static policy_t *find(policy_dir_t dir, char *key)
{
	enumerator_t *enumerator;
	policy_t *current, *found = NULL;

	enumerator = policies->create_enumerator(policies);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (current->side == kernel_side() && current->dir == dir &&
			streq(current->key, key))
		{
			found = current;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Traffic selectors as text.
 */
static void get_key(char *key, size_t len, traffic_selector_t *src,
					traffic_selector_t *dst)
{
	snprintf(key, len, "%R %R", src, dst);
}

/*
 * Described in header
 */
status_t xfrm_add_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
						kernel_ipsec_manage_policy_t *data)
{
	policy_t *policy;
	char key[256];

	if (data->type != POLICY_IPSEC)
	{
		drops++;
		return SUCCESS;
	}
	get_key(key, sizeof(key), id->src_ts, id->dst_ts);
	policy = find(id->dir, key);
	if (!policy)
	{
		INIT(policy,
			.side = kernel_side(),
			.dir = id->dir,
			.users = linked_list_create(),
			.sa = user_create(0, data->src, data->dst),
		);
		strcpy(policy->key, key);
		policies->insert_last(policies, policy);
	}
	policy->users->insert_last(policy->users,
						user_create(data->sa->reqid, data->src, data->dst));
	set_sa(policy, data->sa->reqid, data->src, data->dst);
	return SUCCESS;
}

/**
 * Remove one of the users of a policy.
 */
static bool remove_user(policy_t *policy, uint32_t reqid, host_t *src,
						host_t *dst)
{
	enumerator_t *enumerator;
	user_t *user;
	bool found = FALSE;

	enumerator = policy->users->create_enumerator(policy->users);
	while (!found && enumerator->enumerate(enumerator, &user))
	{
		if (user_equals(user, reqid, src, dst))
		{
			policy->users->remove_at(policy->users, enumerator);
			user_destroy(user);
			found = TRUE;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
status_t xfrm_del_policy(kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
						kernel_ipsec_manage_policy_t *data)
{
	policy_t *policy;
	user_t *user;
	char key[256];

	if (data->type != POLICY_IPSEC)
	{
		return SUCCESS;
	}
	get_key(key, sizeof(key), id->src_ts, id->dst_ts);
	policy = find(id->dir, key);
	if (!policy || !remove_user(policy, data->sa->reqid, data->src, data->dst))
	{
		trace_note("kernel: no policy %s for %H - %H", key, data->src,
				   data->dst);
		return NOT_FOUND;
	}
	if (policy->users->get_last(policy->users, (void**)&user) == SUCCESS)
	{
		set_sa(policy, user->reqid, user->src, user->dst);
	}
	else
	{
		policies->remove(policies, policy, NULL);
		policy_destroy(policy);
	}
	return SUCCESS;
}

/*
 * Described in header
 */
void xfrm_turn_policy(kernel_ipsec_policy_id_t *id, uint32_t reqid,
					  host_t *src, host_t *dst)
{
	policy_t *policy;
	char key[256];

	get_key(key, sizeof(key), id->src_ts, id->dst_ts);
	policy = find(id->dir, key);
	if (policy)
	{
		set_sa(policy, reqid, src, dst);
	}
}

/**
 * Is there an SA for what a policy takes?
 */
static bool has_sa(policy_t *policy)
{
	enumerator_t *enumerator;
	esp_t *sa;
	bool found = FALSE;

	enumerator = esp_create_enumerator();
	while (!found && enumerator->enumerate(enumerator, &sa))
	{
		found = sa->side == policy->side && !sa->inbound && !sa->larval &&
				user_equals(policy->sa, sa->reqid, sa->src, sa->dst);
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
const char *xfrm_check()
{
	enumerator_t *enumerator;
	policy_t *policy;
	const char *why = NULL;

	enumerator = policies->create_enumerator(policies);
	while (!why && enumerator->enumerate(enumerator, &policy))
	{
		if (policy->dir == POLICY_OUT && policy->sa->reqid && !has_sa(policy))
		{
			why = "ESP: a policy without SA";
		}
	}
	enumerator->destroy(enumerator);
	return why;
}

/*
 * Described in header
 */
u_int world_drops()
{
	return drops;
}

/*
 * Described in header
 */
u_int xfrm_count_policies()
{
	return policies->get_count(policies);
}

/*
 * Described in header
 */
void xfrm_create()
{
	policies = linked_list_create();
	drops = 0;
}

/*
 * Described in header
 */
void xfrm_destroy()
{
	policies->destroy_function(policies, (void*)policy_destroy);
}

/**
 * Is this a kernel that can do more than charon wants?
 */
static bool is_linux()
{
	return !world_conf.userland_esp && !world_conf.plain_kernel;
}

/*
 * Described in rmobike_xfrm.h
 */
bool rmobike_xfrm_copy(kernel_ipsec_sa_id_t *id, host_t *new_dst)
{
	esp_t *sa, *copy;

	sa = esp_find(kernel_side(), id->spi, id->dst);
	if (!is_linux() || !state_has_keys() || !sa || !sa->tunnel ||
		id->dst->get_family(id->dst) != new_dst->get_family(new_dst) ||
		esp_find(kernel_side(), id->spi, new_dst))
	{
		return FALSE;
	}
	copy = esp_add(id->spi, sa->src, new_dst);
	copy->inbound = TRUE;
	copy->encap = sa->encap;
	copy->reqid = sa->reqid;
	copy->tunnel = TRUE;
	copy->received = sa->received;
	return TRUE;
}

/*
 * Described in rmobike_xfrm.h
 */
bool rmobike_xfrm_delete(kernel_ipsec_sa_id_t *id)
{
	esp_t *sa;

	sa = esp_find(kernel_side(), id->spi, id->dst);
	if (!is_linux() || !sa)
	{
		trace_note("kernel: no SA to %H with SPI %.8x", id->dst,
				   ntohl(id->spi));
		return FALSE;
	}
	esp_remove(sa);
	return TRUE;
}

/*
 * Described in rmobike_xfrm.h
 */
bool rmobike_xfrm_copy_ahead(kernel_ipsec_sa_id_t *id,
							 kernel_ipsec_update_sa_t *data)
{
	esp_t *sa, *copy;

	sa = esp_find(kernel_side(), id->spi, id->dst);
	if (!is_linux() || !state_has_keys() || !state_is_updated(FALSE) || !sa ||
		!sa->tunnel ||
		id->dst->get_family(id->dst) !=
			data->new_dst->get_family(data->new_dst) ||
		sa->encap != data->new_encap ||
		esp_find(kernel_side(), id->spi, data->new_dst))
	{
		return FALSE;
	}
	copy = esp_add(id->spi, data->new_src, data->new_dst);
	copy->encap = sa->encap;
	copy->reqid = sa->reqid;
	copy->tunnel = TRUE;
	return TRUE;
}

/*
 * Described in rmobike_xfrm.h
 */
status_t rmobike_xfrm_replace(kernel_ipsec_sa_id_t *id,
							  kernel_ipsec_update_sa_t *data)
{
	esp_t *sa;

	sa = esp_find(kernel_side(), id->spi, id->dst);
	if (!is_linux() || !state_has_keys() || !state_is_updated(FALSE) || !sa ||
		!sa->tunnel || sa->encap != data->new_encap)
	{
		return FAILED;
	}
	esp_move(sa, data->new_src, data->new_dst);
	return SUCCESS;
}

/*
 * Described in rmobike_xfrm.h. Sequence numbers are not known here.
 */
bool rmobike_xfrm_raise(kernel_ipsec_sa_id_t *id, bool used)
{
	return is_linux() && esp_find(kernel_side(), id->spi, id->dst);
}

/*
 * Described in rmobike_xfrm.h
 */
bool rmobike_xfrm_merge(kernel_ipsec_sa_id_t *id, host_t *new_dst)
{
	if (!esp_find(kernel_side(), id->spi, id->dst) ||
		!esp_find(kernel_side(), id->spi, new_dst))
	{
		trace_note("kernel: no SAs to %H and %H with SPI %.8x", id->dst,
				   new_dst, ntohl(id->spi));
		return FALSE;
	}
	return TRUE;
}

/*
 * Described in rmobike_xfrm.h
 */
bool rmobike_xfrm_is_calm(kernel_ipsec_sa_id_t *id)
{
	esp_t *sa = is_linux() ? esp_find(kernel_side(), id->spi, id->dst) : NULL;

	return sa && sa->calm;
}

/*
 * Described in rmobike_xfrm.h. The kernel reports nothing here.
 */
bool rmobike_xfrm_calm(kernel_ipsec_sa_id_t *id, uint32_t seconds)
{
	esp_t *sa = is_linux() ? esp_find(kernel_side(), id->spi, id->dst) : NULL;

	if (!sa)
	{
		return FALSE;
	}
	sa->calm = seconds > 0;
	return TRUE;
}

/**
 * Find what the kernel moves if it isn't told the SPI: if there are several,
 * the youngest one.
 */
static esp_t *find_youngest(const rmobike_xfrm_move_t *move)
{
	enumerator_t *enumerator;
	esp_t *sa, *found = NULL;

	enumerator = esp_create_enumerator();
	while (enumerator->enumerate(enumerator, &sa))
	{
		if (sa->side == kernel_side() && sa->reqid == move->reqid &&
			sa->src->ip_equals(sa->src, move->src) &&
			sa->dst->ip_equals(sa->dst, move->dst))
		{
			found = sa;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Give the SA of a policy new addresses.
 */
static void move_sa(const rmobike_xfrm_move_t *move)
{
	esp_t *sa = find_youngest(move);

	if (sa)
	{
		esp_move(sa, move->new_src, move->new_dst);
		sa->encap = move->encap;
	}
}

/*
 * Described in rmobike_xfrm_policy.h
 */
bool rmobike_xfrm_policy_move(const rmobike_xfrm_move_t *moves, u_int count,
							  uint32_t spi)
{
	policy_t *policy;
	char key[256];
	esp_t *sa;
	u_int i;

	if (!is_linux() || !count || !state_is_updated(FALSE) ||
		!find_youngest(moves) || !find_youngest(moves)->tunnel)
	{
		return FALSE;
	}
	trace_note("ESP: sequence numbers copied without a lock, SPI %.8x",
			   ntohl(spi));
	for (i = 0; i < count; i++)
	{
		get_key(key, sizeof(key), moves[i].src_ts, moves[i].dst_ts);
		policy = find(moves[i].dir, key);
		if (policy && user_equals(policy->sa, moves[i].reqid, moves[i].src,
								  moves[i].dst))
		{
			set_sa(policy, moves[i].reqid, moves[i].new_src, moves[i].new_dst);
			move_sa(&moves[i]);
		}
	}
	sa = esp_find(kernel_side(), spi, moves->new_dst);
	return sa && sa->src->ip_equals(sa->src, moves->new_src);
}

/*
 * Described in rmobike_xfrm_policy.h
 */
bool rmobike_xfrm_policy_turn(const rmobike_xfrm_move_t *moves, u_int count,
							  uint32_t spi)
{
	if (!is_linux() || !count || !find_youngest(moves) ||
		!find_youngest(moves)->tunnel)
	{
		return FALSE;
	}
	move_sa(moves);
	return TRUE;
}
