/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_mail.h"
#include "cluster/rmobike_reception.h"
#include "sa/rmobike_errand.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>

/**
 * What two times may differ by if they are the same, in milliseconds
 */
#define SAME_TIME 500

/**
 * How often IKE_SAs are looked for that only the ha plugin told to be at the
 * other node, in milliseconds
 */
#define LOOK 500

typedef struct private_rmobike_reception_t private_rmobike_reception_t;

/**
 * Private data
 */
struct private_rmobike_reception_t {

	/**
	 * Public interface
	 */
	rmobike_reception_t public;

	/**
	 * Channel to the other node
	 */
	rmobike_channel_t *channel;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * To end switches
	 */
	rmobike_switches_t *switches;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * Takes what the other node releases
	 */
	rmobike_takeover_t *takeover;

	/**
	 * Knows what to do about message IDs
	 */
	rmobike_message_ids_t *message_ids;

	/**
	 * Tells what is here
	 */
	rmobike_standby_t *standby;

	/**
	 * Removes what no client has
	 */
	rmobike_ghosts_t *ghosts;

	/**
	 * TRUE if what both nodes have the same right to is ours
	 */
	bool first;
};

/**
 * Answer to a release or an arrival, with the message ID after those that this
 * node used for requests
 */
static void answer(private_rmobike_reception_t *this, rmobike_topic_t topic,
				   ike_sa_t *ike_sa, rmobike_mail_t *mail, uint8_t why)
{
	rmobike_mail_t reply = {
		.initiator_spi = mail->initiator_spi,
		.responder_spi = mail->responder_spi,
		.number = mail->number,
		.next = ike_sa ? this->ownership->get_asked(this->ownership,
								ike_sa->get_unique_id(ike_sa)) : 0,
		.expected = mail->expected,
		.why = why,
	};
	chunk_t data;

	data = rmobike_mail_write(&reply);
	this->channel->tell(this->channel, topic, data);
	chunk_free(&data);
}

/**
 * Does our copy have the same CHILD_SAs? It may have others that are about to
 * go, which nobody tells of, and know of some that they are before the other
 * node does.
 */
static bool is_synchronized(ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	u_int known = 0;
	bool same = TRUE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		if (rmobike_mail_has_spi(mail, child_sa->get_spi(child_sa, TRUE)))
		{
			known++;
		}
		else if (child_sa->get_state(child_sa) != CHILD_DELETED)
		{
			same = FALSE;
		}
	}
	enumerator->destroy(enumerator);
	return same && known == mail->count;
}

/**
 * Does the other node have a CHILD_SA that we deleted before it took the
 * IKE_SA?
 */
