/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_dialect.h"

#include <bio/bio_writer.h>
#include <selectors/traffic_selector.h>

#include <sys/socket.h>

/**
 * Versions of messages
 */
#define FIRST 3
#define ADDITIONAL_KEY_EXCHANGES 4
#define PRIVATE_BITS 5
#define LAST 5

/**
 * Tells that conditions or extensions are private ones
 */
#define PRIVATE_MARKER 0x80000000

/**
 * ML-KEM-512 to ML-KEM-1024, since strongSwan 6; NTRU and NewHope, before that
 */
#define ML_KEM_FIRST 35
#define ML_KEM_LAST 37
#define NTRU_FIRST 1030
#define NTRU_LAST 1033
#define NEW_HOPE 1040

/**
 * IP-TFS (RFC 9347)
 */
#define IPTFS 6

/**
 * Reasons, all of which are meant to be seen by operators
 */
#define NOT_UNDERSTOOD "it is not understood"
#define NO_KEY_EXCHANGES "the other node does not know its key exchanges"
#define NO_MODE "the other node does not know the mode of its CHILD_SA"

/**
 * Types of messages that matter here
 */
enum {
	IKE_ADD = 1,
	RESYNC = 11,
	LAST_TYPE,
};

/**
 * Attributes that matter here, by their numbers since version 4
 */
enum {
	IKE_ID = 1,
	IKE_REKEY_ID = 2,
	CONDITIONS = 9,
	EXTENSIONS = 10,
	ADD_SECRET = 18,
	ALG_ENCR = 22,
	ALG_KE = 25,
	ALG_ADD_KES = 26,
	IPSEC_MODE = 27,
};

/**
 * What the values of all of them are, beginning with number 1: i SPIs of an
 * IKE_SA, d identity, h address, s string, c octets, t traffic selector, and
 * integers of so many octets
 */
static const char kinds[] =
	"iidddhhs44" "hhh1ccccc2" "22222c1144" "22tt4221cc" "cc2";

/**
 * What is known of a message while it is translated
 */
typedef struct {
	/** versions from which and to which */
	u_int from, to;
	/** what was not read yet */
	chunk_t rest;
	/** what was translated */
	bio_writer_t *writer;
	/** the IKE_SA that it is about */
	chunk_t ike_id;
	/** TRUE if there was an encryption algorithm */
	bool encr;
	/** why it can't be translated, NULL if it can so far */
	const char *obstacle;
} translation_t;

/*
 * Described in header
 */
bool rmobike_dialect_is_known(u_int version)
{
	return version >= FIRST && version <= LAST;
}

/*
 * Described in header
 */
bool rmobike_dialect_has_method(u_int version, uint16_t method)
{
	if (rmobike_dialect_has_more_exchanges(version))
	{
		return method != NEW_HOPE &&
			   (method < NTRU_FIRST || method > NTRU_LAST);
	}
	return method < ML_KEM_FIRST || method > ML_KEM_LAST;
}

/*
 * Described in header
 */
bool rmobike_dialect_has_more_exchanges(u_int version)
{
	return version >= ADDITIONAL_KEY_EXCHANGES;
}

/*
 * Described in header
 */
bool rmobike_dialect_has_mode(u_int version, uint8_t mode)
{
	return version >= PRIVATE_BITS || mode != IPTFS;
}

/*
 * Described in header
 */
bool rmobike_dialect_is_request(chunk_t message)
{
	return message.len >= 2 && message.ptr[1] == RESYNC;
}

/**
 * Get the number of an attribute since version 4 from that in an older one
 */
static u_int get_number(u_int version, u_int number)
{
	if (version < ADDITIONAL_KEY_EXCHANGES && number >= ADD_SECRET)
	{
		number++;
		number += number >= ALG_ADD_KES;
	}
	return number;
}

/**
 * Get the number of an attribute in a version, 0 if that doesn't have it
 */
static uint8_t put_number(u_int version, u_int number)
{
	if (version >= ADDITIONAL_KEY_EXCHANGES)
	{
		return number;
	}
	if (number == ADD_SECRET || number == ALG_ADD_KES)
	{
		return 0;
	}
	return number - (number > ADD_SECRET) - (number > ALG_ADD_KES);
}

/**
 * Get the length of an address, 0 if it is of no family that has any
 */
static size_t get_address_len(chunk_t value)
{
	switch (value.len >= 3 ? value.ptr[2] : AF_UNSPEC)
	{
		case AF_INET:
			return 3 + 4;
		case AF_INET6:
			return 3 + 16;
		default:
			return 0;
	}
}

/**
 * Get the length of a traffic selector, 0 if it is of no known type
 */
static size_t get_ts_len(chunk_t value)
{
	switch (value.len ? value.ptr[0] : 0)
	{
		case TS_IPV4_ADDR_RANGE:
			return 7 + 2 * 4;
		case TS_IPV6_ADDR_RANGE:
			return 7 + 2 * 16;
		default:
			return 0;
	}
}

/**
 * Get the length of a value of some kind, which the rest of the message begins
 * with; 0 if it is not one
 */
