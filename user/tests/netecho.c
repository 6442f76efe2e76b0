/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * netecho PORT PROCESSES: what comes in goes out again. Each process accepts on the one listener and serves its
 * connections by poll, without blocking: bytes, half-closed connections, resets. The connection whose first byte is 'q'
 * ends the program.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS 1000
#define ROOM 65536

struct connection { size_t from, to; int begun, ended; char bytes[ROOM]; };

static struct pollfd fds[CONNECTIONS + 1];
static struct connection *at[CONNECTIONS + 1];
static int count = 1;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_on(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) || listen(fd, 128))
		fail("listen");
	return fd;
}

static void drop(int i)
{
	close(fds[i].fd);
	free(at[i]);
	count--;
	fds[i] = fds[count];
	at[i] = at[count];
}

static void accept_all(int listener)
{
	int one = 1, fd;

	while (count <= CONNECTIONS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		fds[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
		at[count] = calloc(1, sizeof(struct connection));
		count++;
	}
}

/* 0: the connection goes on. */
static int serve(struct pollfd *p, struct connection *c)
{
	ssize_t n = 0;

	if (!c->ended && c->to < ROOM && (p->revents & (POLLIN | POLLHUP | POLLERR))) {
		n = read(p->fd, c->bytes + c->to, ROOM - c->to);
		if (n > 0 && c->bytes[0] == 'q' && !c->begun)
			kill(getppid(), SIGTERM);
		c->begun = 1;
		if (n < 0 && errno != EAGAIN)
			return -1;
		c->to += n > 0 ? n : 0;
		c->ended = n == 0;
	}
	if (c->from < c->to) {
		n = write(p->fd, c->bytes + c->from, c->to - c->from);
		if (n < 0 && errno != EAGAIN)
			return -1;
		c->from += n > 0 ? n : 0;
	}
	if (c->from == c->to)
		c->from = c->to = 0;
	if (c->ended && !c->to)
		return -1;
	p->events = (c->to < ROOM && !c->ended ? POLLIN : 0) | (c->to ? POLLOUT : 0);
	return 0;
}

static void serve_for_ever(int listener)
{
	fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	for (;;) {
		if (poll(fds, count, -1) < 0)
			fail("poll");
		for (int i = count - 1; i > 0; i--)
			if (fds[i].revents && serve(&fds[i], at[i]))
				drop(i);
		if (fds[0].revents)
			accept_all(listener);
	}
}

static void stop(int signal)
{
	(void)signal;
	_exit(0);
}

int main(int argc, char **argv)
{
	int listener = listen_on(argc > 1 ? atoi(argv[1]) : 7), processes = argc > 2 ? atoi(argv[2]) : 1;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, stop);
	for (int i = 0; i < processes; i++)
		if (fork() == 0) {
			signal(SIGTERM, SIG_DFL);
			serve_for_ever(listener);
		}
	printf("serving\n");
	fflush(stdout);
	while (wait(NULL) > 0)
		;
	return 1;
}
