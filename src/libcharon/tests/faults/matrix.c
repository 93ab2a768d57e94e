/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What becomes of an SA if something goes wrong while it moves.
 *
 *   matrix [--check FILE]
 *
 * Prints docs/fault-matrix-5.md, with strongSwan 6 docs/fault-matrix-6.md, or
 * checks that FILE still says so and that no SA is lost. Without arguments that
 * file may be named by FAULT_MATRIX, which is how make check does it.
 */

#include "matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/** Another exchange begins at so many times, each at two speeds */
#define OFFSETS 11
#define MEETINGS (2 * OFFSETS)

/** What a fault came to */
typedef struct {
	/** all of the outcomes, what happened to the SA */
	char outcome[512], sa[256];
	/** packets lost, ms until both ends agree; the worst */
	u_int lost, ms;
	/** something isn't as it has to be */
	bool bad;
} result_t;

/*
 * Described in header
 */
int matrix_variant;

/** Of the fault that is played */
static result_t result;

/** When the first switch was started, in ms since world_mark(); -1 if none */
static double begun;

/*
 * Described in header
 */
void world_failed(const char *file, int line, const char *why)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, why);
	_exit(EXIT_FAILURE);
}

/*
 * Described in header
 */
void matrix_switch(void *to)
{
	if (begun < 0)
	{
		begun = world_now();
	}
	world_switch(to);
}

/**
 * Is a text in a list?
 */
