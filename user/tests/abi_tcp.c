/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_tcp: stream sockets over loopback: names, connecting, data, shutdown, resets, options: good use and each errno.
 * Passes on Linux.
 */
#include "inet.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/uio.h>

static volatile int pipes_broken;

static void on_sigpipe(int sig)
{
	(void)sig;
	pipes_broken++;
}

static void test_socket(void)
{
	int fd = GOOD(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));

	CHECK(fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	IS(SOCK_STREAM, option_of(fd, SOL_SOCKET, SO_TYPE));
	IS(AF_INET, option_of(fd, SOL_SOCKET, SO_DOMAIN));
	IS(IPPROTO_TCP, option_of(fd, SOL_SOCKET, SO_PROTOCOL));
	close(fd);
	FAILS(EINVAL, socket(AF_INET, SOCK_STREAM | 0x100, 0));
	FAILS(EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	FAILS(EPROTONOSUPPORT, socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	FAILS(ESOCKTNOSUPPORT, socket(AF_INET, SOCK_SEQPACKET, 0));
	FAILS(EAFNOSUPPORT, socket(45, SOCK_STREAM, 0));
	FAILS(EAFNOSUPPORT, socket(-1, SOCK_STREAM, 0));
	FAILS(EBADF, bind(-1, NULL, 0));
	FAILS(ENOTSOCK, listen(0, 1));
	FAILS(ENOTSOCK, accept(0, NULL, NULL));
	FAILS(ENOTSOCK, shutdown(0, SHUT_WR));
}

static void test_bind(void)
{
	struct sockaddr_in in = loopback(0);
	int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0), port;

	FAILS(EINVAL, bind(a, (struct sockaddr *)&in, 4));
	FAILS(EFAULT, bind(a, BAD, sizeof(in)));
	in.sin_family = AF_INET6;
	FAILS(EAFNOSUPPORT, bind(a, NAME(in)));
	in = loopback(0);
	in.sin_addr.s_addr = htonl(0x08080808);
	FAILS(EADDRNOTAVAIL, bind(a, NAME(in)));
	in = loopback(0);
	GOOD(bind(a, NAME(in)));
	port = port_of(a);
	CHECK(port >= 32768 && port <= 60999);
	FAILS(EINVAL, bind(a, NAME(in)));
	in = loopback(port);
	FAILS(EADDRINUSE, bind(b, NAME(in)));
	in.sin_addr.s_addr = INADDR_ANY;
	FAILS(EADDRINUSE, bind(b, NAME(in)));
	in.sin_addr.s_addr = htonl(0x7f000002);
	GOOD(bind(b, NAME(in)));
	CHECK(port_of(b) == port);
	close(a);
	close(b);
}

static void test_reuse(void)
{
	struct sockaddr_in in;
	int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0), l = listener(4), end;

	in = loopback(port_of(l));
	option_set(a, SOL_SOCKET, SO_REUSEADDR, 1);
	FAILS(EADDRINUSE, bind(a, NAME(in)));
	end = connect_to(ntohs(in.sin_port));
	close(l);                       /* its queue is reset; nobody listens: the name is free for who reuses */
	GOOD(bind(a, NAME(in)));
	option_set(b, SOL_SOCKET, SO_REUSEADDR, 1);
	GOOD(bind(b, NAME(in)));
	GOOD(listen(a, 4));
	FAILS(EADDRINUSE, listen(b, 4));
	close(end);
	close(a);
	close(b);
}

static void test_reuseport(void)
{
	struct sockaddr_in in = loopback(0);
	int a = socket(AF_INET, SOCK_STREAM, 0), b = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);

	option_set(a, SOL_SOCKET, SO_REUSEPORT, 1);
	option_set(b, SOL_SOCKET, SO_REUSEPORT, 1);
	GOOD(bind(a, NAME(in)));
	in = loopback(port_of(a));
	FAILS(EADDRINUSE, bind(c, NAME(in)));
	GOOD(bind(b, NAME(in)));
	GOOD(listen(a, 16));
	GOOD(listen(b, 16));
	for (int i = 0; i < 16; i++) {   /* each connection lands with one of the two */
		struct pollfd p[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };
		int client = connect_to(ntohs(in.sin_port)), got;

		if (poll(p, 2, PATIENCE) != 1)
			tap_result(false, __LINE__, "one of two listeners has it", "");
		got = accept(p[0].revents ? a : b, NULL, NULL);
		if (got < 0 || peer_port(got) != port_of(client))
			tap_result(false, __LINE__, "accepted what was connected", "");
		close(client);
		close(got);
	}
	close(a);
	close(b);
	close(c);
}

