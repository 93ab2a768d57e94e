/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What the kernel knows of the IPsec SAs of both ends. Unlike upstream's mock
 * it has their addresses, and like a real kernel it finds an SA only under the
 * destination that it has.
 */

#include "world_parts.h"

#include <utils/mock_ipsec.h>

/** esp_t */
static linked_list_t *sas;

/** Last SPI that was allocated */
static uint32_t last_spi;

/**
 * Destroy an SA.
 */
static void esp_sa_destroy(esp_t *this)
{
	this->src->destroy(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

/*
 * Described in header
 */
enumerator_t *esp_create_enumerator()
{
	return sas->create_enumerator(sas);
}

/*
 * Described in header
 */
esp_t *esp_find(side_t side, uint32_t spi, host_t *dst)
{
	enumerator_t *enumerator;
	esp_t *current, *found = NULL;

	enumerator = sas->create_enumerator(sas);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (current->side == side && current->spi == spi &&
			(!dst || current->dst->ip_equals(current->dst, dst)))
		{
			found = current;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
bool esp_is_spare(esp_t *sa)
{
	return sa->spare_until >= time_us() && sa->spare_until;
}

/*
 * Described in header
 */
esp_t *esp_add(uint32_t spi, host_t *src, host_t *dst)
{
	esp_t *sa;

	INIT(sa,
		.side = kernel_side(),
		.spi = spi,
		.src = src->clone(src),
		.dst = dst->clone(dst),
	);
	sas->insert_last(sas, sa);
	return sa;
}

/*
 * Described in header
 */
void esp_move(esp_t *sa, host_t *src, host_t *dst)
{
	sa->src->destroy(sa->src);
	sa->dst->destroy(sa->dst);
	sa->src = src->clone(src);
	sa->dst = dst->clone(dst);
}

/*
 * Described in header
 */
void esp_remove(esp_t *sa)
{
	sas->remove(sas, sa, NULL);
	esp_sa_destroy(sa);
}

/**
 * Find what charon means.
 */
static esp_t *find_id(kernel_ipsec_sa_id_t *id)
{
	esp_t *sa;

	sa = esp_find(kernel_side(), id->spi, id->dst);
	if (!sa)
	{
		trace_note("kernel: no SA to %H with SPI %.8x", id->dst,
				   ntohl(id->spi));
	}
	return sa;
}

METHOD(kernel_ipsec_t, get_spi, status_t,
	kernel_ipsec_t *this, host_t *src, host_t *dst, uint8_t protocol,
	uint32_t *spi)
{
	*spi = htonl(++last_spi);
	esp_add(*spi, src, dst)->larval = TRUE;
	return SUCCESS;
}

METHOD(kernel_ipsec_t, add_sa, status_t,
	kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data)
{
	esp_t *sa;

	sa = esp_find(kernel_side(), id->spi, NULL);
	if (sa && !sa->larval)
	{
		trace_note("kernel: SA with SPI %.8x exists", ntohl(id->spi));
		return FAILED;
	}
	/* what was allocated at another address stays there for minutes */
	sa = esp_find(kernel_side(), id->spi, id->dst);
	if (sa)
	{
		esp_remove(sa);
	}
	sa = esp_add(id->spi, id->src, id->dst);
	sa->inbound = data->inbound;
	sa->encap = data->encap;
	sa->reqid = data->reqid;
	sa->tunnel = data->mode == MODE_TUNNEL;
	return SUCCESS;
}

/**
 * What charon does since 6.1.0 if it can't update the outbound SA of a
 * CHILD_SA: the inbound one goes back where it came from.
 */
static status_t take_back(esp_t *out, kernel_ipsec_update_sa_t *data)
{
#ifndef RMOBIKE_HAVE_OLD_REQID
	enumerator_t *enumerator;
	esp_t *current, *in = NULL;

	enumerator = sas->create_enumerator(sas);
	while (!in && enumerator->enumerate(enumerator, &current))
	{
		if (current->side == out->side && current->inbound &&
			current->reqid == out->reqid &&
			current->dst->ip_equals(current->dst, data->new_src))
		{
			in = current;
		}
	}
	enumerator->destroy(enumerator);
	if (in)
	{
		kernel_ipsec_sa_id_t id = {
			.src = data->new_dst,
			.dst = data->new_src,
			.spi = in->spi,
			.proto = IPPROTO_ESP,
		};
		kernel_ipsec_update_sa_t restored = {
			.new_src = out->dst,
			.new_dst = out->src,
			.encap = data->new_encap,
			.new_encap = data->encap,
		};
		if (charon->kernel->update_sa(charon->kernel, &id,
									  &restored) != SUCCESS)
		{
			trace_note("kernel: SA with SPI %.8x can't go back",
					   ntohl(in->spi));
		}
	}
	/* replaces the CHILD_SA */
	return NOT_SUPPORTED;
#else
	return FAILED;
#endif
}

METHOD(kernel_ipsec_t, update_sa, status_t,
	kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_update_sa_t *data)
{
	esp_t *sa, *other;

	if (world_conf.userland_esp)
	{
		return NOT_SUPPORTED;
	}
	sa = find_id(id);
	if (!sa)
	{
		return NOT_FOUND;
	}
	if (!state_is_updated(sa->inbound))
	{
		return take_back(sa, data);
	}
	other = esp_find(kernel_side(), id->spi, data->new_dst);
	if (other && other != sa)
	{
		trace_note("kernel: SA to %H with SPI %.8x exists", data->new_dst,
				   ntohl(id->spi));
		return FAILED;
	}
	if (sa->calm && (!data->new_encap || !sa->inbound))
	{	/* so Linux does when the SA is added again */
		trace_note("kernel: SA to %H with SPI %.8x can't be calm",
				   data->new_dst, ntohl(id->spi));
		return FAILED;
	}
	esp_move(sa, data->new_src, data->new_dst);
	sa->encap = data->new_encap;
	sa->reqid = data->new_reqid ?: sa->reqid;
	/* what was told is added again */
	sa->keyless = !state_has_keys();
	return SUCCESS;
}

METHOD(kernel_ipsec_t, query_sa, status_t,
	kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_query_sa_t *data, uint64_t *bytes, uint64_t *packets,
	time_t *time)
{
	esp_t *sa;

	if (world_conf.userland_esp)
	{
		return NOT_SUPPORTED;
	}
	sa = find_id(id);
	*packets = sa ? sa->received : 0;
	return sa ? SUCCESS : NOT_FOUND;
}

METHOD(kernel_ipsec_t, del_sa, status_t,
	kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_del_sa_t *data)
{
	esp_t *sa;

	sa = find_id(id);
	if (!sa)
	{
		return NOT_FOUND;
	}
	esp_remove(sa);
	return SUCCESS;
}

METHOD(kernel_ipsec_t, query_policy, status_t,
	kernel_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_query_policy_t *data, time_t *use_time)
{
	*use_time = 1;
	return SUCCESS;
}

/**
 * Create what both ends use as kernel.
 */
static kernel_ipsec_t *ipsec_create()
{
	kernel_ipsec_t *this;

	INIT(this,
		.get_spi = _get_spi,
		.get_cpi = (void*)return_failed,
		.add_sa = _add_sa,
		.update_sa = _update_sa,
		.query_sa = _query_sa,
		.del_sa = _del_sa,
		.flush_sas = (void*)return_failed,
		.add_policy = xfrm_add_policy,
		.query_policy = _query_policy,
		.del_policy = xfrm_del_policy,
		.flush_policies = (void*)return_failed,
		.bypass_socket = (void*)return_true,
		.enable_udp_decap = (void*)return_true,
		.destroy = (void*)free,
	);
	return this;
}

/**
 * Is there another SA with that SPI at the same end?
 */
static bool has_twin(esp_t *sa)
{
	enumerator_t *enumerator;
	esp_t *current;
	bool found = FALSE;

	enumerator = sas->create_enumerator(sas);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = current != sa && current->side == sa->side &&
				current->spi == sa->spi && !current->larval &&
				!esp_is_spare(current);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Would a packet get from the initiator to the responder?
 */
static const char *check_up(esp_t *out, esp_t *in)
{
	host_t *outside;
	bool same;

	if (!kernel_has_address(INITIATOR, out->src))
	{
		return "ESP: the initiator hasn't got its source";
	}
	if (!kernel_has_address(RESPONDER, out->dst) ||
		!in->dst->ip_equals(in->dst, out->dst))
	{
		return "ESP: the responder expects it elsewhere";
	}
	outside = nat_peek(out->src);
	if (!outside)
	{
		return "ESP: the NAT has no mapping";
	}
	same = in->src->equals(in->src, outside);
	outside->destroy(outside);
	return same ? NULL : "ESP: the responder expects another source";
}

/**
 * Would a packet get from the responder to the initiator?
 */
static const char *check_down(esp_t *out, esp_t *in)
{
	host_t *inside;
	bool same;

	if (!kernel_has_address(RESPONDER, out->src))
	{
		return "ESP: the responder hasn't got its source";
	}
	inside = nat_in(out->dst, out->src);
	if (!inside)
	{
		return "ESP: the NAT drops it";
	}
	same = in->dst->ip_equals(in->dst, inside) &&
		   in->src->ip_equals(in->src, out->src);
	inside->destroy(inside);
	return same ? NULL : "ESP: the initiator expects other addresses";
}

/**
 * Find what the other end receives with.
 */
static esp_t *find_receiver(esp_t *out)
{
	enumerator_t *enumerator;
	esp_t *current, *found = NULL;

	enumerator = sas->create_enumerator(sas);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		if (current->side != out->side && current->spi == out->spi &&
			current->inbound && !esp_is_spare(current))
		{
			found = current;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Would packets of an SA get through?
 */
static const char *check_sa(esp_t *out)
{
	esp_t *in;

	in = find_receiver(out);
	if (!in)
	{
		return "ESP: the receiver hasn't got the SA";
	}
	if (has_twin(out) || has_twin(in))
	{
		return "ESP: an SA exists twice";
	}
	if (in->keyless || out->keyless)
	{
		return "ESP: an SA without its keys";
	}
	if (in->encap != out->encap)
	{
		return "ESP: only one end uses UDP";
	}
	if (wire_is_blocked(out->src) || wire_is_blocked(out->dst))
	{
		return "ESP: blocked";
	}
	return out->side == INITIATOR ? check_up(out, in) : check_down(out, in);
}

/*
 * Described in header
 */
const char *esp_check()
{
	enumerator_t *enumerator;
	const char *why = NULL;
	esp_t *sa;

	enumerator = sas->create_enumerator(sas);
	while (!why && enumerator->enumerate(enumerator, &sa))
	{
		if (!sa->inbound && !sa->larval && !esp_is_spare(sa))
		{
			why = check_sa(sa);
		}
	}
	enumerator->destroy(enumerator);
	return why ?: xfrm_check();
}

/*
 * Described in header
 */
u_int esp_count()
{
	enumerator_t *enumerator;
	esp_t *sa;
	u_int count = 0;

	enumerator = sas->create_enumerator(sas);
	while (enumerator->enumerate(enumerator, &sa))
	{
		count += !sa->larval;
	}
	enumerator->destroy(enumerator);
	return count;
}

/*
 * Described in header
 */
void esp_create()
{
	sas = linked_list_create();
	last_spi = 0;
	ping_create();
	xfrm_create();
	charon->kernel->remove_ipsec_interface(charon->kernel, mock_ipsec_create);
	charon->kernel->add_ipsec_interface(charon->kernel, ipsec_create);
}

/*
 * Described in header
 */
void esp_destroy()
{
	xfrm_destroy();
	sas->destroy_function(sas, (void*)esp_sa_destroy);
}
