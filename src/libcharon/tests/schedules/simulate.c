/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Lets chance decide what happens: weather, switches, rekeyings, clients that
 * move, NATs that forget. In the end the sky clears, and both ends have to
 * agree on all they have, or to have nothing. In half of the stories two of
 * the responder's addresses are away for a minute, then two others; there
 * nobody may die, since one is always left. A seed always tells the same story.
 *
 *   simulate [-n SCHEDULES] [-s FIRST_SEED] [-v] [-0]
 *
 * With -v all of the story is told, with -0 it is about charon without us.
 */

#include "simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/** How long it rains, in seconds */
#define RAIN 120

/** Exit codes of a schedule */
enum {
	ALIVE,
	DEAD,
	/** alive, but suffering from what charon does on its own */
	ODD,
	FAILED_SCHEDULE,
};

/*
 * Described in header
 */
char *addresses[] = { OLD, NEW, NEWER };

/** Switches that were started */
static u_int started;

/** Loss in percent */
static u_int loss;

/** Are SAs rekeyed and deleted, does the client move, does the responder lose
 * addresses? */
static bool rekeyed, restless, flapping;

/** Address that the responder does not have at the moment */
static char *lost;

/** Is one address always left, and for a minute the only one? */
static bool drought;

/** Is the initiator without the plugin, and led by MOBIKE? */
static bool led;

/** Does the initiator ask by itself whether the responder is alive? */
static bool silent;

/** Number of addresses the initiator had */
static u_int roamed;

/** What else can spoil it: addresses that were blocked, NATs that forgot */
static bool spoiled;

/** Tell the story? */
static bool verbose;

/** Leave out the plugin, to see what charon does without? */
static bool stock;

static uint64_t seed;

/*
 * Described in header
 */
void world_failed(const char *file, int line, const char *why)
{
	fprintf(stderr, "seed %llu, loss %u %%: %s:%d: %s\n",
			(unsigned long long)seed, loss, file, line, why);
	_exit(FAILED_SCHEDULE);
}

/**
 * Pick one.
 */
static char *any_address()
{
	return addresses[world_random(countof(addresses))];
}

/**
 * The initiator gets another address, and loses the one it has.
 */
static void roam_initiator()
{
	static char next[32], last[32] = INSIDE;

	snprintf(next, sizeof(next), "10.0.0.%u", 11 + roamed++);
	world_add_address(INITIATOR, next);
	world_del_address(INITIATOR, last);
	world_del_address(INITIATOR, CLIENT);
	strcpy(last, next);
	world_roam(INITIATOR);
}

/**
 * An address of the responder is unreachable for some seconds.
 */
static void unblock(void *address)
{
	world_unblock(address);
}

static void block_for_a_while()
{
	char *address = any_address();

	spoiled = TRUE;
	world_block(address);
	world_later(world_random(10000), unblock, address);
}

/**
 * The responder loses an address, maybe only for a moment.
 */
static void regain(void *address)
{
	world_add_address(RESPONDER, address);
	world_roam(RESPONDER);
	lost = NULL;
}

static void flap_responder()
{
	if (!lost)
	{
		lost = any_address();
		world_del_address(RESPONDER, lost);
		world_roam(RESPONDER);
		world_later(world_random(10000), regain, lost);
	}
}

/**
 * An end looks at its addresses, those of the responder may change with it.
 */
static void roam(side_t side)
{
	if (flapping)
	{
		flap_responder();
	}
	else
	{
		world_roam(side);
	}
}

/**
 * The initiator asks by itself, as long as the weather lasts.
 */
static void ask(void *count)
{
	uintptr_t left = (uintptr_t)count;

	world_call(INITIATOR, send_dpd);
	if (left)
	{
		world_later(20000, ask, (void*)(left - 1));
	}
}

/**
 * Something happens.
 */
static void happen(void *null)
{
	side_t side = world_random(2);
	char *address;

	switch (world_random(rekeyed ? 16 : 13))
	{
		case 0:
		case 1:
		case 2:
		case 3:
		case 4:
			address = any_address();
			started += stock ? 0 : led ? world_move(address, "mobike", FALSE)
									   : world_switch(address);
			break;
		case 5:
			if (restless)
			{
				roam_initiator();
			}
			break;
		case 6:
			if (!drought)
			{
				block_for_a_while();
			}
			break;
		case 7:
			if (!drought)
			{
				spoiled = TRUE;
				world_nat_reboot();
			}
			break;
		case 8:
			roam(side);
			break;
		case 9:
			/* a responder would establish the IKE_SA again for it */
			world_create_child(INITIATOR);
			break;
		default:
			if (side == RESPONDER || !silent)
			{
				world_call(side, send_dpd);
			}
			break;
		case 13:
			world_call(side, rekey);
			break;
		case 14:
			world_rekey_child(side);
			break;
		case 15:
			world_delete_child(side);
			break;
	}
}

/**
 * Make a world of any kind.
 */
