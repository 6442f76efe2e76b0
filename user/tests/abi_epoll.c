/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_epoll: what a set of watched files says when, level- and edge-triggered, one shot, exclusive and nested; what takes a
 * file out of it; each errno that a program can provoke. Passes on Linux.
 */
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

#ifndef EPOLLEXCLUSIVE
#define EPOLLEXCLUSIVE (1u << 28)
#endif
enum { SYS_PWAIT2 = 441 };

static struct epoll_event got[16];

static int ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	return epoll_ctl(ep, op, fd, &e);
}

static int add(int ep, int fd, uint32_t events)
{
	return ctl(ep, EPOLL_CTL_ADD, fd, events, (uint64_t)fd);
}

/* How many events there are without waiting; they are in got[]. */
static int look(int ep)
{
	memset(got, 0, sizeof(got));
	return epoll_wait(ep, got, 16, 0);
}

/* The events of the one file that is ready; 0: none; ~0: not exactly one. */
static uint32_t one(int ep)
{
	int n = look(ep);

	return n == 0 ? 0 : n == 1 ? got[0].events : ~0u;
}

static void make_pipe(int p[2])
{
	if (pipe2(p, O_NONBLOCK))
		exit(2);
}

static void close2(const int p[2])
{
	close(p[0]);
	close(p[1]);
}

static void drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

static void fill(int fd)
{
	static char buf[4096];

	while (write(fd, buf, sizeof(buf)) > 0)
		;
}

static void test_errors(void)
{
	int p[2], ep = GOOD(epoll_create1(EPOLL_CLOEXEC)), plain = GOOD(epoll_create(1)), file;
	struct epoll_event e = { .events = EPOLLIN };
	struct stat st;

	make_pipe(p);
	file = open("/etc/passwd", O_RDONLY);
	FAILS(EINVAL, syscall(SYS_epoll_create, 0));
	FAILS(EINVAL, syscall(SYS_epoll_create, -1));
	FAILS(EINVAL, epoll_create1(1));
	CHECK(fcntl(ep, F_GETFD) == FD_CLOEXEC && fcntl(plain, F_GETFD) == 0);
	FAILS(EBADF, epoll_ctl(99, EPOLL_CTL_ADD, p[0], &e));
	FAILS(EBADF, epoll_ctl(ep, EPOLL_CTL_ADD, 99, &e));
	FAILS(EBADF, epoll_ctl(ep, EPOLL_CTL_DEL, 99, NULL));
	FAILS(EFAULT, epoll_ctl(ep, EPOLL_CTL_ADD, p[0], NULL));
	FAILS(EFAULT, epoll_ctl(99, EPOLL_CTL_ADD, p[0], BAD_KERNEL));
	FAILS(EPERM, epoll_ctl(ep, EPOLL_CTL_ADD, file, &e));
	FAILS(EPERM, epoll_ctl(p[0], EPOLL_CTL_ADD, file, &e));
	FAILS(EINVAL, epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &e));
	FAILS(EINVAL, epoll_ctl(ep, EPOLL_CTL_ADD, ep, &e));
	FAILS(EINVAL, epoll_ctl(ep, 77, p[0], &e));
	FAILS(ENOENT, epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e));
	FAILS(ENOENT, epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	GOOD(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
	FAILS(EEXIST, epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e));
	FAILS(EINVAL, epoll_wait(ep, got, 0, 0));
	FAILS(EINVAL, epoll_wait(ep, got, -1, 0));
	FAILS(EINVAL, epoll_wait(ep, got, 0x7fffffff, 0));
	FAILS(EFAULT, epoll_wait(ep, BAD_KERNEL, 1, 0));
	FAILS(EBADF, epoll_wait(99, got, 1, 0));
	FAILS(EINVAL, epoll_wait(p[0], got, 1, 0));
	IS(0, epoll_wait(ep, BAD, 1, 0));
	IS(1, write(p[1], "x", 1));
	FAILS(EFAULT, epoll_wait(ep, BAD, 1, 0));
	CHECK(one(ep) == EPOLLIN);
	FAILS(EINVAL, read(ep, got, 8));
	FAILS(EINVAL, write(ep, got, 8));
	GOOD(fstat(ep, &st));
	CHECK((st.st_mode & S_IFMT) == 0);
	close(file);
	close(ep);
	close(plain);
	close2(p);
}

