/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* abi_procnet: sockets as /proc/net/tcp, udp and unix tell of them, and a few values of /proc/sys/net. Passes on Linux. */
#include "inet.h"

#include <sys/stat.h>
#include <sys/un.h>

static unsigned long inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/* A line of /proc/net/tcp or udp. */
struct line { unsigned local_ip, local_port, remote_ip, remote_port, state, tx, rx, uid; unsigned long inode; };

static bool read_line(const char *text, struct line *l)
{
	return sscanf(text, "%*d: %X:%X %X:%X %X %X:%X %*X:%*X %*X %u %*d %lu", &l->local_ip, &l->local_port, &l->remote_ip,
		      &l->remote_port, &l->state, &l->tx, &l->rx, &l->uid, &l->inode) == 9;
}

/* The line of this socket; false: there is none. */
static bool find_inode(const char *path, unsigned long wanted, struct line *l)
{
	FILE *f = fopen(path, "r");
	bool found = false;
	char text[400];

	while (f && !found && fgets(text, sizeof(text), f))
		found = read_line(text, l) && l->inode == wanted;
	if (f)
		fclose(f);
	return found;
}

static bool find(const char *path, int fd, struct line *l) { return find_inode(path, inode(fd), l); }

static int lines(const char *path, unsigned local_port)
{
	FILE *f = fopen(path, "r");
	char text[400];
	struct line l;
	int n = 0;

	while (f && fgets(text, sizeof(text), f))
		n += read_line(text, &l) && l.local_port == local_port;
	if (f)
		fclose(f);
	return n;
}

#define TCP "/proc/net/tcp"
#define UDP "/proc/net/udp"
enum { ESTABLISHED = 1, FIN_WAIT2 = 5, TIME_WAIT = 6, CLOSE = 7, CLOSE_WAIT = 8, LISTEN = 10 };

static void test_tcp(void)
{
	int l = listener(5), c = connect_to(port_of(l)), s;
	unsigned port = port_of(l), client = port_of(c);
	unsigned long listener_inode = inode(l);
	struct line line;

	CHECK(ready(l, POLLIN, PATIENCE) == POLLIN);
	CHECK(find(TCP, l, &line) && line.state == LISTEN && line.local_port == port && line.remote_port == 0);
	CHECK(line.local_ip == htonl(INADDR_LOOPBACK) && line.uid == getuid() && line.rx == 1);
	CHECK(find(TCP, c, &line) && line.state == ESTABLISHED && line.local_port == client && line.remote_port == port);
	s = accept(l, NULL, NULL);
	CHECK(find(TCP, l, &line) && line.rx == 0);
	CHECK(find(TCP, s, &line) && line.state == ESTABLISHED && line.local_port == port && line.remote_port == client);
	CHECK(lines(TCP, port) == 2);
	IS(5, send(c, "hello", 5, 0));
	CHECK(ready(s, POLLIN, PATIENCE) == POLLIN);
	CHECK(find(TCP, s, &line) && line.rx == 5 && line.tx == 0);
	GOOD(shutdown(s, SHUT_WR));
	CHECK(ready(c, POLLIN, PATIENCE) == POLLIN);
	CHECK(find(TCP, c, &line) && line.state == CLOSE_WAIT);
	close(c);
	close(l);
	CHECK(!find_inode(TCP, listener_inode, &line));
	close(s);
	CHECK(lines(TCP, port) <= 1); /* TIME_WAIT, or what was reset */
}

static void test_bound_only(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in in = loopback(0);
	struct line line;

	GOOD(bind(fd, NAME(in)));
	CHECK(!find(TCP, fd, &line));
	close(fd);
}

/* More than fit into anybody's first guess. */
static void test_many(void)
{
	enum { MANY = 300 };
	int l = listener(MANY), fd[MANY];

	for (int i = 0; i < MANY; i++)
		fd[i] = connect_to(port_of(l));
	CHECK(lines(TCP, port_of(l)) == MANY + 1);
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	close(l);
}