static void test_names(void)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in), two = 2, negative = -1;
	int fd = socket(AF_INET, SOCK_STREAM, 0), end[2];

	IS(0, port_of(fd));
	FAILS(ENOTCONN, getpeername(fd, (struct sockaddr *)&in, &len));
	close(fd);
	tcp_pair(end);
	CHECK(port_of(end[0]) == peer_port(end[1]) && peer_port(end[0]) == port_of(end[1]));
	CHECK(port_of(end[0]) >= 32768 && port_of(end[0]) <= 60999);
	GOOD(getsockname(end[0], (struct sockaddr *)&in, &two));
	CHECK(two == sizeof(in));
	FAILS(EINVAL, getsockname(end[0], (struct sockaddr *)&in, &negative));
	FAILS(EFAULT, getsockname(end[0], BAD, &len));
	FAILS(EFAULT, getsockname(end[0], (struct sockaddr *)&in, BAD));
	GOOD(getsockname(end[0], (struct sockaddr *)&in, &len));
	CHECK(in.sin_family == AF_INET && in.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	close_pair(end);
}

/* A port of loopback where nobody listens: it is taken, or who connects might be given it himself. */
static int deaf_port(void)
{
	struct sockaddr_in in = loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return bind(fd, NAME(in)) ? -1 : port_of(fd);
}

static void test_connect(void)
{
	struct sockaddr_in in = loopback(deaf_port());
	int fd = socket(AF_INET, SOCK_STREAM, 0), l = listener(4), got;

	FAILS(EINVAL, connect(fd, (struct sockaddr *)&in, 1));
	FAILS(EINVAL, connect(fd, (struct sockaddr *)&in, 8));
	FAILS(ECONNREFUSED, connect(fd, NAME(in)));
	FAILS(ECONNREFUSED, connect(fd, NAME(in)));
	in = loopback(port_of(l));
	GOOD(connect(fd, NAME(in)));
	FAILS(EISCONN, connect(fd, NAME(in)));
	FAILS(EISCONN, connect(fd, NAME(in)));
	FAILS(EISCONN, connect(l, NAME(in)));
	got = GOOD(accept(l, NULL, NULL));
	FAILS(EINVAL, listen(fd, 1));
	FAILS(EINVAL, accept(fd, NULL, NULL));
	close(got);
	close(fd);
	close(l);
}

static void test_connect_later(void)
{
	struct sockaddr_in in;
	int l = listener(4), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), got;

	in = loopback(port_of(l));
	FAILS(EINPROGRESS, connect(fd, NAME(in)));
	CHECK(ready(fd, POLLOUT, PATIENCE) == POLLOUT);
	IS(0, option_of(fd, SOL_SOCKET, SO_ERROR));
	GOOD(connect(fd, NAME(in)));
	FAILS(EISCONN, connect(fd, NAME(in)));
	FAILS(EAGAIN, read(fd, &in, 1));
	CHECK(ready(l, POLLIN, PATIENCE) == POLLIN);
	got = GOOD(accept4(l, NULL, NULL, SOCK_NONBLOCK));
	CHECK(fcntl(got, F_GETFL) & O_NONBLOCK);
	fcntl(l, F_SETFL, O_NONBLOCK);
	FAILS(EAGAIN, accept(l, NULL, NULL));
	FAILS(EINVAL, syscall(SYS_accept4, l, NULL, NULL, 1));
	close(got);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FAILS(EINPROGRESS, connect(fd, NAME(in)));
	CHECK(ready(fd, POLLOUT, PATIENCE) == POLLOUT);
	GOOD(shutdown(fd, SHUT_WR));
	FAILS(EISCONN, connect(fd, NAME(in)));
	close(fd);
	close(l);
}

#define LOOK (POLLIN | POLLOUT | POLLRDHUP)

