/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TCP sockets, the programs' side: connect, accept, send, receive, close. See sock.h and tcp.h. */
#include "arch/clock.h"
#include "base/string.h"
#include "kern/process.h"
#include "mem/slab.h"
#include "net/tcp.h"

#define EADDRNOTAVAIL 99
#define ECONNABORTED 103
#define SOMAXCONN 4096u /* net.core.somaxconn */
#define SEND_CHUNK (32u << 10)
#define READ_STEP (32u << 10) /* bytes taken before the window is opened */

static const struct socket_ops tcp_ops;

struct sock *tcp_new(void)
{
	struct sock *s = sock_new(&tcp_ops, SOCK_STREAM, IPPROTO_TCP);

	if (s)
		tcp_prepare(s);
	return s;
}

int tcp_socket(struct socket **out)
{
	struct sock *s = tcp_new();

	*out = s ? &s->socket : NULL;
	return s ? 0 : -ENOMEM;
}

static enum sock_state sock_state(struct sock *s) { return *(volatile enum sock_state *)&s->state; }

/* ---- connect */

static long connect_from(struct sock *s, struct shard *sh)
{
	long err;

	s->shard = sh;
	lock_acquire(&s->lock);
	s->state = SOCK_CONNECTING;
	s->refused = s->told = s->eof = false;
	lock_release(&s->lock);
	err = shard_call(sh, tcp_open, s);
	if (err) {
		lock_acquire(&s->lock);
		s->state = SOCK_NEW;
		lock_release(&s->lock);
	}
	return err;
}

/* Its own request would answer it. (TCP allows that; nobody wants it by chance.) */
static bool meets_itself(const struct sock *s)
{
	return s->local.port == s->remote.port && s->local.ip == s->remote.ip;
}

/* A port whose flow belongs to this core, if one is free. Nothing here sleeps: the core stays the same. */
static long connect_anywhere(struct sock *s)
{
	u32 n = shards_count(), tries;
	long err;

	for (tries = 0; tries < 64 * n; tries++) {
		s->local.port = inet_ephemeral();
		if (flow_tcp(&s->local, &s->remote, n) != core_id() || meets_itself(s) || names_used(IPPROTO_TCP, &s->local))
			continue;
		err = connect_from(s, shard_here());
		if (err != -EADDRINUSE)
			return err;
	}
	return -EADDRNOTAVAIL;
}

static long connect_named(struct sock *s, const struct port_name *to)
{
	long err;

	if (!name_hears(&s->bound, to->ip))
		return s->bound.family == NAME_V4 ? -EAFNOSUPPORT : -ENETUNREACH; /* it is bound to ::ffff:a.b.c.d */
	s->remote = *to;
	if (!s->remote.ip)
		s->remote.ip = IP_LOOPBACK;
	if (!s->local.ip)
		s->local.ip = inet_source(s->remote.ip);
	if (!s->local.ip)
		return -ENETUNREACH;
	s->local.family = to->ip == PORT_IP6_LOOP ? NAME_V6 : NAME_V4;
	if (!s->local.port)
		return connect_anywhere(s);
	err = connect_from(s, shard_of(flow_tcp(&s->local, &s->remote, shards_count())));
	return err == -EADDRINUSE ? -EADDRNOTAVAIL : err;
}

/* `naming` is held. */
static long connect_start(struct sock *s, const struct port_name *to)
{
	long err;

	s->bound = s->local;
	err = connect_named(s, to);
	if (err)
		s->local = s->bound;
	return err;
}

/* -EALREADY: another was faster. */
static long connect_begin(struct sock *s, const struct port_name *to)
{
	long err;

	mutex_lock(&s->naming);
	err = sock_state(s) == SOCK_NEW && !s->refused ? connect_start(s, to) : -EALREADY;
	mutex_unlock(&s->naming);
	return err;
}

/* It failed, and nobody has heard of it from connect: the caller does. Then the name is what it was before. */
static int connect_refused(struct sock *s)
{
	int err;

	mutex_lock(&s->naming);
	lock_acquire(&s->lock);
	err = s->err ? s->err : -ECONNABORTED; /* SO_ERROR, or another call, was told */
	s->err = 0;
	s->refused = false;
	s->local = s->bound;
	lock_release(&s->lock);
	mutex_unlock(&s->naming);
	return err;
}

/* It is over: how did it go? */
static int connect_result(struct sock *s)
{
	int err;

	if (s->refused)
		return connect_refused(s);
	lock_acquire(&s->lock);
	err = s->state == SOCK_CONNECTED || s->state == SOCK_CLOSED ? 0 : s->err ? s->err : -ECONNREFUSED;
	s->err = err ? 0 : s->err;
	s->told = !err;
	lock_release(&s->lock);
	return err;
}

