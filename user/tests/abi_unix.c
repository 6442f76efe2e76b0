/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_unix: AF_UNIX sockets: names, connections, the three types, what travels with messages, ends and errors. Passes on
 * Linux; runs as root in a scratch directory that it makes and leaves behind.
 */
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

static struct sockaddr_un addr;
static char buf[70000];

/* The length of an address; the name begins with '@': abstract. */
static socklen_t name(const char *text)
{
	size_t n = strlen(text);

	memset(&addr, 0, sizeof(addr));
	addr.sun_family = AF_UNIX;
	memcpy(addr.sun_path, text, n);
	if (*text == '@')
		addr.sun_path[0] = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*text != '@'));
}

static int do_bind(int fd, const char *text)
{
	socklen_t n = name(text);

	return bind(fd, (struct sockaddr *)&addr, n);
}

static int do_connect(int fd, const char *text)
{
	socklen_t n = name(text);

	return connect(fd, (struct sockaddr *)&addr, n);
}

static int polled(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static int option(int fd, int which)
{
	int v = -1;
	socklen_t n = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, which, &v, &n) ? -1 : v;
}

static void close2(const int p[2])
{
	close(p[0]);
	close(p[1]);
}

static void test_making(void)
{
	int p[2], fd = GOOD(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	struct stat st;

	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == (O_NONBLOCK | O_RDWR));
	CHECK(option(fd, SO_TYPE) == SOCK_STREAM && option(fd, SO_DOMAIN) == AF_UNIX && option(fd, SO_ACCEPTCONN) == 0);
	CHECK(option(fd, SO_ERROR) == 0 && option(fd, SO_PROTOCOL) == 0);
	GOOD(fstat(fd, &st));
	CHECK(S_ISSOCK(st.st_mode));
	CHECK(polled(fd) == (POLLOUT | POLLHUP));
	FAILS(ENOTCONN, write(fd, "x", 1));
	FAILS(EINVAL, read(fd, buf, 1));
	FAILS(ENOTCONN, getpeername(fd, (struct sockaddr *)&addr, &(socklen_t){ sizeof(addr) }));
	close(fd);
	FAILS(EPROTONOSUPPORT, socket(AF_UNIX, SOCK_STREAM, 77));
	FAILS(ESOCKTNOSUPPORT, socket(AF_UNIX, 9, 0));
	FAILS(EINVAL, socket(AF_UNIX, SOCK_STREAM | 0x10000, 0));
	FAILS(EFAULT, socketpair(AF_UNIX, SOCK_STREAM, 0, BAD));
	FAILS(EOPNOTSUPP, socketpair(AF_INET, SOCK_STREAM, 0, p));
	FAILS(EINVAL, socketpair(AF_UNIX, SOCK_STREAM | 0x10000, 0, p));
	GOOD(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, p));
	CHECK(fcntl(p[1], F_GETFD) == FD_CLOEXEC && option(p[1], SO_TYPE) == SOCK_DGRAM);
	close2(p);
}

