/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* abi_udp: datagram sockets over loopback: names, peers, data, errors, options. Passes on Linux. */
#include "inet.h"

#include <net/if.h>
#include <sys/uio.h>

static int bound(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in in = loopback(0);

	if (fd < 0 || bind(fd, NAME(in))) {
		perror("bound");
		exit(1);
	}
	return fd;
}

static void test_unconnected(void)
{
	int a = bound(), b = bound(), n = -1;
	struct sockaddr_in to = loopback(port_of(b)), from = { 0 };
	socklen_t len = sizeof(from);
	char buf[32] = "";

	IS(5, sendto(a, "hello", 5, 0, NAME(to)));
	CHECK(ready(b, POLLIN | POLLOUT, PATIENCE) == (POLLIN | POLLOUT));
	GOOD(ioctl(b, FIONREAD, &n));
	CHECK(n == 5);
	IS(3, recvfrom(b, buf, 3, MSG_PEEK, (struct sockaddr *)&from, &len));
	CHECK(len == sizeof(from) && ntohs(from.sin_port) == port_of(a) && from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	IS(5, recv(b, buf, 3, MSG_TRUNC));
	FAILS(EAGAIN, recv(b, buf, 3, MSG_DONTWAIT));
	IS(0, sendto(a, "", 0, 0, NAME(to)));
	IS(2, sendto(a, "xy", 2, 0, NAME(to)));
	CHECK(ready(b, POLLIN, PATIENCE) == POLLIN);
	GOOD(ioctl(b, FIONREAD, &n));
	CHECK(n == 0);
	IS(0, recv(b, buf, sizeof(buf), 0));
	IS(2, recv(b, buf, sizeof(buf), 0));
	IS(4, sendto(a, "lost", 4, 0, NAME(to)));
	IS(1, recv(b, buf, 1, 0));               /* the rest of a datagram is gone */
	FAILS(EAGAIN, recv(b, buf, 3, MSG_DONTWAIT));
	close(a);
	close(b);
}

static void test_errors(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), b = bound();
	struct sockaddr_in to = loopback(port_of(b)), none = loopback(0);
	static char big[70000];

	FAILS(EDESTADDRREQ, send(fd, "x", 1, 0));
	FAILS(EDESTADDRREQ, write(fd, "x", 1));
	FAILS(EINVAL, sendto(fd, "x", 1, 0, NAME(none)));
	FAILS(EINVAL, sendto(fd, "x", 1, 0, (struct sockaddr *)&to, 4));
	FAILS(EMSGSIZE, sendto(fd, big, sizeof(big), 0, NAME(to)));
	FAILS(EMSGSIZE, sendto(fd, big, 65508, 0, NAME(to)));
	IS(65507, sendto(fd, big, 65507, 0, NAME(to)));
	IS(65507, recv(b, big, sizeof(big), 0));
	FAILS(EFAULT, sendto(fd, BAD, 10, 0, NAME(to)));
	FAILS(EOPNOTSUPP, listen(fd, 1));
	FAILS(EOPNOTSUPP, accept(fd, NULL, NULL));
	FAILS(ENOTCONN, shutdown(fd, SHUT_RDWR));
	FAILS(ENOTCONN, getpeername(fd, (struct sockaddr *)&to, &(socklen_t){ sizeof(to) }));
	CHECK(port_of(fd) >= 32768);             /* sending gave it one */
	to.sin_family = 99;
	FAILS(EAFNOSUPPORT, sendto(fd, "x", 1, 0, NAME(to)));
	close(fd);
	close(b);
}

