/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * A peer that means harm, for the live tests only. When the settings are
 * reloaded it sends an INFORMATIONAL request per entry of
 *
 *	charon.plugins.hostile.cases {
 *		name = PROTOCOL/SPI/TYPE/DATA[, ...] | critical
 *	}
 *
 * with these notifies: PROTOCOL and TYPE are numbers, SPI one or empty, DATA
 * is hexadecimal; or with a payload that nobody knows and that is critical.
 * And charon.plugins.hostile.mobike_supported is what the notify of that name
 * contains in an IKE_AUTH request.
 */

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include <encoding/payloads/unknown_payload.h>
#include <plugins/plugin.h>
#include <processing/jobs/initiate_tasks_job.h>
#include <sa/ikev2/tasks/ike_dpd.h>
#include <threading/mutex.h>

typedef struct private_hostile_t private_hostile_t;

/**
 * What this plugin is.
 */
struct private_hostile_t {

	/**
	 * Public interface
	 */
	plugin_t plugin;

	/**
	 * Bus listener, and whose it is
	 */
	struct hostile_listener_t {
		listener_t public;
		private_hostile_t *hostile;
	} listener;

	/**
	 * Cases not sent yet, as char*
	 */
	linked_list_t *cases;

	/**
	 * Lock for cases
	 */
	mutex_t *mutex;
};

/**
 * Add the payload described by a string to a message
 */
static void add_payload(message_t *message, char *str)
{
	notify_payload_t *notify;
	char *part[4] = {};
	chunk_t data;
	int i;

	if (streq(str, "critical"))
	{
		message->add_payload(message, (payload_t*)
						unknown_payload_create_data(200, TRUE, chunk_empty));
		return;
	}
	for (i = 0; i < (int)countof(part) && str; i++)
	{
		part[i] = strsep(&str, "/");
	}
	if (!part[3])
	{
		DBG1(DBG_CFG, "hostile: invalid case");
		return;
	}
	notify = notify_payload_create_from_protocol_and_type(PLV2_NOTIFY,
										atoi(part[0]), atoi(part[2]));
	if (*part[1])
	{
		notify->set_spi(notify, atoi(part[1]));
	}
	data = chunk_from_hex(chunk_from_str(part[3]), NULL);
	notify->set_notification_data(notify, data);
	chunk_free(&data);
	message->add_payload(message, (payload_t*)notify);
}

/**
 * Put the next case into an empty request
 */
static void add_case(private_hostile_t *this, message_t *message)
{
	enumerator_t *enumerator;
	char *str = NULL, *token;

	this->mutex->lock(this->mutex);
	this->cases->remove_first(this->cases, (void**)&str);
	this->mutex->unlock(this->mutex);
	if (str)
	{
		DBG1(DBG_CFG, "hostile: sending %s", str);
		enumerator = enumerator_create_token(str, ",", " ");
		while (enumerator->enumerate(enumerator, &token))
		{
			add_payload(message, token);
		}
		enumerator->destroy(enumerator);
		free(str);
	}
}

METHOD(listener_t, message_hook, bool,
	listener_t *listener, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	private_hostile_t *this = ((struct hostile_listener_t*)listener)->hostile;
	notify_payload_t *notify;
	chunk_t data;
	char *hex;

	if (!plain)
	{
		return TRUE;
	}
	if (!incoming && message->get_request(message) &&
		message->get_exchange_type(message) == INFORMATIONAL &&
		message->get_first_payload_type(message) == PL_NONE)
	{
		add_case(this, message);
	}
	if (!incoming && message->get_request(message) &&
		message->get_exchange_type(message) == IKE_AUTH)
	{
		notify = message->get_notify(message, MOBIKE_SUPPORTED);
		hex = lib->settings->get_str(lib->settings,
						"%s.plugins.hostile.mobike_supported", NULL, lib->ns);
		if (notify && hex)
		{
			data = chunk_from_hex(chunk_from_str(hex), NULL);
			notify->set_notification_data(notify, data);
			chunk_free(&data);
		}
	}
	if (incoming && !message->get_request(message) &&
		message->get_exchange_type(message) == INFORMATIONAL)
	{
		DBG1(DBG_CFG, "hostile: answered with%s payloads",
			 message->get_first_payload_type(message) == PL_NONE ? "out" : "");
	}
	return TRUE;
}

METHOD(plugin_t, reload, bool,
	private_hostile_t *this)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	ike_sa_id_t *id = NULL;
	char *key, *value;
	u_int count = 0;

	this->mutex->lock(this->mutex);
	enumerator = lib->settings->create_key_value_enumerator(lib->settings,
										"%s.plugins.hostile.cases", lib->ns);
	while (enumerator->enumerate(enumerator, &key, &value))
	{
		this->cases->insert_last(this->cases, strdup(value));
		count++;
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);

	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	if (enumerator->enumerate(enumerator, &ike_sa))
	{
		id = ike_sa->get_id(ike_sa);
		id = id->clone(id);
		while (count--)
		{
			ike_sa->queue_task(ike_sa, (task_t*)ike_dpd_create(TRUE));
		}
	}
	enumerator->destroy(enumerator);
	if (id)
	{
		lib->processor->queue_job(lib->processor,
								  (job_t*)initiate_tasks_job_create(id));
		id->destroy(id);
	}
	return TRUE;
}

METHOD(plugin_t, get_name, char*,
	private_hostile_t *this)
{
	return "hostile";
}

/**
 * Register and unregister the listener
 */
static bool manage_listener(private_hostile_t *this, plugin_feature_t *feature,
							bool reg, void *data)
{
	if (reg)
	{
		charon->bus->add_listener(charon->bus, &this->listener.public);
	}
	else
	{
		charon->bus->remove_listener(charon->bus, &this->listener.public);
	}
	return TRUE;
}

METHOD(plugin_t, get_features, int,
	private_hostile_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK((void*)manage_listener, NULL),
			PLUGIN_PROVIDE(CUSTOM, "hostile"),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, destroy, void,
	private_hostile_t *this)
{
	this->cases->destroy_function(this->cases, free);
	this->mutex->destroy(this->mutex);
	free(this);
}

/**
 * Constructors: as versions before and from 6.0.3 look for it
 */
plugin_t *hostile_plugin_create(void);
const char *hostile_plugin_version = VERSION;

plugin_t *hostile_plugin_create(void)
{
	private_hostile_t *this;

	INIT(this,
		.plugin = {
			.get_name = _get_name,
			.get_features = _get_features,
			.reload = _reload,
			.destroy = _destroy,
		},
		.listener = {
			.public = {
				.message = _message_hook,
			},
		},
		.cases = linked_list_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	this->listener.hostile = this;
	return &this->plugin;
}