static size_t get_len(char kind, chunk_t rest)
{
	switch (kind)
	{
		case 'i':
			return 1 + 8 + 8 + 1;
		case 'd':
			return rest.len >= 2 ? 2 + rest.ptr[1] : 0;
		case 'h':
			return get_address_len(rest);
		case 's':
			return rest.len ? strnlen((char*)rest.ptr, rest.len) + 1 : 0;
		case 'c':
			return rest.len >= 2 ? 2 + untoh16(rest.ptr) : 0;
		case 't':
			return get_ts_len(rest);
		default:
			return kind - '0';
	}
}

/**
 * Read an attribute, of which there is one octet at least
 */
static bool read_attribute(translation_t *this, u_int *number, chunk_t *value)
{
	size_t len;

	*number = get_number(this->from, this->rest.ptr[0]);
	if (!*number || *number > strlen(kinds))
	{
		return FALSE;
	}
	this->rest = chunk_skip(this->rest, 1);
	len = get_len(kinds[*number - 1], this->rest);
	if (!len || len > this->rest.len)
	{
		return FALSE;
	}
	*value = chunk_create(this->rest.ptr, len);
	this->rest = chunk_skip(this->rest, len);
	return TRUE;
}

/*
 * Described in header
 */
bool rmobike_dialect_get_added(chunk_t message, uint64_t *initiator,
							   uint64_t *responder)
{
	translation_t reader = {
		.from = message.len >= 2 ? message.ptr[0] : 0,
		.rest = chunk_skip(message, 2),
	};
	chunk_t value;
	u_int number;

	if (!rmobike_dialect_is_known(reader.from) || message.ptr[1] != IKE_ADD)
	{
		return FALSE;
	}
	while (reader.rest.len && read_attribute(&reader, &number, &value))
	{
		if (number == IKE_ID)
		{
			memcpy(initiator, value.ptr + 1, sizeof(*initiator));
			memcpy(responder, value.ptr + 1 + sizeof(*initiator),
				   sizeof(*responder));
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Find out why an attribute can't be said, NULL if it can
 */
static const char *find_obstacle(translation_t *this, u_int number,
								 chunk_t value)
{
	if (!put_number(this->to, number))
	{
		return NO_KEY_EXCHANGES;
	}
	switch (number)
	{
		case IKE_REKEY_ID:
			/* how 6.0.0 tells additional ones; 6.0.1 waits for itself if it
			 * gets that */
			return chunk_equals(value, this->ike_id) ? NO_KEY_EXCHANGES : NULL;
		case ALG_KE:
			return rmobike_dialect_has_method(this->to, untoh16(value.ptr)) ?
											  NULL : NO_KEY_EXCHANGES;
		case IPSEC_MODE:
			return rmobike_dialect_has_mode(this->to, *value.ptr) ? NULL :
																	NO_MODE;
		default:
			return NULL;
	}
}

/**
 * Write an attribute in the other version
 */
static void write_attribute(translation_t *this, u_int number, chunk_t value)
{
	bool bits = number == CONDITIONS || number == EXTENSIONS;

	if (bits && (untoh32(value.ptr) & PRIVATE_MARKER) &&
		min(this->from, this->to) < PRIVATE_BITS)
	{	/* they would be taken for others */
		return;
	}
	this->writer->write_uint8(this->writer, put_number(this->to, number));
	this->writer->write_data(this->writer, value);
}

/**
 * Translate one attribute, FALSE if there can't be another one
 */
static bool translate_attribute(translation_t *this)
{
	chunk_t value;
	u_int number;

	if (!this->rest.len)
	{
		return FALSE;
	}
	if (!read_attribute(this, &number, &value))
	{
		this->obstacle = NOT_UNDERSTOOD;
		return FALSE;
	}
	if (number == IKE_ID)
	{
		this->ike_id = value;
	}
	this->encr |= number == ALG_ENCR;
	this->obstacle = find_obstacle(this, number, value);
	if (this->obstacle)
	{
		return FALSE;
	}
	write_attribute(this, number, value);
	return TRUE;
}

/**
 * Translate the attributes of a message of a type
 */
static void translate_attributes(translation_t *this, uint8_t type)
{
	this->writer->write_uint8(this->writer, this->to);
	this->writer->write_uint8(this->writer, type);
	while (translate_attribute(this))
	{
	}
	if (!this->obstacle && type == IKE_ADD && !this->encr &&
		this->to < ADDITIONAL_KEY_EXCHANGES)
	{	/* new keys by an additional key exchange, not a new IKE_SA */
		this->obstacle = NO_KEY_EXCHANGES;
	}
}

/*
 * Described in header
 */
chunk_t rmobike_dialect_translate(chunk_t message, u_int version,
								  const char **reason)
{
	translation_t translation = {
		.to = version,
		.from = message.len >= 2 ? message.ptr[0] : 0,
	};
	uint8_t type = message.len >= 2 ? message.ptr[1] : 0;
	chunk_t translated;

	if (!rmobike_dialect_is_known(version) ||
		!rmobike_dialect_is_known(translation.from) ||
		!type || type > LAST_TYPE)
	{
		*reason = NOT_UNDERSTOOD;
		return chunk_empty;
	}
	translation.rest = chunk_skip(message, 2);
	/* it never gets longer, so no keys are left behind by growing */
	translation.writer = bio_writer_create(message.len);
	translate_attributes(&translation, type);
	translated = translation.writer->extract_buf(translation.writer);
	translation.writer->destroy(translation.writer);
	if (translation.obstacle)
	{
		*reason = translation.obstacle;
		chunk_clear(&translated);
	}
	return translated;
}