static bool has_deleted(ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	bool found = FALSE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!found && enumerator->enumerate(enumerator, &child_sa))
	{
		found = child_sa->get_state(child_sa) == CHILD_DELETED &&
				rmobike_mail_has_spi(mail, child_sa->get_spi(child_sa, TRUE));
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Remove CHILD_SAs that the other node doesn't have, we missed their end
 */
static void remove_surplus(ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa, *surplus;

	do
	{
		surplus = NULL;
		enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
		while (!surplus && enumerator->enumerate(enumerator, &child_sa))
		{
			if (!rmobike_mail_has_spi(mail, child_sa->get_spi(child_sa, TRUE)))
			{
				surplus = child_sa;
			}
		}
		enumerator->destroy(enumerator);
	}
	while (surplus &&
		   ike_sa->destroy_child_sa(ike_sa, surplus->get_protocol(surplus),
								surplus->get_spi(surplus, TRUE)) == SUCCESS);
}

/**
 * Does this node serve an IKE_SA?
 */
static bool is_served(ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_ESTABLISHED ||
		   ike_sa->get_state(ike_sa) == IKE_REKEYING;
}

/**
 * Each pair of nodes has one that is first: that with the lower address
 */
static bool is_first(const rmobike_options_cluster_t *options)
{
	chunk_t local = options->local->get_address(options->local);
	chunk_t remote = options->remote->get_address(options->remote);

	return chunk_compare(local, remote) < 0;
}

/**
 * Compare the last requests of the client that we and the other node got: less
 * than 0 if ours was before that. It may have sent one to both, for want of an
 * answer. Then times tell, unless they differ by what a message may take: two
 * nodes that each believe the other one do not serve it at all.
 */
static int compare_heard(private_rmobike_reception_t *this, ike_sa_t *ike_sa,
						 rmobike_mail_t *mail)
{
	uint32_t heard, ago;

	heard = this->ownership->get_heard(this->ownership,
									   ike_sa->get_unique_id(ike_sa), &ago);
	if (heard != mail->heard)
	{
		return heard < mail->heard ? -1 : 1;
	}
	if (max(ago, mail->ago) - min(ago, mail->ago) < SAME_TIME)
	{
		return this->first ? 1 : -1;
	}
	return ago > mail->ago ? -1 : 1;
}

/**
 * We serve an IKE_SA that the other node released: because its client is about
 * to come, as we were told to ask it or took that node for dead; or as both
 * believe to. Then it stays where the client asked for something last, which
 * goes on with what it knows if it is not about to end.
 */
static void answer_served(private_rmobike_reception_t *this, ike_sa_t *ike_sa,
						  rmobike_mail_t *mail)
{
	u_int owned;
	bool mine;

	owned = this->ownership->get(this->ownership,
								 ike_sa->get_unique_id(ike_sa));
	mine = owned & RMOBIKE_ARRIVING &&
		   (owned & RMOBIKE_ORDERED ||
			!this->channel->is_alive(this->channel, NULL));
	if (!mine && compare_heard(this, ike_sa, mail) < 0)
	{
		answer(this, RMOBIKE_TOPIC_REJECTED, ike_sa, mail,
			   RMOBIKE_MAIL_SERVED_THERE);
		return;
	}
	answer(this, RMOBIKE_TOPIC_TAKEN, ike_sa, mail, 0);
	if (!(owned & RMOBIKE_ARRIVING) && mail->why == RMOBIKE_MAIL_UNSETTLED)
	{
		this->message_ids->catch_up(this->message_ids, ike_sa, mail->next);
	}
}

/**
 * Is our copy the same, as far as that can be waited for? What the ha plugin
 * sent before comes another way.
 */
static bool is_settled(ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	return mail->tries >= RMOBIKE_MAIL_TRIES ||
		   (is_synchronized(ike_sa, mail) &&
			ike_sa->get_message_id(ike_sa, TRUE) == mail->next &&
			ike_sa->get_message_id(ike_sa, FALSE) == mail->expected);
}

/**
 * Did the client never follow when we released its IKE_SA? Then we know best
 * where it is: its ESP packets came here, from another port if its NAT forgot.
 */
static bool has_stayed(private_rmobike_reception_t *this, ike_sa_t *ike_sa,
					   rmobike_mail_t *mail)
{
	return this->ownership->get(this->ownership,
						ike_sa->get_unique_id(ike_sa)) & RMOBIKE_RELEASED &&
		   rmobike_ownership_is_here(ike_sa) &&
		   /* the other node did not hear of it either */
		   mail->me && mail->me->ip_equals(mail->me,
										   ike_sa->get_my_host(ike_sa));
}

/**
 * The other node released an IKE_SA, implements rmobike_mail_cb_t
 */
static void released(void *user, ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	private_rmobike_reception_t *this = user;

	if (this->channel->is_deaf(this->channel))
	{	/* who ends this daemon has locked the bus, and waits for IKE_SAs */
		return;
	}
	if (ike_sa && is_served(ike_sa))
	{
		answer_served(this, ike_sa, mail);
	}
	else if (ike_sa ? !is_settled(ike_sa, mail)
					: mail->tries < RMOBIKE_MAIL_TRIES)
	{	/* it is told again soon */
		return;
	}
	else if (ike_sa && ike_sa->get_state(ike_sa) == IKE_PASSIVE &&
			 is_synchronized(ike_sa, mail))
	{
		answer(this, RMOBIKE_TOPIC_TAKEN, ike_sa, mail, 0);
		this->ownership->forget_asked(this->ownership,
									  ike_sa->get_unique_id(ike_sa));
		ike_sa->set_message_id(ike_sa, TRUE, mail->next);
		ike_sa->set_message_id(ike_sa, FALSE, mail->expected);
		if (!has_stayed(this, ike_sa, mail))
		{
			rmobike_mail_apply(mail, ike_sa);
		}
		this->takeover->take(this->takeover, ike_sa, mail->to,
							 mail->why == RMOBIKE_MAIL_UNSETTLED);
	}
	else
	{
		answer(this, RMOBIKE_TOPIC_REJECTED, ike_sa, mail,
			   ike_sa ? RMOBIKE_MAIL_NOT_SYNCHRONIZED : RMOBIKE_MAIL_MISSING);
	}
}

/**
 * An IKE_SA whose client is at the other node is a copy from now on; returns
 * TRUE if this daemon has to be told
 */
static bool yield_to_other(private_rmobike_reception_t *this, ike_sa_t *ike_sa)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	rmobike_switch_t *asked;
	bool served = is_served(ike_sa);
	u_int before;

	before = this->ownership->get(this->ownership, id);
	if (served)
	{
		DBG1(DBG_IKE, "IKE_SA %s[%u] is served by the other node",
			 ike_sa->get_name(ike_sa), id);
		this->ownership->release(this->ownership, ike_sa);
	}
	this->ownership->change(this->ownership, id, 0, ~RMOBIKE_SERVED);
	asked = this->switches->get_switch(this->switches, id);
	if (asked)
	{
		this->switches->end(this->switches, asked->serial, RMOBIKE_DONE, NULL);
	}
	rmobike_switch_destroy(asked);
	if (served || before & RMOBIKE_RELEASED)
	{	/* what we were about to do is not ours anymore */
		rmobike_ike_sa_abandon(ike_sa);
		return TRUE;
	}
	return FALSE;
}