/* A socket whose connection was refused, and connect has not said so yet. */
static int refused_later(struct sockaddr_in *deaf)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)deaf, sizeof(*deaf)));
	CHECK(ready(fd, LOOK, PATIENCE) == (LOOK | POLLERR | POLLHUP));
	CHECK(port_of(fd) > 0 && peer_port(fd) == -1);
	return fd;
}

/* Who is told of it first: SO_ERROR, recv, send, or connect itself, which says it once, and begins anew after that. */
static void test_refused_later(void)
{
	struct sockaddr_in deaf = loopback(deaf_port()), in;
	int l = listener(4), fd = refused_later(&deaf);
	char byte;

	in = loopback(port_of(l));
	IS(ECONNREFUSED, option_of(fd, SOL_SOCKET, SO_ERROR));
	IS(0, option_of(fd, SOL_SOCKET, SO_ERROR));
	CHECK(ready(fd, LOOK, 0) == (LOOK | POLLHUP));
	FAILS(EINVAL, listen(fd, 1));
	FAILS(ECONNABORTED, connect(fd, NAME(in)));
	CHECK(ready(fd, LOOK, 0) == (POLLOUT | POLLHUP));
	FAILS(EINPROGRESS, connect(fd, NAME(in)));
	CHECK(ready(fd, POLLOUT, PATIENCE) == POLLOUT);
	GOOD(connect(fd, NAME(in)));
	close(fd);
	fd = refused_later(&deaf);
	FAILS(ECONNREFUSED, recv(fd, &byte, 1, 0));
	IS(0, recv(fd, &byte, 1, 0));
	FAILS(ECONNABORTED, connect(fd, NAME(in)));
	FAILS(ENOTCONN, recv(fd, &byte, 1, 0));
	GOOD(listen(fd, 1));
	close(fd);
	fd = refused_later(&deaf);
	FAILS(ECONNREFUSED, send(fd, "x", 1, MSG_NOSIGNAL));
	FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	close(fd);
	fd = refused_later(&deaf);
	FAILS(ECONNREFUSED, connect(fd, NAME(deaf)));
	CHECK(ready(fd, LOOK, 0) == (POLLOUT | POLLHUP));
	IS(0, option_of(fd, SOL_SOCKET, SO_ERROR));
	FAILS(EINPROGRESS, connect(fd, NAME(in)));
	close(fd);
	close(l);
}

static void test_unconnected(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte = 0;

	signal(SIGPIPE, SIG_IGN);
	FAILS(ENOTCONN, recv(fd, &byte, 1, 0));
	FAILS(EPIPE, send(fd, &byte, 1, 0));
	FAILS(ENOTCONN, shutdown(fd, SHUT_WR));
	FAILS(EINVAL, accept(fd, NULL, NULL));
	CHECK(ready(fd, POLLIN | POLLOUT, 0) == (POLLOUT | POLLHUP));
	GOOD(listen(fd, 1));
	CHECK(port_of(fd) > 0);
	FAILS(ENOTCONN, recv(fd, &byte, 1, 0));
	FAILS(ESPIPE, lseek(fd, 0, SEEK_SET));
	IS(1, option_of(fd, SOL_SOCKET, SO_ACCEPTCONN));
	close(fd);
}