static void test_names(void)
{
	int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t n = sizeof(addr);
	struct stat st;

	FAILS(EINVAL, bind(a, (struct sockaddr *)&addr, 1));
	name("x");
	addr.sun_family = AF_INET;
	FAILS(EINVAL, bind(a, (struct sockaddr *)&addr, 4));
	FAILS(ENOENT, do_bind(a, "none/sock"));
	GOOD(getsockname(a, (struct sockaddr *)&addr, &n));
	CHECK(n == 2 && addr.sun_family == AF_UNIX);
	umask(027);
	GOOD(do_bind(a, "sock"));
	umask(022);
	CHECK(lstat("sock", &st) == 0 && st.st_mode == (S_IFSOCK | 0750));
	FAILS(EINVAL, do_bind(a, "sock2"));
	FAILS(EADDRINUSE, do_bind(b, "sock"));
	FAILS(ENXIO, open("sock", O_RDWR));
	n = sizeof(addr);
	GOOD(getsockname(a, (struct sockaddr *)&addr, &n));
	CHECK(n == 7 && !strcmp(addr.sun_path, "sock"));
	FAILS(ECONNREFUSED, do_connect(b, "sock")); /* nobody listens */
	FAILS(ENOENT, do_connect(b, "nothing"));
	close(open("plain", O_CREAT | O_RDWR, 0644));
	FAILS(ECONNREFUSED, do_connect(b, "plain"));
	FAILS(EPROTOTYPE, do_connect(d, "sock"));
	GOOD(listen(a, 5));
	CHECK(option(a, SO_ACCEPTCONN) == 1);
	GOOD(rename("sock", "moved"));
	GOOD(do_connect(b, "moved"));
	FAILS(EISCONN, do_connect(b, "moved"));
	FAILS(EINVAL, listen(b, 1));
	close(a);
	close(b);
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	b = socket(AF_UNIX, SOCK_STREAM, 0);
	FAILS(ECONNREFUSED, do_connect(b, "moved")); /* the name stays when its socket goes */
	FAILS(EADDRINUSE, do_bind(b, "moved"));
	GOOD(unlink("moved"));
	GOOD(do_bind(b, "moved"));
	GOOD(do_bind(a, "@some.name"));
	close(d);
	d = socket(AF_UNIX, SOCK_STREAM, 0);
	FAILS(EADDRINUSE, do_bind(d, "@some.name"));
	FAILS(ECONNREFUSED, do_connect(d, "@some.nam"));
	GOOD(listen(a, 1));
	GOOD(do_connect(d, "@some.name"));
	close(a);
	close(b);
	a = socket(AF_UNIX, SOCK_STREAM, 0);
	GOOD(do_bind(a, "@some.name"));
	close(a);
	close(d);
	a = socket(AF_UNIX, SOCK_DGRAM, 0);
	addr.sun_family = AF_UNIX;
	GOOD(bind(a, (struct sockaddr *)&addr, 2));
	n = sizeof(addr);
	GOOD(getsockname(a, (struct sockaddr *)&addr, &n));
	CHECK(n == 8 && addr.sun_path[0] == 0);
	FAILS(EOPNOTSUPP, listen(a, 1));
	FAILS(EOPNOTSUPP, accept(a, NULL, NULL));
	close(a);
}

static void test_connection(void)
{
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), c[3], s;
	struct ucred cred;
	socklen_t n = sizeof(cred);
	int count;

	FAILS(EINVAL, accept(l, NULL, NULL));
	FAILS(EINVAL, listen(l, 5));
	GOOD(do_bind(l, "listen"));
	GOOD(listen(l, 1));
	FAILS(EAGAIN, accept(l, NULL, NULL));
	CHECK(polled(l) == 0);
	for (int i = 0; i < 3; i++)
		c[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	GOOD(do_connect(c[0], "listen"));
	GOOD(do_connect(c[1], "listen"));
	FAILS(EAGAIN, do_connect(c[2], "listen"));
	CHECK(polled(l) == POLLIN && polled(c[0]) == POLLOUT);
	IS(5, write(c[0], "early", 5));
	GOOD(getsockopt(c[0], SOL_SOCKET, SO_PEERCRED, &cred, &n));
	CHECK(n == 12 && cred.pid == getpid() && cred.uid == getuid());
	n = sizeof(addr);
	s = GOOD(accept4(l, (struct sockaddr *)&addr, &n, SOCK_CLOEXEC));
	CHECK(n == 2 && fcntl(s, F_GETFD) == FD_CLOEXEC && !(fcntl(s, F_GETFL) & O_NONBLOCK));
	n = sizeof(addr);
	GOOD(getsockname(s, (struct sockaddr *)&addr, &n));
	CHECK(!strcmp(addr.sun_path, "listen"));
	n = sizeof(addr);
	GOOD(getpeername(c[0], (struct sockaddr *)&addr, &n));
	CHECK(!strcmp(addr.sun_path, "listen"));
	GOOD(ioctl(s, FIONREAD, &count));
	CHECK(count == 5 && polled(s) == (POLLIN | POLLOUT));
	IS(5, recv(s, buf, 100, MSG_PEEK));
	IS(2, read(s, buf, 2));
	IS(3, read(s, buf, 100));
	CHECK(!memcmp(buf, "rly", 3));
	FAILS(EAGAIN, recv(s, buf, 1, MSG_DONTWAIT));
	GOOD(do_connect(c[2], "listen"));
	FAILS(EINVAL, recv(l, buf, 1, 0));
	close(l);
	FAILS(ECONNRESET, read(c[2], buf, 1)); /* it was never accepted */
	IS(0, read(c[2], buf, 1));
	IS(1, write(s, "y", 1));
	close(s);
	CHECK(polled(c[0]) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP));
	IS(1, read(c[0], buf, 10));
	IS(0, read(c[0], buf, 10));
	FAILS(EPIPE, send(c[0], "x", 1, MSG_NOSIGNAL));
	IN_CHILD("dies of SIGPIPE", {
		signal(SIGPIPE, SIG_DFL);
		pid_t who = fork();

		if (!who) {
			send(c[0], "x", 1, 0);
			_exit(0);
		}
		CHECK(WTERMSIG(tap_wait(who)) == SIGPIPE);
	});
	for (int i = 0; i < 3; i++)
		close(c[i]);
}

