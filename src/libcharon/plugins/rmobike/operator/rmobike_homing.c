/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "exchange/rmobike_paths.h"
#include "kernel/rmobike_departures.h"
#include "operator/rmobike_homing.h"
#include "sa/rmobike_ike_sa.h"

#include <limits.h>
#include <time.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * Longest wait, when an address is trusted again after it, and when those are
 * asked again who did not go there; in seconds
 */
#define HOUR 3600

/**
 * Seconds until those are asked who could not be
 */
#define RETRY 60

/**
 * Most times that a wait is doubled, whatever it is
 */
#define FLAPS_MAX 12

typedef struct private_rmobike_homing_t private_rmobike_homing_t;
typedef struct home_t home_t;

/**
 * Private data; times are monotonic, in seconds
 */
struct private_rmobike_homing_t {

	/**
	 * Public interface
	 */
	rmobike_homing_t public;

	/**
	 * Rooms
	 */
	rmobike_switches_t *switches;
	rmobike_mover_t *mover;
	rmobike_choice_t *choice;
	rmobike_drained_t *drained;

	/**
	 * Addresses that are or were usable
	 */
	home_t *homes;

	/**
	 * How often somebody began to look, and the last time that counts
	 */
	u_int begun, look;

	/**
	 * How often the configuration was read again
	 */
	u_int reloads;

	/**
	 * TRUE if IKE_SAs go elsewhere by themselves as configured
	 */
	bool enabled;

	/**
	 * When somebody looked who belongs elsewhere, when to do so again even if
	 * no wait is over, and when a timer is set for; 0 for never
	 */
	time_t searched, again, timer;

	/**
	 * Protects all of these
	 */
	mutex_t *mutex;
};

/**
 * An address
 */
struct home_t {
	/** the next one */
	home_t *next;
	/** the address */
	host_t *address;
	/** when it was usable last */
	u_int look;
	/** how many had begun to look when it was removed, 0 if it was not */
	u_int removed;
	/** how often in a row it was back too soon, -1 if it always was usable */
	int flaps;
	/** when the wait is over */
	time_t end;
	/** when an IKE_SA came or left, in seconds since 1970 */
	time_t moved;
};

/**
 * A search for IKE_SAs that belong elsewhere
 */
typedef struct {
	/** us */
	private_rmobike_homing_t *this;
	/** addresses that come into question, host_t */
	linked_list_t *homes;
	/** TRUE if an operator wants it */
	bool command;
	/** how many would not follow now */
	u_int spared;
} search_t;

/**
 * Find an address, with the lock
 */
static home_t *find(private_rmobike_homing_t *this, host_t *address)
{
	home_t *home = this->homes;

	while (home && !address->ip_equals(address, home->address))
	{
		home = home->next;
	}
	return home;
}

/**
 * An address is usable, with the lock
 */
static void note(private_rmobike_homing_t *this, host_t *address, u_int look,
				 u_int prefer_after)
{
	time_t now = time_monotonic(NULL);
	home_t *home;

	home = find(this, address);
	if (!home)
	{
		INIT(home,
			.next = this->homes,
			.address = address->clone(address),
			.flaps = -1,
		);
		this->homes = home;
	}
	else if (home->look == this->look &&
			 !(home->removed && look > home->removed))
	{	/* as before */
		home->look = look;
		return;
	}
	if (this->look)
	{	/* was not there, or is drained no more */
		home->flaps = home->flaps >= 0 && now - home->end < HOUR ?
					  min(home->flaps + 1, FLAPS_MAX) : 0;
		home->end = now + max(1, min(prefer_after << home->flaps, HOUR));
	}
	home->look = look;
	home->removed = 0;
}

/**
 * See which addresses are usable
 */
static void look_around(private_rmobike_homing_t *this)
{
	rmobike_options_t *options;
	linked_list_t *usable;
	host_t *host;
	u_int look;

	this->mutex->lock(this->mutex);
	look = ++this->begun;
	this->mutex->unlock(this->mutex);
	usable = this->choice->get_local(this->choice, TRUE);
	options = rmobike_settings_get(NULL);
	this->mutex->lock(this->mutex);
	while (usable->remove_first(usable, (void**)&host) == SUCCESS)
	{
		if (look > this->look)
		{	/* otherwise somebody has seen what is newer */
			note(this, host, look, options->prefer_after);
		}
		host->destroy(host);
	}
	this->look = max(look, this->look);
	this->enabled = options->prefer_after ||
					options->drained->count(options->drained);
	this->mutex->unlock(this->mutex);
	usable->destroy(usable);
	rmobike_options_destroy(options);
}

/**
 * List the addresses that IKE_SAs may return to, or all others. By command they
 * need not wait.
 */
static linked_list_t *get_homes(private_rmobike_homing_t *this, bool good,
								bool command)
{
	linked_list_t *homes = linked_list_create();
	time_t now = time_monotonic(NULL);
	home_t *home;

	this->mutex->lock(this->mutex);
	for (home = this->homes; home; home = home->next)
	{
		if (good == (home->look == this->look &&
					 (command || home->end <= now)))
		{
			homes->insert_last(homes, home->address->clone(home->address));
		}
	}
	this->mutex->unlock(this->mutex);
	return homes;
}

