/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* abi_eventfd: files that are events: eventfd and timerfd; good use, waiting, and each errno. Passes on Linux. */
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

static uint64_t value;

static long put(int fd, uint64_t n)
{
	return write(fd, &n, sizeof(n));
}

static long take(int fd)
{
	value = 0;
	return read(fd, &value, sizeof(value));
}

static int polled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void test_count(void)
{
	int fd = GOOD(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC)), old = GOOD(syscall(SYS_eventfd, 0));
	char small[4];

	FAILS(EINVAL, eventfd(0, 2));
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(old, F_GETFD) == 0);
	CHECK(polled(fd) == (POLLIN | POLLOUT) && polled(old) == POLLOUT);
	IS(8, take(fd));
	CHECK(value == 3);
	FAILS(EAGAIN, take(fd));
	IS(8, put(fd, 5));
	IS(8, put(fd, 6));
	IS(8, take(fd));
	CHECK(value == 11);
	IS(8, put(fd, 0));
	FAILS(EAGAIN, take(fd));
	FAILS(EINVAL, read(fd, small, 4));
	FAILS(EINVAL, write(fd, small, 4));
	FAILS(EINVAL, put(fd, UINT64_MAX));
	FAILS(EFAULT, write(fd, BAD, 8));
	IS(8, put(fd, UINT64_MAX - 1));
	CHECK(polled(fd) == POLLIN);
	FAILS(EAGAIN, put(fd, 1));
	IS(8, put(fd, 0));
	IS(8, take(fd));
	CHECK(value == UINT64_MAX - 1);
	FAILS(ESPIPE, pread(fd, &value, 8, 0));
	close(fd);
	close(old);
}

static void test_semaphore(void)
{
	int fd = GOOD(eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));

	IS(8, take(fd));
	CHECK(value == 1);
	IS(8, take(fd));
	CHECK(value == 1);
	FAILS(EAGAIN, take(fd));
	close(fd);
}

static void *put_later(void *arg)
{
	usleep(10000);
	return (void *)put(*(int *)arg, 7);
}

static void *take_later(void *arg)
{
	usleep(10000);
	return (void *)take(*(int *)arg);
}

static void test_waiting(void)
{
	int fd = eventfd(0, 0), ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLET }, got;
	pthread_t t;

	pthread_create(&t, NULL, put_later, &fd);
	IS(8, take(fd));
	CHECK(value == 7);
	pthread_join(t, NULL);
	put(fd, UINT64_MAX - 1);
	pthread_create(&t, NULL, take_later, &fd);
	IS(8, put(fd, 9));
	pthread_join(t, NULL);
	IS(8, take(fd));
	CHECK(value == 9);
	GOOD(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	IS(0, epoll_wait(ep, &got, 1, 0));
	put(fd, 1);
	put(fd, 1);
	IS(1, epoll_wait(ep, &got, 1, -1));
	IS(0, epoll_wait(ep, &got, 1, 0));
	put(fd, 1);
	IS(1, epoll_wait(ep, &got, 1, -1)); /* each write is an edge */
	pthread_create(&t, NULL, put_later, &fd);
	IS(1, epoll_wait(ep, &got, 1, -1));
	pthread_join(t, NULL);
	close(fd);
	close(ep);
}

static struct itimerspec spec(long first_ms, long every_ms)
{
	return (struct itimerspec){ { every_ms / 1000, every_ms % 1000 * 1000000 }, { first_ms / 1000, first_ms % 1000 * 1000000 } };
}

static int set(int fd, long first_ms, long every_ms)
{
	struct itimerspec s = spec(first_ms, every_ms);

	return timerfd_settime(fd, 0, &s, NULL);
}

static void test_timer(void)
{
	int fd = GOOD(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)), ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN }, got;
	struct itimerspec s = spec(100000, 500), old;
	struct timespec now;

	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	FAILS(EINVAL, timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	FAILS(EINVAL, timerfd_create(CLOCK_MONOTONIC, 1));
	GOOD(timerfd_settime(fd, 0, &s, NULL));
	GOOD(timerfd_gettime(fd, &old));
	CHECK(old.it_interval.tv_nsec == 500000000 && old.it_value.tv_sec <= 100 && old.it_value.tv_sec >= 50);
	CHECK(polled(fd) == 0);
	GOOD(set(fd, 0, 77));
	GOOD(timerfd_gettime(fd, &old));
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
	GOOD(set(fd, 1, 0));
	IS(8, take(fd));
	CHECK(value == 1);
	GOOD(timerfd_gettime(fd, &old));
	CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_nsec == 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	FAILS(EAGAIN, take(fd));
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	GOOD(set(fd, 1, 1));
	for (int i = 0; i < 3; i++) {
		IS(1, epoll_wait(ep, &got, 1, -1));
		IS(8, take(fd));
		CHECK(value >= 1);
	}
	GOOD(set(fd, 1, 0));
	IS(1, epoll_wait(ep, &got, 1, -1));
	GOOD(set(fd, 100000, 0)); /* forgets what was not read */
	FAILS(EAGAIN, take(fd));
	clock_gettime(CLOCK_MONOTONIC, &now);
	s = (struct itimerspec){ { 0, 0 }, now };
	GOOD(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, &old));
	CHECK(old.it_value.tv_sec >= 50);
	IS(1, epoll_wait(ep, &got, 1, -1));
	IS(8, take(fd));
	s.it_value.tv_nsec = 1000000000;
	FAILS(EINVAL, timerfd_settime(fd, 0, &s, NULL));
	s.it_value.tv_nsec = -1;
	FAILS(EINVAL, timerfd_settime(fd, 0, &s, NULL));
	s = spec(1, 0);
	FAILS(EINVAL, timerfd_settime(fd, 4, &s, NULL));
	FAILS(EFAULT, timerfd_settime(fd, 0, BAD, NULL));
	FAILS(EINVAL, timerfd_settime(ep, 0, &s, NULL));
	FAILS(EBADF, timerfd_settime(99, 0, &s, NULL));
	FAILS(EBADF, timerfd_gettime(99, &s));
	FAILS(EINVAL, read(fd, &value, 7));
	FAILS(EINVAL, put(fd, 1));
	close(fd);
	close(ep);
	fd = GOOD(timerfd_create(CLOCK_REALTIME, 0));
	s = (struct itimerspec){ { 0, 0 }, { 1, 0 } }; /* long ago */
	GOOD(timerfd_settime(fd, TFD_TIMER_ABSTIME, &s, NULL));
	IS(8, take(fd));
	close(fd);
}

int main(void)
{
	test_count();
	test_semaphore();
	test_waiting();
	test_timer();
	return tap_end();
}