/**
 * Was a message about an IKE_SA sent before what the ha plugin told since?
 */
static bool is_stale(ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	return ike_sa->get_message_id(ike_sa, FALSE) > mail->expected ||
		   ike_sa->get_message_id(ike_sa, TRUE) > mail->next;
}

/**
 * Have a copy know the message IDs of the other node. One that we used up is
 * not used again.
 */
static void update_ids(ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	if (ike_sa->get_message_id(ike_sa, TRUE) < mail->next)
	{
		ike_sa->set_message_id(ike_sa, TRUE, mail->next);
	}
	ike_sa->set_message_id(ike_sa, FALSE, mail->expected);
}

/**
 * The client of an IKE_SA is at the other node, implements rmobike_mail_cb_t.
 * If both serve it, that is where it asked for something last.
 */
static void arrived(void *user, ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	private_rmobike_reception_t *this = user;
	uint8_t why = ike_sa ? RMOBIKE_MAIL_SYNCHRONIZED : RMOBIKE_MAIL_MISSING;
	bool served = ike_sa && is_served(ike_sa), down = FALSE, kept;

	if (this->channel->is_deaf(this->channel))
	{	/* who ends this daemon has locked the bus, and waits for IKE_SAs */
		return;
	}
	kept = served ||
		   (ike_sa && this->ownership->is_released(this->ownership, ike_sa));
	if (kept && compare_heard(this, ike_sa, mail) > 0)
	{
		this->takeover->keep(this->takeover, ike_sa);
		this->standby->claim(this->standby, ike_sa);
	}
	else if (ike_sa && (served || ike_sa->get_state(ike_sa) == IKE_PASSIVE))
	{	/* one that is about to end does so */
		down = yield_to_other(this, ike_sa);
		if (served || !is_stale(ike_sa, mail))
		{	/* what we believed is not what the ha plugin told, or it didn't */
			update_ids(ike_sa, mail);
			rmobike_mail_apply(mail, ike_sa);
			if (!has_deleted(ike_sa, mail))
			{	/* otherwise it is that node which missed something */
				remove_surplus(ike_sa, mail);
			}
			if (!is_synchronized(ike_sa, mail) || has_deleted(ike_sa, mail))
			{
				why = RMOBIKE_MAIL_NOT_SYNCHRONIZED;
				this->ghosts->remove(this->ghosts, ike_sa);
			}
		}
	}
	answer(this, RMOBIKE_TOPIC_NOTED, ike_sa, mail, why);
	if (down)
	{	/* the ha plugin ignores it, as it is passive */
		charon->bus->ike_updown(charon->bus, ike_sa, FALSE);
	}
}

