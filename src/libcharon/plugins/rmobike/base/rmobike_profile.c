/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_dialect.h"
#include "base/rmobike_profile.h"

#include <bio/bio_reader.h>
#include <bio/bio_writer.h>

/*
 * Described in header
 */
chunk_t rmobike_profile_write(const rmobike_profile_t *profile)
{
	rmobike_weights_t *sas = profile->sas;
	bio_writer_t *writer;
	host_t *address;
	chunk_t data;
	int i;

	writer = bio_writer_create(0);
	writer->write_data8(writer, chunk_from_str((char*)profile->version));
	writer->write_uint8(writer, profile->ha);
	writer->write_uint32(writer, profile->spi_min);
	writer->write_uint32(writer, profile->spi_max);
	writer->write_uint8(writer, sas->count(sas));
	for (i = 0; i < sas->count(sas); i++)
	{
		address = sas->get_address(sas, i);
		writer->write_data8(writer, address->get_address(address));
		writer->write_uint32(writer, sas->get_weight(sas, i));
	}
	writer->write_uint8(writer, profile->interprets);
	data = writer->extract_buf(writer);
	writer->destroy(writer);
	return data;
}

/**
 * Read addresses
 */
static bool read_addresses(bio_reader_t *reader, rmobike_weights_t *sas)
{
	chunk_t octets;
	uint32_t sas_there;
	host_t *address;
	uint8_t count;
	bool added;

	if (!reader->read_uint8(reader, &count))
	{
		return FALSE;
	}
	while (count--)
	{
		if (!reader->read_data8(reader, &octets) ||
			!reader->read_uint32(reader, &sas_there))
		{
			return FALSE;
		}
		address = octets.len == 4 || octets.len == 16 ?
				  host_create_from_chunk(AF_UNSPEC, octets, 0) : NULL;
		added = address && sas->add(sas, address, sas_there);
		DESTROY_IF(address);
		if (!added)
		{
			return FALSE;
		}
	}
	return TRUE;
}

/*
 * Described in header
 */
bool rmobike_profile_read(chunk_t data, rmobike_profile_t *profile)
{
	rmobike_profile_t read = {};
	bio_reader_t *reader;
	chunk_t version;
	uint8_t ha, interprets = 0;
	bool good;

	read.sas = rmobike_weights_create(NULL, NULL, 0);
	reader = bio_reader_create(data);
	good = reader->read_data8(reader, &version) &&
		   version.len < sizeof(read.version) &&
		   chunk_printable(version, NULL, 0) &&
		   reader->read_uint8(reader, &ha) &&
		   reader->read_uint32(reader, &read.spi_min) &&
		   reader->read_uint32(reader, &read.spi_max) &&
		   read_addresses(reader, read.sas) &&
		   /* older ones don't tell, later ones may tell more */
		   (!reader->remaining(reader) ||
			reader->read_uint8(reader, &interprets));
	reader->destroy(reader);
	if (!good)
	{
		rmobike_profile_clear(&read);
		return FALSE;
	}
	memcpy(read.version, version.ptr, version.len);
	read.ha = ha;
	read.interprets = interprets;
	*profile = read;
	return TRUE;
}

/**
 * Do the ha plugins of two nodes understand each other?
 */
static bool understand(const rmobike_profile_t *a, const rmobike_profile_t *b)
{
	return a->ha == b->ha ||
		   (a->interprets && rmobike_dialect_is_known(a->ha) &&
			b->interprets && rmobike_dialect_is_known(b->ha));
}

/*
 * Described in header
 */
const char *rmobike_profile_conflict(const rmobike_profile_t *a,
									 const rmobike_profile_t *b)
{
	if (!understand(a, b))
	{
		return "the other node's ha plugin is of another version";
	}
	if (a->spi_min <= b->spi_max && b->spi_min <= a->spi_max)
	{
		return "both nodes choose the same SPIs, see charon.spi_min";
	}
	return NULL;
}

/*
 * Described in header
 */
void rmobike_profile_clear(rmobike_profile_t *profile)
{
	DESTROY_IF(profile->sas);
	memset(profile, 0, sizeof(*profile));
}