static int tcp_connect(struct socket *sk, const struct sockaddr *a, bool wait)
{
	struct sock *s = sock_of(sk);
	struct port_name to;
	int err = inet_address(s, a, false, &to);
	enum sock_state state = sock_state(s);

	if (err)
		return err;
	if (state == SOCK_LISTENING || (state == SOCK_CONNECTED && s->told) || (state == SOCK_CLOSED))
		return -EISCONN;
	if (state == SOCK_CONNECTED)
		return connect_result(s);
	if (state == SOCK_NEW && s->refused)
		return connect_refused(s);
	if (state == SOCK_CONNECTING && !wait)
		return -EALREADY;
	if (state == SOCK_NEW) {
		err = connect_begin(s, &to);
		if (err || !wait)
			return err ? err : -EINPROGRESS; /* even if it is over: what came of it, the next call says */
	}
	err = WAIT_UNTIL(&s->wait, sock_deadline(s->sndtimeo), sock_state(s) != SOCK_CONNECTING);
	if (err)
		return err == -ETIMEDOUT ? -EINPROGRESS : err;
	return connect_result(s);
}

/* ---- bind, listen, accept */

static int tcp_bind(struct socket *sk, const struct sockaddr *a)
{
	struct sock *s = sock_of(sk);
	int err;

	mutex_lock(&s->naming);
	err = inet_bind(sk, a);
	if (!err)
		s->bound = s->local; /* also where a refused connection's name was */
	mutex_unlock(&s->naming);
	return err;
}

static int listen_everywhere(struct sock *s)
{
	u32 n = shards_count(), i;
	int err = 0;

	s->members = kzalloc(n * sizeof(*s->members));
	if (!s->members)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++)
		err = shard_call(shard_of(i), tcp_listen_here, s);
	for (i = 0; i < n && err; i++)
		shard_call(shard_of(i), tcp_unlisten_here, s);
	return err;
}

/* `naming` is held. */
static int listen_start(struct sock *s, int backlog)
{
	int err;

	if (s->state == SOCK_LISTENING) {
		s->backlog = MIN((u32)backlog, SOMAXCONN);
		return 0;
	}
	if (s->state != SOCK_NEW || s->refused)
		return -EINVAL;
	if (!s->named) {
		struct sockaddr any;

		inet_address_out(s, &s->local, &any);
		err = inet_bind(&s->socket, &any);
		if (err)
			return err;
	}
	s->backlog = MIN((u32)backlog, SOMAXCONN);
	err = names_listen(IPPROTO_TCP, &s->local, (u64)s);
	if (err)
		return err;
	s->state = SOCK_LISTENING;
	err = listen_everywhere(s);
	if (err)
		s->state = SOCK_NEW;
	return err;
}

static int tcp_listen(struct socket *sk, int backlog)
{
	struct sock *s = sock_of(sk);
	int err;

	mutex_lock(&s->naming);
	err = listen_start(s, backlog);
	mutex_unlock(&s->naming);
	return err;
}

static struct sock *accept_take(struct sock *l)
{
	struct sock *s;

	lock_acquire(&l->lock);
	s = l->accept_first;
	if (s) {
		l->accept_first = s->accept_next;
		if (!l->accept_first)
			l->accept_last = &l->accept_first;
		l->waiting--;
	}
	lock_release(&l->lock);
	return s;
}

