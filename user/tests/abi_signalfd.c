/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* abi_signalfd: signals read from a file: what is told of them, waiting, poll and epoll, other processes. Passes on Linux. */
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static sigset_t set_of(int first, ...)
{
	sigset_t set;
	va_list ap;

	sigemptyset(&set);
	va_start(ap, first);
	for (int s = first; s; s = va_arg(ap, int))
		sigaddset(&set, s);
	va_end(ap);
	return set;
}

static sigset_t blocked(int first, int second)
{
	sigset_t set = set_of(first, second, 0);

	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

static int ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) < 0 ? -1 : p.revents;
}

static void test_making(void)
{
	sigset_t set = set_of(SIGUSR1, SIGKILL, SIGSTOP, 0);
	int fd = GOOD(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)), other = GOOD(dup(1));
	struct signalfd_siginfo si;
	char byte;

	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK));
	FAILS(EINVAL, signalfd(-1, &set, 1));
	FAILS(EINVAL, syscall(SYS_signalfd4, -1, &set, 4, 0));
	FAILS(EFAULT, syscall(SYS_signalfd4, -1, BAD, 8, 0));
	FAILS(EBADF, signalfd(1000, &set, 0));
	FAILS(EINVAL, signalfd(other, &set, 0));
	FAILS(EAGAIN, read(fd, &si, sizeof(si)));
	FAILS(EINVAL, read(fd, &si, sizeof(si) - 1));
	FAILS(EINVAL, write(fd, &byte, 1));
	IS(0, ready(fd, 0));
	close(other);
	close(fd);
}

static void test_what_is_told(void)
{
	sigset_t set = blocked(SIGUSR1, SIGRTMIN);
	int fd = signalfd(-1, &set, SFD_NONBLOCK);
	struct signalfd_siginfo si[4];
	union sigval v = { .sival_int = 1234 };

	GOOD(kill(getpid(), SIGUSR1));
	GOOD(kill(getpid(), SIGUSR1));
	GOOD(sigqueue(getpid(), SIGRTMIN, v));
	v.sival_int = 99;
	GOOD(sigqueue(getpid(), SIGRTMIN, v));
	IS(POLLIN, ready(fd, 0));
	IS(3 * sizeof(*si), read(fd, si, sizeof(si)));
	CHECK(si[0].ssi_signo == SIGUSR1 && si[0].ssi_code == SI_USER && si[0].ssi_pid == (unsigned)getpid() && si[0].ssi_uid == getuid());
	CHECK(si[1].ssi_signo == (unsigned)SIGRTMIN && si[1].ssi_code == SI_QUEUE && si[1].ssi_int == 1234);
	CHECK(si[2].ssi_int == 99 && si[2].ssi_pid == (unsigned)getpid());
	IS(0, ready(fd, 0));
	GOOD(raise(SIGUSR1));
	GOOD(raise(SIGUSR1));
	FAILS(EFAULT, read(fd, BAD, sizeof(*si)));
	FAILS(EAGAIN, read(fd, si, sizeof(*si))); /* it was taken all the same */
	close(fd);
}

static void test_another_set(void)
{
	sigset_t set = blocked(SIGUSR1, SIGUSR2), one = set_of(SIGUSR1, 0);
	int fd = signalfd(-1, &one, SFD_NONBLOCK);
	struct signalfd_siginfo si;

	GOOD(kill(getpid(), SIGUSR2));
	IS(0, ready(fd, 0));
	FAILS(EAGAIN, read(fd, &si, sizeof(si)));
	IS(fd, signalfd(fd, &set, 0));
	IS(POLLIN, ready(fd, 0));
	IS(sizeof(si), read(fd, &si, sizeof(si)));
	CHECK(si.ssi_signo == SIGUSR2);
	close(fd);
}

static void test_child(void)
{
	sigset_t set = blocked(SIGCHLD, 0);
	int fd = signalfd(-1, &set, 0);
	struct signalfd_siginfo si;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	IS(sizeof(si), read(fd, &si, sizeof(si)));
	CHECK(si.ssi_signo == SIGCHLD && si.ssi_code == CLD_EXITED && si.ssi_pid == (unsigned)pid && si.ssi_status == 7);
	tap_wait(pid);
	close(fd);
}

/* Whoever reads takes his own signals, also through a descriptor that he inherited. */
static void test_inherited(void)
{
	sigset_t set = blocked(SIGUSR1, SIGUSR2);
	int fd = signalfd(-1, &set, SFD_NONBLOCK);
	struct signalfd_siginfo si;

	GOOD(kill(getpid(), SIGUSR1));
	IN_CHILD("a child sees none of its parent's", {
		FAILS(EAGAIN, read(fd, &si, sizeof(si)));
		raise(SIGUSR2);
		IS(sizeof(si), read(fd, &si, sizeof(si)));
		CHECK(si.ssi_signo == SIGUSR2);
	});
	IS(sizeof(si), read(fd, &si, sizeof(si)));
	CHECK(si.ssi_signo == SIGUSR1);
	close(fd);
}

/* A child sends us a signal while we wait, again and again: a lost wake-up hangs. */
static void test_waiting(int rounds)
{
	sigset_t set = blocked(SIGUSR1, 0);
	int fd = signalfd(-1, &set, SFD_NONBLOCK), ep = epoll_create1(0), back[2], got = 0;
	struct epoll_event e = { .events = EPOLLIN };
	struct signalfd_siginfo si;
	pid_t parent = getpid(), pid;
	char byte = 0;

	GOOD(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	GOOD(pipe(back));
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < rounds; i++)
			if (kill(parent, SIGUSR1) || read(back[0], &byte, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (; got < rounds; got++) {
		int r = got % 2 ? ready(fd, PATIENCE) == POLLIN : epoll_wait(ep, &e, 1, PATIENCE) == 1;

		if (!r || read(fd, &si, sizeof(si)) != sizeof(si) || si.ssi_pid != (unsigned)pid || write(back[1], &byte, 1) != 1)
			break;
	}
	CHECK(got == rounds);
	close(back[1]);
	IS(0, tap_wait(pid));
	close(back[0]);
	close(ep);
	close(fd);
}

static void nothing(int signo) { (void)signo; }

static void test_interrupted(void)
{
	sigset_t set = blocked(SIGUSR1, 0);
	int fd = signalfd(-1, &set, 0);
	struct sigaction sa = { .sa_handler = nothing };
	struct signalfd_siginfo si;

	sigaction(SIGALRM, &sa, NULL);
	FAILS(EINTR, ALARMED(read(fd, &si, sizeof(si))));
	close(fd);
}

static void *reader(void *arg)
{
	struct signalfd_siginfo si;

	return (void *)(long)(read(*(int *)arg, &si, sizeof(si)) == sizeof(si) ? si.ssi_signo : 0);
}

/* A thread that waits in read is told of a signal to the process. */
static void test_threads(void)
{
	sigset_t set = blocked(SIGUSR2, 0);
	int fd = signalfd(-1, &set, 0);
	pthread_t t;
	void *signo;

	IS(0, pthread_create(&t, NULL, reader, &fd));
	GOOD(kill(getpid(), SIGUSR2));
	IS(0, pthread_join(t, &signo));
	IS(SIGUSR2, (long)signo);
	close(fd);
}

int main(void)
{
	test_making();
	test_what_is_told();
	test_another_set();
	test_child();
	test_inherited();
	test_waiting(200);
	test_threads();
	test_interrupted();
	return tap_end();
}
