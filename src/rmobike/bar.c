/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "bar.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/** widths of the bar itself */
#define BAR_MIN 8
#define BAR_MAX 32

/** the rate is that of the last so many samples */
#define SAMPLES 16

/** ms between two samples */
#define SAMPLE_INTERVAL 250

/**
 * What was drawn, and when how much had ended.
 */
static struct {
	/** a bar is in the last line */
	bool shown;
	/** latest samples, in the order of their number modulo SAMPLES */
	struct {
		uint64_t time;
		unsigned int ended;
	} samples[SAMPLES];
	/** number of samples taken */
	unsigned int count;
} bar;

bool bar_available(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && !streq(term, "dumb");
}

/**
 * Get the switches that end per second, from the time that the samples cover.
 */
static double get_rate(unsigned int ended, uint64_t now)
{
	size_t newest, oldest;

	newest = (bar.count + SAMPLES - 1) % SAMPLES;
	if (!bar.count || now >= bar.samples[newest].time + SAMPLE_INTERVAL)
	{
		newest = bar.count++ % SAMPLES;
		bar.samples[newest].time = now;
		bar.samples[newest].ended = ended;
	}
	oldest = bar.count > SAMPLES ? bar.count % SAMPLES : 0;
	if (now <= bar.samples[oldest].time)
	{
		return 0;
	}
	return (ended - bar.samples[oldest].ended) * 1000.0 /
		   (now - bar.samples[oldest].time);
}

/**
 * Write how long it takes until the rest ended.
 */
static void write_left(char *buf, size_t len, unsigned int rest, double rate)
{
	unsigned int left;

	if (rate <= 0 || rest / rate > 86400)
	{
		snprintf(buf, len, "-:-- left");
		return;
	}
	left = rest / rate + 0.999;
	if (left < 3600)
	{
		snprintf(buf, len, "%u:%02u left", left / 60, left % 60);
		return;
	}
	snprintf(buf, len, "%u:%02u:%02u left", left / 3600, left / 60 % 60,
			 left % 60);
}

void bar_draw(tally_t *tally, uint64_t now, bool stopping)
{
	char text[192], left[32], blocks[BAR_MAX + 4] = "";
	struct winsize size = {};
	unsigned int width, full;
	double rate;
	int room;

	width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1
		? size.ws_col : 80;
	rate = get_rate(tally->ended, now);
	write_left(left, sizeof(left), tally->matches - tally->ended, rate);
	/* always with those that one looks for */
	snprintf(text, sizeof(text), "%u/%u: %u done, %u refused, %u failed, "
			 "%.0f/s, %s", tally->ended, tally->matches, tally_good(tally),
			 tally->of[OUTCOME_REFUSED], tally->of[OUTCOME_FAILED] +
			 tally->of[OUTCOME_TIMEOUT] + tally->of[OUTCOME_INELIGIBLE], rate,
			 stopping ? "stopping" : left);

	room = (int)width - (int)strlen(text) - 4;
	room = room > BAR_MAX ? BAR_MAX : room;
	if (room >= BAR_MIN && tally->matches)
	{
		full = (uint64_t)room * tally->ended / tally->matches;
		blocks[0] = '[';
		memset(blocks + 1, '#', full);
		memset(blocks + 1 + full, '.', room - full);
		memcpy(blocks + 1 + room, "] ", 3);
	}
	/* never to the last column, terminals disagree on what follows */
	fprintf(stderr, "\r%s%.*s\033[K", blocks, (int)width - 1, text);
	fflush(stderr);
	bar.shown = true;
}

void bar_hide(void)
{
	if (bar.shown)
	{
		fputs("\r\033[K", stderr);
		fflush(stderr);
		bar.shown = false;
	}
}
