/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_copies.h"
#include "kernel/rmobike_lingering.h"
#include "kernel/rmobike_seamless.h"
#include "kernel/rmobike_xfrm.h"
#include "kernel/rmobike_xfrm_state.h"
#include "rmobike_compat.h"

#include <collections/array.h>
#include <collections/hashtable.h>
#include <threading/mutex.h>
#include <threading/thread_value.h>

typedef struct private_rmobike_seamless_t private_rmobike_seamless_t;
typedef struct policy_t policy_t;
typedef struct scope_t scope_t;

/**
 * Private data
 */
struct private_rmobike_seamless_t {

	/**
	 * Public interface
	 */
	rmobike_seamless_t public;

	/**
	 * SAs at new addresses
	 */
	rmobike_copies_t *copies;

	/**
	 * SAs at old addresses
	 */
	rmobike_lingering_t *lingering;

	/**
	 * Reqids of CHILD_SAs by their unique ID
	 */
	hashtable_t *reqids;

	/**
	 * Number of CHILD_SAs by reqid
	 */
	hashtable_t *users;

	/**
	 * Protects them
	 */
	mutex_t *mutex;

	/**
	 * The update of hosts that a thread is in, scope_t
	 */
	thread_value_t *scope;

	/**
	 * charon's methods
	 */
	kernel_interface_t stock;
};

/**
 * The replaced methods have no other way to find us
 */
static private_rmobike_seamless_t *instance;

/**
 * charon's update_hosts(), the same for all IKE_SAs
 */
static void (*stock_update_hosts)(ike_sa_t *this, host_t *me, host_t *other,
								  update_hosts_flag_t flags);

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
 * An update of hosts
 */
struct scope_t {

	/**
	 * Our address afterwards
	 */
	host_t *me;

	/**
	 * Is it the responder's address that changes?
	 */
	bool switched;

	/**
	 * Does the peer's address change?
	 */
	bool peer_moves;

	/**
	 * Policies to be added at the end, policy_t
	 */
	array_t *added;

	/**
	 * Policies to be deleted after that, policy_t
	 */
	array_t *policies;

	/**
	 * SAs that others take over from, kernel_ipsec_sa_id_t by value
	 */
	array_t *sas;
};

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * IP protocol of a CHILD_SA
 */
static uint8_t get_proto(child_sa_t *child_sa)
{
	return child_sa->get_protocol(child_sa) == PROTO_AH ? IPPROTO_AH
														: IPPROTO_ESP;
}

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

/**
 * Add what was to be added at the end, delete what was kept until now
 */
static void flush_scope(scope_t *scope)
{
	kernel_interface_t *stock = &instance->stock;
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
		instance->lingering->add(instance->lingering, &sa);
		sa.dst->destroy(sa.dst);
	}
}

/**
 * Get the update of hosts that this thread is in, if any
 */
static scope_t *get_scope(void)
{
	return instance->scope->get(instance->scope);
}

/**
 * Is there only one CHILD_SA with that reqid? The kernel tells SAs apart by it
 * and their addresses when it moves them.
 */
static bool is_unique(uint32_t reqid)
{
	bool unique;

	instance->mutex->lock(instance->mutex);
	unique = instance->users->get(instance->users, key(reqid)) == key(1);
	instance->mutex->unlock(instance->mutex);
	return unique;
}

METHOD(kernel_interface_t, add_policy, status_t,
	kernel_interface_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	scope_t *scope = get_scope();
	policy_t *policy;

	if (scope && data->type == POLICY_DROP)
	{	/* there is always a policy, so nothing can leak */
		return SUCCESS;
	}
	if (scope && scope->peer_moves && id->dir != POLICY_OUT &&
		!is_unique(data->sa->reqid))
	{	/* what another CHILD_SA receives has to match it, too, until that one
		 * is updated */
		policy = policy_create(id, data);
		array_insert(scope->added, ARRAY_TAIL, policy);
		return SUCCESS;
	}
	return instance->stock.add_policy(this, id, data);
}

METHOD(kernel_interface_t, del_policy, status_t,
	kernel_interface_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	scope_t *scope = get_scope();
	policy_t *policy;

	if (!scope)
	{
		return instance->stock.del_policy(this, id, data);
	}
	if (data->type == POLICY_DROP)
	{	/* a CHILD_SA is at its new address */
		if (!array_count(scope->added))
		{
			flush_scope(scope);
		}
	}
	else
	{
		policy = policy_create(id, data);
		array_insert(scope->policies, ARRAY_TAIL, policy);
	}
	return SUCCESS;
}

/**
 * Add an inbound SA at our new address, its policies follow
 */
