/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "stats.h"

#include <stdio.h>
#include <stdlib.h>

/**
 * State while parsing.
 */
typedef struct {
	stats_t *stats;
	/** names of the sections we are in, empty if in none */
	char *section;
	char *item;
} parser_t;

/**
 * Key/value pair.
 */
static int parse_kv(void *user, vici_res_t *res, char *name, void *value,
					int len)
{
	parser_t *parser = user;
	stats_t *stats = parser->stats;
	stat_t *grown;

	grown = realloc(stats->stats, (stats->count + 1) * sizeof(*grown));
	if (!grown)
	{
		return 1;
	}
	stats->stats = grown;
	grown[stats->count++] = (stat_t){
		.section = strdup(parser->section),
		.item = strdup(parser->item),
		.key = strdup(name),
		.value = strndup(value, len),
	};
	return 0;
}

/**
 * Section within a section.
 */
static int parse_item(void *user, vici_res_t *res, char *name)
{
	parser_t *parser = user;
	parser_t inner = {
		.stats = parser->stats,
		.section = parser->section,
		.item = name,
	};

	return vici_parse_cb(res, NULL, parse_kv, NULL, &inner);
}

/**
 * Section.
 */
static int parse_section(void *user, vici_res_t *res, char *name)
{
	parser_t *parser = user;
	parser_t inner = {
		.stats = parser->stats,
		.section = name,
		.item = "",
	};

	return vici_parse_cb(res, parse_item, parse_kv, NULL, &inner);
}

stats_t *stats_create(vici_res_t *res)
{
	parser_t parser = {
		.stats = calloc(1, sizeof(stats_t)),
		.section = "",
		.item = "",
	};

	if (parser.stats &&
		vici_parse_cb(res, parse_section, parse_kv, NULL, &parser) != 0)
	{
		stats_destroy(parser.stats);
		return NULL;
	}
	return parser.stats;
}

char *stats_find(stats_t *stats, const char *section, const char *item,
				 const char *key)
{
	size_t i;

	for (i = 0; i < stats->count; i++)
	{
		stat_t *stat = &stats->stats[i];

		if (streq(stat->section, section) && streq(stat->item, item) &&
			streq(stat->key, key))
		{
			return stat->value;
		}
	}
	return NULL;
}

unsigned long long stats_get(stats_t *stats, const char *section,
							 const char *item, const char *key)
{
	char *value;

	value = stats_find(stats, section, item, key);
	return value ? strtoull(value, NULL, 10) : 0;
}

char *stats_next_item(stats_t *stats, const char *section, size_t *pos)
{
	stat_t *stat, *last;

	for (; *pos < stats->count; (*pos)++)
	{
		stat = &stats->stats[*pos];
		last = *pos ? stat - 1 : NULL;
		if (streq(stat->section, section) && *stat->item &&
			(!last || !streq(last->section, section) ||
			 !streq(last->item, stat->item)))
		{
			(*pos)++;
			return stat->item;
		}
	}
	return NULL;
}

void stats_destroy(stats_t *stats)
{
	size_t i;

	if (stats)
	{
		for (i = 0; i < stats->count; i++)
		{
			free(stats->stats[i].section);
			free(stats->stats[i].item);
			free(stats->stats[i].key);
			free(stats->stats[i].value);
		}
		free(stats->stats);
		free(stats);
	}
}
