/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * pollstress: loses no wake-up. Tokens travel through many channels (pipes, eventfds, socket pairs), carried by threads that
 * sleep in epoll_wait and drain what it names. A lost wake-up leaves a token where nobody looks: the program then stands
 * still, which whoever runs it notices. Meanwhile another thread puts files into the same sets, takes them out and closes
 * them, ready or not.
 *
 *	own     a set per thread, edge-triggered; a token goes to any thread's channel
 *	shared  all threads wait on one set, edge-triggered, one shot: rearmed after each turn
 *	level   all threads wait on one set, level-triggered, with few places for events
 *	inner   a set per thread, edge-triggered, each of them inside an outer one that the thread waits on, level-triggered
 *	crowd   all threads' sets watch the same channels, exclusively
 *	meet    no tokens: as many files are ready as there are threads; each takes one, and all must have one before the next
 *	        turn. Who leaves events behind must tell those who fell asleep meanwhile
 *
 *	pollstress [--threads N] [--channels N] [--tokens N] [--hops N] [--seed S]
 */
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE (1u << 28)
#endif

enum { MAX_THREADS = 64, MAX_CHANNELS = 1024, STOP = 1 << 20, CHURN };
enum mode { OWN, SHARED, LEVEL, INNER, CROWD, MODES };
static const char *const mode_names[] = { "own", "shared", "level", "inner", "crowd" };

struct channel { int in, out; bool counts; uint32_t events; };

static struct channel channels[MAX_CHANNELS];
static int sets[MAX_THREADS], outer[MAX_THREADS], stop_fd;
static int threads = 4, count = 48, tokens = 24;
static long hops = 60000;
static enum mode mode;
static atomic_long hops_left, moved, alive;
static atomic_bool done;

static void die(const char *what)
{
	dprintf(1, "not ok - %s: %s\n", what, strerror(errno));
	_exit(1);
}

static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

/* ---- channels */

static void channel_make(struct channel *c, int kind)
{
	int p[2];

	c->counts = kind == 1;
	if (kind == 1) {
		c->in = c->out = eventfd(0, EFD_NONBLOCK);
		if (c->in < 0)
			die("eventfd");
		return;
	}
	if (kind == 2 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) == 0) {
		c->in = p[0];
		c->out = p[1];
		return;
	}
	if (pipe2(p, O_NONBLOCK))
		die("pipe");
	c->in = p[0];
	c->out = p[1];
}

static void channel_put(struct channel *c)
{
	uint64_t one = 1;

	if (write(c->out, &one, c->counts ? 8 : 1) <= 0)
		die("write to a channel");
}

/* All tokens that are there. */
static long channel_drain(struct channel *c)
{
	uint64_t n;
	char buf[3];
	long all = 0, got;

	if (c->counts)
		return read(c->in, &n, 8) == 8 ? (long)n : 0;
	while ((got = read(c->in, buf, sizeof(buf))) > 0)
		all += got;
	return all;
}

static void channel_close(struct channel *c)
{
	close(c->in);
	if (c->out != c->in)
		close(c->out);
}

/* ---- who carries */

static void stop_all(void)
{
	uint64_t one = 1;

	done = true;
	if (write(stop_fd, &one, 8) != 8)
		die("write to the stop");
}

static void forward(long n, uint64_t *random)
{
	moved += n;
	while (n--)
		if (atomic_fetch_sub(&hops_left, 1) > 0)
			channel_put(&channels[next(random) % (uint64_t)count]);
		else if (atomic_fetch_sub(&alive, 1) == 1)
			stop_all();
}

static void watch(int set, int op, int fd, uint32_t events, uint32_t data)
{
	struct epoll_event e = { .events = events, .data.u32 = data };

	if (epoll_ctl(set, op, fd, &e))
		die("epoll_ctl");
}

static void turn(int set, uint32_t which, uint64_t *random)
{
	long n;

	if (which >= STOP)
		return;
	n = channel_drain(&channels[which]);
	if (mode == SHARED)
		watch(set, EPOLL_CTL_MOD, channels[which].in, channels[which].events, which);
	forward(n, random);
}

static void *carrier(void *arg)
{
	int me = (int)(intptr_t)arg, set = sets[mode == SHARED || mode == LEVEL ? 0 : me];
	struct epoll_event e[8];
	uint64_t random = (uint64_t)me * 77 + mode;
	int places = mode == LEVEL ? 1 + me % 2 : 8, n;

	while (!done) {
		if (mode == INNER && epoll_wait(outer[me], e, 1, -1) < 0)
			die("epoll_wait on the outer set");
		n = epoll_wait(set, e, places, mode == INNER ? 0 : -1);
		if (n < 0)
			die("epoll_wait");
		for (int i = 0; i < n; i++)
			turn(set, e[i].data.u32, &random);
	}
	return NULL;
}