static void test_connected(void)
{
	int a = bound(), b = bound(), c = bound();
	struct sockaddr_in to = loopback(port_of(b)), back = loopback(port_of(a)), none = { .sin_family = AF_UNSPEC };
	char buf[8] = "";

	GOOD(connect(a, NAME(to)));
	CHECK(peer_port(a) == port_of(b));
	IS(3, send(a, "abc", 3, 0));
	IS(3, recv(b, buf, 8, 0));
	IS(1, sendto(c, "!", 1, 0, NAME(back)));  /* from somebody else: not seen */
	IS(1, sendto(b, "?", 1, 0, NAME(back)));
	IS(1, recv(a, buf, 8, 0));
	CHECK(buf[0] == '?');
	FAILS(EAGAIN, recv(a, buf, 8, MSG_DONTWAIT));
	to = loopback(port_of(c));
	GOOD(connect(a, NAME(to)));               /* another peer */
	CHECK(peer_port(a) == port_of(c));
	IS(1, sendto(a, "x", 1, 0, NAME(to)));
	IS(1, recv(c, buf, 8, 0));
	GOOD(connect(a, NAME(none)));
	FAILS(ENOTCONN, getpeername(a, (struct sockaddr *)&to, &(socklen_t){ sizeof(to) }));
	close(a);
	close(b);
	close(c);
}

static void test_refused(void)
{
	int a = bound(), gone = bound();
	struct sockaddr_in to = loopback(port_of(gone));
	char byte;

	close(gone);
	IS(1, sendto(a, "x", 1, 0, NAME(to)));    /* without a peer nobody is told */
	GOOD(connect(a, NAME(to)));
	IS(1, send(a, "x", 1, 0));
	CHECK(ready(a, POLLIN, PATIENCE) & POLLERR);
	FAILS(ECONNREFUSED, recv(a, &byte, 1, 0));
	FAILS(EAGAIN, recv(a, &byte, 1, MSG_DONTWAIT));
	IS(1, send(a, "x", 1, 0));
	CHECK(ready(a, POLLIN, PATIENCE) & POLLERR);
	FAILS(ECONNREFUSED, send(a, "x", 1, 0));
	IS(0, option_of(a, SOL_SOCKET, SO_ERROR));
	close(a);
}

static void test_vectors(void)
{
	int a = bound(), b = bound();
	struct sockaddr_in to = loopback(port_of(b)), from = { 0 };
	char one[4] = "", two[4] = "";
	struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defgh", 5 } }, in[2] = { { one, 3 }, { two, 3 } };
	struct msghdr s = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = out, .msg_iovlen = 3 };
	struct msghdr r = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = in, .msg_iovlen = 2 };

	IS(8, sendmsg(a, &s, 0));
	IS(6, recvmsg(b, &r, 0));
	CHECK(r.msg_flags == MSG_TRUNC && r.msg_namelen == sizeof(from) && r.msg_controllen == 0);
	CHECK(!memcmp(one, "abc", 3) && !memcmp(two, "def", 3) && ntohs(from.sin_port) == port_of(a));
	s.msg_iovlen = 2000;
	FAILS(EMSGSIZE, syscall(SYS_sendmsg, a, &s, 0));
	IS(8, writev(b, out, 3) < 0 && errno == EDESTADDRREQ ? 8 : 0);
	close(a);
	close(b);
}

static void test_shutdown(void)
{
	int a = bound(), b = bound();
	struct sockaddr_in to = loopback(port_of(b));
	char byte;

	signal(SIGPIPE, SIG_IGN);
	GOOD(connect(a, NAME(to)));
	GOOD(shutdown(a, SHUT_RD));
	IS(0, recv(a, &byte, 1, 0));
	GOOD(shutdown(a, SHUT_WR));
	FAILS(EPIPE, send(a, "x", 1, 0));
	CHECK(ready(a, POLLIN | POLLOUT | POLLRDHUP, 0) == (POLLIN | POLLOUT | POLLRDHUP | POLLHUP));
	close(a);
	close(b);
}

static void test_names(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0), t = listener(1);
	struct sockaddr_in in = loopback(0);

	option_set(a, SOL_SOCKET, SO_REUSEADDR, 1);
	GOOD(bind(a, NAME(in)));
	in = loopback(port_of(a));
	FAILS(EADDRINUSE, bind(b, NAME(in)));
	option_set(b, SOL_SOCKET, SO_REUSEADDR, 1);
	GOOD(bind(b, NAME(in)));                  /* nobody listens on datagrams: reuse is enough */
	close(b);
	b = socket(AF_INET, SOCK_DGRAM, 0);
	in = loopback(port_of(t));
	GOOD(bind(b, NAME(in)));                  /* a port of TCP is another one */
	close(a);
	close(b);
	close(t);
}

