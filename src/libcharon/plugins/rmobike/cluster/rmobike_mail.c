/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_mail.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>

typedef struct received_t received_t;

/**
 * A message to be handled
 */
struct received_t {
	/** the message */
	rmobike_mail_t mail;
	/** handles it */
	rmobike_mail_cb_t cb;
	/** data to pass */
	void *user;
};

/*
 * Described in header
 */
void rmobike_mail_start(rmobike_mail_t *mail, ike_sa_t *ike_sa)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);

	memset(mail, 0, sizeof(*mail));
	mail->initiator_spi = id->get_initiator_spi(id);
	mail->responder_spi = id->get_responder_spi(id);
	mail->next = ike_sa->get_message_id(ike_sa, TRUE);
	mail->expected = ike_sa->get_message_id(ike_sa, FALSE);
	mail->me = ike_sa->get_my_host(ike_sa);
	mail->other = ike_sa->get_other_host(ike_sa);
}

/*
 * Described in header
 */
bool rmobike_mail_add_spis(rmobike_mail_t *mail, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	bool complete = TRUE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_state(child_sa) == CHILD_DELETED)
		{
			continue;
		}
		complete = mail->count < RMOBIKE_MAIL_SPIS;
		if (!complete)
		{
			break;
		}
		mail->spis[mail->count++] = child_sa->get_spi(child_sa, TRUE);
	}
	enumerator->destroy(enumerator);
	return complete;
}

/*
 * Described in header
 */
bool rmobike_mail_has_spi(const rmobike_mail_t *mail, uint32_t spi)
{
	u_int i;

	for (i = 0; i < mail->count; i++)
	{
		if (mail->spis[i] == spi)
		{
			return TRUE;
		}
	}
	return FALSE;
}

/*
 * Described in header
 */
void rmobike_mail_apply(const rmobike_mail_t *mail, ike_sa_t *ike_sa)
{
	host_t *host;

	host = ike_sa->get_my_host(ike_sa);
	if (mail->me && !host->equals(host, mail->me))
	{
		ike_sa->set_my_host(ike_sa, mail->me->clone(mail->me));
	}
	host = ike_sa->get_other_host(ike_sa);
	if (mail->other && !host->equals(host, mail->other))
	{
		ike_sa->set_other_host(ike_sa, mail->other->clone(mail->other));
	}
}

/*
 * Described in header
 */
void rmobike_mail_write_host(bio_writer_t *writer, host_t *host)
{
	writer->write_data8(writer, host ? host->get_address(host) : chunk_empty);
	writer->write_uint16(writer, host ? host->get_port(host) : 0);
}

/*
 * Described in header
 */
bool rmobike_mail_read_host(bio_reader_t *reader, host_t **host)
{
	chunk_t address;
	uint16_t port;

	if (!reader->read_data8(reader, &address) ||
		!reader->read_uint16(reader, &port))
	{
		return FALSE;
	}
	if (address.len)
	{
		*host = host_create_from_chunk(address.len == 16 ? AF_INET6 : AF_INET,
									   address, port);
	}
	return !address.len || *host;
}

/*
 * Described in header
 */
chunk_t rmobike_mail_write(const rmobike_mail_t *mail)
{
	bio_writer_t *writer;
	chunk_t data;
	u_int i;

	writer = bio_writer_create(64);
	writer->write_uint64(writer, mail->initiator_spi);
	writer->write_uint64(writer, mail->responder_spi);
	writer->write_uint32(writer, mail->number);
	writer->write_uint32(writer, mail->next);
	writer->write_uint32(writer, mail->expected);
	writer->write_uint32(writer, mail->heard);
	writer->write_uint32(writer, mail->ago);
	writer->write_uint8(writer, mail->why);
	writer->write_uint8(writer, mail->tries);
	rmobike_mail_write_host(writer, mail->to);
	rmobike_mail_write_host(writer, mail->me);
	rmobike_mail_write_host(writer, mail->other);
	writer->write_uint8(writer, mail->count);
	for (i = 0; i < mail->count; i++)
	{
		writer->write_uint32(writer, mail->spis[i]);
	}
	data = writer->extract_buf(writer);
	writer->destroy(writer);
	return data;
}

/**
 * Read what has no fixed length
 */
static bool read_rest(rmobike_mail_t *mail, bio_reader_t *reader)
{
	uint8_t count;

	if (!rmobike_mail_read_host(reader, &mail->to) ||
		!rmobike_mail_read_host(reader, &mail->me) ||
		!rmobike_mail_read_host(reader, &mail->other))
	{
		return FALSE;
	}
	if (!reader->read_uint8(reader, &count))
	{
		return FALSE;
	}
	while (mail->count < count)
	{
		if (!reader->read_uint32(reader, &mail->spis[mail->count]))
		{
			return FALSE;
		}
		mail->count++;
	}
	return !reader->remaining(reader);
}

/*
 * Described in header
 */
bool rmobike_mail_read(rmobike_mail_t *mail, chunk_t data)
{
	bio_reader_t *reader;
	bool success;

	memset(mail, 0, sizeof(*mail));
	reader = bio_reader_create(data);
	success = reader->read_uint64(reader, &mail->initiator_spi) &&
			  reader->read_uint64(reader, &mail->responder_spi) &&
			  reader->read_uint32(reader, &mail->number) &&
			  reader->read_uint32(reader, &mail->next) &&
			  reader->read_uint32(reader, &mail->expected) &&
			  reader->read_uint32(reader, &mail->heard) &&
			  reader->read_uint32(reader, &mail->ago) &&
			  reader->read_uint8(reader, &mail->why) &&
			  reader->read_uint8(reader, &mail->tries) &&
			  read_rest(mail, reader);
	reader->destroy(reader);
	if (!success)
	{
		rmobike_mail_clear(mail);
	}
	return success;
}

/*
 * Described in header
 */
void rmobike_mail_clear(rmobike_mail_t *mail)
{
	DESTROY_IF(mail->to);
	DESTROY_IF(mail->me);
	DESTROY_IF(mail->other);
	mail->to = mail->me = mail->other = NULL;
}

CALLBACK(received_execute, job_requeue_t,
	received_t *this)
{
	ike_sa_t *ike_sa;

	ike_sa = rmobike_ike_sa_checkout(this->mail.initiator_spi,
									 this->mail.responder_spi);
	this->cb(this->user, ike_sa, &this->mail);
	if (ike_sa)
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return JOB_REQUEUE_NONE;
}

CALLBACK(received_destroy, void,
	received_t *this)
{
	rmobike_mail_clear(&this->mail);
	free(this);
}

/*
 * Described in header
 */
void rmobike_mail_handle(chunk_t data, rmobike_mail_cb_t cb, void *user)
{
	received_t *this;

	INIT(this,
		.cb = cb,
		.user = user,
	);
	if (!rmobike_mail_read(&this->mail, data))
	{
		DBG1(DBG_CFG, "ignoring a message of the other node that makes no "
			 "sense, is it of another version?");
		free(this);
		return;
	}
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create_with_prio(received_execute, this,
										received_destroy, NULL, JOB_PRIO_HIGH));
}
