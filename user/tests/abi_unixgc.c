/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_unixgc: sockets that only hold each other, by files in their queues, end; those that somebody can still come by do
 * not. Each knot of sockets also holds the writing end of a pipe: it is gone when the pipe's reader sees the end. Passes on
 * Linux, where a knot may stay until some other AF_UNIX socket is closed; hence `collect`.
 */
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PEEKS 300

static int watch; /* the pipe's reading end */

static long send_files(int to, const int *fds, size_t n)
{
	union { char bytes[256]; struct cmsghdr align; } c = { .bytes = { 0 } };
	struct iovec iov = { "f", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = CMSG_SPACE(4 * n) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(4 * n);
	memcpy(CMSG_DATA(h), fds, 4 * n);
	return sendmsg(to, &m, 0);
}

/* The second of two files that came with a message, or -1. */
static int recv_file(int from, int flags)
{
	union { char bytes[256]; struct cmsghdr align; } c;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	int fds[2] = { -1, -1 };
	struct cmsghdr *h;

	if (recvmsg(from, &m, flags) == 1 && (h = CMSG_FIRSTHDR(&m)) && h->cmsg_len == CMSG_LEN(sizeof(fds)))
		memcpy(fds, CMSG_DATA(h), sizeof(fds));
	close(fds[0]);
	return fds[1];
}

static int pair(int type, int p[2]) { return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, p); }

/* A pipe to tie into a knot: its writing end. */
static int thread_of_knot(void)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		exit(2);
	watch = p[0];
	return p[1];
}

static bool ended(int ms)
{
	struct pollfd f = { .fd = watch };

	return poll(&f, 1, ms) == 1 && (f.revents & POLLHUP);
}

static void collect(void)
{
	int p[2];

	pair(SOCK_STREAM, p);
	close(p[0]);
	close(p[1]);
}

static bool collected(void)
{
	bool gone = ended(0);

	for (int i = 0; i < PATIENCE / 100 && !gone; i++) {
		collect();
		gone = ended(100);
	}
	close(watch);
	return gone;
}

static bool kept(void)
{
	for (int i = 0; i < 3; i++)
		collect();
	return !ended(50);
}

/* A ring: each socket's queue holds the next one's file. */
static void tie_ring(int type, int size, int w, int first[2])
{
	int p[2], q[2];

	pair(type, first);
	p[0] = first[0];
	p[1] = first[1];
	for (int i = 1; i < size; i++) {
		pair(type, q);
		send_files(p[0], q, 2);
		if (i > 1) {
			close(p[0]);
			close(p[1]);
		}
		p[0] = q[0];
		p[1] = q[1];
	}
	send_files(p[0], (int[]){ first[0], first[1], w }, 3);
	if (size > 1) {
		close(p[0]);
		close(p[1]);
	}
	close(w);
}

static void test_rings(int type)
{
	int p[2];

	for (int size = 1; size <= 40; size += 13) {
		tie_ring(type, size, thread_of_knot(), p);
		CHECK(kept());
		close(p[0]);
		close(p[1]);
		CHECK(collected());
	}
}

/* Who waits to be accepted is held by the listener, and holds it; that the peer lives helps neither. */
static void test_listener(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "\0abi_unixgc" };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), w = thread_of_knot();

	GOOD(bind(l, (struct sockaddr *)&at, sizeof(sa_family_t) + 11));
	GOOD(listen(l, 4));
	GOOD(connect(c, (struct sockaddr *)&at, sizeof(sa_family_t) + 11));
	GOOD(send_files(c, (int[]){ l, c, w }, 3));
	close(w);
	CHECK(kept());
	close(l);
	CHECK(collected());
	CHECK(send(c, "x", 1, MSG_NOSIGNAL) == -1);
	FAILS(EPIPE, send(c, "x", 1, MSG_NOSIGNAL));
	close(c);
}

/* A knot with one end in a live socket's queue stays, and works when it is taken out. */
static void test_alive(void)
{
	int live[2], p[2], back, again;
	char byte = 0;

	pair(SOCK_STREAM, live);
	tie_ring(SOCK_STREAM, 5, thread_of_knot(), p);
	GOOD(send_files(live[0], p, 2));
	close(p[0]);
	close(p[1]);
	CHECK(kept());
	again = recv_file(live[1], MSG_PEEK);
	CHECK(again >= 0 && kept());
	close(again);
	back = recv_file(live[1], 0);
	CHECK(back >= 0 && kept());
	IS(1, write(back, "x", 1));
	close(back);
	CHECK(collected());
	IS(1, write(live[0], "y", 1));
	IS(1, read(live[1], &byte, 1));
	CHECK(byte == 'y');
	close(live[0]);
	close(live[1]);
}

/* While somebody collects, what is reached by a look at a message (MSG_PEEK) leads on to all that hangs on it. */
static void test_peeked(void)
{
	int good = 0, live[2], p[2], q[2], r[2], first, second, third, i;
	pid_t collector = fork();

	while (collector == 0)
		collect();
	for (i = 0; i < PEEKS; i++) {
		pair(SOCK_STREAM, live);
		pair(SOCK_STREAM, p);
		pair(SOCK_STREAM, q);
		pair(SOCK_STREAM, r);
		send_files(q[0], r, 2);
		send_files(p[0], q, 2);
		send_files(live[0], p, 2);
		for (int end = 0; end < 2; end++) {
			close(p[end]);
			close(q[end]);
			close(r[end]);
		}
		first = recv_file(live[1], MSG_PEEK);
		second = recv_file(first, 0);
		third = recv_file(second, 0);
		good += third >= 0;
		close(first);
		close(second);
		close(third);
		close(live[0]);
		close(live[1]);
	}
	IS(PEEKS, good);
	kill(collector, SIGKILL);
	tap_wait(collector);
}

/* Two knots with one in the other's queue go together; bytes between the messages do not matter. */
static void test_chain(void)
{
	int p[2], q[2], w = thread_of_knot();

	tie_ring(SOCK_STREAM, 3, dup(w), p);
	pair(SOCK_STREAM, q);
	GOOD(write(q[0], "abc", 3));
	GOOD(send_files(q[0], p, 2));
	GOOD(write(q[0], "def", 3));
	GOOD(send_files(q[0], q, 2));
	GOOD(send_files(p[0], (int[]){ w }, 1));
	close(w);
	close(p[0]);
	close(p[1]);
	CHECK(kept());
	close(q[0]);
	close(q[1]);
	CHECK(collected());
}

int main(void)
{
	test_rings(SOCK_STREAM);
	test_rings(SOCK_DGRAM);
	test_rings(SOCK_SEQPACKET);
	test_listener();
	test_alive();
	test_peeked();
	test_chain();
	return tap_end();
}
