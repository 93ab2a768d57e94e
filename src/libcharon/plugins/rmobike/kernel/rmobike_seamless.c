/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_calm.h"
#include "kernel/rmobike_copies.h"
#include "kernel/rmobike_gaps.h"
#include "kernel/rmobike_lingering.h"
#include "kernel/rmobike_reqids.h"
#include "kernel/rmobike_scope.h"
#include "kernel/rmobike_seamless.h"
#include "kernel/rmobike_xfrm.h"
#include "kernel/rmobike_xfrm_state.h"
#include "rmobike_compat.h"

#include <threading/thread_value.h>

typedef struct private_rmobike_seamless_t private_rmobike_seamless_t;

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
	 * How many CHILD_SAs have the same
	 */
	rmobike_reqids_t *reqids;

	/**
	 * The update of hosts that a thread is in, rmobike_scope_t
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
 * Get the update of hosts that this thread is in, if any
 */
static rmobike_scope_t *get_scope(void)
{
	return instance->scope->get(instance->scope);
}

METHOD(kernel_interface_t, add_policy, status_t,
	kernel_interface_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	rmobike_scope_t *scope = get_scope();

	if (scope && data->type == POLICY_DROP)
	{	/* there is always a policy, so nothing can leak */
		rmobike_scope_next(scope);
		return rmobike_gaps_include(scope->gaps, data) ?
					instance->stock.add_policy(this, id, data) : SUCCESS;
	}
	if (scope && scope->peer_moves &&
		!instance->reqids->is_unique(instance->reqids, data->sa->reqid))
	{	/* what another CHILD_SA receives has to match it, too, until that one
		 * is updated; and what it sends needs its SA, which is not there yet:
		 * the kernel would ask for another one, if it is of a CPU */
		rmobike_scope_add_later(scope, id, data);
		return SUCCESS;
	}
	return instance->stock.add_policy(this, id, data);
}

METHOD(kernel_interface_t, del_policy, status_t,
	kernel_interface_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	rmobike_scope_t *scope = get_scope();

	if (!scope)
	{
		return instance->stock.del_policy(this, id, data);
	}
	if (data->type != POLICY_DROP)
	{
		rmobike_scope_next(scope);
		rmobike_scope_delete_later(scope, id, data);
		return SUCCESS;
	}
	if (rmobike_gaps_include(scope->gaps, data))
	{	/* after others, so that there always is one */
		rmobike_scope_delete_later(scope, id, data);
	}
	scope->ended = TRUE;
	return SUCCESS;
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
 * Move an SA in the best way that there is for it
 */
static status_t move_sa(kernel_ipsec_sa_id_t *id,
						kernel_ipsec_update_sa_t *data, rmobike_scope_t *scope)
{
	kernel_ipsec_sa_id_t moved = *id;
	status_t status;
	bool seamless;

	moved.dst = data->new_dst;
	seamless = scope && scope->switched && !data->cpi &&
			   !rmobike_compat_new_reqid(data) &&
			   data->encap == data->new_encap;

	if (scope && rmobike_scope_go_back(scope, id, data))
	{
		return SUCCESS;
	}
	instance->lingering->end(instance->lingering, &moved);
	if (use_prepared(id, data, seamless))
	{
		rmobike_xfrm_merge(id, data->new_dst);
		rmobike_scope_keep_old(scope, id);
		return SUCCESS;
	}
	if (!id->dst->ip_equals(id->dst, data->new_dst))
	{
		rmobike_xfrm_state_make_room(&moved);
	}
	if (seamless && (rmobike_scope_copy(scope, id, data) ||
					 rmobike_scope_copy_ahead(scope, id, data)))
	{
		rmobike_scope_keep_old(scope, id);
		return SUCCESS;
	}
	if ((seamless && rmobike_scope_move(scope, id, data)) ||
		rmobike_scope_migrate(scope, id, data))
	{
		return SUCCESS;
	}
	status = seamless ? rmobike_scope_replace(scope, id, data) : FAILED;
	if (status != FAILED)
	{
		return status;
	}
	if (rmobike_xfrm_state_is_locked(id))
	{	/* it would be added without its keys, charon replaces the CHILD_SA
		 * instead; newer versions know that themselves */
		return NOT_SUPPORTED;
	}
	return instance->stock.update_sa(charon->kernel, id, data);
}

METHOD(kernel_interface_t, update_sa, status_t,
	kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_update_sa_t *data)
{
	rmobike_scope_t *scope = get_scope();

	if (data->encap && !data->new_encap)
	{	/* charon adds the SA again with all that it has, and the kernel refuses
		 * that of an SA that is not in UDP */
		rmobike_xfrm_calm(id, 0);
	}
	else if (data->encap && scope && scope->switched &&
			 data->new_dst->ip_equals(data->new_dst, scope->me) &&
			 id->dst->ip_equals(id->dst, data->new_dst))
	{	/* the responder sends from its old address until it has the update:
		 * the kernel would report each of these packets */
		rmobike_calm_for_a_while(id);
	}
	return move_sa(id, data, scope);
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
	kernel_ipsec_sa_id_t id;
	bool found = FALSE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!found && enumerator->enumerate(enumerator, &child_sa))
	{
		/* the other one may have a mark only its CHILD_SA's config tells */
		id = rmobike_xfrm_get_outbound(ike_sa, child_sa);
		found = rmobike_xfrm_state_exists(&id);
	}
	enumerator->destroy(enumerator);
	return found;
}