static bool copy_sa(scope_t *scope, kernel_ipsec_sa_id_t *id,
					kernel_ipsec_update_sa_t *data)
{
	return data->new_dst->ip_equals(data->new_dst, scope->me) &&
		   !id->dst->ip_equals(id->dst, data->new_dst) &&
		   id->src->equals(id->src, data->new_src) &&
		   rmobike_xfrm_copy(id, data->new_dst);
}

/**
 * Get what there is to move of an SA and its policies. Those with marks are
 * left out, the kernel might take others.
 */
static u_int get_moves(scope_t *scope, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_update_sa_t *data, bool inbound,
					   rmobike_xfrm_move_t *moves, u_int max)
{
	enumerator_t *enumerator;
	policy_t *policy;
	u_int count = 0;

	enumerator = array_create_enumerator(scope->policies);
	while (count < max && enumerator->enumerate(enumerator, &policy))
	{
		/* policies for forwarded outbound packets have no SA */
		if ((policy->id.dir == POLICY_OUT) != inbound && policy->sa.reqid &&
			!policy->id.mark.value && !policy->id.mark.mask &&
			is_unique(policy->sa.reqid))
		{
			moves[count++] = (rmobike_xfrm_move_t){
				.dir = policy->id.dir,
				.src_ts = policy->id.src_ts,
				.dst_ts = policy->id.dst_ts,
				.reqid = policy->sa.reqid,
				.proto = id->proto,
				.if_id = policy->id.if_id,
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

/**
 * Move an SA with its policies
 */
static bool move_sa(scope_t *scope, kernel_ipsec_sa_id_t *id,
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
		return rmobike_xfrm_turn(moves, count, id->spi);
	}
	/* what can migrate an SA by itself has it use no number twice, too */
	return !rmobike_xfrm_state_can_migrate() &&
		   rmobike_xfrm_move(moves, count, id->spi);
}

/**
 * Add an outbound SA to the peer's new address, its policies follow
 */
static bool copy_ahead(scope_t *scope, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_update_sa_t *data)
{
	rmobike_xfrm_move_t move = {
		.proto = id->proto,
		.src = id->src,
		.dst = id->dst,
		.new_src = data->new_src,
		.new_dst = data->new_dst,
		.encap = data->new_encap,
	};

	return !id->mark.value &&
		   !data->new_dst->ip_equals(data->new_dst, scope->me) &&
		   !id->dst->ip_equals(id->dst, data->new_dst) &&
		   rmobike_xfrm_copy_ahead(&move, id->spi);
}

/**
 * Keep an SA for a while that another one takes over from
 */
static void keep_old(scope_t *scope, kernel_ipsec_sa_id_t *id)
{
	kernel_ipsec_sa_id_t old = *id;

	old.src = NULL;
	old.dst = id->dst->clone(id->dst);
	array_insert(scope->sas, ARRAY_TAIL, &old);
}

/**
 * Use the SA prepared for an address, or get it out of the way
 */
static bool use_prepared(kernel_ipsec_sa_id_t *id,
						 kernel_ipsec_update_sa_t *data, bool wanted)
{
	ike_sa_t *ike_sa = charon->bus->get_sa(charon->bus);

	return ike_sa && instance->copies->use(instance->copies,
									ike_sa->get_unique_id(ike_sa),
									data->new_src, data->new_dst, id->spi,
									wanted);
}

/**
 * Take an SA back that was replaced by one at its new address. charon does so
 * since 6.1.0 if it can't update the other SA of the same CHILD_SA.
 */
static bool go_back(scope_t *scope, kernel_ipsec_sa_id_t *id,
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

/**
 * Move an SA whatever changes, with its policies if it is known which these are
 */
static bool migrate_sa(scope_t *scope, kernel_ipsec_sa_id_t *id,
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
			if ((policy->id.dir == POLICY_OUT) != inbound && policy->sa.reqid)
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

METHOD(kernel_interface_t, update_sa, status_t,
	kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_update_sa_t *data)
{
	kernel_ipsec_sa_id_t moved = *id;
	scope_t *scope = get_scope();
	bool seamless;

	moved.dst = data->new_dst;
	seamless = scope && scope->switched && !data->cpi &&
			   !rmobike_compat_new_reqid(data) &&
			   data->encap == data->new_encap;

	if (scope && go_back(scope, id, data))
	{
		return SUCCESS;
	}
	instance->lingering->end(instance->lingering, &moved);
	if (!id->dst->ip_equals(id->dst, data->new_dst))
	{
		rmobike_xfrm_state_make_room(data->new_dst, id->proto, id->spi);
	}
	if (use_prepared(id, data, seamless))
	{
		rmobike_xfrm_merge(id, data->new_dst);
		keep_old(scope, id);
		return SUCCESS;
	}
	if (seamless && (copy_sa(scope, id, data) || copy_ahead(scope, id, data)))
	{
		keep_old(scope, id);
		return SUCCESS;
	}
	if ((seamless && move_sa(scope, id, data)) || migrate_sa(scope, id, data))
	{
		return SUCCESS;
	}
	if (rmobike_xfrm_state_is_locked(id))
	{	/* it would be added without its keys, charon replaces the CHILD_SA
		 * instead; newer versions know that themselves */
		return NOT_SUPPORTED;
	}
	return instance->stock.update_sa(this, id, data);
}

METHOD(kernel_interface_t, add_ip, status_t,
	kernel_interface_t *this, host_t *virtual_ip, int prefix, char *iface)
{
	if (get_scope())
	{	/* see below */
		return SUCCESS;
	}
	return instance->stock.add_ip(this, virtual_ip, prefix, iface);
}

METHOD(kernel_interface_t, del_ip, status_t,
	kernel_interface_t *this, host_t *virtual_ip, int prefix, bool wait)
{
	if (get_scope())
	{	/* charon removes and adds virtual IPs, as they may have to go to
		 * another interface: not if it is the peer that moves */
		return SUCCESS;
	}
	return instance->stock.del_ip(this, virtual_ip, prefix, wait);
}

/**
 * Is it the responder's address that changes, and nothing else?
 */
static bool is_switch(ike_sa_t *ike_sa, host_t *me, host_t *other)
{
	host_t *old_me = ike_sa->get_my_host(ike_sa);
	host_t *old_other = ike_sa->get_other_host(ike_sa);
	bool local, remote;

	local = !me->ip_equals(me, old_me);
	remote = !other->ip_equals(other, old_other);
	if (ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		return remote && !local;
	}
	return local && !remote;
}

/**
 * Is it the peer's address or port that changes, and nothing else? With its NAT
 * that may be so at any time.
 */
static bool is_mapped_anew(ike_sa_t *ike_sa, host_t *me, host_t *other)
{
	host_t *old_me = ike_sa->get_my_host(ike_sa);
	host_t *old_other = ike_sa->get_other_host(ike_sa);

	return me->ip_equals(me, old_me) && !other->equals(other, old_other) &&
		   other->get_family(other) == old_other->get_family(old_other) &&
		   rmobike_xfrm_state_can_migrate();
}

/**
 * Check if the SAs of this IKE_SA are in the Linux kernel
 */
static bool in_kernel(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	bool found = FALSE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!found && enumerator->enumerate(enumerator, &child_sa))
	{
		/* the other one may have a mark only its CHILD_SA's config tells */
		found = rmobike_xfrm_state_exists(&(kernel_ipsec_sa_id_t){
					.dst = ike_sa->get_other_host(ike_sa),
					.proto = get_proto(child_sa),
					.spi = child_sa->get_spi(child_sa, FALSE),
					.mark = child_sa->get_mark(child_sa, FALSE),
				});
	}
	enumerator->destroy(enumerator);
	return found;
}

METHOD(ike_sa_t, update_hosts, void,
	ike_sa_t *this, host_t *me, host_t *other, update_hosts_flag_t flags)
{
	uint32_t id = this->get_unique_id(this);
	scope_t scope;
	bool switched, kernel;

	if (!me && !other)
	{	/* just a look at the CHILD_SAs */
		stock_update_hosts(this, me, other, flags);
		return;
	}
	/* only the peer's is known if its NAT has another mapping */
	me = me ?: this->get_my_host(this);
	other = other ?: this->get_other_host(this);
	kernel = in_kernel(this);
	switched = kernel && is_switch(this, me, other);
	if (!switched && (!me->equals(me, this->get_my_host(this)) ||
					  !other->equals(other, this->get_other_host(this))))
	{
		instance->copies->discard(instance->copies, id, NULL);
	}
	if (!switched && (!kernel || !is_mapped_anew(this, me, other)))
	{
		stock_update_hosts(this, me, other, flags);
		return;
	}
	scope = (scope_t){
		.me = me,
		.switched = switched,
		.peer_moves = !other->ip_equals(other, this->get_other_host(this)),
		.added = array_create(0, 0),
		.policies = array_create(0, 0),
		.sas = array_create(sizeof(kernel_ipsec_sa_id_t), 0),
	};
	instance->scope->set(instance->scope, &scope);
	stock_update_hosts(this, me, other, flags);
	flush_scope(&scope);
	instance->scope->set(instance->scope, NULL);
	instance->copies->discard(instance->copies, id, me);
	array_destroy(scope.added);
	array_destroy(scope.policies);
	array_destroy(scope.sas);
}

METHOD(rmobike_seamless_t, attach, void,
	private_rmobike_seamless_t *this, ike_sa_t *ike_sa)
{
	if (ike_sa->update_hosts != (void*)_update_hosts)
	{
		stock_update_hosts = ike_sa->update_hosts;
		ike_sa->update_hosts = _update_hosts;
	}
}

/**
 * Get what identifies the inbound SA of a CHILD_SA
 */
static kernel_ipsec_sa_id_t get_inbound(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	child_cfg_t *config = child_sa->get_config(child_sa);
	kernel_ipsec_sa_id_t sa = {
		.src = ike_sa->get_other_host(ike_sa),
		.dst = ike_sa->get_my_host(ike_sa),
		.proto = get_proto(child_sa),
		.spi = child_sa->get_spi(child_sa, TRUE),
	};

	/* otherwise it's just that of the policies */
	if (config->has_option(config, OPT_MARK_IN_SA))
	{
		sa.mark = child_sa->get_mark(child_sa, TRUE);
	}
	return sa;
}

METHOD(rmobike_seamless_t, prepare, void,
	private_rmobike_seamless_t *this, ike_sa_t *ike_sa, u_int serial,
	host_t *to)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	kernel_ipsec_sa_id_t sa, copy;

	attach(this, ike_sa);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_mode(child_sa) != MODE_TUNNEL ||
			child_sa->get_ipcomp(child_sa) != IPCOMP_NONE)
		{
			continue;
		}
		sa = copy = get_inbound(ike_sa, child_sa);
		copy.dst = to;
		this->lingering->end(this->lingering, &copy);
		rmobike_xfrm_state_make_room(to, sa.proto, sa.spi);
		if (rmobike_xfrm_copy(&sa, to))
		{
			this->copies->add(this->copies, serial,
							  ike_sa->get_unique_id(ike_sa), &copy);
		}
	}
	enumerator->destroy(enumerator);
}

METHOD(rmobike_seamless_t, rekeyed, void,
	private_rmobike_seamless_t *this, uint32_t id, uint32_t new_id)
{
	this->copies->rekeyed(this->copies, id, new_id);
}

METHOD(rmobike_seamless_t, forget, void,
	private_rmobike_seamless_t *this, uint32_t id)
{
	this->copies->discard(this->copies, id, NULL);
}

METHOD(rmobike_seamless_t, release, void,
	private_rmobike_seamless_t *this, u_int serial)
{
	this->copies->release(this->copies, serial);
}

/**
 * Count a user of a reqid more or less, with the lock
 */
static void count_user(private_rmobike_seamless_t *this, void *reqid, int more)
{
	uintptr_t users = (uintptr_t)this->users->remove(this->users, reqid);

	users += more;
	if (users)
	{
		this->users->put(this->users, reqid, (void*)users);
	}
}

METHOD(listener_t, child_state_change, bool,
	private_rmobike_seamless_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	void *id = key(child_sa->get_unique_id(child_sa)), *reqid;

	if (state != CHILD_INSTALLED && state != CHILD_DESTROYING)
	{
		return TRUE;
	}
	this->mutex->lock(this->mutex);
	reqid = this->reqids->remove(this->reqids, id);
	if (reqid)
	{
		count_user(this, reqid, -1);
	}
	reqid = key(child_sa->get_reqid(child_sa));
	if (state == CHILD_INSTALLED && reqid)
	{
		this->reqids->put(this->reqids, id, reqid);
		count_user(this, reqid, 1);
	}
	this->mutex->unlock(this->mutex);
	return TRUE;
}

METHOD(rmobike_seamless_t, destroy, void,
	private_rmobike_seamless_t *this)
{
	charon->kernel->add_policy = this->stock.add_policy;
	charon->kernel->del_policy = this->stock.del_policy;
	charon->kernel->update_sa = this->stock.update_sa;
	charon->kernel->add_ip = this->stock.add_ip;
	charon->kernel->del_ip = this->stock.del_ip;
	instance = NULL;
	this->copies->destroy(this->copies);
	this->lingering->destroy(this->lingering);
	this->reqids->destroy(this->reqids);
	this->users->destroy(this->users);
	this->scope->destroy(this->scope);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_seamless_t *rmobike_seamless_create(void)
{
	private_rmobike_seamless_t *this;

	INIT(this,
		.public = {
			.listener = {
				.child_state_change = _child_state_change,
			},
			.attach = _attach,
			.prepare = _prepare,
			.release = _release,
			.rekeyed = _rekeyed,
			.forget = _forget,
			.destroy = _destroy,
		},
		.copies = rmobike_copies_create(),
		.lingering = rmobike_lingering_create(),
		.reqids = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
								   32),
		.users = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
								  32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.scope = thread_value_create(NULL),
		.stock = *charon->kernel,
	);
	instance = this;
	charon->kernel->add_policy = _add_policy;
	charon->kernel->del_policy = _del_policy;
	charon->kernel->update_sa = _update_sa;
	charon->kernel->add_ip = _add_ip;
	charon->kernel->del_ip = _del_ip;

	return &this->public;
}