static void *write_more(void *arg)
{
	int fd = *(int *)arg;

	usleep(10000);
	if (write(fd, "second", 6) != 6)
		return arg;
	return NULL;
}

static void test_stream(void)
{
	int p[2];
	struct iovec iov[2] = { { buf, 3 }, { buf + 10, 100 } };
	size_t sent = 0, got = 0;
	pthread_t t;
	long n;

	GOOD(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	IS(5, write(p[0], "first", 5));
	pthread_create(&t, NULL, write_more, &p[0]);
	IS(11, recv(p[1], buf, 11, MSG_WAITALL));
	pthread_join(t, NULL);
	CHECK(!memcmp(buf, "firstsecond", 11));
	IS(3, write(p[0], "abc", 3));
	IS(3, write(p[0], "def", 3));
	IS(6, recv(p[1], buf, 100, MSG_PEEK));
	IS(6, readv(p[1], iov, 2));
	CHECK(!memcmp(buf, "abc", 3) && !memcmp(buf + 10, "def", 3));
	IS(0, write(p[0], buf, 0));
	FAILS(EAGAIN, recv(p[1], buf, 10, MSG_DONTWAIT));
	FAILS(EFAULT, write(p[0], BAD, 5));
	IS(3, write(p[0], "abc", 3));
	FAILS(EFAULT, read(p[1], BAD, 3));
	IS(3, read(p[1], buf, 3));
	name("x");
	FAILS(EISCONN, sendto(p[0], "x", 1, 0, (struct sockaddr *)&addr, 4));
	while ((n = send(p[0], buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		sent += (size_t)n;
	CHECK(n < 0 && errno == EAGAIN && sent >= 100000 && polled(p[0]) == 0);
	while ((n = recv(p[1], buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		got += (size_t)n;
	CHECK(got == sent && polled(p[0]) == POLLOUT);
	GOOD(shutdown(p[0], SHUT_WR));
	FAILS(EPIPE, send(p[0], "x", 1, MSG_NOSIGNAL));
	IS(0, read(p[1], buf, 1));
	CHECK(polled(p[1]) == (POLLIN | POLLOUT | POLLRDHUP));
	IS(1, write(p[1], "z", 1));
	IS(1, read(p[0], buf, 1));
	FAILS(EINVAL, shutdown(p[0], 3));
	GOOD(shutdown(p[1], SHUT_RDWR));
	CHECK(polled(p[0]) == (POLLIN | POLLOUT | POLLHUP | POLLRDHUP));
	IS(0, read(p[0], buf, 1));
	close2(p);
	GOOD(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	IS(1, write(p[0], "u", 1));
	close(p[1]); /* unread */
	FAILS(ECONNRESET, read(p[0], buf, 1));
	close(p[0]);
}

static void *drain_all(void *arg)
{
	int fd = *(int *)arg;
	static char mine[50000];
	long n, all = 0;

	while ((n = read(fd, mine, sizeof(mine))) > 0)
		for (long i = 0; i < n; i++, all++)
			if (mine[i] != (char)(all * 7 / 5))
				return (void *)-1L;
	return (void *)all;
}

/* More than fits, with a writer that sleeps. */
static void test_flow(void)
{
	int p[2];
	void *all;
	pthread_t t;
	long sent = 0;

	GOOD(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	pthread_create(&t, NULL, drain_all, &p[1]);
	for (int round = 0; round < 40; round++) {
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = (char)((sent + (long)i) * 7 / 5);
		if (write(p[0], buf, sizeof(buf)) != sizeof(buf))
			break;
		sent += (long)sizeof(buf);
	}
	close(p[0]);
	pthread_join(t, &all);
	CHECK(sent == 40 * (long)sizeof(buf) && (long)all == sent);
	close(p[1]);
}

static void test_messages(int type)
{
	int p[2], q[2], n;
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	struct iovec iov = { buf, 3 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	GOOD(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, p));
	IS(5, write(p[0], "12345", 5));
	IS(0, write(p[0], "", 0));
	IS(2, write(p[0], "67", 2));
	GOOD(ioctl(p[1], FIONREAD, &n));
	CHECK(n == (type == SOCK_DGRAM ? 5 : 7));
	IS(3, recv(p[1], buf, 3, MSG_PEEK));
	IS(5, recv(p[1], buf, 3, MSG_PEEK | MSG_TRUNC));
	IS(3, recvmsg(p[1], &m, 0));
	CHECK(m.msg_flags == MSG_TRUNC && !memcmp(buf, "123", 3));
	IS(0, read(p[1], buf, 10));
	IS(2, recvfrom(p[1], buf, 10, 0, (struct sockaddr *)&from, &len));
	CHECK(len == 0);
	FAILS(EAGAIN, read(p[1], buf, 10));
	FAILS(EMSGSIZE, write(p[0], buf, 60000) == 60000 ? send(p[0], (char *)0 + 4096, 4000000, 0) : -2);
	close(p[1]);
	FAILS(type == SOCK_DGRAM ? ECONNREFUSED : ECONNRESET, send(p[0], "x", 1, MSG_NOSIGNAL)); /* it was not read */
	FAILS(type == SOCK_DGRAM ? ENOTCONN : EPIPE, send(p[0], "x", 1, MSG_NOSIGNAL));
	close(p[0]);
	GOOD(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, q));
	GOOD(shutdown(q[1], SHUT_RD));
	if (type == SOCK_SEQPACKET)
		FAILS(EPIPE, send(q[0], "x", 1, MSG_NOSIGNAL));
	if (type == SOCK_SEQPACKET)
		IS(0, read(q[1], buf, 1));
	else
		FAILS(EAGAIN, read(q[1], buf, 1));
	fcntl(q[1], F_SETFL, 0);
	IS(0, read(q[1], buf, 1));
	close2(q);
}

static void test_datagrams(void)
{
	int a = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), b = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), n, others;
	struct sockaddr_un from;
	socklen_t len = sizeof(from), size;

	GOOD(do_bind(a, "dgram.a"));
	GOOD(do_bind(b, "@dgram.b"));
	size = name("dgram.a");
	IS(2, sendto(b, "hi", 2, 0, (struct sockaddr *)&addr, size));
	IS(2, recvfrom(a, buf, 10, 0, (struct sockaddr *)&from, &len));
	CHECK(len == 2 + 8 && !memcmp(from.sun_path, "\0dgram.b", 8));
	FAILS(ENOTCONN, send(b, "x", 1, 0));
	GOOD(do_connect(b, "dgram.a"));
	for (n = 0; n < 100 && send(b, "x", 1, 0) == 1; n++)
		;
	CHECK(n == 11 && errno == EAGAIN && polled(b) == 0 && polled(a) == (POLLIN | POLLOUT));
	IS(1, read(a, buf, 1));
	CHECK(polled(b) == POLLOUT);
	GOOD(do_connect(a, "@dgram.b"));
	others = socket(AF_UNIX, SOCK_DGRAM, 0);
	size = name("dgram.a");
	FAILS(EPERM, sendto(others, "x", 1, 0, (struct sockaddr *)&addr, size));
	FAILS(EPERM, do_connect(others, "dgram.a"));
	addr.sun_family = AF_UNSPEC;
	GOOD(connect(a, (struct sockaddr *)&addr, sizeof(addr)));
	GOOD(do_connect(others, "dgram.a"));
	close(a);
	FAILS(ECONNREFUSED, send(others, "x", 1, 0));
	FAILS(ECONNREFUSED, do_connect(others, "dgram.a"));
	close(b);
	close(others);
}

/* ---- what travels with messages */

union control { char bytes[256]; struct cmsghdr align; };

static long send_files(int to, const int *fds, int n)
{
	union control c;
	struct iovec iov = { "f", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = CMSG_SPACE(4 * (size_t)n) };
	struct cmsghdr *h;

	memset(&c, 0, sizeof(c));
	h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(4 * (size_t)n);
	memcpy(CMSG_DATA(h), fds, 4 * (size_t)n);
	return sendmsg(to, &m, 0);
}

/* Files that came; their number in *n, what the message said in *flags. */
static long recv_files(int from, int *fds, int room, int *n, int *flags, int how)
{
	union control c;
	struct iovec iov = { buf, 10 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = CMSG_LEN(4 * (size_t)room) };
	struct cmsghdr *h;
	long r = recvmsg(from, &m, how);

	*n = 0;
	*flags = m.msg_flags;
	for (h = r < 0 ? NULL : CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_type == SCM_RIGHTS) {
			*n = (int)((h->cmsg_len - CMSG_LEN(0)) / 4);
			memcpy(fds, CMSG_DATA(h), 4 * (size_t)*n);
		}
	return r;
}

static void test_rights(int type)
{
	int p[2], q[2], fds[8], n, flags;
	char c;

	GOOD(socketpair(AF_UNIX, type, 0, p));
	GOOD(pipe(q));
	IS(1, send_files(p[0], q, 2));
	close2(q);
	IS(1, recv_files(p[1], fds, 4, &n, &flags, 0));
	CHECK(n == 2 && (flags & MSG_CTRUNC) == 0);
	IS(1, write(fds[1], "x", 1));
	IS(1, read(fds[0], &c, 1));
	IS(1, send_files(p[0], fds, 2));
	IS(1, recv_files(p[1], q, 4, &n, &flags, MSG_PEEK | MSG_CMSG_CLOEXEC));
	CHECK(n == 2 && fcntl(q[0], F_GETFD) == FD_CLOEXEC);
	close2(q);
	IS(1, recv_files(p[1], q, 1, &n, &flags, 0)); /* room for one */
	CHECK(n >= 1 && (n == 2 || (flags & MSG_CTRUNC)));
	if (n > 1)
		close(q[1]);
	close(q[0]);
	IS(1, send_files(p[0], &fds[1], 1));
	close(fds[1]);
	IS(1, read(p[1], buf, 10)); /* without room for control data it is gone */
	IS(0, read(fds[0], &c, 1));
	close(fds[0]);
	n = 99;
	FAILS(EBADF, send_files(p[0], &n, 1));
	GOOD(pipe(q));
	IS(1, send_files(p[0], &q[1], 1));
	close(q[1]);
	close2(p); /* with a file in its queue */
	IS(0, read(q[0], &c, 1));
	close(q[0]);
	if (type != SOCK_STREAM)
		return;
	GOOD(socketpair(AF_UNIX, type, 0, p));
	GOOD(pipe(q));
	IS(2, write(p[0], "ab", 2));
	IS(1, send_files(p[0], q, 1));
	IS(2, write(p[0], "cd", 2));
	IS(3, recv_files(p[1], fds, 4, &n, &flags, 0)); /* up to the message with files */
	CHECK(n == 1);
	close(fds[0]);
	IS(2, read(p[1], buf, 10));
	close2(q);
	close2(p);
}

/* Sockets in one another's queues, deeper than any stack: the end of the first is the end of all. */
static void test_depth(void)
{
	int last[2], p[2], q[2], good = 1;
	char c;

	GOOD(pipe(q));
	last[0] = q[1];
	for (int i = 0; i < 3000 && good; i++) {
		good = socketpair(AF_UNIX, SOCK_DGRAM, 0, p) == 0 && send_files(p[0], last, 1) == 1;
		close(last[0]);
		close(p[0]);
		last[0] = p[1];
	}
	CHECK(good);
	close(last[0]);
	IS(0, read(q[0], &c, 1));
	close(q[0]);
}

static void lie_about_credentials(int to)
{
	struct ucred says = { getpid(), 0, 0 };
	union control c;
	struct iovec one = { "x", 1 };
	struct msghdr m = { .msg_iov = &one, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = CMSG_SPACE(sizeof(says)) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	CHECK(setuid(1234) == 0);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_CREDENTIALS;
	h->cmsg_len = CMSG_LEN(sizeof(says));
	memcpy(CMSG_DATA(h), &says, sizeof(says));
	FAILS(EPERM, sendmsg(to, &m, 0));
	says.uid = 1234;
	memcpy(CMSG_DATA(h), &says, sizeof(says));
	IS(1, sendmsg(to, &m, 0));
	says.gid = 77;
	memcpy(CMSG_DATA(h), &says, sizeof(says));
	FAILS(EPERM, sendmsg(to, &m, 0));
	h->cmsg_len = 3;
	FAILS(EINVAL, sendmsg(to, &m, 0));
}

static void test_credentials(void)
{
	int p[2], on = 1;
	union control c;
	struct iovec iov = { buf, 10 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	struct cmsghdr *h;
	struct ucred cred = { 0 };

	GOOD(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	CHECK(option(p[1], SO_PASSCRED) == 0);
	GOOD(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	CHECK(option(p[1], SO_PASSCRED) == 1);
	IS(1, write(p[0], "a", 1));
	pid_t child = fork();
	if (!child)
		_exit(write(p[0], "b", 1) != 1);
	CHECK(tap_wait(child) == 0);
	IS(1, recvmsg(p[1], &m, 0)); /* not together: another sender */
	h = CMSG_FIRSTHDR(&m);
	CHECK(h && h->cmsg_type == SCM_CREDENTIALS && h->cmsg_len == CMSG_LEN(sizeof(cred)));
	if (h)
		memcpy(&cred, CMSG_DATA(h), sizeof(cred));
	CHECK(cred.pid == getpid() && cred.uid == getuid() && cred.gid == getgid());
	m.msg_controllen = sizeof(c);
	IS(1, recvmsg(p[1], &m, 0));
	h = CMSG_FIRSTHDR(&m);
	if (h)
		memcpy(&cred, CMSG_DATA(h), sizeof(cred));
	CHECK(cred.pid == child);
	IN_CHILD("may not lie", lie_about_credentials(p[0]));
	close2(p);
}

/* Not the C library's, which makes many calls of one. */
static long send_many(int fd, struct mmsghdr *m, unsigned n)
{
	return syscall(SYS_sendmmsg, fd, m, n, 0);
}

static void test_many(void)
{
	int p[2];
	char in[3][8] = { "" };
	struct iovec out_iov[3] = { { "a", 1 }, { "bc", 2 }, { "def", 3 } }, in_iov[3] = { { in[0], 8 }, { in[1], 8 }, { in[2], 8 } };
	struct mmsghdr m[3], bad[2];
	struct timespec none = { 0, 1000000000 };

	GOOD(socketpair(AF_UNIX, SOCK_DGRAM, 0, p));
	memset(m, 0, sizeof(m));
	for (int i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &out_iov[i], .msg_iovlen = 1 };
	IS(3, send_many(p[0], m, 3));
	CHECK(m[0].msg_len == 1 && m[1].msg_len == 2 && m[2].msg_len == 3);
	for (int i = 0; i < 3; i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &in_iov[i], .msg_iovlen = 1 };
	IS(2, syscall(SYS_recvmmsg, p[1], m, 2, 0, NULL));
	CHECK(m[0].msg_len == 1 && m[1].msg_len == 2 && !memcmp(in[1], "bc", 2));
	IS(1, syscall(SYS_recvmmsg, p[1], m, 3, MSG_WAITFORONE, NULL));
	CHECK(m[0].msg_len == 3);
	FAILS(EAGAIN, syscall(SYS_recvmmsg, p[1], m, 3, MSG_DONTWAIT, NULL));
	FAILS(EINVAL, syscall(SYS_recvmmsg, p[1], m, 3, MSG_DONTWAIT, &none));
	IS(0, send_many(p[0], m, 0));
	FAILS(EBADF, send_many(99, m, 1));
	FAILS(ENOTSOCK, send_many(0, m, 1));
	FAILS(EFAULT, send_many(p[0], BAD, 1));
	memset(bad, 0, sizeof(bad));
	bad[0].msg_hdr = (struct msghdr){ .msg_iov = &out_iov[0], .msg_iovlen = 1 };
	bad[1].msg_hdr = (struct msghdr){ .msg_iov = BAD, .msg_iovlen = 1 };
	IS(1, send_many(p[0], bad, 2));
	close2(p);
}

static void test_edges(void)
{
	int p[2], ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET }, got[2];

	GOOD(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
	GOOD(epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &e));
	IS(1, epoll_wait(ep, got, 2, 0));
	CHECK(got[0].events == EPOLLOUT);
	IS(0, epoll_wait(ep, got, 2, 0));
	IS(1, write(p[0], "x", 1));
	IS(1, epoll_wait(ep, got, 2, 0));
	CHECK(got[0].events == (EPOLLIN | EPOLLOUT));
	IS(0, epoll_wait(ep, got, 2, 0));
	IS(1, write(p[0], "x", 1));
	IS(1, epoll_wait(ep, got, 2, 0));
	while (write(p[1], buf, sizeof(buf)) > 0)
		;
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	IS(1, epoll_wait(ep, got, 2, 0));
	CHECK(got[0].events == (EPOLLIN | EPOLLOUT));
	shutdown(p[0], SHUT_WR);
	IS(1, epoll_wait(ep, got, 2, 0));
	CHECK(got[0].events == (EPOLLIN | EPOLLOUT | EPOLLRDHUP));
	close(p[0]);
	IS(1, epoll_wait(ep, got, 2, 0));
	CHECK((got[0].events & (EPOLLHUP | EPOLLRDHUP)) == (EPOLLHUP | EPOLLRDHUP));
	close(p[1]);
	close(ep);
}

/* Many small pieces, read in others: nothing is lost or out of order, and files stay at their place. */
static void test_small(void)
{
	unsigned put = 0, got = 0, bad = 0;
	int p[2], fd[4], n, flags;
	unsigned char piece[97];

	GOOD(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p));
	for (unsigned round = 0; round < 3000; round++) {
		unsigned len = 1 + round * 7 % 13;

		for (unsigned i = 0; i < len; i++)
			piece[i] = put + i;
		if (send(p[0], piece, len, 0) == (long)len)
			put += len;
		if (round % 5 == 4) {
			long r = recv(p[1], piece, 1 + round * 11 % sizeof(piece), 0);

			for (long i = 0; i < r; i++)
				bad += piece[i] != (unsigned char)got++;
		}
	}
	while ((n = recv(p[1], piece, sizeof(piece), 0)) > 0)
		for (int i = 0; i < n; i++)
			bad += piece[i] != (unsigned char)got++;
	CHECK(bad == 0 && got == put && put > 10000);
	for (int i = 0; i < 3; i++)
		send(p[0], "ab", 2, 0);
	IS(1, send_files(p[0], (int[]){ 1 }, 1));
	IS(3, send(p[0], "cde", 3, 0));
	IS(7, recv_files(p[1], fd, 1, &n, &flags, 0));
	CHECK(n == 1);
	close(fd[0]);
	IS(3, recv(p[1], piece, sizeof(piece), 0));
	close(p[0]);
	close(p[1]);
}

/* How many files a user may have on their way. */
static void test_in_flight(void)
{
	struct rlimit limit = { 20, 20 };
	int p[2], sent = 0;
	char byte;

	if (setgid(65534) || setuid(65534) || setrlimit(RLIMIT_NOFILE, &limit) || socketpair(AF_UNIX, SOCK_DGRAM, 0, p))
		_exit(1);
	while (sent < 100 && send_files(p[0], (int[]){ 1 }, 1) == 1)
		sent++;
	CHECK(errno == ETOOMANYREFS && sent == 21);
	IS(1, send(p[0], "y", 1, 0));
	IS(1, recv(p[1], &byte, 1, 0)); /* drops the file */
	IS(1, send_files(p[0], (int[]){ 1 }, 1));
	FAILS(ETOOMANYREFS, send_files(p[0], (int[]){ 1 }, 1));
	close(p[1]);
	close(p[0]);
	GOOD(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	IS(1, send_files(p[0], (int[]){ 1 }, 1)); /* what nobody will read is no longer on its way */
}

int main(void)
{
	char dir[] = "/tmp/abi_unix.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 2;
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	test_making();
	test_names();
	test_connection();
	test_stream();
	test_flow();
	test_messages(SOCK_DGRAM);
	test_messages(SOCK_SEQPACKET);
	test_datagrams();
	test_rights(SOCK_STREAM);
	test_rights(SOCK_DGRAM);
	test_depth();
	test_small();
	IN_CHILD("files on their way", test_in_flight());
	test_credentials();
	test_many();
	test_edges();
	return tap_end();
}
