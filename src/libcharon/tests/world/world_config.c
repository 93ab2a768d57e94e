/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

/** Names of the connections, identities of their ends, by side_t */
static char *names[] = { "rw", "home" };
static char *ids[] = { "moon", "carol" };

/** Configurations of both ends */
static peer_cfg_t *peers[2];

/**
 * Get the mode of CHILD_SAs.
 */
static ipsec_mode_t get_mode()
{
#ifdef CPU_ID_MAX
	if (world_conf.iptfs)
	{
		return MODE_IPTFS;
	}
#endif
	return world_conf.transport ? MODE_TRANSPORT : MODE_TUNNEL;
}

/**
 * Create a CHILD_SA config: nets behind both ends in tunnel mode.
 */
static child_cfg_t *create_child(side_t side, char *name, char *nets[])
{
	child_cfg_create_t data = {
		.mode = get_mode(),
	};
	child_cfg_t *cfg;
	traffic_selector_t *ts;
	int i;

	cfg = child_cfg_create(name, &data);
	cfg->add_proposal(cfg, proposal_create_from_string(PROTO_ESP,
													   "aes128-sha256"));
	for (i = 0; i < 2; i++)
	{
		if (world_conf.transport)
		{
			ts = traffic_selector_create_dynamic(0, 0, 65535);
		}
		else
		{
			ts = traffic_selector_create_from_cidr(nets[i ? !side : side],
												   0, 0, 65535);
		}
		cfg->add_traffic_selector(cfg, i == 0, ts);
	}
	return cfg;
}

/**
 * Add how one end authenticates.
 */
static void add_auth(peer_cfg_t *peer, side_t who, bool local)
{
	auth_cfg_t *auth;

	auth = auth_cfg_create();
	auth->add(auth, AUTH_RULE_AUTH_CLASS, AUTH_CLASS_PSK);
	auth->add(auth, AUTH_RULE_IDENTITY,
			  identification_create_from_string(ids[who]));
	peer->add_auth_cfg(peer, auth, local);
}

/**
 * Create the config of one end.
 */
static peer_cfg_t *create_peer(side_t side)
{
	ike_cfg_create_t ike = {
		.version = IKEV2,
		.local = "%any",
		.local_port = IKEV2_UDP_PORT,
		.remote = "%any",
		.remote_port = IKEV2_UDP_PORT,
	};
	peer_cfg_create_t data = {
		.cert_policy = CERT_NEVER_SEND,
		.unique = UNIQUE_NEVER,
		.keyingtries = 1,
	};
	ike_cfg_t *ike_cfg;
	peer_cfg_t *peer;
	char *responder, *space;

	responder = strdup(world_conf.responder ?: OLD);
	space = strchr(responder, ' ');
	if (space)
	{
		*space = '\0';
	}
	if (side == INITIATOR)
	{
		ike.remote = responder;
	}
	ike_cfg = ike_cfg_create(&ike);
	free(responder);
	ike_cfg->add_proposal(ike_cfg, proposal_create_from_string(PROTO_IKE,
													"aes128-sha256-modp2048"));
	peer = peer_cfg_create(names[side], ike_cfg, &data);
	add_auth(peer, side, TRUE);
	add_auth(peer, !side, FALSE);
	peer->add_child_cfg(peer, create_child(side, "net",
							(char*[]){ "10.2.0.0/16", "10.1.0.0/16" }));
	peer->add_child_cfg(peer, create_child(side, "more",
							(char*[]){ "10.4.0.0/16", "10.3.0.0/16" }));
	return peer;
}

METHOD(backend_t, create_ike_cfg_enumerator, enumerator_t*,
	backend_t *this, host_t *me, host_t *other)
{
	return enumerator_create_single(
					peers[RESPONDER]->get_ike_cfg(peers[RESPONDER]), NULL);
}

METHOD(backend_t, create_peer_cfg_enumerator, enumerator_t*,
	backend_t *this, identification_t *me, identification_t *other)
{
	return enumerator_create_single(peers[RESPONDER], NULL);
}

/** Where charon finds the responder's config */
static backend_t backend;

/*
 * Described in header
 */
peer_cfg_t *config_get_peer()
{
	return peers[INITIATOR];
}

/*
 * Described in header
 */
child_cfg_t *config_get_child(side_t side, char *name)
{
	enumerator_t *enumerator;
	child_cfg_t *cfg, *found = NULL;

	enumerator = peers[side]->create_child_cfg_enumerator(peers[side]);
	while (!found && enumerator->enumerate(enumerator, &cfg))
	{
		if (streq(cfg->get_name(cfg), name))
		{
			found = cfg->get_ref(cfg);
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
void config_create()
{
	peers[INITIATOR] = create_peer(INITIATOR);
	peers[RESPONDER] = create_peer(RESPONDER);
	backend = (backend_t){
		.create_ike_cfg_enumerator = _create_ike_cfg_enumerator,
		.create_peer_cfg_enumerator = _create_peer_cfg_enumerator,
		.get_peer_cfg_by_name = (void*)return_null,
	};
	charon->backends->add_backend(charon->backends, &backend);
}

/*
 * Described in header
 */
void config_destroy()
{
	charon->backends->remove_backend(charon->backends, &backend);
	peers[INITIATOR]->destroy(peers[INITIATOR]);
	peers[RESPONDER]->destroy(peers[RESPONDER]);
}
