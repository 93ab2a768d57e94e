/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_mail.h"
#include "cluster/rmobike_relay.h"
#include "exchange/rmobike_paths.h"

/**
 * Implements rmobike_heard_t
 */
static void heard_relay(void *user, chunk_t data)
{
	host_t *me = NULL, *other = NULL;
	bio_reader_t *reader;
	packet_t *packet;
	uint8_t dscp;

	reader = bio_reader_create(data);
	if (rmobike_mail_read_host(reader, &me) &&
		rmobike_mail_read_host(reader, &other) && me && other &&
		reader->read_uint8(reader, &dscp) &&
		charon->kernel->get_interface(charon->kernel, me, NULL))
	{
		packet = packet_create_from_data(me->clone(me), other->clone(other),
								chunk_clone(reader->peek(reader)));
		packet->set_dscp(packet, dscp);
		rmobike_paths_send(packet, me, other);
		packet->destroy(packet);
	}
	DESTROY_IF(me);
	DESTROY_IF(other);
	reader->destroy(reader);
}

/*
 * Described in header
 */
void rmobike_relay_serve(rmobike_channel_t *channel)
{
	channel->hear(channel, RMOBIKE_TOPIC_RELAY, heard_relay, NULL);
}

/*
 * Described in header
 */
bool rmobike_relay_send(rmobike_channel_t *channel, packet_t *packet,
						host_t *me, host_t *other)
{
	bio_writer_t *writer;
	bool sent;

	if (!channel->is_alive(channel, NULL))
	{
		return FALSE;
	}
	writer = bio_writer_create(256);
	rmobike_mail_write_host(writer, me);
	rmobike_mail_write_host(writer, other);
	writer->write_uint8(writer, packet->get_dscp(packet));
	writer->write_data(writer, packet->get_data(packet));
	sent = channel->tell(channel, RMOBIKE_TOPIC_RELAY,
						 writer->get_buf(writer));
	writer->destroy(writer);
	return sent;
}
