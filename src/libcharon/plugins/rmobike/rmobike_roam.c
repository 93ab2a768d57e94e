/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_compat.h"
#include "rmobike_policy.h"
#include "rmobike_roam.h"
#include "rmobike_switch_task.h"
#include "rmobike_task.h"
#include "rmobike_turns.h"

#include <collections/hashtable.h>
#include <encoding/payloads/notify_payload.h>
#include <processing/jobs/callback_job.h>
#include <sa/ikev2/tasks/ike_mobike.h>
#include <threading/mutex.h>

typedef struct private_rmobike_roam_t private_rmobike_roam_t;
typedef struct entry_t entry_t;

/**
 * Private data
 */
struct private_rmobike_roam_t {

	/**
	 * Public interface
	 */
	rmobike_roam_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_peers_t *peers;

	/**
	 * Starts switches
	 */
	rmobike_asker_t *asker;

	/**
	 * Sees to it that they can start
	 */
	rmobike_unanswered_t *unanswered;

	/**
	 * IKE_SAs that wait because too many have to leave
	 */
	rmobike_turns_t *turns;

	/**
	 * What we know ourselves, entry_t by unique ID
	 */
	hashtable_t *entries;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * What we know of an IKE_SA
 */
struct entry_t {

	/**
	 * Addresses that we announced last
	 */
	linked_list_t *announced;

	/**
	 * Addresses that the peer did not go to since its address is gone
	 */
	linked_list_t *tried;