/* Files come and go in all sets, in every state of theirs. */
static void *churn(void *arg)
{
	uint64_t random = 5;
	int p[2], copy, set;

	(void)arg;
	while (!done) {
		uint64_t r = next(&random);

		set = sets[r % (uint64_t)(mode == SHARED || mode == LEVEL ? 1 : threads)];
		if (pipe2(p, O_NONBLOCK))
			die("pipe of the churn");
		if (r >> 8 & 1 && write(p[1], "x", 1) != 1)
			die("write of the churn");
		watch(set, EPOLL_CTL_ADD, p[0], EPOLLIN | (r >> 9 & 1 ? EPOLLET : 0), CHURN);
		watch(set, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, CHURN);
		copy = r >> 10 & 1 ? dup(p[0]) : -1;
		if (r >> 11 & 1)
			watch(set, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, CHURN);
		if (r >> 12 & 1)
			watch(set, EPOLL_CTL_DEL, p[0], 0, 0);
		if (r >> 13 & 1 && write(p[1], "y", 1) != 1)
			die("write of the churn");
		close(p[r >> 14 & 1]);
		close(p[~r >> 14 & 1]);
		close(copy);
	}
	return NULL;
}

/* ---- meeting */

static pthread_barrier_t meeting;

/* The event goes to a page that is not there: the kernel takes its time over handing it out, while others come. */
static void *meet(void *arg)
{
	struct epoll_event *e = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (long turns = hops / 60; turns; turns--) {
		madvise(e, 4096, MADV_DONTNEED);
		if (epoll_wait(sets[0], e, 1, -1) != 1)
			die("epoll_wait of a meeting");
		pthread_barrier_wait(&meeting);
	}
	return arg;
}

static void run_meeting(void)
{
	pthread_t t[MAX_THREADS];
	int fds[MAX_THREADS];

	sets[0] = epoll_create1(0);
	pthread_barrier_init(&meeting, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++) {
		fds[i] = eventfd(1, 0);
		watch(sets[0], EPOLL_CTL_ADD, fds[i], EPOLLIN, 0);
	}
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, meet, NULL);
	for (int i = 0; i < threads; i++) {
		pthread_join(t[i], NULL);
		close(fds[i]);
	}
	close(sets[0]);
	tap_result(true, __LINE__, "meet", "");
}

/* ---- a round */

static void watch_channel(int i)
{
	struct channel *c = &channels[i];

	c->events = EPOLLIN | (mode == LEVEL ? 0 : EPOLLET) | (mode == SHARED ? EPOLLONESHOT : 0);
	if (mode != CROWD) {
		watch(sets[mode == SHARED || mode == LEVEL ? 0 : i % threads], EPOLL_CTL_ADD, c->in, c->events, (uint32_t)i);
		return;
	}
	for (int t = 0; t < threads; t++)
		watch(sets[t], EPOLL_CTL_ADD, c->in, c->events | EPOLLEXCLUSIVE, (uint32_t)i);
}

static void round_begin(void)
{
	stop_fd = eventfd(0, 0);
	for (int t = 0; t < threads; t++) {
		sets[t] = epoll_create1(0);
		watch(sets[t], EPOLL_CTL_ADD, stop_fd, EPOLLIN, STOP);
		outer[t] = epoll_create1(0);
		watch(outer[t], EPOLL_CTL_ADD, sets[t], EPOLLIN, 0);
	}
	for (int i = 0; i < count; i++) {
		channel_make(&channels[i], i % 3);
		watch_channel(i);
	}
	hops_left = hops;
	alive = tokens;
	moved = 0;
	done = false;
}

static void round_end(void)
{
	for (int t = 0; t < threads; t++) {
		close(sets[t]);
		close(outer[t]);
	}
	for (int i = 0; i < count; i++)
		channel_close(&channels[i]);
	close(stop_fd);
}

static void run_round(uint64_t seed)
{
	pthread_t t[MAX_THREADS], other;

	round_begin();
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, carrier, (void *)(intptr_t)i);
	pthread_create(&other, NULL, churn, NULL);
	for (int i = 0; i < tokens; i++)
		channel_put(&channels[next(&seed) % (uint64_t)count]);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	pthread_join(other, NULL);
	tap_result(moved == hops + tokens, __LINE__, mode_names[mode], "tokens were lost or doubled");
	round_end();
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;

	for (int i = 1; i + 1 < argc; i += 2) {
		long v = strtol(argv[i + 1], NULL, 0);

		if (!strcmp(argv[i], "--threads") && v > 0 && v <= MAX_THREADS)
			threads = (int)v;
		else if (!strcmp(argv[i], "--channels") && v > 0 && v <= MAX_CHANNELS)
			count = (int)v;
		else if (!strcmp(argv[i], "--tokens") && v > 0 && v <= 4096)
			tokens = (int)v;
		else if (!strcmp(argv[i], "--hops") && v > 0)
			hops = v;
		else if (!strcmp(argv[i], "--seed"))
			seed = (uint64_t)v;
	}
	for (int m = 0; m < MODES; m++) {
		mode = (enum mode)m;
		run_round(seed + (uint64_t)m);
	}
	run_meeting();
	return tap_end();
}
