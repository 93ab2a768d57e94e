/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What the kernel knows of the IPsec SAs of both ends. Finding them is left to
 * upstream's mock, the addresses are ours: like a real kernel this one only
 * finds an SA under the destination it has been given.
 */

#include "world_parts.h"

#include <utils/mock_ipsec.h>

typedef struct esp_t esp_t;

/**
 * An installed SA
 */
struct esp_t {
	/** end that installed it */
	side_t side;
	/** TRUE if it is the receiver */
	bool inbound;
	uint32_t spi;
	host_t *src, *dst;
	bool encap;
};

/** esp_t */
static linked_list_t *sas;

/** Upstream's mock, as it was */
static kernel_ipsec_t mock;

/**
 * Destroy an SA.
 */
static void esp_sa_destroy(esp_t *this)
{
	this->src->destroy(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

/**
 * Find an SA of one end.
 */
static esp_t *find(side_t side, uint32_t spi)
{
	enumerator_t *enumerator;
	esp_t *current, *found = NULL;

	enumerator = sas->create_enumerator(sas);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (current->side == side && current->spi == spi)
		{
			found = current;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Find an SA like the kernel: if it has that destination.
 */
static esp_t *find_id(kernel_ipsec_sa_id_t *id)
{
	esp_t *sa;

	sa = find(kernel_side(), id->spi);
	if (sa && sa->dst->ip_equals(sa->dst, id->dst))
	{
		return sa;
	}
	trace_note("kernel: no SA to %H with SPI %.8x", id->dst, ntohl(id->spi));
	return NULL;
}

METHOD(kernel_ipsec_t, add_sa, status_t,
	kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data)
{
	esp_t *sa;

	INIT(sa,
		.side = kernel_side(),
		.inbound = data->inbound,
		.spi = id->spi,
		.src = id->src->clone(id->src),
		.dst = id->dst->clone(id->dst),
		.encap = data->encap,
	);
	sas->insert_last(sas, sa);
	return mock.add_sa(this, id, data);
}

METHOD(kernel_ipsec_t, update_sa, status_t,
	kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	kernel_ipsec_update_sa_t *data)
{
	esp_t *sa;

	if (world_conf.userland_esp)
	{
		return NOT_SUPPORTED;
	}
	sa = find_id(id);
	if (!sa)
	{
		return NOT_FOUND;
	}
	sa->src->destroy(sa->src);
	sa->dst->destroy(sa->dst);
	sa->src = data->new_src->clone(data->new_src);
	sa->dst = data->new_dst->clone(data->new_dst);
	sa->encap = data->new_encap;
	return SUCCESS;
}

METHOD(kernel_ipsec_t, del_sa, status_t,
	kernel_ipsec_t *this, kernel_ipsec_sa_id_t *id, kernel_ipsec_del_sa_t *data)
{
	esp_t *sa;

	sa = find_id(id);
	if (sa)
	{
		sas->remove(sas, sa, NULL);
		esp_sa_destroy(sa);
	}
	return mock.del_sa(this, id, data);
}

/**
 * Create what both ends use as kernel.
 */
static kernel_ipsec_t *ipsec_create()
{
	kernel_ipsec_t *this;

	this = mock_ipsec_create();
	mock = *this;
	this->add_sa = _add_sa;
	this->update_sa = _update_sa;
	this->del_sa = _del_sa;
	return this;
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
		return "initiator sends ESP from an address it hasn't";
	}
	if (!kernel_has_address(RESPONDER, out->dst) ||
		!in->dst->ip_equals(in->dst, out->dst))
	{
		return "responder expects ESP at another address";
	}
	outside = nat_peek(out->src);
	if (!outside)
	{
		return "no mapping for ESP in NAT";
	}
	same = in->src->equals(in->src, outside);
	outside->destroy(outside);
	return same ? NULL : "responder expects ESP from another address";
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
		return "responder sends ESP from an address it hasn't";
	}
	inside = nat_in(out->dst, out->src);
	if (!inside)
	{
		return "NAT drops ESP of the responder";
	}
	same = in->dst->ip_equals(in->dst, inside) &&
		   in->src->ip_equals(in->src, out->src);
	inside->destroy(inside);
	return same ? NULL : "initiator expects ESP with other addresses";
}

/*
 * Described in header
 */
const char *esp_check()
{
	enumerator_t *enumerator;
	const char *why = NULL;
	esp_t *out, *in;

	enumerator = sas->create_enumerator(sas);
	while (!why && enumerator->enumerate(enumerator, &out))
	{
		if (out->inbound)
		{
			continue;
		}
		in = find(!out->side, out->spi);
		if (!in || !in->inbound)
		{
			why = "ESP for an SA the other end hasn't";
		}
		else if (in->encap != out->encap)
		{
			why = "only one end uses UDP encapsulation";
		}
		else if (wire_is_blocked(out->src) || wire_is_blocked(out->dst))
		{
			why = "ESP is blocked";
		}
		else
		{
			why = out->side == INITIATOR ? check_up(out, in)
										 : check_down(out, in);
		}
	}
	enumerator->destroy(enumerator);
	return why;
}

/*
 * Described in header
 */
u_int esp_count()
{
	return sas->get_count(sas);
}

/*
 * Described in header
 */
void esp_create()
{
	sas = linked_list_create();
	charon->kernel->remove_ipsec_interface(charon->kernel, mock_ipsec_create);
	charon->kernel->add_ipsec_interface(charon->kernel, ipsec_create);
}

/*
 * Described in header
 */
void esp_destroy()
{
	sas->destroy_function(sas, (void*)esp_sa_destroy);
}
