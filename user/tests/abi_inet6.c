/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_inet6: sockets of AF_INET6 as far as a machine needs them whose wire carries IPv4: ::1, listeners on `::` that
 * hear both families or one, and IPv4 addresses written as IPv6. Passes on Linux.
 */
#include "inet.h"

static struct sockaddr_in6 name6(const char *address, int port)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, address, &in.sin6_addr);
	return in;
}

/* Is the socket, or its peer, at this address? */
static bool at(int fd, bool peer, const char *address)
{
	struct sockaddr_in6 in = { 0 };
	socklen_t len = sizeof(in);
	char text[INET6_ADDRSTRLEN] = "";
	int err = peer ? getpeername(fd, (struct sockaddr *)&in, &len) : getsockname(fd, (struct sockaddr *)&in, &len);

	if (!err)
		inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof(text));
	if (strcmp(text, address))
		dprintf(1, "# at %s\n", text);
	return !err && len == sizeof(in) && in.sin6_family == AF_INET6 && !strcmp(text, address);
}

/* fd if nothing went wrong; else it is closed, -1, and errno says what. */
static int or_closed(int fd, bool good)
{
	int err = errno;

	if (good)
		return fd;
	close(fd);
	errno = err;
	return -1;
}

static int bound6(int type, const char *address, int port, bool only)
{
	int fd = socket(AF_INET6, type, 0);
	struct sockaddr_in6 in = name6(address, port);

	option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
	return or_closed(fd, !bind(fd, NAME(in)) && (type != SOCK_STREAM || !listen(fd, 8)));
}

static int bound4(int type, const char *address, int port)
{
	int fd = socket(AF_INET, type, 0);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(address) };

	return or_closed(fd, !bind(fd, NAME(in)) && (type != SOCK_STREAM || !listen(fd, 8)));
}

static int dial6(int type, const char *address, int port)
{
	int fd = socket(AF_INET6, type, 0);
	struct sockaddr_in6 in = name6(address, port);

	return or_closed(fd, !connect(fd, NAME(in)));
}

static int dial4(int type, const char *address, int port)
{
	int fd = socket(AF_INET, type, 0);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(address) };

	return or_closed(fd, !connect(fd, NAME(in)));
}

static void test_names(void)
{
	int fd = GOOD(socket(AF_INET6, SOCK_STREAM, 0));
	struct sockaddr_in6 in = name6("2001:db8::1", 0);
	struct sockaddr_in four = loopback(0);

	IS(AF_INET6, option_of(fd, SOL_SOCKET, SO_DOMAIN));
	IS(IPPROTO_TCP, option_of(fd, SOL_SOCKET, SO_PROTOCOL));
	CHECK(at(fd, false, "::"));
	FAILS(ENOTCONN, getpeername(fd, (struct sockaddr *)&in, &(socklen_t){ sizeof(in) }));
	FAILS(EADDRNOTAVAIL, bind(fd, NAME(in)));
	FAILS(EAFNOSUPPORT, bind(fd, (struct sockaddr *)&four, sizeof(in)));
	FAILS(EINVAL, bind(fd, NAME(four)));
	FAILS(EINVAL, bind(fd, (struct sockaddr *)&in, 23));
	in = name6("::1", 0);
	GOOD(bind(fd, NAME(in)));
	CHECK(at(fd, false, "::1") && port_of(fd) > 0);
	FAILS(EINVAL, bind(fd, NAME(in)));
	close(fd);
	fd = bound6(SOCK_STREAM, "::ffff:127.0.0.1", 0, false);
	CHECK(at(fd, false, "::ffff:127.0.0.1"));
	close(fd);
	FAILS(EINVAL, bound6(SOCK_STREAM, "::ffff:127.0.0.1", 0, true));
	fd = bound6(SOCK_STREAM, "::", 0, false);
	CHECK(at(fd, false, "::"));
	close(fd);
	fd = bound6(SOCK_STREAM, "::ffff:0.0.0.0", 0, false);
	CHECK(at(fd, false, "::ffff:0.0.0.0"));
	close(fd);
	FAILS(EPROTONOSUPPORT, socket(AF_INET6, SOCK_STREAM, IPPROTO_UDP));
}