static void test_data(void)
{
	char buf[64] = "";
	int end[2], n = 0;
	struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } }, in[2] = { { buf, 1 }, { buf + 10, 20 } };
	struct msghdr to = { .msg_iov = out, .msg_iovlen = 3 }, from = { .msg_iov = in, .msg_iovlen = 2, .msg_flags = 77 };

	tcp_pair(end);
	IS(5, write(end[0], "hello", 5));
	CHECK(ready(end[1], POLLIN | POLLOUT, PATIENCE) == (POLLIN | POLLOUT));
	GOOD(ioctl(end[1], FIONREAD, &n));
	CHECK(n == 5);
	IS(3, recv(end[1], buf, 3, MSG_PEEK));
	IS(5, recv(end[1], buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT));
	IS(2, recv(end[1], buf, 2, 0));
	IS(3, read(end[1], buf + 2, sizeof(buf)));
	CHECK(!memcmp(buf, "hello", 5));
	FAILS(EAGAIN, recv(end[1], buf, 1, MSG_DONTWAIT));
	FAILS(EAGAIN, recv(end[1], buf, 1, MSG_DONTWAIT | MSG_PEEK));
	IS(5, sendmsg(end[1], &to, 0));
	IS(5, recv(end[0], buf, 5, MSG_WAITALL | MSG_PEEK));
	IS(5, recvmsg(end[0], &from, 0));
	CHECK(buf[0] == 'a' && !memcmp(buf + 10, "bcde", 4) && from.msg_flags == 0);
	FAILS(EAGAIN, recv(end[0], buf, 0, MSG_DONTWAIT)); /* Linux waits for bytes that it will not take */
	IS(0, read(end[0], buf, 0));
	IS(0, write(end[0], buf, 0));
	FAILS(EFAULT, write(end[0], BAD, 5));
	FAILS(EFAULT, send(end[0], BAD_KERNEL, 5, 0));
	IS(4, write(end[0], "four", 4));
	FAILS(EFAULT, read(end[1], BAD, 4));
	IS(4, recv(end[1], buf, 4, MSG_WAITALL));
	IS(4, write(end[0], "four", 4));
	IS(4, recv(end[1], NULL, 4, MSG_TRUNC | MSG_WAITALL)); /* taken, looked at by nobody */
	FAILS(EINVAL, recv(end[1], buf, 1, MSG_OOB));
	close_pair(end);
}

/* Somebody else sends the rest of what MSG_WAITALL waits for. */
static void test_waitall(void)
{
	char buf[64];
	int end[2];
	pid_t child;

	tcp_pair(end);
	child = fork();
	if (!child) {
		for (int i = 0; i < 10; i++) {
			if (write(end[0], "12345", 5) != 5)
				_exit(1);
			sched_yield();
		}
		_exit(0);
	}
	IS(50, recv(end[1], buf, 50, MSG_WAITALL));
	IS(0, tap_wait(child));
	IS(3, write(end[0], "end", 3));
	GOOD(shutdown(end[0], SHUT_WR));
	IS(3, recv(end[1], buf, 50, MSG_WAITALL));
	close_pair(end);
}

static void test_shutdown(void)
{
	char buf[16];
	int end[2];

	signal(SIGPIPE, on_sigpipe);
	tcp_pair(end);
	FAILS(EINVAL, shutdown(end[0], 3));
	IS(2, write(end[0], "hi", 2));
	GOOD(shutdown(end[0], SHUT_WR));
	GOOD(shutdown(end[0], SHUT_WR));
	pipes_broken = 0;
	FAILS(EPIPE, write(end[0], "x", 1));
	IS(1, pipes_broken);
	FAILS(EPIPE, send(end[0], "x", 1, MSG_NOSIGNAL));
	IS(1, pipes_broken);
	IS(2, recv(end[1], buf, 16, 0));
	IS(0, recv(end[1], buf, 16, 0));
	CHECK(ready(end[1], POLLIN | POLLOUT | POLLRDHUP, 0) == (POLLIN | POLLOUT | POLLRDHUP));
	IS(4, write(end[1], "back", 4));     /* half closed: the other way still works */
	IS(4, recv(end[0], buf, 16, 0));
	close(end[1]);
	IS(0, recv(end[0], buf, 16, 0));
	CHECK(ready(end[0], POLLIN, PATIENCE) & POLLHUP);
	close(end[0]);

	tcp_pair(end);
	GOOD(shutdown(end[0], SHUT_RD));
	IS(0, recv(end[0], buf, 16, 0));
	CHECK(ready(end[0], POLLIN | POLLRDHUP, 0) == (POLLIN | POLLRDHUP));
	IS(2, write(end[0], "ok", 2));
	IS(2, recv(end[1], buf, 16, 0));
	GOOD(shutdown(end[0], SHUT_RDWR));
	IS(0, recv(end[1], buf, 16, 0));
	close_pair(end);
}

