/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * netping ROUNDS [IDLE]: nanoseconds for one request of 64 bytes and its answer over loopback, between two processes, by
 * blocking calls; with IDLE other connections open that say nothing. Under --icount, a nanosecond is an instruction.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE 64

static struct sockaddr_in name = { .sin_family = AF_INET };
static socklen_t len = sizeof(name);
static char buf[SIZE];

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static int connection(int listener, int *other)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	need(connect(fd, (struct sockaddr *)&name, len) == 0, "connect");
	*other = accept(listener, NULL, NULL);
	need(*other >= 0, "accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(*other, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void serve(int fd)
{
	while (recv(fd, buf, SIZE, MSG_WAITALL) == SIZE)
		need(send(fd, buf, SIZE, 0) == SIZE, "send");
	_exit(0);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1000, idle = argc > 2 ? atol(argv[2]) : 0;
	int listener = socket(AF_INET, SOCK_STREAM, 0), a, b;
	struct timespec from, to;

	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 8192, 8192 });
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(bind(listener, (struct sockaddr *)&name, len) == 0 && listen(listener, 128) == 0, "listen");
	getsockname(listener, (struct sockaddr *)&name, &len);
	for (long i = 0; i < idle; i++)
		connection(listener, &b);
	a = connection(listener, &b);
	if (fork() == 0) {
		close(a);
		serve(b);
	}
	close(b);
	for (long i = -rounds / 10 - 1; i < rounds; i++) {
		if (i == 0)
			clock_gettime(CLOCK_MONOTONIC, &from);
		need(send(a, buf, SIZE, 0) == SIZE && recv(a, buf, SIZE, MSG_WAITALL) == SIZE, "round");
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%ld ns a round\n", ((to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec) / rounds);
	return 0;
}