	/**
	 * Serial number of the switch that we started, 0 if none
	 */
	u_int serial;
};

/**
 * The replaced method has no other way to find us
 */
static private_rmobike_roam_t *instance;

/**
 * charon's roam(), the same for all IKE_SAs
 */
static status_t (*stock_roam)(ike_sa_t *this, bool address);

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Empty a list of addresses
 */
static void clear_hosts(linked_list_t *list)
{
	host_t *host;

	while (list->remove_last(list, (void**)&host) == SUCCESS)
	{
		host->destroy(host);
	}
}

/**
 * Look for an address in a list
 */
static bool has_host(linked_list_t *list, host_t *host)
{
	enumerator_t *enumerator;
	host_t *current;
	bool found = FALSE;

	enumerator = list->create_enumerator(list);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = current->ip_equals(current, host);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Free what we know of an IKE_SA
 */
static void entry_destroy(entry_t *entry)
{
	entry->announced->destroy_offset(entry->announced,
									 offsetof(host_t, destroy));
	entry->tried->destroy_offset(entry->tried, offsetof(host_t, destroy));
	free(entry);
}

/**
 * Get what we know of an IKE_SA, with the lock
 */
static entry_t *get_entry(private_rmobike_roam_t *this, uint32_t id)
{
	entry_t *entry;

	entry = this->entries->get(this->entries, key(id));
	if (!entry)
	{
		INIT(entry,
			.announced = linked_list_create(),
			.tried = linked_list_create(),
		);
		this->entries->put(this->entries, key(id), entry);
	}
	return entry;
}

/**
 * Is it an address whose scope is a link?
 */
static bool is_link_local(host_t *host)
{
	chunk_t address = host->get_address(host);

	return host->get_family(host) == AF_INET6 && address.ptr[0] == 0xfe &&
		   (address.ptr[1] & 0xc0) == 0x80;
}

METHOD(rmobike_roam_t, choose, host_t*,
	private_rmobike_roam_t *this, ike_sa_t *ike_sa, linked_list_t *exclude)
{
	rmobike_options_t *options;
	host_t *me = ike_sa->get_my_host(ike_sa), *host;
	rmobike_candidate_t best = {}, current;
	enumerator_t *enumerator;
	entry_t *entry;

	options = rmobike_task_options(ike_sa);
	this->mutex->lock(this->mutex);
	entry = get_entry(this, ike_sa->get_unique_id(ike_sa));
	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (enumerator->enumerate(enumerator, &host))
	{
		current = (rmobike_candidate_t){
			.address = host,
			.preferred = options->prefer->index(options->prefer, host),
			.same_family = host->get_family(host) == me->get_family(me),
			.announced = has_host(entry->announced, host),
		};
		if (!host->ip_equals(host, me) && !is_link_local(host) &&
			!(exclude && has_host(exclude, host)) &&
			!has_host(entry->tried, host) &&
			rmobike_asker_reaches(ike_sa, host) &&
			(!best.address || rmobike_policy_is_better(&current, &best)))
		{
			DESTROY_IF(best.address);
			best = current;
			best.address = host->clone(host);
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	rmobike_options_destroy(options);
	return best.address;
}

/**
 * Is the address that an IKE_SA uses still good? Decided as charon does.
 */
static bool is_path_valid(ike_sa_t *ike_sa)
{
	host_t *me = ike_sa->get_my_host(ike_sa), *source;
	bool best, valid;

	best = lib->settings->get_bool(lib->settings, "%s.prefer_best_path", FALSE,
								   lib->ns);
	source = charon->kernel->get_source_addr(charon->kernel,
									ike_sa->get_other_host(ike_sa),
									best ? NULL : me);
	valid = source && source->ip_equals(source, me);
	DESTROY_IF(source);
	return valid;
}

/**
 * Note the switch that we started
 */
static void set_serial(private_rmobike_roam_t *this, uint32_t id, u_int serial)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	entry->serial = serial;
	this->mutex->unlock(this->mutex);
}

/**
 * Is a switch pending whose target we still have?
 */
static bool is_moving(private_rmobike_roam_t *this, ike_sa_t *ike_sa)
{
	rmobike_switch_t *asked;
	bool moving;

	asked = this->peers->get_switch(this->peers,
									ike_sa->get_unique_id(ike_sa));
	moving = asked && asked->state <= RMOBIKE_ANSWERED &&
			 charon->kernel->get_interface(charon->kernel, asked->to, NULL);
	rmobike_switch_destroy(asked);
	return moving;
}

/**
 * It is the turn of an IKE_SA to leave its address for another one
 */
static void leave_for(private_rmobike_roam_t *this, ike_sa_t *ike_sa,
					  host_t *to)
{
	u_int serial;
	bool others;

	serial = this->asker->begin(this->asker, ike_sa, to, NULL);
	others = this->turns->begun(this->turns, serial);
	set_serial(this, ike_sa->get_unique_id(ike_sa), serial);
	this->asker->queue(this->asker, ike_sa, serial, to, others);
	this->unanswered->rescue(this->unanswered, ike_sa, to);
}

/**
 * The address that an IKE_SA uses is gone, and there is no other one; returns
 * FALSE if charon has to care
 */
static bool wait_for_address(private_rmobike_roam_t *this, ike_sa_t *ike_sa)
{
	bool exhausted;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, ike_sa->get_unique_id(ike_sa));
	exhausted = entry->tried->get_count(entry->tried) > 0;
	clear_hosts(entry->tried);
	this->mutex->unlock(this->mutex);
	if (exhausted)
	{	/* nothing helped, so nothing can be lost either */
		return FALSE;
	}
	DBG1(DBG_IKE, "no other address for IKE_SA %s[%u] than %H, which is gone; "
		 "waiting for one", ike_sa->get_name(ike_sa),
		 ike_sa->get_unique_id(ike_sa), ike_sa->get_my_host(ike_sa));
	return TRUE;
}

/**
 * Does the peer of an IKE_SA have to be asked if our address is gone?
 */
static bool is_ours(ike_sa_t *ike_sa)
{
	rmobike_options_t *options;
	bool enabled;

	if (rmobike_switch_task_refuses(ike_sa))
	{
		return FALSE;
	}
	options = rmobike_task_options(ike_sa);
	enabled = options->auto_switch;
	rmobike_options_destroy(options);
	return enabled;
}

/**
 * Does an IKE_SA have to leave its address? If not, sets status to what became
 * of the change of addresses or routes instead.
 */
static bool has_to_leave(ike_sa_t *ike_sa, bool address, status_t *status)
{
	entry_t *entry;

	if (is_ours(ike_sa))
	{
		if (!is_path_valid(ike_sa))
		{
			if (!is_moving(instance, ike_sa))
			{
				return TRUE;
			}
			*status = ike_sa->initiate(ike_sa, NULL, NULL);
			return FALSE;
		}
		instance->mutex->lock(instance->mutex);
		entry = get_entry(instance, ike_sa->get_unique_id(ike_sa));
		clear_hosts(entry->tried);
		instance->mutex->unlock(instance->mutex);
	}
	*status = stock_roam(ike_sa, address);
	return FALSE;
}

/**
 * It is the turn of an IKE_SA to leave its address
 */
static status_t leave(ike_sa_t *ike_sa, bool address)
{
	host_t *to;

	to = choose(instance, ike_sa, NULL);
	if (to)
	{
		leave_for(instance, ike_sa, to);
		to->destroy(to);
	}
	else
	{
		instance->turns->skipped(instance->turns);
		if (!wait_for_address(instance, ike_sa))
		{
			return stock_roam(ike_sa, address);
		}
	}
	/* what was deferred because there was no path may go on */
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

METHOD(ike_sa_t, roam, status_t,
	ike_sa_t *this, bool address)
{
	status_t status;

	if (!has_to_leave(this, address, &status))
	{
		return status;
	}
	if (instance->turns->enter(instance->turns, this->get_unique_id(this)))
	{
		return leave(this, address);
	}
	return this->initiate(this, NULL, NULL);
}

/**
 * The same for one that waited for its turn
 */
static status_t leave_at_last(ike_sa_t *ike_sa)
{
	status_t status;

	if (has_to_leave(ike_sa, TRUE, &status))
	{
		return leave(ike_sa, TRUE);
	}
	instance->turns->skipped(instance->turns);
	return status;
}

/**
 * From now on, handle what happens to the address of an IKE_SA
 */
static void attach(ike_sa_t *ike_sa)
{
	if (ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		ike_sa->roam != (void*)_roam)
	{
		stock_roam = ike_sa->roam;
		ike_sa->roam = _roam;
	}
}

/**
 * Note the addresses that we announce in a message
 */
static void note_announced(private_rmobike_roam_t *this, ike_sa_t *ike_sa,
						   message_t *message)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	entry_t *entry;
	host_t *host;
	bool first = TRUE;
	int family;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, ike_sa->get_unique_id(ike_sa));
	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		if (payload->get_type(payload) != PLV2_NOTIFY)
		{
			continue;
		}
		switch (notify->get_notify_type(notify))
		{
			case ADDITIONAL_IP4_ADDRESS:
				family = AF_INET;
				break;
			case ADDITIONAL_IP6_ADDRESS:
				family = AF_INET6;
				break;
			default:
				continue;
		}
		if (first)
		{
			clear_hosts(entry->announced);
			first = FALSE;
		}
		host = host_create_from_chunk(family,
								notify->get_notification_data(notify), 0);
		if (host)
		{
			entry->announced->insert_last(entry->announced, host);
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
}

METHOD(listener_t, message, bool,
	private_rmobike_roam_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (!incoming && plain &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		(message->get_exchange_type(message) == IKE_AUTH ||
		 message->get_exchange_type(message) == INFORMATIONAL))
	{
		note_announced(this, ike_sa, message);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_roam_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	entry_t *entry;

	if (state == IKE_ESTABLISHED)
	{
		attach(ike_sa);
	}
	else if (state == IKE_DESTROYING)
	{
		this->mutex->lock(this->mutex);
		entry = this->entries->remove(this->entries,
									  key(ike_sa->get_unique_id(ike_sa)));
		this->mutex->unlock(this->mutex);
		if (entry)
		{
			entry_destroy(entry);
		}
	}
	return TRUE;
}

/**
 * Run a function with an IKE_SA checked out, returns FALSE if it is gone
 */
static bool with_sa(uint32_t id, status_t (*cb)(ike_sa_t *ike_sa))
{
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, id);
	if (!ike_sa)
	{
		return FALSE;
	}
	if (cb(ike_sa) == DESTROY_ME)
	{
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
	}
	else
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return TRUE;
}

/**
 * Implements rmobike_turn_t
 */
static void turn_came(void *user, uint32_t id)
{
	private_rmobike_roam_t *this = user;

	if (!with_sa(id, leave_at_last))
	{
		this->turns->skipped(this->turns);
	}
}

/**
 * Try the next address
 */
static status_t try_next(ike_sa_t *ike_sa)
{
	return ike_sa->roam(ike_sa, TRUE);
}

CALLBACK(try_next_execute, job_requeue_t,
	void *id)
{
	with_sa((uintptr_t)id, try_next);
	return JOB_REQUEUE_NONE;
}

/**
 * Announce what addresses are left
 */
static status_t announce(ike_sa_t *ike_sa)
{
	ike_mobike_t *mobike;

	mobike = ike_mobike_create(ike_sa, TRUE);
	mobike->addresses(mobike);
	ike_sa->queue_task(ike_sa, &mobike->task);
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

CALLBACK(announce_execute, job_requeue_t,
	void *id)
{
	with_sa((uintptr_t)id, announce);
	return JOB_REQUEUE_NONE;
}

/**
 * Run one of these in a job
 */
static void queue(callback_job_cb_t cb, uint32_t id)
{
	lib->processor->queue_job(lib->processor,
						(job_t*)callback_job_create(cb, key(id), NULL, NULL));
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_roam_t *this, ike_sa_t *old, ike_sa_t *new)
{
	host_t *me = new->get_my_host(new);
	entry_t *entry;

	attach(new);
	this->mutex->lock(this->mutex);
	entry = this->entries->remove(this->entries,
								  key(old->get_unique_id(old)));
	if (entry)
	{
		entry = this->entries->put(this->entries,
								   key(new->get_unique_id(new)), entry);
	}
	this->mutex->unlock(this->mutex);
	if (entry)
	{
		entry_destroy(entry);
	}
	if (new->roam == (void*)_roam &&
		!charon->kernel->get_interface(charon->kernel, me, NULL))
	{	/* charon's roam job may have listed all IKE_SAs just before */
		queue(try_next_execute, new->get_unique_id(new));
	}
	return TRUE;
}

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_roam_t *this = user;
	callback_job_cb_t next = NULL;
	entry_t *entry;

	this->turns->ended(this->turns, ended);
	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(ended->id));
	if (entry && ended->serial && entry->serial == ended->serial)
	{
		entry->serial = 0;
		if (ended->state == RMOBIKE_DONE)
		{	/* as charon does after it left an address */
			clear_hosts(entry->tried);
			next = announce_execute;
		}
		else
		{
			entry->tried->insert_last(entry->tried,
									  ended->to->clone(ended->to));
			next = try_next_execute;
		}
	}
	this->mutex->unlock(this->mutex);
	if (next)
	{
		queue(next, ended->id);
	}
}

CALLBACK(destroy_entry, void,
	entry_t *entry, const void *id)
{
	entry_destroy(entry);
}

METHOD(rmobike_roam_t, destroy, void,
	private_rmobike_roam_t *this)
{
	this->peers->remove_listener(this->peers, this);
	this->turns->destroy(this->turns);
	this->entries->destroy_function(this->entries, destroy_entry);
	this->mutex->destroy(this->mutex);
	instance = NULL;
	free(this);
}

/*
 * Described in header
 */
rmobike_roam_t *rmobike_roam_create(rmobike_peers_t *peers,
									rmobike_asker_t *asker,
									rmobike_unanswered_t *unanswered)
{
	private_rmobike_roam_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_state_change = _ike_state_change,
				.ike_rekey = _ike_rekey,
			},
			.choose = _choose,
			.destroy = _destroy,
		},
		.peers = peers,
		.asker = asker,
		.unanswered = unanswered,
		.entries = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	this->turns = rmobike_turns_create(turn_came, this);
	peers->add_listener(peers, switch_ended, this);
	instance = this;

	return &this->public;
}
