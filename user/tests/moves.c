/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * moves: threads go from core to core, of their own accord, because they are sent, and because an idle core takes them.
 *
 *	moves [ROUNDS [SEED]]	moves of each mover, and times that a thread is sent (default 2000)
 *
 * movers   pin themselves to one core after the other. Beside each there is mostly somebody who waits and may go anywhere
 *          (rovers), and the other cores mostly just become idle (sleepers): so while one thread leaves a core, another is taken
 *          from it. Once, a core that so lost the last of both asked itself for work for ever.
 * sent     a thread that never calls the kernel is sent about by another, several times before it can have arrived. In the
 *          end it is where it was last sent, and goes on.
 *
 * Nothing is measured: what stands still ends with the machine's time.
 */
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

enum { MOVERS = 2, ROVERS = 2, CORES = 64 };

static int rounds = 2000, cores;
static unsigned seed = 1;
static _Atomic int moving, wrong;

static unsigned draw(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 16;
}

static int pin(pid_t who, int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setaffinity(who, sizeof(set), &set);
}

static void compute(unsigned steps)
{
	for (volatile unsigned i = 0; i < steps; i++)
		;
}

static void *mover(void *number)
{
	unsigned state = seed + (unsigned)(size_t)number;

	for (int i = 0; i < rounds; i++) {
		int core = (int)(draw(&state) % (unsigned)cores);

		if (pin(0, core) || sched_getcpu() != core)
			wrong++;
		compute(draw(&state) % 2048);
	}
	moving--;
	return NULL;
}

static void *rover(void *number)
{
	unsigned state = seed + 100 + (unsigned)(size_t)number;

	while (moving) {
		compute(draw(&state) % 4096);
		if (draw(&state) % 4 == 0)
			nanosleep(&(struct timespec){ 0, draw(&state) % 50000 }, NULL);
	}
	return NULL;
}

static void *sleeper(void *core)
{
	pin(0, (int)(size_t)core);
	while (moving)
		nanosleep(&(struct timespec){ 0, 20000 }, NULL);
	return NULL;
}

static void test_movers(void)
{
	pthread_t id[MOVERS + ROVERS + CORES];
	int n = 0, failed = 0;

	moving = MOVERS;
	for (; n < MOVERS + ROVERS; n++)
		failed |= pthread_create(&id[n], NULL, n < MOVERS ? mover : rover, (void *)(size_t)n);
	for (int core = 0; core < cores; core++)
		failed |= pthread_create(&id[n++], NULL, sleeper, (void *)(size_t)core);
	if (failed)
		exit(2);
	while (n)
		pthread_join(id[--n], NULL);
	CHECK(wrong == 0);
}

/* Field 39 of its stat; -1: there is none. */
static int core_of(pid_t pid)
{
	char path[32], text[512], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at) : -1;
}

static bool arrives(pid_t pid, int core, const _Atomic unsigned *count)
{
	unsigned before = *count;

	for (int i = 0; i < PATIENCE; i++) {
		if (core_of(pid) == core && *count != before)
			return true;
		nanosleep(&(struct timespec){ 0, i < 100 ? 1000 : 1000000 }, NULL);
	}
	return false;
}

static void test_sent(void)
{
	_Atomic unsigned *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned state = seed;
	int lost = 0;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			++*count;
	for (int i = 0; i < rounds && !lost; i++) {
		int core = 0;

		for (unsigned n = 1 + draw(&state) % 4; n; n--) {
			core = (int)(draw(&state) % (unsigned)cores);
			lost += pin(pid, core) != 0;
		}
		lost += !arrives(pid, core, count);
	}
	kill(pid, SIGKILL);
	tap_wait(pid);
	CHECK(lost == 0);
}

int main(int argc, char **argv)
{
	cpu_set_t set;

	rounds = argc > 1 ? atoi(argv[1]) : rounds;
	seed = argc > 2 ? (unsigned)atoi(argv[2]) : seed;
	cores = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
	cores = cores > CORES ? CORES : cores;
	test_movers();
	test_sent();
	return tap_end();
}