/**
 * Do we serve an IKE_SA whose client asked the other node for something since
 * it asked us, as the ha plugin told?
 */
static bool is_lost(private_rmobike_reception_t *this, ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		   rmobike_ownership_concerns(ike_sa) &&
		   !(this->ownership->get(this->ownership,
						ike_sa->get_unique_id(ike_sa)) & RMOBIKE_ARRIVING) &&
		   this->ownership->is_overtaken(this->ownership, ike_sa);
}

/**
 * The channel is silent, the ha plugin is not; implements rmobike_errand_t
 */
static status_t lose(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_reception_t *this = user;

	if (is_lost(this, ike_sa) && yield_to_other(this, ike_sa))
	{
		charon->bus->ike_updown(charon->bus, ike_sa, FALSE);
	}
	return SUCCESS;
}

CALLBACK(look, job_requeue_t,
	private_rmobike_reception_t *this)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;

	if (this->channel->is_deaf(this->channel))
	{	/* as above */
		return JOB_REQUEUE_NONE;
	}
	if (!this->channel->is_alive(this->channel, NULL))
	{
		enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, FALSE);
		while (enumerator->enumerate(enumerator, &ike_sa))
		{
			if (is_lost(this, ike_sa))
			{
				rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa),
									 0, lose, this);
			}
		}
		enumerator->destroy(enumerator);
	}
	return JOB_RESCHEDULE_MS(LOOK);
}

/**
 * The other node knows, and how far it got when it asked, implements
 * rmobike_mail_cb_t
 */
static void noted(void *user, ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	private_rmobike_reception_t *this = user;

	if (ike_sa && !this->channel->is_deaf(this->channel))
	{
		if (is_served(ike_sa))
		{
			this->message_ids->catch_up(this->message_ids, ike_sa, mail->next);
		}
		this->standby->noted(this->standby, ike_sa, mail->why);
	}
}

static void heard_noted(void *user, chunk_t data)
{
	rmobike_mail_handle(data, noted, user);
}

static void heard_release(void *user, chunk_t data)
{
	rmobike_mail_handle(data, released, user);
}

static void heard_arrived(void *user, chunk_t data)
{
	rmobike_mail_handle(data, arrived, user);
}

METHOD(rmobike_reception_t, destroy, void,
	private_rmobike_reception_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_reception_t *rmobike_reception_create(rmobike_channel_t *channel,
											  rmobike_refs_t *refs,
											  rmobike_switches_t *switches,
											  rmobike_ownership_t *ownership,
											  rmobike_takeover_t *takeover,
											rmobike_message_ids_t *message_ids,
											  rmobike_standby_t *standby,
											  rmobike_ghosts_t *ghosts,
									const rmobike_options_cluster_t *options)
{
	private_rmobike_reception_t *this;

	INIT(this,
		.public = {
			.destroy = _destroy,
		},
		.channel = channel,
		.refs = refs,
		.switches = switches,
		.ownership = ownership,
		.takeover = takeover,
		.message_ids = message_ids,
		.standby = standby,
		.ghosts = ghosts,
		.first = is_first(options),
	);
	channel->hear(channel, RMOBIKE_TOPIC_RELEASE, heard_release, this);
	channel->hear(channel, RMOBIKE_TOPIC_ARRIVED, heard_arrived, this);
	channel->hear(channel, RMOBIKE_TOPIC_NOTED, heard_noted, this);
	lib->scheduler->schedule_job_ms(lib->scheduler,
		(job_t*)callback_job_create_with_prio(look, this, NULL, NULL,
											  JOB_PRIO_HIGH), LOOK);
	return &this->public;
}
