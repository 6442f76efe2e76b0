/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * mcload: a load for memcached in which every answer is checked, and the times of the answers.
 *
 *	mcload [--connections N] [--requests N | --seconds S] [--keys N] [--value BYTES] [--churn N] [--seed N] ADDRESS PORT
 *
 * One thread, one epoll, N connections. Each connection has one request under way: get, set, delete or incr of one of
 * its own keys (mcmodel.h says what must come back, to the byte). With --churn a connection is given up after that
 * many requests, every second time by a reset, and opened again; its keys stay what they were. Prints lines "name value":
 *
 *	requests, seconds, rate (per second), p50_us, p99_us, p999_us, max_us, hits
 *
 *   connect --> ask --(all sent)--> answer --(all came)--> ask ... --(no more to do)--> closed
 *
 * Status 1 and one line with what was wrong: an answer other than the model's, a connection that ended, no answer for a minute.
 */
#define _GNU_SOURCE
#include "histogram.h"
#include "mcmodel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 64, PATIENCE_MS = 60000 };

static struct {
	long connections, requests, seconds, keys, value, churn, seed;
	struct sockaddr_in server;
} set = { 50, 100000, 0, 24, 1000, 0, 1, { .sin_family = AF_INET } };

struct connection {
	int fd;
	struct mc_model model;
	struct mc_message ask, answer;
	size_t sent, came;
	long done;			/* requests since it was opened */
	unsigned opened;
	uint64_t began;
};

static struct histogram times;
static long started, finished, hits;
static uint64_t deadline;
static int poller;

__attribute__((format(printf, 1, 2), noreturn))
static void fail(const char *format, ...)
{
	__builtin_va_list list;

	fprintf(stderr, "mcload: ");
	__builtin_va_start(list, format);
	vfprintf(stderr, format, list);
	__builtin_va_end(list);
	fprintf(stderr, " (after %ld requests)\n", finished);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* ---- a connection */

static void watch(struct connection *c, int how, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = c };

	if (epoll_ctl(poller, how, c->fd, &event))
		fail("epoll_ctl: %s", strerror(errno));
}