/**
 * How good is an address for an IKE_SA as far as configured? Less is better
 */
static int rank(private_rmobike_homing_t *this, rmobike_options_t *options,
				host_t *host)
{
	int i = options->prefer->index(options->prefer, host);

	if (this->drained->has(this->drained, host, NULL, NULL))
	{
		return INT_MAX;
	}
	return i < 0 ? INT_MAX - 1 : i;
}

/**
 * Choose where an IKE_SA returns to, NULL if it stays where it is
 */
static host_t *choose_home(private_rmobike_homing_t *this, ike_sa_t *ike_sa,
						   bool command)
{
	rmobike_options_t *options = rmobike_ike_sa_options(ike_sa);
	linked_list_t *others;
	host_t *to;

	others = get_homes(this, FALSE, command);
	to = this->choice->choose(this->choice, ike_sa, others);
	rmobike_paths_destroy(others);
	if (to && rank(this, options, to) >=
			  rank(this, options, ike_sa->get_my_host(ike_sa)))
	{
		to->destroy(to);
		to = NULL;
	}
	rmobike_options_destroy(options);
	return to;
}

/**
 * The same by itself, implements rmobike_chooser_t
 */
static host_t *choose(void *user, ike_sa_t *ike_sa)
{
	return choose_home(user, ike_sa, FALSE);
}

/**
 * The same by command, implements rmobike_chooser_t
 */
static host_t *choose_now(void *user, ike_sa_t *ike_sa)
{
	return choose_home(user, ike_sa, TRUE);
}

/**
 * Would the peer of an IKE_SA not follow, or not when it has to leave again?
 */
static bool is_to_spare(private_rmobike_homing_t *this, ike_sa_t *ike_sa,
						rmobike_options_t *options)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	rmobike_switch_t *last;
	u_int limit, recent;
	bool spare;

	limit = min(options->max_switches, RMOBIKE_RECENT_MAX);
	/* the peer counts from when it heard of them */
	recent = this->switches->count_recent(this->switches, id,
				options->switch_interval + options->timeout / 1000 + 1);
	last = this->switches->get_switch(this->switches, id);
	spare = (limit && recent + (limit > 1 ? 2 : 1) > limit) ||
			(last && last->state != RMOBIKE_DONE &&
			 time_monotonic(NULL) - last->start.tv_sec < HOUR);
	rmobike_switch_destroy(last);
	return spare;
}

/**
 * Does an IKE_SA belong to another address? Part of rmobike_selector_t
 */
static bool is_homesick(void *user, ike_sa_t *ike_sa)
{
	search_t *search = user;
	private_rmobike_homing_t *this = search->this;
	host_t *me = ike_sa->get_my_host(ike_sa), *home;
	rmobike_options_t *options = rmobike_ike_sa_options(ike_sa);
	enumerator_t *enumerator;
	bool better = FALSE;
	int current;

	current = rank(this, options, me);
	enumerator = search->homes->create_enumerator(search->homes);
	while (!better && enumerator->enumerate(enumerator, &home))
	{
		better = home->get_family(home) == me->get_family(me) &&
				 rank(this, options, home) < current;
	}
	enumerator->destroy(enumerator);
	/* who drains by command moves them, or doesn't want to anymore */
	better = better && !rmobike_ike_sa_refuses(ike_sa) &&
			 (search->command ||
			  options->drained->includes(options->drained, me) ||
			  (options->prefer_after && current != INT_MAX));
	if (better && !search->command && is_to_spare(this, ike_sa, options))
	{
		search->spared++;
		better = FALSE;
	}
	rmobike_options_destroy(options);
	return better;
}

/**
 * Start a move of those in a search
 */
static bool start_move(search_t *search, const rmobike_move_t *template,
					   u_int *matches, char *why, size_t len)
{
	private_rmobike_homing_t *this = search->this;
	rmobike_move_t move = *template;

	search->homes = get_homes(this, TRUE, search->command);
	move.selector = (rmobike_selector_t){
		.wanted = is_homesick,
		.user = search,
	};
	move.chooser = search->command ? choose_now : choose;
	move.user = this;
	move.may_be_empty = TRUE;
	*why = '\0';
	*matches = this->mover->start(this->mover, &move, why, len);
	rmobike_paths_destroy(search->homes);
	return !*why;
}

METHOD(rmobike_homing_t, start, bool,
	private_rmobike_homing_t *this, const rmobike_move_t *move, u_int *matches,
	char *why, size_t len)
{
	search_t search = {
		.this = this,
		.command = TRUE,
	};

	look_around(this);
	return start_move(&search, move, matches, why, len);
}

/**
 * Have those return who may by now
 */
