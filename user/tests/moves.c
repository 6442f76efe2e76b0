/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * moves: threads go from core to core, of their own accord, because they are sent, and because an idle core takes them.
 *
 *	moves [ROUNDS [SEED]]	(default 500)
 *
 * movers   pin themselves to one core after the other, beside some who may go anywhere (rovers) and some who sleep for a moment
 *          on each core, over and over (sleepers), so that the cores become idle all the time.
 * leavers  one wakes a rover on its core, and leaves that core while the others become idle and look for work: the rover is
 *          taken from there in the midst of it. Then nothing happens on the core that both left but that its sleeper's time
 *          comes, and the next round waits for that. (A core that had lost both asked itself for work, for ever and deaf.)
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

static int rounds = 500, cores;
static unsigned seed = 1;
static _Atomic int moving, wrong;
static _Atomic unsigned naps[CORES];
static _Atomic int asked, answered; /* rounds of the leavers */

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
	for (; moving; naps[(size_t)core]++)
		nanosleep(&(struct timespec){ 0, 20000 }, NULL);
	return NULL;
}

static pthread_t threads[MOVERS + ROVERS + CORES];
static int started;

static void start(void *(*run)(void *), int number)
{
	if (pthread_create(&threads[started++], NULL, run, (void *)(size_t)number))
		exit(2);
}

static void join_all(void)
{
	while (started)
		pthread_join(threads[--started], NULL);
}

static void test_movers(void)
{
	moving = MOVERS;
	for (int i = 0; i < MOVERS; i++)
		start(mover, i);
	for (int i = 0; i < ROVERS; i++)
		start(rover, i);
	for (int i = 0; i < cores; i++)
		start(sleeper, i);
	join_all();
	CHECK(wrong == 0);
}

static void futex(_Atomic int *word, int op, int value)
{
	syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static int core_of_round(int round)
{
	return round % cores;
}

/* On the core where it will be woken, but free to go. */
static void *left_behind(void *unused)
{
	cpu_set_t all;

	CPU_ZERO(&all);
	for (int i = 0; i < cores; i++)
		CPU_SET(i, &all);
	for (int round = 0; round < rounds; round++) {
		pin(0, core_of_round(round));
		sched_setaffinity(0, sizeof(all), &all);
		answered = round;
		while (asked == round)
			futex(&asked, 0, round); /* FUTEX_WAIT */
	}
	return unused;
}

static void *leaver(void *unused)
{
	for (int round = 0; round < rounds; round++) {
		int core = core_of_round(round);
		unsigned before;

		pin(0, core);
		while (answered < round)
			nanosleep(&(struct timespec){ 0, 1000 }, NULL);
		before = naps[core];
		asked = round + 1;
		futex(&asked, 1, 1); /* FUTEX_WAKE */
		pin(0, core_of_round(round + 1));
		while (naps[core] - before < 3)
			nanosleep(&(struct timespec){ 0, 1000 }, NULL);
	}
	moving = 0;
	return unused;
}

static void test_leavers(void)
{
	moving = 1;
	start(left_behind, 0);
	start(leaver, 0);
	for (int i = 0; i < cores; i++)
		start(sleeper, i);
	join_all();
	CHECK(answered == rounds - 1);
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
	test_leavers();
	test_sent();
	return tap_end();
}