static void make_world(char *settings, size_t len)
{
	static char *replies[] = { "new", "request" };
	static char *checks[] = { "unannounced", "always" };
	unsigned int bits = seed * 2654435761u >> 7;

	snprintf(settings, len, "plugins { rmobike { reply_path = %s\n"
			 "path_check = %s\n path_timeout = %u\n max_switches = %u } }",
			 replies[bits & 1], checks[bits >> 1 & 1], 1 + (bits >> 2 & 7),
			 bits & 1 << 14 ? 5 : 0);
	rekeyed = bits >> 5 & 1;
	restless = bits >> 13 & 1;
	drought = bits >> 16 & 1;
	flapping = !drought && bits >> 15 & 1;
	silent = drought && bits >> 15 & 1;
	led = !stock && seed % 8 == 5;
	world_establish(.nat = !led && bits >> 6 & 1, .stock_initiator = led,
					.userland_esp = rekeyed && (bits >> 11 & 1),
					.new_kernel = bits >> 16 & 1,
					.busy = bits >> 7 & 3, .job_jitter = bits >> 9 & 3,
					.stock = stock, .seed = seed, .settings = settings);
	world_delay(INITIATOR, 1 + world_random(100));
	world_delay(RESPONDER, 1 + world_random(100));
	loss = bits >> 12 & 1 ? world_random(drought ? 6 : 51) : 0;
	world_weather(loss, world_random(30), world_random(200));
}

/**
 * Is the other end alive?
 */
static status_t check_liveness(ike_sa_t *ike_sa)
{
	return ike_sa->send_dpd(ike_sa);
}

/**
 * Delete without waiting for the other end, which does the same.
 */
static status_t delete(ike_sa_t *ike_sa)
{
	return ike_sa->delete(ike_sa, TRUE);
}

/**
 * The sky clears: let both ends find out what is left.
 */
static void settle()
{
	int i;

	world_weather(0, 0, 0);
	world_run(20000);
	for (i = 0; i < 3; i++)
	{
		world_each(INITIATOR, check_liveness);
		world_each(RESPONDER, check_liveness);
		world_run(200000);
	}
}

/**
 * Check that both ends agree, as far as they can be expected to.
 */
static int check_alive()
{
	bool lossy = loss || spoiled;
	const char *why;

	why = world_disagreement();
	if (why)
	{
		/* rekeyings and deletions that meet on such paths do that to charon
		 * even without us, see -0 */
		if (rekeyed && (streq(why, "ESP: different numbers of CHILD_SAs") ||
						(lossy && (strpfx(why, "ESP: ") ||
								   strpfx(why, "only one end")))))
		{
			return ODD;
		}
		/* so do its updates, which it sends on all paths if a client moves
		 * again, or if the responder sends a list of addresses meanwhile */
		if (lossy && restless)
		{
			return ODD;
		}
		world_dump();
		world_failed(__FILE__, __LINE__, why);
	}
	world_require(!world_tasks());
	return ALIVE;
}

/**
 * Let it all happen.
 */
static void rain()
{
	int i, count, seconds = drought ? DROUGHTS * DROUGHT : RAIN;

	count = 5 + world_random(40);
	for (i = 0; i < count; i++)
	{
		world_later(world_random(seconds * 1000), happen, NULL);
	}
	if (drought)
	{
		drought_forecast();
	}
	if (drought && !silent)
	{
		world_later(20000, ask, (void*)(uintptr_t)(seconds / 20));
	}
	world_run(seconds * 1000);
	drought_end();
}

/**
 * Play a schedule.
 */
static int play()
{
	int result = DEAD;
	char settings[256];

	make_world(settings, sizeof(settings));
	rain();
	settle();

	/* there are more if some started by themselves */
	world_require(stock || world_outcomes() == started ||
				((flapping || drought) && world_outcomes() > started));
	if (world_id(INITIATOR) || world_id(RESPONDER))
	{
		result = check_alive();
		world_each(INITIATOR, delete);
		world_each(RESPONDER, delete);
		world_run(10000);
	}
	assert_gone();
	/* on a path without loss nothing is to die, nor if one is always left; an
	 * initiator that moves while its own request waits for an answer is lost
	 * with stock charon as well */
	world_require(result != DEAD || roamed ||
				  (drought ? stock || led : loss || spoiled));
	if (verbose)
	{
		world_dump();
	}
	world_destroy();
	return result;
}

/**
 * Play a schedule in a process of its own.
 */
static int play_apart()
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
	{
		alarm(60);
		exit(play());
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status))
	{
		return WEXITSTATUS(status);
	}
	fprintf(stderr, "seed %llu: killed by signal %d\n",
			(unsigned long long)seed, WTERMSIG(status));
	return FAILED_SCHEDULE;
}

int main(int argc, char *argv[])
{
	u_int count = 200, results[FAILED_SCHEDULE + 1] = {}, i;
	int option, result;

	seed = 1;
	while ((option = getopt(argc, argv, "n:s:v0")) != -1)
	{
		switch (option)
		{
			case 'n':
				count = atoi(optarg);
				break;
			case 's':
				seed = atoi(optarg);
				break;
			case 'v':
				verbose = TRUE;
				break;
			case '0':
				stock = TRUE;
				break;
			default:
				fprintf(stderr, "usage: %s [-n schedules] [-s seed] [-v] "
						"[-0]\n", argv[0]);
				return EXIT_FAILURE;
		}
	}
	for (i = 0; i < count; i++, seed++)
	{
		result = play_apart();
		results[min(result, FAILED_SCHEDULE)]++;
	}
	printf("%u schedules played: %u IKE_SAs survived, %u are odd, %u died, "
		   "%u failed\n", count, results[ALIVE], results[ODD], results[DEAD],
		   results[FAILED_SCHEDULE]);
	return results[FAILED_SCHEDULE] ? EXIT_FAILURE : EXIT_SUCCESS;
}