static void return_home(private_rmobike_homing_t *this)
{
	rmobike_move_t move = {
		.max_in_flight = RMOBIKE_MAX_IN_FLIGHT,
	};
	search_t search = {
		.this = this,
	};
	time_t now = time_monotonic(NULL);
	char why[BUF_LEN];
	u_int matches, reloads;
	bool started;

	this->mutex->lock(this->mutex);
	reloads = this->reloads;
	this->mutex->unlock(this->mutex);
	started = start_move(&search, &move, &matches, why, sizeof(why));
	if (matches)
	{
		DBG1(DBG_CFG, "%u IKE_SAs return to better addresses", matches);
	}
	this->mutex->lock(this->mutex);
	this->searched = now;
	/* what was configured meanwhile was not looked at */
	this->again = !started || search.spared || reloads != this->reloads ?
							now + RETRY : matches ? now + HOUR : 0;
	this->mutex->unlock(this->mutex);
}

/**
 * When is somebody to look who belongs elsewhere, 0 for never?
 */
static time_t get_next(private_rmobike_homing_t *this)
{
	time_t next;
	home_t *home;

	this->mutex->lock(this->mutex);
	next = this->again;
	for (home = this->homes; home && this->enabled; home = home->next)
	{
		if (home->look == this->look && home->end > this->searched &&
			(!next || home->end < next))
		{
			next = home->end;
		}
	}
	next = this->enabled ? next : 0;
	this->mutex->unlock(this->mutex);
	return next;
}

CALLBACK(look_now, job_requeue_t,
	private_rmobike_homing_t *this)
{
	time_t now = time_monotonic(NULL), next;
	bool set;

	look_around(this);
	next = get_next(this);
	if (next && next <= now)
	{
		return_home(this);
		next = get_next(this);
	}
	this->mutex->lock(this->mutex);
	set = next && (this->timer <= now || next < this->timer);
	this->timer = set ? next : this->timer;
	this->mutex->unlock(this->mutex);
	if (set)
	{
		lib->scheduler->schedule_job(lib->scheduler,
				(job_t*)callback_job_create(look_now, this, NULL, NULL),
				max(next - now, 1));
	}
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_homing_t, look, void,
	private_rmobike_homing_t *this, bool reload)
{
	this->mutex->lock(this->mutex);
	this->again = reload ? time_monotonic(NULL) : this->again;
	this->reloads += reload;
	this->mutex->unlock(this->mutex);
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(look_now, this, NULL, NULL));
}

METHOD(rmobike_homing_t, departed, void,
	private_rmobike_homing_t *this, host_t *address)
{
	home_t *home;

	this->mutex->lock(this->mutex);
	home = find(this, address);
	if (home)
	{
		home->removed = this->begun;
	}
	this->mutex->unlock(this->mutex);
	if (home)
	{	/* roam() may have been before we heard of it */
		lib->scheduler->schedule_job_ms(lib->scheduler,
				(job_t*)callback_job_create(look_now, this, NULL, NULL),
				RMOBIKE_DEPARTURES_ROAM);
	}
}

METHOD(kernel_listener_t, roam, bool,
	private_rmobike_homing_t *this, bool address)
{
	look(this, FALSE);
	return TRUE;
}

/**
 * An IKE_SA came and left, implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_homing_t *this = user;
	home_t *home;

	if (ended->state == RMOBIKE_DONE && !ended->reason)
	{
		this->mutex->lock(this->mutex);
		for (home = this->homes; home; home = home->next)
		{
			if (home->address->ip_equals(home->address, ended->from) ||
				home->address->ip_equals(home->address, ended->to))
			{
				home->moved = time(NULL);
			}
		}
		this->mutex->unlock(this->mutex);
	}
}

METHOD(rmobike_homing_t, get, bool,
	private_rmobike_homing_t *this, host_t *address, u_int *wait, time_t *moved)
{
	home_t *home;
	bool usable;

	this->mutex->lock(this->mutex);
	home = find(this, address);
	usable = home && home->look == this->look;
	*wait = usable ? max(home->end - time_monotonic(NULL), 0) : 0;
	*moved = home ? home->moved : 0;
	this->mutex->unlock(this->mutex);
	return usable;
}

METHOD(rmobike_homing_t, destroy, void,
	private_rmobike_homing_t *this)
{
	home_t *home;

	this->switches->remove_listener(this->switches, this);
	while ((home = this->homes))
	{
		this->homes = home->next;
		home->address->destroy(home->address);
		free(home);
	}
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_homing_t *rmobike_homing_create(rmobike_switches_t *switches,
										rmobike_mover_t *mover,
										rmobike_choice_t *choice,
										rmobike_drained_t *drained)
{
	private_rmobike_homing_t *this;

	INIT(this,
		.public = {
			.listener = {
				.roam = _roam,
			},
			.look = _look,
			.departed = _departed,
			.start = _start,
			.get = _get,
			.destroy = _destroy,
		},
		.switches = switches,
		.mover = mover,
		.choice = choice,
		.drained = drained,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	switches->add_listener(switches, switch_ended, this);
	return &this->public;
}