static void test_reset(void)
{
	char buf[16];
	int end[2];

	signal(SIGPIPE, on_sigpipe);
	tcp_pair(end);
	GOOD(linger_none(end[0]));
	close(end[0]);
	CHECK((ready(end[1], POLLIN, PATIENCE) & (POLLERR | POLLHUP)) == (POLLERR | POLLHUP));
	FAILS(ECONNRESET, read(end[1], buf, 1));
	IS(0, read(end[1], buf, 1));
	FAILS(EPIPE, send(end[1], "x", 1, MSG_NOSIGNAL));
	FAILS(ENOTCONN, shutdown(end[1], SHUT_WR));
	FAILS(ENOTCONN, getpeername(end[1], (struct sockaddr *)buf, &(socklen_t){ 16 }));
	close(end[1]);

	tcp_pair(end);                   /* closed with unread bytes: a reset too */
	IS(2, write(end[1], "hi", 2));
	CHECK(ready(end[0], POLLIN, PATIENCE) & POLLIN);
	close(end[0]);
	CHECK(ready(end[1], POLLIN, PATIENCE) & POLLERR);
	IS(ECONNRESET, option_of(end[1], SOL_SOCKET, SO_ERROR));
	close(end[1]);

	tcp_pair(end);                   /* closed well; what is written then is answered by a reset */
	close(end[0]);
	IS(0, read(end[1], buf, 1));
	IS(1, write(end[1], "x", 1));
	CHECK(ready(end[1], 0, PATIENCE) & (POLLERR | POLLHUP));
	FAILS(EPIPE, send(end[1], "x", 1, MSG_NOSIGNAL));
	close(end[1]);

	tcp_pair(end);                   /* what came before the end stays readable */
	IS(3, write(end[0], "bye", 3));
	close(end[0]);
	IS(3, recv(end[1], buf, 16, MSG_WAITALL));
	IS(0, read(end[1], buf, 16));
	close(end[1]);
}

static void test_listener_dies(void)
{
	int l = listener(4), fd = connect_to(port_of(l));
	char byte;

	close(l);                        /* with a connection that nobody accepted */
	FAILS(ECONNRESET, read(fd, &byte, 1));
	close(fd);
	l = listener(4);
	GOOD(shutdown(l, SHUT_RD));
	FAILS(EINVAL, accept(l, NULL, NULL));
	close(l);
}

