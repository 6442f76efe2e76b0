/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* abi_splice: splice between pipes, files, sockets and devices: what moves, what stays, and each errno. Passes on Linux. */
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int pipe_a[2], pipe_b[2];
static char text[100000], got[100000];

static int left_in(int fd)
{
	int n = -1;

	ioctl(fd, FIONREAD, &n);
	return n;
}

static void test_to_device(void)
{
	int null = open("/dev/null", O_WRONLY), zero = open("/dev/zero", O_RDONLY);

	write(pipe_a[1], text, 10000);
	IS(6000, splice(pipe_a[0], NULL, null, NULL, 6000, SPLICE_F_MOVE));
	IS(4000, splice(pipe_a[0], NULL, null, NULL, 1 << 20, 0)); /* what is there, without waiting for more */
	FAILS(EAGAIN, splice(pipe_a[0], NULL, null, NULL, 100, SPLICE_F_NONBLOCK));
	IS(50, splice(zero, NULL, pipe_a[1], NULL, 50, 0));
	IS(50, left_in(pipe_a[0]));
	IS(50, splice(pipe_a[0], NULL, null, NULL, 50, 0));
	close(null);
	close(zero);
}

static void test_files(void)
{
	int fd = open("spliced", O_RDWR | O_CREAT | O_TRUNC, 0600), append;
	loff_t at = 100;

	write(pipe_a[1], text, 9000);
	IS(9000, splice(pipe_a[0], NULL, fd, NULL, 9000, 0));
	IS(9000, lseek(fd, 0, SEEK_CUR));
	IS(9000, pread(fd, got, sizeof(got), 0));
	CHECK(!memcmp(got, text, 9000));
	write(pipe_a[1], "abc", 3);
	IS(3, splice(pipe_a[0], NULL, fd, &at, 100, 0));
	CHECK(at == 103 && lseek(fd, 0, SEEK_CUR) == 9000);
	IS(3, pread(fd, got, 3, 100));
	CHECK(!memcmp(got, "abc", 3));
	IS(0, splice(fd, NULL, pipe_a[1], NULL, 100, 0)); /* at its end */
	at = 200;
	IS(8800, splice(fd, &at, pipe_a[1], NULL, 20000, 0));
	CHECK(at == 9000 && left_in(pipe_a[0]) == 8800);
	IS(8800, read(pipe_a[0], got, sizeof(got)));
	CHECK(!memcmp(got, text + 200, 8800));
	pwrite(fd, text, 90000, 0);
	lseek(fd, 0, SEEK_SET);
	IS(65536, splice(fd, NULL, pipe_a[1], NULL, 90000, 0)); /* what the pipe holds */
	IS(65536, lseek(fd, 0, SEEK_CUR));
	FAILS(EAGAIN, splice(fd, NULL, pipe_a[1], NULL, 1, SPLICE_F_NONBLOCK));
	IS(65536, read(pipe_a[0], got, sizeof(got)));
	CHECK(!memcmp(got, text, 65536));
	append = open("spliced", O_WRONLY | O_APPEND);
	write(pipe_a[1], "x", 1);
	FAILS(EINVAL, splice(pipe_a[0], NULL, append, NULL, 1, 0));
	at = -1;
	FAILS(EINVAL, splice(pipe_a[0], NULL, fd, &at, 1, 0));
	FAILS(EFAULT, splice(pipe_a[0], NULL, fd, BAD, 1, 0));
	IS(1, read(pipe_a[0], got, 10));
	close(append);
	close(fd);
	unlink("spliced");
}

static void test_pipes_and_sockets(void)
{
	int s[2], event = eventfd(1, 0);
	loff_t at = 0;

	write(pipe_a[1], text, 5000);
	IS(3000, splice(pipe_a[0], NULL, pipe_b[1], NULL, 3000, 0));
	CHECK(left_in(pipe_a[0]) == 2000 && left_in(pipe_b[0]) == 3000);
	IS(3000, read(pipe_b[0], got, sizeof(got)));
	CHECK(!memcmp(got, text, 3000));
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	IS(2000, splice(pipe_a[0], NULL, s[0], NULL, 9999, 0));
	IS(2000, splice(s[1], NULL, pipe_b[1], NULL, 9999, 0));
	IS(2000, read(pipe_b[0], got, sizeof(got)));
	CHECK(!memcmp(got, text + 3000, 2000));
	FAILS(EAGAIN, splice(pipe_a[0], NULL, pipe_b[1], NULL, 1, SPLICE_F_NONBLOCK));
	write(pipe_a[1], "kept", 4);
	write(pipe_b[1], text, 65536);
	FAILS(EAGAIN, splice(pipe_a[0], NULL, pipe_b[1], NULL, 4, SPLICE_F_NONBLOCK));
	IS(4, read(pipe_a[0], got, 100)); /* what finds no room is not lost */
	IS(65536, read(pipe_b[0], got, sizeof(got)));
	FAILS(EINVAL, splice(pipe_a[0], NULL, pipe_a[1], NULL, 1, 0));
	FAILS(EINVAL, splice(s[0], NULL, s[1], NULL, 1, 0));
	FAILS(ESPIPE, splice(pipe_a[0], &at, s[1], NULL, 1, 0));
	FAILS(ESPIPE, splice(s[1], NULL, pipe_a[1], &at, 1, 0));
	FAILS(EBADF, splice(pipe_a[1], NULL, s[0], NULL, 1, 0));
	FAILS(EBADF, splice(pipe_a[0], NULL, pipe_b[0], NULL, 1, 0));
	FAILS(EBADF, splice(99, NULL, pipe_b[1], NULL, 1, 0));
	FAILS(EINVAL, splice(pipe_a[0], NULL, pipe_b[1], NULL, 1, 16));
	FAILS(EINVAL, splice(event, NULL, pipe_b[1], NULL, 8, 0));
	IS(0, splice(99, NULL, 99, NULL, 0, 0));
	close(s[0]);
	close(s[1]);
	close(event);
}

static void *writer(void *unused)
{
	usleep(20000);
	write(pipe_a[1], "late", 4);
	return unused;
}

static void test_waiting(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, writer, NULL);
	IS(4, splice(pipe_a[0], NULL, pipe_b[1], NULL, 100, 0));
	pthread_join(thread, NULL);
	IS(4, read(pipe_b[0], got, 100));
	signal(SIGPIPE, SIG_IGN);
	close(pipe_b[0]);
	write(pipe_a[1], "x", 1);
	FAILS(EPIPE, splice(pipe_a[0], NULL, pipe_b[1], NULL, 1, 0));
	IS(1, left_in(pipe_a[0]));
	IS(1, read(pipe_a[0], got, 1));
	close(pipe_a[1]);
	pipe(pipe_b);
	IS(0, splice(pipe_a[0], NULL, pipe_b[1], NULL, 1, 0)); /* nobody writes any more */
}

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = i * 7 + i / 251;
	pipe(pipe_a);
	pipe(pipe_b);
	chdir("/tmp");
	test_to_device();
	test_files();
	test_pipes_and_sockets();
	test_waiting();
	return tap_end();
}