static void test_level(void)
{
	int p[2], ep = epoll_create1(0);
	char c;

	make_pipe(p);
	GOOD(add(ep, p[0], EPOLLIN));
	GOOD(add(ep, p[1], EPOLLOUT));
	CHECK(one(ep) == EPOLLOUT && got[0].data.u64 == (uint64_t)p[1]);
	IS(2, write(p[1], "xy", 2));
	IS(2, look(ep));
	IS(2, look(ep));
	IS(1, read(p[0], &c, 1));
	IS(2, look(ep));
	IS(1, read(p[0], &c, 1));
	CHECK(one(ep) == EPOLLOUT);
	fill(p[1]);
	CHECK(one(ep) == EPOLLIN && got[0].data.u64 == (uint64_t)p[0]);
	drain(p[0]);
	CHECK(one(ep) == EPOLLOUT);
	GOOD(ctl(ep, EPOLL_CTL_MOD, p[1], 0, 5));
	CHECK(one(ep) == 0);
	GOOD(ctl(ep, EPOLL_CTL_MOD, p[1], EPOLLOUT, 5));
	CHECK(one(ep) == EPOLLOUT && got[0].data.u64 == 5);
	GOOD(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], NULL));
	CHECK(one(ep) == 0);
	close(p[1]);
	CHECK(one(ep) == EPOLLHUP);
	GOOD(ctl(ep, EPOLL_CTL_MOD, p[0], 0, 6));
	CHECK(one(ep) == EPOLLHUP && got[0].data.u64 == 6);
	close(p[0]);
	make_pipe(p);
	GOOD(add(ep, p[1], 0));
	CHECK(one(ep) == 0);
	close(p[0]);
	CHECK(one(ep) == EPOLLERR);
	close(p[1]);
	close(ep);
}

static void test_edge(void)
{
	int p[2], ep = epoll_create1(0);
	char c;

	make_pipe(p);
	GOOD(add(ep, p[0], EPOLLIN | EPOLLET));
	CHECK(one(ep) == 0);
	IS(2, write(p[1], "xy", 2));
	CHECK(one(ep) == EPOLLIN);
	CHECK(one(ep) == 0);
	IS(1, read(p[0], &c, 1));
	CHECK(one(ep) == 0);
	IS(1, write(p[1], "z", 1));
	CHECK(one(ep) == EPOLLIN);
	GOOD(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 9));
	CHECK(one(ep) == EPOLLIN && got[0].data.u64 == 9);
	CHECK(one(ep) == 0);
	IS(1, write(p[1], "z", 1));
	drain(p[0]);
	CHECK(one(ep) == 0);
	GOOD(add(ep, p[1], EPOLLOUT | EPOLLET));
	CHECK(one(ep) == EPOLLOUT);
	CHECK(one(ep) == 0);
	IS(1, write(p[1], "z", 1));
	IS(1, read(p[0], &c, 1));
	CHECK(look(ep) == 0);
	fill(p[1]);
	CHECK(one(ep) == EPOLLIN);
	drain(p[0]);
	CHECK(one(ep) == EPOLLOUT);
	close(p[1]);
	CHECK(one(ep) == EPOLLHUP);
	CHECK(one(ep) == 0);
	close(p[0]);
	close(ep);
}

