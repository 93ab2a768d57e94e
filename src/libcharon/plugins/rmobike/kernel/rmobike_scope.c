/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_scope.h"
#include "kernel/rmobike_xfrm_policy.h"
#include "kernel/rmobike_xfrm_state.h"

typedef struct policy_t policy_t;

/**
 * A policy to be added or deleted
 */
struct policy_t {

	/**
	 * What charon passed to add_policy() or del_policy()
	 */
	kernel_ipsec_policy_id_t id;
	kernel_ipsec_manage_policy_t data;

	/**
	 * What that points to
	 */
	ipsec_sa_cfg_t sa;
};

/**
 * Copy what charon passed to add_policy() or del_policy()
 */
static policy_t *policy_create(kernel_ipsec_policy_id_t *id,
							   kernel_ipsec_manage_policy_t *data)
{
	policy_t *this;

	INIT(this,
		.id = *id,
		.data = *data,
		.sa = *data->sa,
	);
	this->id.src_ts = id->src_ts->clone(id->src_ts);
	this->id.dst_ts = id->dst_ts->clone(id->dst_ts);
	this->id.interface = strdupnull(id->interface);
	this->id.label = id->label ? id->label->clone(id->label) : NULL;
	this->data.src = data->src->clone(data->src);
	this->data.dst = data->dst->clone(data->dst);
	this->data.sa = &this->sa;
	return this;
}

/**
 * Destroy the copy
 */
static void policy_destroy(policy_t *this)
{
	this->id.src_ts->destroy(this->id.src_ts);
	this->id.dst_ts->destroy(this->id.dst_ts);
	free(this->id.interface);
	DESTROY_IF(this->id.label);
	this->data.src->destroy(this->data.src);
	this->data.dst->destroy(this->data.dst);
	free(this);
}

/*
 * Described in header
 */
void rmobike_scope_add_later(rmobike_scope_t *scope,
							 kernel_ipsec_policy_id_t *id,
							 kernel_ipsec_manage_policy_t *data)
{
	policy_t *policy = policy_create(id, data);

	array_insert(scope->added, ARRAY_TAIL, policy);
}

/*
 * Described in header
 */
void rmobike_scope_delete_later(rmobike_scope_t *scope,
								kernel_ipsec_policy_id_t *id,
								kernel_ipsec_manage_policy_t *data)
{
	policy_t *policy = policy_create(id, data);

	array_insert(scope->policies, ARRAY_TAIL, policy);
}

/*
 * Described in header
 */
void rmobike_scope_flush(rmobike_scope_t *scope)
{
	kernel_interface_t *stock = scope->stock;
	policy_t *policy;
	kernel_ipsec_sa_id_t sa;

	while (array_remove(scope->added, ARRAY_HEAD, &policy))
	{
		if (stock->add_policy(charon->kernel, &policy->id,
							  &policy->data) != SUCCESS)
		{
			DBG1(DBG_KNL, "adding a policy for %R === %R failed",
				 policy->id.src_ts, policy->id.dst_ts);
		}
		policy_destroy(policy);
	}
	while (array_remove(scope->policies, ARRAY_HEAD, &policy))
	{
		stock->del_policy(charon->kernel, &policy->id, &policy->data);
		policy_destroy(policy);
	}
	while (array_remove(scope->sas, ARRAY_HEAD, &sa))
	{
		scope->lingering->add(scope->lingering, &sa);
		sa.dst->destroy(sa.dst);
	}
}

/*
 * Described in header
 */
void rmobike_scope_next(rmobike_scope_t *scope)
{
	if (scope->ended && !array_count(scope->added))
	{
		rmobike_scope_flush(scope);
	}
	scope->ended = FALSE;
}

/**
 * Does a policy refer to an SA? Those for forwarded outbound packets don't.
 */
static bool refers_to(policy_t *policy, kernel_ipsec_sa_id_t *id)
{
	return policy->sa.reqid && id->spi == rmobike_xfrm_get_spi(&policy->sa);
}

/*
 * Described in header
 */
bool rmobike_scope_copy(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_update_sa_t *data)
{
	return data->new_dst->ip_equals(data->new_dst, scope->me) &&
		   !id->dst->ip_equals(id->dst, data->new_dst) &&
		   id->src->equals(id->src, data->new_src) &&
		   rmobike_xfrm_copy(id, data->new_dst);
}

/**
 * Get what there is to move of an SA and its policies. Outbound ones with marks
 * are left out, the kernel might take others. Of inbound ones just the policies
 * have the mark, which are changed by that.
 */