METHOD(ike_sa_t, update_hosts, void,
	ike_sa_t *this, host_t *me, host_t *other, update_hosts_flag_t flags)
{
	uint32_t id = this->get_unique_id(this);
	rmobike_scope_t scope;
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
	scope = (rmobike_scope_t){
		.stock = &instance->stock,
		.lingering = instance->lingering,
		.reqids = instance->reqids,
		.me = me,
		.switched = switched,
		.peer_moves = !other->ip_equals(other, this->get_other_host(this)),
		.gaps = rmobike_gaps_find(this),
		.added = array_create(0, 0),
		.policies = array_create(0, 0),
		.sas = array_create(sizeof(kernel_ipsec_sa_id_t), 0),
	};
	instance->scope->set(instance->scope, &scope);
	stock_update_hosts(this, me, other, flags);
	rmobike_scope_flush(&scope);
	instance->scope->set(instance->scope, NULL);
	instance->copies->discard(instance->copies, id, me);
	array_destroy(scope.gaps);
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
		.proto = rmobike_xfrm_get_proto(child_sa),
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
		/* there is hardly ever something in the way */
		if (rmobike_xfrm_copy(&sa, to) ||
			(rmobike_xfrm_state_make_room(&copy) &&
			 rmobike_xfrm_copy(&sa, to)))
		{
			this->copies->add(this->copies, serial,
							  ike_sa->get_unique_id(ike_sa), &copy);
		}
	}
	enumerator->destroy(enumerator);
}

METHOD(rmobike_seamless_t, is_in_kernel, bool,
	private_rmobike_seamless_t *this, ike_sa_t *ike_sa)
{
	return in_kernel(ike_sa);
}

METHOD(rmobike_seamless_t, count_received, uint64_t,
	private_rmobike_seamless_t *this, ike_sa_t *ike_sa, host_t *at)
{
	kernel_ipsec_query_sa_t data = {};
	kernel_ipsec_sa_id_t sa;
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	uint64_t bytes, packets, count = 0;
	time_t used;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		sa = get_inbound(ike_sa, child_sa);
		sa.dst = at;
		/* charon complains about those that are not there */
		if (rmobike_xfrm_state_exists(&sa) &&
			charon->kernel->query_sa(charon->kernel, &sa, &data, &bytes,
									 &packets, &used) == SUCCESS)
		{
			count += packets;
		}
	}
	enumerator->destroy(enumerator);
	return count;
}

METHOD(rmobike_seamless_t, is_prepared, bool,
	private_rmobike_seamless_t *this, ike_sa_t *ike_sa, host_t *at)
{
	kernel_ipsec_sa_id_t sa;
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	bool prepared = TRUE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (prepared && enumerator->enumerate(enumerator, &child_sa))
	{
		sa = get_inbound(ike_sa, child_sa);
		sa.dst = at;
		prepared = child_sa->get_state(child_sa) == CHILD_DELETED ||
				   (child_sa->get_ipcomp(child_sa) == IPCOMP_NONE &&
					rmobike_xfrm_state_exists(&sa));
	}
	enumerator->destroy(enumerator);
	return prepared;
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
	this->scope->destroy(this->scope);
	free(this);
}

/*
 * Described in header
 */
rmobike_seamless_t *rmobike_seamless_create(rmobike_reqids_t *reqids)
{
	private_rmobike_seamless_t *this;

	INIT(this,
		.public = {
			.attach = _attach,
			.prepare = _prepare,
			.is_in_kernel = _is_in_kernel,
			.count_received = _count_received,
			.is_prepared = _is_prepared,
			.release = _release,
			.rekeyed = _rekeyed,
			.forget = _forget,
			.destroy = _destroy,
		},
		.copies = rmobike_copies_create(),
		.lingering = rmobike_lingering_create(),
		.reqids = reqids,
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
