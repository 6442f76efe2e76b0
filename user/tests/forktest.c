/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * forktest: makes and reaps N processes, then compares the kernel's counts of frames and objects with those before.
 *
 * P workers run side by side (one a core by default), each makes its share: fork, exec of this program as "child",
 * wait, status checked. Some rounds fork without exec, some leave a grandchild to process 1, some die of a signal.
 *
 * /proc/nros/mem offers lines "name value". A warm-up of the same work comes before the baseline, so that caches
 * which fill once are not leaks. After the work the counts are read until they are back or DRAIN seconds are over:
 * those of processes, threads and what belongs to them must be the baseline's or fewer; those with caches
 * behind them (frames, slabs, stacks) may be SLACK away, whatever N was. The baseline is taken once the former stand still:
 * process 1 may be slow to reap what the warm-up left it, or to start what it starts beside a program. On a kernel
 * without that file (Linux) only the processes are checked, and the plan says what was skipped.
 *
 *	forktest [--forks N] [--workers P] [--no-exec]
 */
#include "tap.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

enum { WARM_UP = 200, SLACK = 128, DRAIN = 60, LINES = 128 };

struct counts {
	int n;
	struct { char name[32]; long value; } line[LINES];
};

static char self[256];
static bool with_exec = true;

static bool counts_read(struct counts *c)
{
	FILE *f = fopen("/proc/nros/mem", "r");

	c->n = 0;
	if (!f)
		return false;
	while (c->n < LINES && fscanf(f, "%31s %ld%*[^\n]", c->line[c->n].name, &c->line[c->n].value) == 2)
		c->n++;
	fclose(f);
	return c->n > 0;
}

/* Counts of things that exist, with no cache between: they must be back exactly. */
static bool exact(const char *name)
{
	static const char *const names[] = { "processes", "threads", "cache.processes", "cache.threads", "cache.spaces",
		"cache.fdtables", "cache.files", "cache.pipes", "cache.fs", "cache.sighands", "cache.sigentries" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* By how much a count is away from its baseline, 0 if that is nothing or within the slack of caches. */
static long off_baseline(const struct counts *before, const struct counts *now, int i)
{
	for (int k = 0; k < before->n; k++) {
		long more = now->line[i].value - before->line[k].value;

		if (strcmp(before->line[k].name, now->line[i].name))
			continue;
		if (exact(now->line[i].name))
			return more > 0 ? more : 0; /* fewer: somebody else was still on his way out */
		if (strstr(now->line[i].name, "free"))		/* fewer free is a leak */
			more = -more;
		return more > SLACK ? more : 0;
	}
	return 0;
}

static bool are_back(const struct counts *before, bool tell)
{
	struct counts now;
	bool back = true;

	counts_read(&now);
	for (int i = 0; i < now.n; i++) {
		long off = off_baseline(before, &now, i);

		if (off && tell)
			printf("# %s: now %ld, away from the baseline by %ld\n", now.line[i].name, now.line[i].value, off);
		back = back && !off;
	}
	return back;
}

static bool come_back(const struct counts *before)
{
	for (int i = 0; i < DRAIN * 10 && !are_back(before, false); i++)
		usleep(100000);
	return are_back(before, true);
}

/* Reads the counts until the exact ones stay as they are for half a second. Too early means a baseline too high, no failure. */
static bool settle(struct counts *counts)
{
	struct counts last;
	bool counted = counts_read(counts), same = false;

	for (int i = 0; counted && i < DRAIN && !same; i++) {
		last = *counts;
		usleep(500000);
		counts_read(counts);
		same = last.n == counts->n;
		for (int k = 0; same && k < last.n; k++)
			same = !exact(last.line[k].name) || last.line[k].value == counts->line[k].value;
	}
	return counted;
}

/* One process; returns whether it ended as it should. */
static bool one(int round)
{
	static char *const args[] = { "child", NULL }, *const env[] = { NULL };
	int kind = round % 16, status;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid == 0) {
		if (kind == 3)
			_exit(7);
		if (kind == 7)
			raise(SIGKILL);
		if (kind == 11 && fork() == 0)	/* the grandchild is process 1's to reap */
			_exit(0);
		if (kind == 11 || !with_exec)
			_exit(42);
		execve(self, args, env);
		_exit(99);
	}
	status = tap_wait(pid);
	if (kind == 3)
		return WIFEXITED(status) && WEXITSTATUS(status) == 7;
	if (kind == 7)
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

/* `total` processes made by `workers` processes at once; returns the number of workers that failed. */
static int work(long total, int workers)
{
	int failures = 0;

	for (int w = 0; w < workers; w++) {
		pid_t pid = fork();

		if (pid < 0)
			failures++;
		if (pid == 0) {
			for (long i = w; i < total; i += workers)
				if (!one((int)(i / workers))) {
					dprintf(1, "# process %ld of worker %d: %s\n", i, w, strerror(errno));
					_exit(1);
				}
			_exit(0);
		}
	}
	for (int status; wait(&status) > 0;)
		failures += status != 0;
	return failures;
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	int workers = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
	long forks = 1000;
	struct counts before;
	bool counted;

	if (argc == 1 && strcmp(argv[0], "child") == 0)
		return 42;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--forks") && i + 1 < argc)
			forks = atol(argv[++i]);
		else if (!strcmp(argv[i], "--workers") && i + 1 < argc)
			workers = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--no-exec"))
			with_exec = false;
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 2;
	CHECK(work(WARM_UP, workers) == 0);
	counted = settle(&before);
	printf("# %ld processes by %d workers\n", forks, workers);
	fflush(stdout);
	CHECK(work(forks, workers) == 0);
	if (!counted) {
		printf("ok %d # SKIP counts: this kernel has no /proc/nros/mem\n", ++tap_count);
		fflush(stdout);
		return tap_end();
	}
	CHECK(come_back(&before));
	return tap_end();
}
