/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * netload: many connections over loopback, much data, every byte checked. Passes on Linux.
 *
 *	netload bulk MEGABYTES        one connection, both directions at once
 *	netload many CONNECTIONS      all open at once; each asks several times and checks its answers
 *	netload churn CONNECTIONS     one after the other in each of four processes: ended by us, by them, by reset
 *	netload refused ADDRESS       asks a port of another machine that nobody has there
 *
 * A server forks per test; processes, not threads, so that cores and descriptor tables differ.
 */
#include "inet.h"

#include <sys/resource.h>

#define ROOM 65536

static unsigned char pattern(size_t at, unsigned seed) { return (at * 2654435761u >> 13) + (at >> 8) + seed; }

static void fill(unsigned char *buf, size_t n, size_t at, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = pattern(at + i, seed);
}

static bool matches(const unsigned char *buf, size_t n, size_t at, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		if (buf[i] != pattern(at + i, seed))
			return false;
	return true;
}

/* ---- bulk */

static bool send_all(int fd, size_t total, unsigned seed)
{
	static unsigned char buf[ROOM];

	for (size_t at = 0; at < total;) {
		size_t n = total - at < ROOM ? total - at : ROOM - at % 777;

		fill(buf, n, at, seed);
		for (size_t done = 0; done < n;) {
			ssize_t r = send(fd, buf + done, n - done, MSG_NOSIGNAL);

			if (r <= 0)
				return false;
			done += r;
		}
		at += n;
	}
	return shutdown(fd, SHUT_WR) == 0;
}

static bool receive_all(int fd, size_t total, unsigned seed)
{
	static unsigned char buf[ROOM];
	size_t at = 0;
	ssize_t n;

	while ((n = recv(fd, buf, ROOM - at % 555, 0)) > 0) {
		if (!matches(buf, n, at, seed))
			return false;
		at += n;
	}
	return n == 0 && at == total;
}

static void bulk(size_t megabytes)
{
	size_t total = megabytes << 20;
	int end[2];
	pid_t child[3];

	tcp_pair(end);
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(i == 0 ? !send_all(end[0], total, 1) : i == 1 ? !send_all(end[1], total, 2)
						: !receive_all(end[0], total, 2));
	}
	CHECK(receive_all(end[1], total, 1));
	for (int i = 0; i < 3; i++)
		IS(0, tap_wait(child[i]));
	close_pair(end);
}

/* ---- many: a server that echoes by poll */

static int serve_one(int fd)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n <= 0)
		return -1;
	return send(fd, buf, n, MSG_NOSIGNAL) == n ? 0 : -1;
}

static void serve(int l)
{
	static struct pollfd p[4096];
	int n = 1;

	p[0] = (struct pollfd){ .fd = l, .events = POLLIN };
	for (;;) {
		if (poll(p, n, -1) < 0)
			_exit(1);
		for (int i = n - 1; i > 0; i--)
			if (p[i].revents && serve_one(p[i].fd)) {
				close(p[i].fd);
				p[i] = p[--n];
			}
		if (p[0].revents && n < 4096)
			p[n++] = (struct pollfd){ .fd = accept(l, NULL, NULL), .events = POLLIN };
	}
}

static pid_t server(int l)
{
	pid_t pid = fork();

	if (!pid)
		serve(l);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	tap_wait(pid);
}

static size_t question(unsigned char buf[300], unsigned seed, unsigned round)
{
	size_t n = 1 + (seed * 7 + round * 31) % 300;

	fill(buf, n, round, seed);
	return n;
}

static int ask(int fd, unsigned seed, unsigned round)
{
	unsigned char buf[300];
	size_t n = question(buf, seed, round);

	return send(fd, buf, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

static int answered(int fd, unsigned seed, unsigned round)
{
	unsigned char buf[300], back[300];
	size_t n = question(buf, seed, round);

	return recv(fd, back, n, MSG_WAITALL) == (ssize_t)n && !memcmp(buf, back, n) ? 0 : -1;
}

static void many(int count)
{
	struct rlimit limit = { 4096, 4096 };
	int l, *fd = calloc(count, sizeof(*fd)), wrong = 0;
	pid_t pid;

	setrlimit(RLIMIT_NOFILE, &limit);
	l = listener(1024);
	pid = server(l);
	for (int i = 0; i < count; i++)
		fd[i] = connect_to(port_of(l));
	for (unsigned round = 0; round < 3; round++) {
		for (int i = 0; i < count; i++)
			wrong += ask(fd[i], i, round) != 0;
		for (int i = 0; i < count; i++)
			wrong += answered(fd[i], i, round) != 0;
	}
	IS(0, wrong);
	for (int i = 0; i < count; i++)
		close(fd[i]);
	stop(pid);
	close(l);
}

/* ---- churn */

static int once(int port, unsigned number)
{
	int fd = connect_to(port), bad = fd < 0 || ask(fd, number, 0) || answered(fd, number, 0);
	char byte;

	if (number % 4 == 0)
		linger_none(fd);
	if (number % 4 == 1) {
		shutdown(fd, SHUT_WR);          /* they end first what we end here */
		bad |= recv(fd, &byte, 1, 0) != 0;
	}
	close(fd);
	return bad;
}

static void churn(int count)
{
	int l = listener(128), wrong = 0;
	pid_t pid = server(l), child[4];

	for (int c = 0; c < 4; c++) {
		child[c] = fork();
		if (child[c])
			continue;
		for (int i = 0; i < count; i++)
			if (once(port_of(l), i))
				_exit(1);
		_exit(0);
	}
	for (int c = 0; c < 4; c++)
		wrong += tap_wait(child[c]) != 0;
	IS(0, wrong);
	stop(pid);
	close(l);
}

/* ---- refused */

/* The other machine says so by a reset (TCP) or an ICMP message (UDP). */
static void refused(const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = inet_addr(address) };
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	char byte;

	FAILS(ECONNREFUSED, connect(tcp, NAME(to)));
	GOOD(connect(udp, NAME(to)));
	IS(1, send(udp, "?", 1, 0));
	CHECK(ready(udp, POLLIN, PATIENCE) & POLLERR);
	FAILS(ECONNREFUSED, recv(udp, &byte, 1, MSG_DONTWAIT));
	FAILS(EAGAIN, recv(udp, &byte, 1, MSG_DONTWAIT));
	close(tcp);
	close(udp);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (argc > 2 && !strcmp(argv[1], "bulk"))
		bulk(n);
	else if (argc > 2 && !strcmp(argv[1], "many"))
		many(n);
	else if (argc > 2 && !strcmp(argv[1], "churn"))
		churn(n);
	else if (argc > 2 && !strcmp(argv[1], "refused"))
		refused(argv[2]);
	else
		fprintf(stderr, "usage: netload bulk|many|churn NUMBER, netload refused ADDRESS\n");
	return tap_end();
}