static void test_options(void)
{
	int fd = bound();
	struct timeval tv = { 0, 30000 };
	char byte;

	IS(SOCK_DGRAM, option_of(fd, SOL_SOCKET, SO_TYPE));
	IS(IPPROTO_UDP, option_of(fd, SOL_SOCKET, SO_PROTOCOL));
	IS(212992, option_of(fd, SOL_SOCKET, SO_RCVBUF));
	IS(212992, option_of(fd, SOL_SOCKET, SO_SNDBUF));
	GOOD(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	FAILS(EAGAIN, recv(fd, &byte, 1, 0));
	FAILS(ENOPROTOOPT, option_set(fd, IPPROTO_TCP, TCP_NODELAY, 1));
	FAILS(EOPNOTSUPP, option_of(fd, IPPROTO_TCP, TCP_NODELAY));
	IS(0, option_of(fd, SOL_SOCKET, SO_BROADCAST));
	GOOD(option_set(fd, SOL_SOCKET, SO_BROADCAST, 1));
	IS(1, option_of(fd, SOL_SOCKET, SO_BROADCAST));
	close(fd);
}

/* Datagrams that nobody reads fill the buffer; what came first is still there, whole and in order. */
static void test_overflow(void)
{
	int a = bound(), b = bound(), sent, got = 0, last = -1, n;
	struct sockaddr_in to = loopback(port_of(b));
	int buf[256] = { 0 };

	for (sent = 0; sent < 2000; sent++) {
		buf[0] = sent;
		if (sendto(a, buf, sizeof(buf), 0, NAME(to)) != sizeof(buf))
			break;
	}
	IS(2000, sent);
	while ((n = recv(b, buf, sizeof(buf), MSG_DONTWAIT)) == sizeof(buf)) {
		if (buf[0] <= last)
			break;
		last = buf[0];
		got++;
	}
	CHECK(n == -1 && errno == EAGAIN && got >= 50 && got < 2000);
	IS(1, sendto(a, "x", 1, 0, NAME(to)));
	IS(1, recv(b, buf, sizeof(buf), 0));
	close(a);
	close(b);
}

static void test_interfaces(void)
{
	int fd = bound();
	struct ifreq r = { .ifr_name = "lo" }, list[8];
	struct ifconf c = { .ifc_len = sizeof(list), .ifc_req = list };

	GOOD(ioctl(fd, SIOCGIFFLAGS, &r));
	CHECK((r.ifr_flags & (IFF_UP | IFF_LOOPBACK)) == (IFF_UP | IFF_LOOPBACK));
	GOOD(ioctl(fd, SIOCGIFADDR, &r));
	CHECK(((struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	GOOD(ioctl(fd, SIOCGIFMTU, &r));
	CHECK(r.ifr_mtu == 65536);
	GOOD(ioctl(fd, SIOCGIFINDEX, &r));
	CHECK(r.ifr_ifindex == 1);
	GOOD(ioctl(fd, SIOCGIFCONF, &c));
	CHECK(c.ifc_len >= (int)sizeof(r) && c.ifc_len % sizeof(r) == 0 && !strcmp(list[0].ifr_name, "lo"));
	strcpy(r.ifr_name, "none7");
	FAILS(ENODEV, ioctl(fd, SIOCGIFADDR, &r));
	FAILS(EFAULT, ioctl(fd, SIOCGIFADDR, BAD));
	FAILS(ENOTTY, ioctl(fd, 0x5401, &r));
	close(fd);
}

int main(void)
{
	test_unconnected();
	test_errors();
	test_connected();
	test_refused();
	test_vectors();
	test_shutdown();
	test_names();
	test_options();
	test_overflow();
	test_interfaces();
	return tap_end();
}
