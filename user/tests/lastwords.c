/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * lastwords: a writer says something and closes at once, a reader looks again and again: he must get all of it before he is
 * told of the end, whatever comes between his look at the bytes and his look at the end. Passes on Linux.
 *
 *	lastwords [ROUNDS]
 */
#include "tap.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define SIZE 3000
#define WINDOW (256 * 1024) /* the least there is */

static _Atomic int given = -1; /* the descriptor the writer is to use and close */
static char words[SIZE];

static void *writer(void *unused)
{
	int fd;

	for (;;) {
		while ((fd = atomic_load(&given)) == -1)
			sched_yield();
		if (fd == -2)
			return unused;
		if (write(fd, words, SIZE) != SIZE)
			dprintf(1, "# write: %s\n", strerror(errno));
		close(fd);
		atomic_store(&given, -1);
	}
}

/* What the reader was given until the end. */
static long read_all(int fd)
{
	char got[SIZE];
	long done = 0, n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, got, SIZE)) != 0) {
		if (n > 0)
			done += n;
		else if (errno != EAGAIN)
			return -errno;
	}
	return done;
}

static void make_pipe(int fd[2]) { pipe(fd); }
static void make_stream(int fd[2]) { socketpair(AF_UNIX, SOCK_STREAM, 0, fd); }
static void make_packets(int fd[2]) { socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd); }

static int listener;

static void make_tcp(int fd[2])
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	getsockname(listener, (struct sockaddr *)&name, &len);
	fd[1] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd[1], (struct sockaddr *)&name, len))
		dprintf(1, "# connect: %s\n", strerror(errno));
	fd[0] = accept(listener, NULL, NULL);
}

static void rounds(const char *what, void (*make)(int fd[2]), int count)
{
	int fd[2], i, short_ = 0;
	char note[64];

	for (i = 0; i < count; i++) {
		make(fd);
		atomic_store(&given, fd[1]);
		short_ += read_all(fd[0]) != SIZE;
		close(fd[0]);
		while (atomic_load(&given) != -1)
			sched_yield();
	}
	snprintf(note, sizeof(note), "%d of %d ended early", short_, count);
	tap_result(!short_, __LINE__, what, note);
}

/* FIONREAD: bytes to read; TIOCOUTQ: bytes that are not acknowledged. */
static int awaited(int fd, unsigned long what, int until)
{
	int there = -1;

	for (int i = 0; i < 500 && there != until; i++) {
		poll(NULL, 0, 10);
		ioctl(fd, what, &there);
	}
	return there;
}

/* Who closes has sent more than the reader's window takes: what did not fit comes before the end, too. The reader has read some,
 * too little to say so, when the sender puts a part of what is left into the rest of the window he knows of. Or, where windows
 * and segments are others, he waits for a while. */
static void test_full_window(void)
{
	static char much[WINDOW];
	int fd[2], there, room = 1 << 20, first = 100000, second = WINDOW - first + 10000;
	long got, n;
	char note[80];

	make_tcp(fd);
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	IS(first, write(fd[1], much, first));
	awaited(fd[1], TIOCOUTQ, 0);
	IS(second, write(fd[1], much, second));
	close(fd[1]);
	awaited(fd[0], FIONREAD, WINDOW - 2144);
	got = read(fd[0], much, 40000);
	there = awaited(fd[0], FIONREAD, WINDOW - (int)got);
	while ((n = read(fd[0], much, sizeof(much))) > 0)
		got += n;
	close(fd[0]);
	snprintf(note, sizeof(note), "%ld of %d, %d were there at first", got, first + second, there);
	tap_result(n == 0 && got == first + second, __LINE__, "TCP, more than a window", note);
}

int main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int count = argc > 1 ? atoi(argv[1]) : 2000;
	pthread_t thread;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	bind(listener, (struct sockaddr *)&any, sizeof(any));
	listen(listener, 8);
	pthread_create(&thread, NULL, writer, NULL);
	rounds("pipe", make_pipe, count);
	rounds("AF_UNIX stream", make_stream, count);
	rounds("AF_UNIX packets", make_packets, count);
	rounds("TCP", make_tcp, count / 4);
	test_full_window();
	atomic_store(&given, -2);
	pthread_join(thread, NULL);
	return tap_end();
}