static void test_timeouts(void)
{
	struct timeval tv = { 0, 30000 }, got;
	socklen_t len = sizeof(got);
	int end[2], l = listener(1);
	char byte;

	tcp_pair(end);
	GOOD(setsockopt(end[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	GOOD(getsockopt(end[0], SOL_SOCKET, SO_RCVTIMEO, &got, &len));
	CHECK(len == sizeof(got) && got.tv_sec == 0 && got.tv_usec >= 30000 && got.tv_usec < 50000);
	FAILS(EAGAIN, recv(end[0], &byte, 1, 0));
	tv.tv_usec = 1000000;
	FAILS(EDOM, setsockopt(end[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	FAILS(EINVAL, setsockopt(end[0], SOL_SOCKET, SO_RCVTIMEO, &tv, 4));
	tv.tv_usec = 30000;
	GOOD(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	FAILS(EAGAIN, accept(l, NULL, NULL));
	GOOD(setsockopt(end[1], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	do { /* the other side may take something yet when the time is over here */
		while (write(end[1], (char[65536]){ 0 }, 65536) > 0)
			;
	} while (errno == EAGAIN && (ready(end[1], POLLOUT, 0) & POLLOUT));
	CHECK(errno == EAGAIN);
	close(l);
	close_pair(end);
}

/* A call that wakes who waits on a socket, for nothing, does not put off the end of his wait. */
static void test_timeout_busy(void)
{
	struct timeval tv = { 0, 300000 };
	int end[2];
	pid_t other;
	char byte;

	tcp_pair(end);
	GOOD(setsockopt(end[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	other = fork();
	while (other == 0)
		shutdown(end[0], SHUT_WR);
	FAILS(EAGAIN, recv(end[0], &byte, 1, 0));
	kill(other, SIGKILL);
	tap_wait(other);
	close_pair(end);
}

static void test_socket_options(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on[] = { SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_OOBINLINE };
	struct linger l = { 0 };
	socklen_t len = sizeof(l);

	for (unsigned i = 0; i < sizeof(on) / sizeof(*on); i++) {
		IS(0, option_of(fd, SOL_SOCKET, on[i]));
		GOOD(option_set(fd, SOL_SOCKET, on[i], 5));
		IS(1, option_of(fd, SOL_SOCKET, on[i]));
	}
	IS(131072, option_of(fd, SOL_SOCKET, SO_RCVBUF));
	IS(16384, option_of(fd, SOL_SOCKET, SO_SNDBUF));
	GOOD(option_set(fd, SOL_SOCKET, SO_RCVBUF, 40000));
	IS(80000, option_of(fd, SOL_SOCKET, SO_RCVBUF));
	GOOD(option_set(fd, SOL_SOCKET, SO_SNDBUF, 1));
	IS(4608, option_of(fd, SOL_SOCKET, SO_SNDBUF));
	GOOD(option_set(fd, SOL_SOCKET, SO_RCVBUF, 1));
	IS(2304, option_of(fd, SOL_SOCKET, SO_RCVBUF));
	GOOD(option_set(fd, SOL_SOCKET, SO_SNDBUF, 1 << 30));
	IS(425984, option_of(fd, SOL_SOCKET, SO_SNDBUF));
	GOOD(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
	CHECK(len == sizeof(l) && !l.l_onoff);
	IS(0, option_of(fd, SOL_SOCKET, SO_ACCEPTCONN));
	IS(0, option_of(fd, SOL_SOCKET, SO_ERROR));
	FAILS(ENOPROTOOPT, option_set(fd, SOL_SOCKET, SO_TYPE, 1));
	FAILS(ENOPROTOOPT, option_set(fd, SOL_SOCKET, 9999, 1));
	FAILS(ENOPROTOOPT, option_of(fd, SOL_SOCKET, 9999));
	FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &len, 2));
	FAILS(EFAULT, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, BAD, 4));
	len = 4;
	FAILS(EFAULT, getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, BAD, &len));
	FAILS(EFAULT, getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &l, BAD));
	close(fd);
}

static void test_tcp_options(void)
{
	int end[2], fd = socket(AF_INET, SOCK_STREAM, 0);
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	char name[16] = "";

	IS(0, option_of(fd, IPPROTO_TCP, TCP_NODELAY));
	GOOD(option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1));
	IS(1, option_of(fd, IPPROTO_TCP, TCP_NODELAY));
	IS(7200, option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE));
	IS(75, option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL));
	IS(9, option_of(fd, IPPROTO_TCP, TCP_KEEPCNT));
	GOOD(option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60));
	IS(60, option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE));
	FAILS(EINVAL, option_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0));
	IS(60, option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE));
	FAILS(EINVAL, option_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 40000));
	FAILS(EINVAL, option_set(fd, IPPROTO_TCP, TCP_KEEPCNT, 200));
	FAILS(ENOPROTOOPT, option_set(fd, IPPROTO_TCP, 999, 1));
	FAILS(EINVAL, setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &len, 2));
	IS(536, option_of(fd, IPPROTO_TCP, TCP_MAXSEG));
	GOOD(option_set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1));
	GOOD(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	CHECK(info.tcpi_state == TCP_CLOSE);
	close(fd);
	tcp_pair(end);
	len = sizeof(info);
	GOOD(getsockopt(end[0], IPPROTO_TCP, TCP_INFO, &info, &len));
	CHECK(info.tcpi_state == TCP_ESTABLISHED && info.tcpi_snd_mss >= 536);
	CHECK(option_of(end[0], IPPROTO_TCP, TCP_MAXSEG) > 536);
	len = sizeof(name);
	GOOD(getsockopt(end[0], IPPROTO_TCP, TCP_CONGESTION, name, &len));
	CHECK(!strcmp(name, "cubic") || !strcmp(name, "reno"));
	close_pair(end);
	fd = listener(7);
	len = sizeof(info);
	GOOD(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	CHECK(info.tcpi_state == TCP_LISTEN);
	close(fd);
}

static void test_ip_options(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	IS(0, option_of(fd, IPPROTO_IP, IP_TOS));
	GOOD(option_set(fd, IPPROTO_IP, IP_TOS, 0x10));
	IS(0x10, option_of(fd, IPPROTO_IP, IP_TOS));
	IS(64, option_of(fd, IPPROTO_IP, IP_TTL));
	FAILS(EINVAL, option_set(fd, IPPROTO_IP, IP_TTL, 256));
	FAILS(ENOPROTOOPT, option_set(fd, IPPROTO_IP, 99, 1));
	FAILS(ENOPROTOOPT, option_set(fd, 77, 1, 1));
	FAILS(EOPNOTSUPP, option_of(fd, 77, 1));
	close(fd);
}

/* What a small backlog does not take is not lost: those who connect wait until there is room. */
static void test_backlog(void)
{
	int l = listener(2), child, done = 0;
	struct sockaddr_in in = loopback(port_of(l));

	child = fork();
	if (!child) {
		int fd[12];

		for (int i = 0; i < 12; i++) {
			fd[i] = socket(AF_INET, SOCK_STREAM, 0);
			if (connect(fd[i], NAME(in)) || write(fd[i], "x", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	while (done < 12) {
		int fd = accept(l, NULL, NULL);
		char byte = 0;

		if (fd < 0 || read(fd, &byte, 1) != 1 || byte != 'x')
			break;
		close(fd);
		done++;
	}
	IS(12, done);
	IS(0, tap_wait(child));
	close(l);
}

static void test_fork_shares(void)
{
	int end[2];
	char byte = 0;

	tcp_pair(end);
	IN_CHILD("writes on an inherited socket", {
		close(end[1]);
		IS(1, write(end[0], "c", 1));
	});
	IS(1, read(end[1], &byte, 1));
	CHECK(byte == 'c');
	FAILS(EAGAIN, recv(end[1], &byte, 1, MSG_DONTWAIT)); /* the parent still has it open */
	close(end[0]);
	IS(0, read(end[1], &byte, 1));
	close(end[1]);
}

static void on_alarm(int sig) { (void)sig; }

static void test_interrupted(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	int end[2], l = listener(1);
	char byte;

	tcp_pair(end);
	sigaction(SIGALRM, &sa, NULL);
	FAILS(EINTR, ALARMED(read(end[0], &byte, 1)));
	FAILS(EINTR, ALARMED(accept(l, NULL, NULL)));
	close(l);
	close_pair(end);
}

static void test_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	CHECK(fd >= 0 || errno == EAFNOSUPPORT);
	close(fd);
	FAILS(EOPNOTSUPP, socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){ 0 }));
}

#define WAITERS 64

static _Atomic int waiting_tid[WAITERS], accepted;
static _Atomic long slept;

static void *accept_one(void *arg)
{
	static _Atomic int next;
	struct rusage usage;
	int fd;

	waiting_tid[next++] = gettid();
	fd = accept(*(int *)arg, NULL, NULL);
	getrusage(RUSAGE_THREAD, &usage);
	slept += usage.ru_nvcsw;
	accepted += fd >= 0;
	close(fd);
	return NULL;
}

static bool sleeps(int tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (f)
		fclose(f);
	return state == 'S';
}

/* Each connection wakes one of those who wait in accept. If it woke them all, they would sleep WAITERS^2 / 2 times. */
static void test_many_accept(void)
{
	int l = listener(WAITERS), fd[WAITERS];
	pthread_t t[WAITERS];

	for (int i = 0; i < WAITERS; i++)
		pthread_create(&t[i], NULL, accept_one, &l);
	for (int i = 0; i < WAITERS; i++)
		while (!waiting_tid[i] || !sleeps(waiting_tid[i]))
			sched_yield();
	for (int i = 0; i < WAITERS; i++) {
		fd[i] = connect_to(port_of(l));
		while (accepted == i)
			usleep(1000);
	}
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(t[i], NULL);
		close(fd[i]);
	}
	CHECK(accepted == WAITERS);
	if (!CHECK(slept >= WAITERS && slept < WAITERS * 12))
		dprintf(1, "# they slept %ld times for %d connections\n", (long)slept, WAITERS);
	close(l);
}

int main(void)
{
	test_socket();
	test_bind();
	test_reuse();
	test_reuseport();
	test_names();
	test_connect();
	test_connect_later();
	test_refused_later();
	test_unconnected();
	test_data();
	test_waitall();
	test_shutdown();
	test_reset();
	test_listener_dies();
	test_timeouts();
	test_timeout_busy();
	test_socket_options();
	test_tcp_options();
	test_ip_options();
	test_backlog();
	test_fork_shares();
	test_interrupted();
	test_many_accept();
	test_ipv6();
	return tap_end();
}