static void test_udp(void)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in in = loopback(0);
	struct line line;

	CHECK(!find(UDP, a, &line));
	GOOD(bind(a, NAME(in)));
	in = loopback(port_of(a));
	CHECK(find(UDP, a, &line) && line.state == CLOSE && (int)line.local_port == port_of(a) && line.remote_port == 0);
	GOOD(connect(b, NAME(in)));
	CHECK(find(UDP, b, &line) && line.state == ESTABLISHED && (int)line.remote_port == port_of(a) && line.uid == getuid());
	CHECK(line.local_ip == htonl(INADDR_LOOPBACK));
	IS(5, send(b, "hello", 5, 0));
	CHECK(ready(a, POLLIN, PATIENCE) == POLLIN);
	CHECK(find(UDP, a, &line) && line.rx >= 5);
	close(a);
	close(b);
}

/* ---- AF_UNIX */

struct local { unsigned flags, type, state; char path[110]; };

static bool find_local_inode(unsigned long wanted, struct local *l)
{
	FILE *f = fopen("/proc/net/unix", "r");
	unsigned long ino;
	bool found = false;
	char text[400];

	while (f && !found && fgets(text, sizeof(text), f)) {
		l->path[0] = 0;
		found = sscanf(text, "%*x: %*x %*x %x %x %x %lu %109s", &l->flags, &l->type, &l->state, &ino, l->path) >= 4 &&
			ino == wanted;
	}
	if (f)
		fclose(f);
	return found;
}

static bool find_local(int fd, struct local *l) { return find_local_inode(inode(fd), l); }

static void test_unix(void)
{
	int l = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), pair[2], s;
	struct sockaddr_un hidden = { .sun_family = AF_UNIX, .sun_path = "\0procnet" }, un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa_family_t) + 8;
	int d = socket(AF_UNIX, SOCK_DGRAM, 0);
	unsigned long listener_inode = inode(l);
	struct local e;

	GOOD(bind(l, (struct sockaddr *)&hidden, len));
	CHECK(find_local(l, &e) && e.flags == 0 && e.type == SOCK_STREAM && e.state == 1 && !strcmp(e.path, "@procnet"));
	GOOD(listen(l, 3));
	CHECK(find_local(l, &e) && e.flags == 0x10000);
	CHECK(find_local(c, &e) && e.state == 1 && !e.path[0]);
	GOOD(connect(c, (struct sockaddr *)&hidden, len));
	CHECK(find_local(c, &e) && e.state == 3 && !e.path[0]);
	s = accept(l, NULL, NULL);
	CHECK(find_local(s, &e) && e.state == 3 && !strcmp(e.path, "@procnet"));
	snprintf(un.sun_path, sizeof(un.sun_path), "/tmp/procnet.%d", getpid());
	GOOD(bind(d, (struct sockaddr *)&un, sizeof(un)));
	CHECK(find_local(d, &e) && e.type == SOCK_DGRAM && !strcmp(e.path, un.sun_path));
	GOOD(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	CHECK(find_local(pair[0], &e) && e.type == SOCK_SEQPACKET && e.state == 3);
	unlink(un.sun_path);
	close_pair(pair);
	close(c);
	close(s);
	close(l);
	close(d);
	CHECK(!find_local_inode(listener_inode, &e));
}

/* ---- /proc/sys/net */

static long number(const char *path)
{
	FILE *f = fopen(path, "r");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static void test_values(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
	int first = 0, last = 0, fd = listener(1);

	CHECK(f && fscanf(f, "%d %d", &first, &last) == 2 && port_of(fd) >= first && port_of(fd) <= last);
	if (f)
		fclose(f);
	close(fd);
	CHECK(number("/proc/sys/net/core/somaxconn") == 4096);
	CHECK(number("/proc/sys/net/ipv4/tcp_keepalive_time") == 7200 && number("/proc/sys/net/ipv4/ip_default_ttl") == 64);
	CHECK(number("/proc/sys/net/ipv4/tcp_fin_timeout") > 0 && number("/proc/sys/net/unix/max_dgram_qlen") >= 10);
}

int main(void)
{
	test_tcp();
	test_bound_only();
	test_many();
	test_udp();
	test_unix();
	test_values();
	return tap_end();
}
