/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * explore [OPTIONS] [SCENARIO...]: explores scenarios (all of them by default); TAP on stdout.
 *
 *   --dfs P,S        every run with at most P preemptions and S stale reads (default 2,1)
 *   --random SEED    runs with random choices from this seed on
 *   --runs N         at most N runs of each
 *   --weaken A,...   the atomic operations that return to these addresses get weaker orders:
 *                    seq_cst becomes acquire, release or both; these become relaxed. A:relaxed goes all the way
 *   --replay LIST    one run: the choices that a failure printed
 *   --stop T         instead, for the scenarios of that kind: one line for each step of thread T, with the step's address
 *                    and the set of threads that its standing there delays
 */
#include "test/nr/explore/sched.h"

#include <stdlib.h>
#include <string.h>

static struct ex_plan plan = { .mode = EX_DFS, .runs = 100000, .preempt = 2, .stale = 1 };
static const char *replay;
static u32 stop;
static struct { uintptr_t site; bool relaxed; } weak[256];
static size_t weaks;
static int count, failures;

u32 ex_weaken_of(const void *site)
{
	for (size_t i = 0; i < weaks; i++)
		if (weak[i].site == (uintptr_t)site)
			return 1 + (u32)weak[i].relaxed;
	return 0;
}

static void weaken(char *list)
{
	for (char *word = strtok(list, ","); word && weaks < ARRAY_SIZE(weak); word = strtok(NULL, ",")) {
		weak[weaks].site = strtoull(word, &word, 16);
		weak[weaks++].relaxed = strcmp(word, ":relaxed") == 0;
	}
}

static bool wanted(const struct ex_scenario *s, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], s->name) == 0)
			return true;
	return n == 0;
}

static void report(const struct ex_scenario *s, const struct ex_result *r)
{
	printf("%sok %d - %s: ", r->failed ? "not " : "", ++count, s->name);
	if (r->failed)
		printf("%s (run %lu)\n# replay: ", r->why, (unsigned long)r->runs);
	else
		printf("%s: %lu runs of up to %lu steps%s\n", s->about, (unsigned long)r->runs, (unsigned long)r->steps,
		       r->whole ? ", all there are" : "");
	if (r->failed) {
		ex_print_choices(stdout);
		printf("\n");
	}
	fflush(stdout);
	failures += r->failed;
}

/* Thread `stop` at each of its steps. */
static void suspend(const struct ex_scenario *s)
{
	plan = (struct ex_plan){ .mode = EX_STOP, .runs = 1, .stop_thread = stop };
	for (plan.stop_at = 1;; plan.stop_at++) {
		struct ex_result r = ex_explore(s, &plan);

		if (r.failed)
			report(s, &r);
		if (r.failed || !r.stop_site)
			break;
		printf("%s %u @%p %x\n", s->name, plan.stop_at, r.stop_site, r.delayed);
	}
}

static void run(const struct ex_scenario *s)
{
	struct ex_result r;

	if (stop) {
		suspend(s);
		return;
	}
	r = replay ? ex_replay(s, replay) : ex_explore(s, &plan);
	report(s, &r);
}

static bool option(const char *name, char *value)
{
	if (strcmp(name, "--dfs") == 0)
		return sscanf(value, "%u,%u", &plan.preempt, &plan.stale) == 2;
	if (strcmp(name, "--random") == 0) {
		plan.mode = EX_RANDOM;
		plan.seed = strtoull(value, NULL, 0);
	} else if (strcmp(name, "--runs") == 0) {
		plan.runs = strtoull(value, NULL, 0);
	} else if (strcmp(name, "--weaken") == 0) {
		weaken(value);
	} else if (strcmp(name, "--replay") == 0) {
		replay = value;
	} else if (strcmp(name, "--stop") == 0) {
		stop = (u32)atoi(value);
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2)
		if (!option(argv[i], argv[i + 1])) {
			fprintf(stderr, "explore: %s %s: no such option or value\n", argv[i], argv[i + 1]);
			return 2;
		}
	for (const struct ex_scenario *const *const *set = stop ? ex_stands : ex_scenarios; *set; set++)
		for (const struct ex_scenario *const *s = *set; *s; s++)
			if (wanted(*s, argv + i, argc - i))
				run(*s);
	if (!stop)
		printf("1..%d\n", count);
	return failures != 0;
}