static void test_one_shot(void)
{
	int p[2], ep = epoll_create1(0);

	make_pipe(p);
	GOOD(add(ep, p[0], EPOLLIN | EPOLLONESHOT));
	IS(1, write(p[1], "x", 1));
	CHECK(one(ep) == EPOLLIN);
	CHECK(one(ep) == 0);
	IS(1, write(p[1], "x", 1));
	CHECK(one(ep) == 0);
	FAILS(EEXIST, add(ep, p[0], EPOLLIN));
	GOOD(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 1));
	CHECK(one(ep) == EPOLLIN);
	close(p[1]);
	CHECK(one(ep) == 0);
	GOOD(ctl(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT | EPOLLET, 1));
	CHECK(one(ep) == (EPOLLIN | EPOLLHUP));
	close(p[0]);
	close(ep);
}

/* Few places: everybody has his turn. */
static void test_turns(void)
{
	int p[5][2], ep = epoll_create1(0), seen[5] = { 0 };

	for (int i = 0; i < 5; i++) {
		make_pipe(p[i]);
		ctl(ep, EPOLL_CTL_ADD, p[i][0], EPOLLIN, (uint64_t)i);
		if (write(p[i][1], "x", 1) != 1)
			exit(2);
	}
	for (int round = 0; round < 5; round++) {
		CHECK(epoll_wait(ep, got, 2, -1) == 2);
		seen[got[0].data.u64]++;
		seen[got[1].data.u64]++;
	}
	for (int i = 0; i < 5; i++) {
		CHECK(seen[i] == 2);
		close2(p[i]);
	}
	close(ep);
}

static void test_closing(void)
{
	int p[2], ep = epoll_create1(0), other;

	make_pipe(p);
	IS(1, write(p[1], "x", 1));
	GOOD(add(ep, p[0], EPOLLIN));
	other = GOOD(dup(p[0]));
	GOOD(add(ep, other, EPOLLIN));
	IS(2, look(ep));
	close(p[0]);
	IS(2, look(ep)); /* the open file is still there */
	FAILS(EBADF, epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	close(other);
	IS(0, look(ep));
	close(p[1]);
	make_pipe(p);
	IS(1, write(p[1], "x", 1));
	GOOD(add(ep, p[0], EPOLLIN));
	CHECK(one(ep) == EPOLLIN);
	close2(p);
	IS(0, look(ep));
	make_pipe(p);
	GOOD(add(ep, p[0], EPOLLIN));
	close(ep);
	IS(1, write(p[1], "x", 1));
	close2(p);
}

static void test_fork(void)
{
	int p[2], ep = epoll_create1(0);

	make_pipe(p);
	GOOD(add(ep, p[0], EPOLLIN | EPOLLET));
	IN_CHILD("shares the set", {
		CHECK(write(p[1], "x", 1) == 1);
		CHECK(one(ep) == EPOLLIN);
		CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL) == 0);
	});
	CHECK(one(ep) == 0);
	FAILS(ENOENT, epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	close(ep);
	close2(p);
}