static void test_options(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0), four = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in6 in = name6("::", 0);

	IS(0, option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	GOOD(option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	IS(1, option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	IS(64, option_of(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
	GOOD(option_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7));
	IS(7, option_of(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS));
	FAILS(EINVAL, option_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 256));
	GOOD(option_set(fd, IPPROTO_IPV6, IPV6_TCLASS, 16));
	IS(16, option_of(fd, IPPROTO_IPV6, IPV6_TCLASS));
	FAILS(ENOPROTOOPT, option_set(fd, IPPROTO_IPV6, 9999, 1));
	FAILS(ENOPROTOOPT, option_set(four, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	GOOD(bind(fd, NAME(in)));
	FAILS(EINVAL, option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
	close(fd);
	close(four);
}

/* A connection to `l` by either way carries bytes, and its names are what they should be. */
static void carries(int l, int c, const char *names)
{
	int s = accept(l, NULL, NULL);
	char byte = 0;

	CHECK(at(s, false, names) && at(s, true, names));
	IS(AF_INET6, option_of(s, SOL_SOCKET, SO_DOMAIN));
	CHECK(peer_port(s) == port_of(c) && peer_port(c) == port_of(s));
	IS(1, send(c, "x", 1, 0));
	IS(1, recv(s, &byte, 1, 0));
	CHECK(byte == 'x');
	close(s);
	close(c);
}

static void test_both(void)
{
	int l = bound6(SOCK_STREAM, "::", 0, false), port = port_of(l);

	carries(l, GOOD(dial6(SOCK_STREAM, "::1", port)), "::1");
	carries(l, GOOD(dial4(SOCK_STREAM, "127.0.0.1", port)), "::ffff:127.0.0.1");
	carries(l, GOOD(dial6(SOCK_STREAM, "::ffff:127.0.0.1", port)), "::ffff:127.0.0.1");
	carries(l, GOOD(dial6(SOCK_STREAM, "::", port)), "::1");
	FAILS(EADDRINUSE, bound4(SOCK_STREAM, "0.0.0.0", port));
	FAILS(EADDRINUSE, bound4(SOCK_STREAM, "127.0.0.1", port));
	FAILS(EADDRINUSE, bound6(SOCK_STREAM, "::1", port, false));
	FAILS(EADDRINUSE, bound6(SOCK_STREAM, "::", port, true));
	close(l);
}

/* What servers do: one socket for each family, at the same port. */
static void test_apart(void)
{
	int six = bound6(SOCK_STREAM, "::", 0, true), port = port_of(six), four, c;

	FAILS(ECONNREFUSED, dial4(SOCK_STREAM, "127.0.0.1", port));
	four = GOOD(bound4(SOCK_STREAM, "0.0.0.0", port));
	carries(six, GOOD(dial6(SOCK_STREAM, "::1", port)), "::1");
	c = GOOD(dial4(SOCK_STREAM, "127.0.0.1", port));
	CHECK(ready(four, POLLIN, PATIENCE) == POLLIN && !ready(six, POLLIN, 0));
	close(c);
	close(six);
	FAILS(ECONNREFUSED, dial6(SOCK_STREAM, "::1", port));
	c = GOOD(dial4(SOCK_STREAM, "127.0.0.1", port));
	close(c);
	close(four);
	FAILS(ECONNREFUSED, dial6(SOCK_STREAM, "::1", port));
	FAILS(ECONNREFUSED, dial4(SOCK_STREAM, "127.0.0.1", port));
}

static void test_loopback(void)
{
	int l = bound6(SOCK_STREAM, "::1", 0, false), port = port_of(l), four = bound4(SOCK_STREAM, "127.0.0.1", port);

	CHECK(four >= 0);
	carries(l, GOOD(dial6(SOCK_STREAM, "::1", port)), "::1");
	close(four);
	FAILS(ECONNREFUSED, dial4(SOCK_STREAM, "127.0.0.1", port));
	close(l);
	four = bound4(SOCK_STREAM, "0.0.0.0", 0);
	FAILS(ECONNREFUSED, dial6(SOCK_STREAM, "::1", port_of(four)));
	close(four);
}

/* A connection that is refused leaves the name as it was: the socket may try the other family. */
static void test_refused(void)
{
	int l = bound4(SOCK_STREAM, "127.0.0.1", 0), fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 six = name6("::1", port_of(l)), mapped = name6("::ffff:127.0.0.1", port_of(l));

	FAILS(ECONNREFUSED, connect(fd, NAME(six)));
	CHECK(at(fd, false, "::"));
	GOOD(connect(fd, NAME(mapped)));
	CHECK(at(fd, false, "::ffff:127.0.0.1") && at(fd, true, "::ffff:127.0.0.1"));
	close(fd);
	close(l);
}

/* The same without waiting: the name stays what it became until connect has said how it went. */
static void test_refused_later(void)
{
	int l = bound4(SOCK_STREAM, "127.0.0.1", 0), fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in6 six = name6("::1", port_of(l)), mapped = name6("::ffff:127.0.0.1", port_of(l));
	int all = POLLIN | POLLOUT | POLLRDHUP;

	FAILS(EINPROGRESS, connect(fd, NAME(six)));
	CHECK(ready(fd, all, PATIENCE) == (all | POLLERR | POLLHUP));
	CHECK(at(fd, false, "::1"));
	IS(ECONNREFUSED, option_of(fd, SOL_SOCKET, SO_ERROR));
	CHECK(at(fd, false, "::1") && ready(fd, all, 0) == (all | POLLHUP));
	FAILS(ENOTCONN, getpeername(fd, (struct sockaddr *)&six, &(socklen_t){ sizeof(six) }));
	FAILS(ECONNABORTED, connect(fd, NAME(mapped)));
	CHECK(at(fd, false, "::") && ready(fd, all, 0) == (POLLOUT | POLLHUP));
	FAILS(EINPROGRESS, connect(fd, NAME(mapped)));
	CHECK(ready(fd, POLLOUT, PATIENCE) == POLLOUT && at(fd, false, "::ffff:127.0.0.1") && at(fd, true, "::ffff:127.0.0.1"));
	GOOD(connect(fd, NAME(mapped)));
	FAILS(EISCONN, connect(fd, NAME(mapped)));
	close(fd);
	close(l);
}

static void test_no_way(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 in = name6("2001:db8::1", 80), mapped = name6("::ffff:127.0.0.1", 80);
	struct sockaddr_in four = loopback(80);

	FAILS(ENETUNREACH, connect(fd, NAME(in)));
	FAILS(EAFNOSUPPORT, connect(fd, (struct sockaddr *)&four, sizeof(in)));
	option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	FAILS(ENETUNREACH, connect(fd, NAME(mapped)));
	close(fd);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	mapped = name6("::ffff:127.0.0.1", 0);
	in = name6("::1", 80);
	GOOD(bind(fd, NAME(mapped)));
	FAILS(EAFNOSUPPORT, connect(fd, NAME(in)));
	close(fd);
}

/* All of 127.0.0.0/8 is this machine. */
static void test_other_loopback(void)
{
	int l = bound4(SOCK_STREAM, "127.0.0.9", 0), c = GOOD(dial4(SOCK_STREAM, "127.0.0.9", port_of(l))), s = accept(l, NULL, NULL);

	CHECK(s >= 0 && peer_port(s) == port_of(c));
	FAILS(ECONNREFUSED, dial4(SOCK_STREAM, "127.0.0.8", port_of(l)));
	close(s);
	close(c);
	close(l);
}

/* A datagram comes from where its answer can go to. */
static void answers(int to, int from, const char *address)
{
	struct sockaddr_in6 in = { 0 };
	socklen_t len = sizeof(in);
	char text[INET6_ADDRSTRLEN] = "", byte = 0;

	IS(1, send(from, "d", 1, 0));
	IS(1, recvfrom(to, &byte, 1, 0, (struct sockaddr *)&in, &len));
	inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof(text));
	CHECK(len == sizeof(in) && !strcmp(text, address));
	IS(1, sendto(to, "e", 1, 0, (struct sockaddr *)&in, len));
	IS(1, recv(from, &byte, 1, 0));
	CHECK(byte == 'e');
	close(from);
}

static void test_datagrams(void)
{
	int both = bound6(SOCK_DGRAM, "::", 0, false), port = port_of(both), only, fd;
	struct sockaddr_in four = loopback(port);
	struct sockaddr_in6 in = name6("2001:db8::1", port);

	answers(both, GOOD(dial6(SOCK_DGRAM, "::1", port)), "::1");
	answers(both, GOOD(dial4(SOCK_DGRAM, "127.0.0.1", port)), "::ffff:127.0.0.1");
	FAILS(EADDRINUSE, bound4(SOCK_DGRAM, "127.0.0.1", port));
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	FAILS(ENETUNREACH, connect(fd, NAME(in)));
	FAILS(ENETUNREACH, sendto(fd, "x", 1, 0, NAME(in)));
	GOOD(connect(fd, NAME(four)));
	CHECK(at(fd, false, "::ffff:127.0.0.1") && at(fd, true, "::ffff:127.0.0.1"));
	answers(both, fd, "::ffff:127.0.0.1");
	close(both);
	only = bound6(SOCK_DGRAM, "::", 0, true);
	answers(only, GOOD(dial6(SOCK_DGRAM, "::1", port_of(only))), "::1");
	fd = GOOD(dial4(SOCK_DGRAM, "127.0.0.1", port_of(only)));
	IS(1, send(fd, "x", 1, 0));
	FAILS(ECONNREFUSED, recv(fd, (char[1]){ 0 }, 1, 0));
	close(fd);
	close(only);
}

/* In how many lines of the file is this port a local one? */
static int lines_of(const char *path, int port)
{
	char line[256], want[16];
	FILE *f = fopen(path, "r");
	int n = 0;

	snprintf(want, sizeof(want), ":%04X ", port);
	while (f && fgets(line, sizeof(line), f)) {
		char *first = strstr(line, ": "), *local = first ? strchr(first + 2, ':') : NULL;

		n += local && !strncmp(local, want, strlen(want));
	}
	if (f)
		fclose(f);
	return n;
}

static int connect4(int fd, const char *address, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = inet_addr(address) };

	return connect(fd, NAME(in));
}

/* How glibc asks which of its own addresses leads where: no port, one socket for all, undone in between. */
static void test_asking(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), only = bound6(SOCK_DGRAM, "::", 0, true);
	struct sockaddr_in6 loop = name6("::1", 0), any = name6("::", 0);
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	GOOD(connect(fd, NAME(loop)));
	CHECK(at(fd, false, "::1"));
	FAILS(ENOTCONN, getpeername(fd, &none, &(socklen_t){ sizeof(none) }));
	GOOD(connect(fd, NAME(none)));
	GOOD(connect4(fd, "127.0.0.1", 0));
	CHECK(at(fd, false, "::ffff:127.0.0.1"));
	none.sa_family = AF_UNSPEC;
	GOOD(connect(fd, NAME(none)));
	GOOD(connect(fd, NAME(any)));
	CHECK(at(fd, false, "::1"));
	GOOD(connect(fd, NAME(none)));
	GOOD(connect4(fd, "0.0.0.0", 0));
	CHECK(at(fd, false, "::ffff:127.0.0.1"));
	GOOD(connect(fd, NAME(none)));
	CHECK(at(fd, false, "::"));
	FAILS(EAFNOSUPPORT, connect4(only, "127.0.0.1", 9));
	close(fd);
	close(only);
}

static void test_proc(void)
{
	int l = bound6(SOCK_STREAM, "::", 0, false), u = bound6(SOCK_DGRAM, "::1", 0, false);

	CHECK(lines_of("/proc/net/tcp6", port_of(l)) == 1 && lines_of("/proc/net/tcp", port_of(l)) == 0);
	CHECK(lines_of("/proc/net/udp6", port_of(u)) == 1 && lines_of("/proc/net/udp", port_of(u)) == 0);
	close(l);
	close(u);
}

int main(void)
{
	test_names();
	test_options();
	test_both();
	test_apart();
	test_loopback();
	test_refused();
	test_refused_later();
	test_no_way();
	test_other_loopback();
	test_datagrams();
	test_asking();
	test_proc();
	return tap_end();
}