static void connection_open(struct connection *c)
{
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0)
		fail("socket: %s", strerror(errno));
	if (connect(c->fd, (struct sockaddr *)&set.server, sizeof(set.server)))
		fail("connection %u: connect: %s", c->model.number, strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->done = 0;
	c->opened++;
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void connection_close(struct connection *c)
{
	struct linger reset = { 1, 0 };

	if (set.churn && c->opened % 2 == 0)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(c->fd);
	c->fd = -1;
}

static void connection_send(struct connection *c)
{
	while (c->sent < c->ask.size) {
		ssize_t n = send(c->fd, c->ask.bytes + c->sent, c->ask.size - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			watch(c, EPOLL_CTL_MOD, EPOLLOUT);
			return;
		}
		if (n <= 0)
			fail("connection %u: send: %s", c->model.number, strerror(errno));
		c->sent += n;
	}
}

static bool all_started(void)
{
	return deadline ? now() >= deadline : started >= set.requests;
}

/* The next request, or the end of the connection. */
static void connection_ask(struct connection *c)
{
	if (all_started()) {
		connection_close(c);
		return;
	}
	if (set.churn && c->done == set.churn) {
		connection_close(c);
		connection_open(c);
	}
	started++;
	mc_request(&c->model, &c->ask, &c->answer);
	c->sent = c->came = 0;
	c->began = now();
	connection_send(c);
}

static void check(const struct connection *c, const char *bytes, size_t size)
{
	const char *wanted = c->answer.bytes + c->came;

	if (size <= c->answer.size - c->came && !memcmp(bytes, wanted, size))
		return;
	fail("connection %u: wrong answer to '%.*s': '%.*s', wanted '%.*s'", c->model.number, (int)strcspn(c->ask.bytes, "\r"),
	     c->ask.bytes, (int)(size < 60 ? size : 60), bytes, (int)(c->answer.size < 60 ? c->answer.size : 60), c->answer.bytes);
}

static void connection_receive(struct connection *c)
{
	static char bytes[MC_BYTES];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		fail("connection %u: %s", c->model.number, n ? strerror(errno) : "ended by the server");
	check(c, bytes, n);
	c->came += n;
	if (c->came < c->answer.size)
		return;
	histogram_add(&times, now() - c->began);
	hits += c->answer.bytes[0] == 'V';
	finished++;
	c->done++;
	connection_ask(c);
}

/* ---- all of them */

static struct connection *connections_new(void)
{
	struct connection *all = calloc(set.connections, sizeof(*all));

	for (long i = 0; all && i < set.connections; i++) {
		struct mc_model *m = &all[i].model;
		*m = (struct mc_model){ .random = 0x9e3779b97f4a7c15ull * (set.seed * 100003 + i + 1), .space = set.seed,
					.number = i, .keys = set.keys, .value_max = set.value };
		m->held = calloc(set.keys, sizeof(*m->held));
		if (!m->held)
			fail("no memory");
		connection_open(&all[i]);
	}
	if (!all)
		fail("no memory");
	return all;
}

static void serve(struct epoll_event *event)
{
	struct connection *c = event->data.ptr;

	if (event->events & EPOLLOUT) {
		watch(c, EPOLL_CTL_MOD, EPOLLIN);
		connection_send(c);
	} else {
		connection_receive(c);
	}
}

static void run(struct connection *all)
{
	struct epoll_event events[EVENTS];

	for (long i = 0; i < set.connections; i++)
		connection_ask(&all[i]);
	while (finished < started) {
		int n = epoll_wait(poller, events, EVENTS, PATIENCE_MS);
		if (n == 0)
			fail("no answer for %d s on %ld connections", PATIENCE_MS / 1000, started - finished);
		for (int i = 0; i < n; i++)
			serve(&events[i]);
	}
}

static void report(double seconds)
{
	printf("requests %ld\nseconds %.3f\nrate %.0f\nhits %ld\n", finished, seconds, finished / seconds, hits);
	printf("p50_us %.1f\np99_us %.1f\np999_us %.1f\nmax_us %.1f\n", histogram_quantile(&times, 0.5) / 1e3,
	       histogram_quantile(&times, 0.99) / 1e3, histogram_quantile(&times, 0.999) / 1e3, times.max / 1e3);
}

static void usage(void)
{
	fprintf(stderr, "usage: mcload [--connections N] [--requests N | --seconds S] [--keys N] [--value BYTES] [--churn N] "
		"[--seed N] ADDRESS PORT\n");
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = {
		{ "connections", 1, NULL, 0 }, { "requests", 1, NULL, 0 }, { "seconds", 1, NULL, 0 }, { "keys", 1, NULL, 0 },
		{ "value", 1, NULL, 0 }, { "churn", 1, NULL, 0 }, { "seed", 1, NULL, 0 }, { NULL, 0, NULL, 0 },
	};
	long *const values[] = { &set.connections, &set.requests, &set.seconds, &set.keys, &set.value, &set.churn, &set.seed };
	int which = 0, got;

	while ((got = getopt_long(argc, argv, "", names, &which)) == 0)
		*values[which] = atol(optarg);
	if (got != -1 || argc - optind != 2 || !inet_aton(argv[optind], &set.server.sin_addr))
		usage();
	set.server.sin_port = htons(atoi(argv[optind + 1]));
	if (set.connections < 1 || set.keys < 4 || set.value < 1 || set.value > MC_VALUE_MAX || set.seed < 0)
		usage();
}

int main(int argc, char **argv)
{
	struct connection *all;
	uint64_t start;

	parse(argc, argv);
	poller = epoll_create1(0);
	if (poller < 0)
		fail("epoll_create1: %s", strerror(errno));
	all = connections_new();
	start = now();
	deadline = set.seconds ? start + set.seconds * 1000000000ull : 0;
	run(all);
	report((now() - start) / 1e9);
	return 0;
}