static int tcp_accept(struct socket *sk, bool wait, struct socket **out)
{
	struct sock *l = sock_of(sk), *s;
	int err;

	for (;;) {
		if (sock_state(l) != SOCK_LISTENING)
			return -EINVAL;
		s = accept_take(l);
		if (s)
			break;
		if (!wait)
			return -EAGAIN;
		err = WAIT_EXCLUSIVE(&l->wait, sock_deadline(l->rcvtimeo), *(struct sock *volatile *)&l->accept_first ||
				 sock_state(l) != SOCK_LISTENING);
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
	*out = &s->socket;
	return 0;
}

/* ---- receive */

static struct chunk *rx_after(struct sock *s, struct chunk *c)
{
	lock_acquire(&s->lock);
	c = c ? c->next : s->rx.first;
	lock_release(&s->lock);
	return c;
}

/* Bytes of the chunk that are there now. */
static u32 rx_len(struct sock *s, struct chunk *c)
{
	u32 len;

	lock_acquire(&s->lock);
	len = c->len;
	lock_release(&s->lock);
	return len;
}

static void rx_consume(struct sock *s, struct chunk *c, u32 n)
{
	struct chunk *empty = NULL;

	lock_acquire(&s->lock);
	c->off += n;
	c->len -= n;
	s->rx_bytes -= n;
	s->read += n;
	if (!c->len)
		empty = chunk_take(&s->rx);
	lock_release(&s->lock);
	kfree(empty);
}

/* What is there, in order; `reader` is held. trunc: only counts. */
static long rx_take(struct sock *s, struct io *io, u32 flags)
{
	struct chunk *c = NULL;
	long done = 0;

	while (io->left && (c = rx_after(s, flags & MSG_PEEK ? c : NULL))) {
		u32 n = MIN(rx_len(s, c), io->left);

		if (flags & MSG_TRUNC)
			io->left -= n;
		else if (io_out(io, c->data + c->off, n) < n)
			return done ? done : -EFAULT;
		if (!(flags & MSG_PEEK))
			rx_consume(s, c, n);
		done += n;
	}
	return done;
}

static bool rx_ready(struct sock *s)
{
	volatile struct sock *v = s;

	return v->rx_bytes || v->eof || v->rd_shut || v->err || v->state == SOCK_CLOSED;
}

/* Has something other than bytes come? Asked before the last look at the bytes: what came before the end is read before it. */
static bool rx_over(struct sock *s)
{
	volatile struct sock *v = s;

	return v->eof || v->rd_shut || v->err || (v->state != SOCK_CONNECTED && v->state != SOCK_CONNECTING);
}

/* Nothing is there: what does that mean? 1: wait. */
static long rx_verdict(struct sock *s)
{
	int err;

	if (s->state == SOCK_NEW || s->state == SOCK_LISTENING)
		return s->err ? sock_take_error(s) : s->refused ? 0 : -ENOTCONN;
	err = sock_take_error(s);
	if (err)
		return err;
	return s->eof || s->rd_shut || s->state == SOCK_CLOSED ? 0 : 1;
}

static long tcp_recv(struct socket *sk, struct io *io, struct socket_msg *m)
{
	struct sock *s = sock_of(sk);
	long done = 0, n;
	bool over;
	int err;

	if (m->name)
		m->name->len = 0;
	if (m->flags & MSG_OOB)
		return -EINVAL;
	for (;;) {
		mutex_lock(&s->reader);
		n = rx_take(s, io, m->flags);
		mutex_unlock(&s->reader);
		if (n < 0)
			return done ? done : n;
		done += n;
		if (n && s->read >= READ_STEP)
			sock_tell(s, TODO_READ);
		if (done && (!io->left || !(m->flags & MSG_WAITALL) || (m->flags & MSG_PEEK)))
			return done;
		over = rx_over(s);
		if (*(volatile u32 *)&s->rx_bytes) { /* looked at once: nothing read says that it is over */
			if (io->left)
				continue;
			return done;
		}
		n = over ? rx_verdict(s) : 1;
		if (n <= 0)
			return done ? done : n;
		if (m->flags & MSG_DONTWAIT)
			return done ? done : -EAGAIN;
		err = WAIT_UNTIL(&s->wait, sock_deadline(s->rcvtimeo), rx_ready(s));
		if (err)
			return done ? done : err == -ETIMEDOUT ? -EAGAIN : err;
	}
}

/* ---- send */

static bool tx_ready(struct sock *s)
{
	volatile struct sock *v = s;

	return v->tx_bytes <= v->sndbuf.size / 3 * 2 || v->err || v->wr_shut || v->state != SOCK_CONNECTED;
}

/* Copies a piece in and lines it up. Bytes, 0 without room, -EFAULT, -ENOMEM. */
static long tx_add(struct sock *s, struct io *io)
{
	u32 filled = *(volatile u32 *)&s->tx_bytes, room = filled < s->sndbuf.size ? s->sndbuf.size - filled : 0;
	u32 n = MIN(MIN(io->left, room), SEND_CHUNK);
	struct chunk *c = n ? chunk_new(n) : NULL;

	if (!c)
		return n ? -ENOMEM : 0;
	c->len = io_in(io, c->data, n);
	if (!c->len) {
		kfree(c);
		return -EFAULT;
	}
	n = c->len;
	lock_acquire(&s->lock);
	chunk_add(&s->tx, c);
	s->tx_bytes += n;
	lock_release(&s->lock);
	return n;
}

/* Why nothing may be sent now; 0: it may. */
static long tx_verdict(struct sock *s)
{
	int err = s->state == SOCK_CONNECTING ? 0 : sock_take_error(s);

	if (err)
		return err;
	if (s->wr_shut || s->state == SOCK_CLOSED)
		return -EPIPE;
	if (s->state == SOCK_CONNECTING)
		return -EAGAIN;
	return s->state == SOCK_CONNECTED ? 0 : -EPIPE;
}

static long tx_fill(struct sock *s, struct io *io)
{
	long done = 0, n = 0;

	mutex_lock(&s->writer);
	while (io->left && (n = tx_add(s, io)) > 0)
		done += n;
	mutex_unlock(&s->writer);
	if (done)
		sock_tell(s, TODO_SEND);
	return done ? done : n;
}

static long tcp_send(struct socket *sk, struct io *io, struct socket_msg *m)
{
	struct sock *s = sock_of(sk);
	long done = 0, n;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	for (;;) {
		n = tx_verdict(s);
		if (n == -EAGAIN && !(m->flags & MSG_DONTWAIT)) {
			err = WAIT_UNTIL(&s->wait, sock_deadline(s->sndtimeo), sock_state(s) != SOCK_CONNECTING);
			if (!err)
				continue;
			return err;
		}
		if (!n)
			n = tx_fill(s, io);
		if (n == -EPIPE && !done)
			return sock_broken_pipe(m->flags);
		if (n < 0)
			return done ? done : n;
		done += n;
		if (!io->left)
			return done;
		if (m->flags & MSG_DONTWAIT)
			return done ? done : -EAGAIN;
		err = WAIT_UNTIL(&s->wait, sock_deadline(s->sndtimeo), tx_ready(s));
		if (err)
			return done ? done : err == -ETIMEDOUT ? -EAGAIN : err;
	}
}

/* ---- the end */

static int tcp_shutdown(struct socket *sk, int how)
{
	struct sock *s = sock_of(sk);

	if (s->state == SOCK_LISTENING && how != SHUT_WR) {
		s->state = SOCK_CLOSED; /* who waits in accept is told; close does the rest */
		waitq_wake(&s->wait);
		return 0;
	}
	if (s->state != SOCK_CONNECTED)
		return -ENOTCONN;
	lock_acquire(&s->lock);
	s->rd_shut |= how != SHUT_WR;
	s->wr_shut |= how != SHUT_RD;
	s->told = true; /* as if by connect: who ends it knows that it was there */
	lock_release(&s->lock);
	if (how != SHUT_RD)
		sock_tell(s, TODO_FINISH);
	waitq_wake(&s->wait);
	return 0;
}

static void unlisten(struct sock *s)
{
	struct sock *c;
	u32 i;

	lock_acquire(&s->lock);
	s->state = SOCK_CLOSED;
	lock_release(&s->lock);
	for (i = 0; i < shards_count(); i++)
		shard_call(shard_of(i), tcp_unlisten_here, s);
	while ((c = accept_take(s))) {
		sock_tell(c, TODO_ABORT);
		sock_put(c);
	}
}

static void tcp_release(struct socket *sk)
{
	struct sock *s = sock_of(sk);

	if (s->members)
		unlisten(s);
	else if (s->shard)
		sock_tell(s, s->rx_bytes || (s->linger && !s->linger_s) ? TODO_ABORT : TODO_CLOSE);
	sock_unname(s);
	sock_put(s);
}

/* ---- looking */

static u32 poll_connected(const struct sock *s)
{
	bool in_over = s->eof || s->rd_shut, out_over = s->wr_shut || s->state == SOCK_CLOSED;
	u32 mask = s->rx_bytes || in_over ? POLLIN | POLLRDNORM : 0;

	mask |= in_over ? POLLRDHUP : 0;
	mask |= out_over || tcp_has_room(s) ? POLLOUT | POLLWRNORM : 0;
	mask |= in_over && out_over ? POLLHUP : 0;
	return mask;
}

static u32 tcp_poll(struct socket *sk, struct poller *p)
{
	struct sock *s = sock_of(sk);
	u32 mask = 0;

	poller_wait(p, &s->wait);
	lock_acquire(&s->lock);
	if (s->state == SOCK_LISTENING)
		mask = s->accept_first ? POLLIN | POLLRDNORM : 0;
	else if (s->state == SOCK_NEW)
		mask = POLLOUT | POLLWRNORM | POLLHUP | (s->refused ? POLLIN | POLLRDNORM | POLLRDHUP : 0);
	else if (s->state != SOCK_CONNECTING)
		mask = poll_connected(s);
	mask |= s->err ? POLLERR : 0;
	lock_release(&s->lock);
	return mask;
}

static long tcp_pending(struct socket *sk)
{
	struct sock *s = sock_of(sk);

	return s->state == SOCK_LISTENING ? -EINVAL : (long)s->rx_bytes;
}

static int tcp_name(struct socket *sk, bool peer, struct sockaddr *out)
{
	struct sock *s = sock_of(sk);

	if (peer && s->state != SOCK_CONNECTED)
		return -ENOTCONN;
	return inet_name(sk, peer, out);
}

static const struct socket_ops tcp_ops = {
	.bind = tcp_bind, .connect = tcp_connect, .listen = tcp_listen, .accept = tcp_accept, .name = tcp_name,
	.send = tcp_send, .recv = tcp_recv, .shutdown = tcp_shutdown, .set = inet_set, .get = inet_get, .poll = tcp_poll,
	.pending = tcp_pending, .release = tcp_release,
};
