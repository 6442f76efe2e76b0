/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the programs that test Internet sockets share: names, pairs of connected sockets, small questions. */
#ifndef NROS_TESTS_INET_H
#define NROS_TESTS_INET_H

#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

static inline struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

#define NAME(in) ((struct sockaddr *)&(in)), (socklen_t)sizeof(in)

static inline int port_of(int fd)
{
	struct sockaddr_in in = { 0 };
	socklen_t len = sizeof(in);

	return getsockname(fd, (struct sockaddr *)&in, &len) ? -1 : ntohs(in.sin_port);
}

static inline int peer_port(int fd)
{
	struct sockaddr_in in = { 0 };
	socklen_t len = sizeof(in);

	return getpeername(fd, (struct sockaddr *)&in, &len) ? -1 : ntohs(in.sin_port);
}

static inline int option_of(int fd, int level, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, option, &value, &len) ? -1 : value;
}

static inline int option_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* The events that hold within the time; 0: none. */
static inline int ready(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) > 0 ? p.revents : 0;
}

/* A listener on loopback with a port of the kernel's choice. */
static inline int listener(int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = loopback(0);

	if (fd < 0 || bind(fd, NAME(in)) || listen(fd, backlog)) {
		perror("listener");
		exit(1);
	}
	return fd;
}

static inline int connect_to(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in in = loopback(port);

	if (fd >= 0 && connect(fd, NAME(in)) == 0)
		return fd;
	perror("connect");
	close(fd);
	return -1;
}

/* Both ends of a connection over loopback. */
static inline void tcp_pair(int end[2])
{
	int l = listener(1);

	end[0] = connect_to(port_of(l));
	end[1] = accept(l, NULL, NULL);
	close(l);
	if (end[0] < 0 || end[1] < 0) {
		perror("tcp_pair");
		exit(1);
	}
}

static inline void close_pair(int end[2])
{
	close(end[0]);
	close(end[1]);
}

/* The next close sends a reset. */
static inline int linger_none(int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

#endif