static void test_exclusive(void)
{
	int p[2], a = epoll_create1(0), b = epoll_create1(0);

	make_pipe(p);
	FAILS(EINVAL, add(a, b, EPOLLIN | EPOLLEXCLUSIVE));
	FAILS(EINVAL, add(a, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
	FAILS(EINVAL, add(a, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP));
	GOOD(add(a, p[0], EPOLLIN | EPOLLEXCLUSIVE));
	GOOD(add(b, p[0], EPOLLIN | EPOLLEXCLUSIVE | EPOLLET));
	FAILS(EINVAL, ctl(a, EPOLL_CTL_MOD, p[0], EPOLLIN, 0));
	FAILS(EINVAL, ctl(a, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 0));
	IS(1, write(p[1], "x", 1));
	CHECK(one(a) == EPOLLIN); /* nobody sleeps: both are told */
	CHECK(one(b) == EPOLLIN);
	close2(p);
	close(a);
	close(b);
}

static int polled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void test_nested(void)
{
	int p[2], inner = epoll_create1(0), outer = epoll_create1(0), chain[8], n;

	make_pipe(p);
	GOOD(add(outer, inner, EPOLLIN));
	GOOD(add(inner, p[0], EPOLLIN));
	CHECK(polled(outer) == 0 && polled(inner) == 0);
	IS(1, write(p[1], "x", 1));
	CHECK(polled(inner) == POLLIN && polled(outer) == POLLIN);
	CHECK(one(outer) == EPOLLIN && got[0].data.u64 == (uint64_t)inner);
	CHECK(one(inner) == EPOLLIN);
	drain(p[0]);
	CHECK(one(outer) == 0 && polled(outer) == 0 && polled(inner) == 0);
	GOOD(ctl(outer, EPOLL_CTL_MOD, inner, EPOLLIN | EPOLLET, 3));
	CHECK(one(outer) == 0);
	IS(1, write(p[1], "x", 1));
	CHECK(one(outer) == EPOLLIN);
	CHECK(one(outer) == 0 && one(inner) == EPOLLIN);
	FAILS(ELOOP, add(inner, outer, EPOLLIN));
	close(inner);
	CHECK(one(outer) == 0);
	close(outer);
	close2(p);
	chain[0] = epoll_create1(0);
	for (n = 1; n < 8; n++) {
		chain[n] = epoll_create1(0);
		if (add(chain[n], chain[n - 1], EPOLLIN))
			break;
	}
	CHECK(n == 5 && errno == ELOOP);
	FAILS(ELOOP, add(chain[0], chain[4], EPOLLIN));
	FAILS(ELOOP, add(chain[0], chain[1], EPOLLIN));
	for (int i = 0; i <= n && i < 8; i++)
		close(chain[i]);
}

static void *write_later(void *arg)
{
	usleep(20000);
	return (void *)write(*(int *)arg, "x", 1);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void test_waiting(void)
{
	struct timespec none = { 0, 1000000 }, bad = { 0, 1000000000 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int p[2], ep = epoll_create1(0);
	sigset_t set, empty;
	pthread_t t;
	pid_t me = getpid();

	make_pipe(p);
	add(ep, p[0], EPOLLIN | EPOLLET);
	IS(0, epoll_wait(ep, got, 1, 5));
	IS(0, syscall(SYS_PWAIT2, ep, got, 1, &none, NULL, 0));
	FAILS(EINVAL, syscall(SYS_PWAIT2, ep, got, 1, &bad, NULL, 0));
	FAILS(EFAULT, syscall(SYS_PWAIT2, ep, got, 1, BAD, NULL, 0));
	pthread_create(&t, NULL, write_later, &p[1]);
	IS(1, epoll_wait(ep, got, 16, -1));
	pthread_join(t, NULL);
	pthread_create(&t, NULL, write_later, &p[1]);
	IS(1, syscall(SYS_PWAIT2, ep, got, 1, NULL, NULL, 0));
	pthread_join(t, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	FAILS(EINTR, ALARMED(epoll_wait(ep, got, 1, -1))); /* in spite of SA_RESTART */
	CHECK(signals >= 1);
	signals = 1;
	sigemptyset(&empty);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(me, SIGUSR1);
	IS(0, epoll_wait(ep, got, 1, 1));
	CHECK(signals == 1);
	FAILS(EINTR, epoll_pwait(ep, got, 1, -1, &empty));
	CHECK(signals == 2);
	sigprocmask(SIG_BLOCK, NULL, &empty);
	CHECK(sigismember(&empty, SIGUSR1));
	FAILS(EINVAL, syscall(SYS_epoll_pwait, ep, got, 1, 0, &set, 4));
	FAILS(EFAULT, syscall(SYS_epoll_pwait, ep, got, 1, 0, BAD, 8));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	close2(p);
	close(ep);
}

int main(void)
{
	test_errors();
	test_level();
	test_edge();
	test_one_shot();
	test_turns();
	test_closing();
	test_fork();
	test_exclusive();
	test_nested();
	test_waiting();
	return tap_end();
}