static u_int get_moves(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_update_sa_t *data, bool inbound,
					   rmobike_xfrm_move_t *moves, u_int max)
{
	enumerator_t *enumerator;
	policy_t *policy;
	u_int count = 0;

	enumerator = array_create_enumerator(scope->policies);
	while (count < max && enumerator->enumerate(enumerator, &policy))
	{
		if ((policy->id.dir == POLICY_OUT) != inbound &&
			refers_to(policy, id) &&
			(inbound || (!policy->id.mark.value && !policy->id.mark.mask)) &&
			scope->reqids->is_unique(scope->reqids, policy->sa.reqid))
		{
			moves[count++] = (rmobike_xfrm_move_t){
				.dir = policy->id.dir,
				.src_ts = policy->id.src_ts,
				.dst_ts = policy->id.dst_ts,
				.reqid = policy->sa.reqid,
				.proto = id->proto,
				.if_id = policy->id.if_id,
				.mark = policy->id.mark,
				.src = id->src,
				.dst = id->dst,
				.new_src = data->new_src,
				.new_dst = data->new_dst,
				.encap = data->new_encap,
			};
		}
	}
	enumerator->destroy(enumerator);
	return count;
}

/*
 * Described in header
 */
bool rmobike_scope_move(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_update_sa_t *data)
{
	bool inbound = data->new_dst->ip_equals(data->new_dst, scope->me);
	rmobike_xfrm_move_t moves[array_count(scope->policies) + 1];
	u_int count;

	if (id->mark.value ||
		(inbound && !id->dst->ip_equals(id->dst, data->new_dst)))
	{	/* the kernel might move another one, and out of charon's reach */
		return FALSE;
	}
	count = get_moves(scope, id, data, inbound, moves, countof(moves));
	if (inbound)
	{
		return rmobike_xfrm_policy_turn(moves, count, id->spi);
	}
	/* what can migrate an SA by itself has it use no number twice, too */
	return !rmobike_xfrm_state_can_migrate() &&
		   rmobike_xfrm_policy_move(moves, count, id->spi);
}

/*
 * Described in header
 */
bool rmobike_scope_copy_ahead(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
							  kernel_ipsec_update_sa_t *data)
{
	return !data->new_dst->ip_equals(data->new_dst, scope->me) &&
		   !id->dst->ip_equals(id->dst, data->new_dst) &&
		   rmobike_xfrm_copy_ahead(id, data);
}

/*
 * Described in header
 */
status_t rmobike_scope_replace(rmobike_scope_t *scope,
							   kernel_ipsec_sa_id_t *id,
							   kernel_ipsec_update_sa_t *data)
{
	return !data->new_dst->ip_equals(data->new_dst, scope->me) &&
		   id->dst->ip_equals(id->dst, data->new_dst) ?
				rmobike_xfrm_replace(id, data) : FAILED;
}

/*
 * Described in header
 */
void rmobike_scope_keep_old(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id)
{
	kernel_ipsec_sa_id_t old = *id;

	old.src = NULL;
	old.dst = id->dst->clone(id->dst);
	array_insert(scope->sas, ARRAY_TAIL, &old);
}

/*
 * Described in header
 */
bool rmobike_scope_go_back(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_update_sa_t *data)
{
	enumerator_t *enumerator;
	bool found = FALSE;
	kernel_ipsec_sa_id_t *old;

	enumerator = array_create_enumerator(scope->sas);
	while (!found && enumerator->enumerate(enumerator, &old))
	{
		if (old->spi == id->spi && old->proto == id->proto &&
			old->dst->ip_equals(old->dst, data->new_dst))
		{
			old->dst->destroy(old->dst);
			array_remove_at(scope->sas, enumerator);
			found = TRUE;
		}
	}
	enumerator->destroy(enumerator);
	return found && rmobike_xfrm_delete(id);
}

/*
 * Described in header
 */
bool rmobike_scope_migrate(rmobike_scope_t *scope, kernel_ipsec_sa_id_t *id,
							  kernel_ipsec_update_sa_t *data)
{
	enumerator_t *enumerator;
	array_t *policies = NULL;
	policy_t *policy;
	bool inbound, migrated;

	if (scope)
	{
		inbound = data->new_dst->ip_equals(data->new_dst, scope->me);
		enumerator = array_create_enumerator(scope->policies);
		while (enumerator->enumerate(enumerator, &policy))
		{
			if ((policy->id.dir == POLICY_OUT) != inbound &&
				refers_to(policy, id))
			{
				array_insert_create(&policies, ARRAY_TAIL, &policy->id);
			}
		}
		enumerator->destroy(enumerator);
	}
	migrated = rmobike_xfrm_state_migrate(id, data, policies);
	array_destroy(policies);
	return migrated;
}