static bool has_text(const char *list, const char *separator, const char *text)
{
	const char *at = list, *end;

	for (; (at = strstr(at, text)); at++)
	{
		end = at + strlen(text);
		if ((at == list || strpfx(at - strlen(separator), separator)) &&
			(!*end || strpfx(end, separator)))
		{
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Add a text to a list, unless it is there.
 */
static void add_text(char *list, size_t len, const char *separator,
					 const char *text)
{
	size_t used = strlen(list);

	if (!has_text(list, separator, text))
	{
		snprintf(list + used, len - used, "%s%s", used ? separator : "", text);
	}
}

/* --- what the operator is told -------------------------------------------- */

METHOD(logger_t, log_, void,
	logger_t *this, debug_t group, level_t level, int thread, ike_sa_t *ike_sa,
	const char *message)
{
	char state[32], text[128];
	const char *reason;

	if (sscanf(message, "switch of IKE_SA rw%*s from %*s to %*s %31s",
			   state) == 1)
	{
		reason = strstr(message, " ms: ");
		snprintf(text, sizeof(text), "%s%s%s", state, reason ? ": " : "",
				 reason ? reason + strlen(" ms: ") : "");
		add_text(result.outcome, sizeof(result.outcome), "; ", text);
	}
}

METHOD(logger_t, get_level, level_t,
	logger_t *this, debug_t group)
{
	return LEVEL_CTRL;
}

/**
 * Read what the plugin logs from now on.
 */
static void read_log()
{
	static logger_t logger;

	logger = (logger_t){
		.log = _log_,
		.get_level = _get_level,
	};
	charon->bus->add_logger(charon->bus, &logger);
}

/* --- the faults ----------------------------------------------------------- */

/**
 * Let something happen, the first of it in so many ms, or at once.
 */
static void take_steps(step_t *step, u_int after, bool now)
{
	for (; step->what; step++)
	{
		if (now && !step->after && !step->each)
		{
			step->what(step->arg);
		}
		else
		{
			world_later(after + step->after + step->each * matrix_variant,
						step->what, step->arg);
		}
	}
}

/**
 * Start the switch, and what else is part of the fault.
 */
static void begin(fault_t *fault)
{
	static step_t only_switch[] = { { matrix_switch, NEW }, {} };
	int offset = (matrix_variant % OFFSETS - OFFSETS / 2) * 8;

	if (fault->pattern)
	{
		world_fate(fault->fate, fault->pattern, fault->count ?: 1);
	}
	if (fault->meet->what)
	{
		take_steps(only_switch, max(0, -offset), FALSE);
		take_steps(fault->meet, max(0, offset), FALSE);
	}
	else
	{
		take_steps(fault->steps->what ? fault->steps : only_switch, 0, TRUE);
	}
}

/**
 * Play one variant of a fault, in a process of its own.
 */
static void play(fault_t *fault)
{
	world_conf_t conf = fault->conf;

	conf.seed = matrix_variant + 1;
	conf.nat = !conf.initiator;
	if (fault->meet->what && matrix_variant >= OFFSETS)
	{
		conf.busy = 3;
	}
	world_establish_(__FILE__, __LINE__, conf);
	if (fault->before.what)
	{
		fault->before.what(fault->before.arg);
		world_run(1000);
	}
	read_log();
	world_mark();
	begun = -1;
	watch_begin(fault->idle);
	begin(fault);
	watch_run();
	if (fault->ends)
	{	/* charon's last retransmission is answered, or not */
		world_run(400000);
	}

	add_text(result.sa, sizeof(result.sa), " or ", watch_describe(fault));
	result.bad = strpfx(result.sa, "SA lost") ||
				 !world_disagreement() == !!fault->ends;
	result.lost = world_lost_pings();
	result.ms = max(0, watch_agreed() - max(0, begun)) + 0.5;
	if (result.bad && getenv("VERBOSE"))
	{
		world_dump();
	}
}

/**
 * Add what another variant came to.
 */
static void merge(result_t *sum, result_t *more)
{
	add_text(sum->outcome, sizeof(sum->outcome), " or ",
			 *more->outcome ? more->outcome : "–");
	add_text(sum->sa, sizeof(sum->sa), " or ", more->sa);
	sum->lost = max(sum->lost, more->lost);
	sum->ms = max(sum->ms, more->ms);
	sum->bad |= more->bad;
}

/**
 * Play one variant and get its result.
 */
static void play_apart(fault_t *fault, int variant, result_t *sum)
{
	result_t one = { .sa = "crashed", .bad = TRUE };
	int fds[2];
	pid_t pid;

	if (pipe(fds))
	{
		exit(EXIT_FAILURE);
	}
	pid = fork();
	if (!pid)
	{
		alarm(60);
		matrix_variant = variant;
		play(fault);
		_exit(write(fds[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
	}
	close(fds[1]);
	if (read(fds[0], &one, sizeof(one)) != sizeof(one) || one.bad)
	{
		fprintf(stderr, "%s, variant %d: %s\n", fault->name, variant, one.sa);
	}
	close(fds[0]);
	waitpid(pid, NULL, 0);
	merge(sum, &one);
}

/* --- the table ------------------------------------------------------------ */

static const char *intro =
	"# What happens to an SA if something goes wrong\n"
	"\n"
	"Made by `src/libcharon/tests/matrix` with strongSwan %d, `make "
	"check` tells if it is\n"
	"out of date. Two IKE_SAs of charon in virtual time, a model of the "
	"network (10 ms\n"
	"each way), the NAT and the kernel. Unless a fault says otherwise the "
	"client is behind\n"
	"a NAT, and the gateway asks it to switch to another announced address; "
	"100 ESP packets\n"
	"per second go each way for 59 seconds.\n"
	"\n"
	"- *SA*: where the client's SA went.\n"
	"- *Operator*: how the switch ended, as logged and told by vici; – if "
	"there was none.\n"
	"- *Lost*: ESP packets, both ways.\n"
	"- *Agreed*: milliseconds from the beginning of the switch (or the fault) "
	"until both ends\n"
	"  agree on their addresses for good.\n"
	"- *Played*: what else happens was begun so many times up to 40 ms before "
	"and after the\n"
	"  switch, at different speeds, or with different random numbers. The "
	"figures are the\n"
	"  worst.\n";

/**
 * Write a row.
 */
static bool print_row(FILE *out, fault_t *fault)
{
	result_t sum = {};
	char lost[16] = "–", ms[16] = "–";
	u_int i, variants;

	variants = !fault->meet->what ? max(1, fault->variants) :
				fault->quick ? OFFSETS : MEETINGS;
	for (i = 0; i < variants; i++)
	{
		play_apart(fault, i, &sum);
	}
	if (!fault->ends)
	{
		snprintf(ms, sizeof(ms), "%u", sum.ms);
	}
	if (!fault->ends && !fault->idle)
	{
		snprintf(lost, sizeof(lost), "%u", sum.lost);
	}
	fprintf(out, "| %s | %s | %s | %s | %s | %u |\n", fault->name, sum.sa,
			sum.outcome, lost, ms, variants);
	fflush(out);
	return !sum.bad;
}

/**
 * Write all of it.
 */
static bool print_matrix(FILE *out)
{
	fault_t *fault;
	bool good = TRUE;

	fprintf(out, intro, atoi(VERSION));
	for (fault = matrix_faults; fault->name; fault++)
	{
		if (fault->group)
		{
			fprintf(out, "\n## %s\n\n"
					"| Fault | SA | Operator | Lost | Agreed | Played |\n"
					"|---|---|---|--:|--:|--:|\n", fault->group);
		}
		fflush(out);
		good = print_row(out, fault) && good;
	}
	return good;
}

/**
 * Does a file say the same?
 */
static bool check_file(char *file, char *text)
{
	chunk_t *map;
	char *old;
	bool same;

	map = chunk_map(file, FALSE);
	if (!map)
	{
		fprintf(stderr, "%s can't be read\n", file);
		return FALSE;
	}
	old = strndup((char*)map->ptr, map->len);
	same = streq(old, text);
	if (!same)
	{
		fprintf(stderr, "%s is out of date, matrix now says:\n%s", file, text);
	}
	free(old);
	chunk_unmap(map);
	return same;
}

int main(int argc, char *argv[])
{
	char *file = getenv("FAULT_MATRIX"), *text = NULL;
	size_t len;
	FILE *out;
	bool good;

	if (argc > 1)
	{
		if (argc != 3 || !streq(argv[1], "--check"))
		{
			fprintf(stderr, "usage: %s [--check FILE]\n", argv[0]);
			return EXIT_FAILURE;
		}
		file = argv[2];
	}
	if (!file)
	{
		return print_matrix(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	out = open_memstream(&text, &len);
	good = print_matrix(out);
	fclose(out);
	good = check_file(file, text) && good;
	free(text);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
