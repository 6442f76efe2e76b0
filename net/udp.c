/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * UDP sockets. A socket lives on the shard that its port hashes to, from the moment it has one; datagrams for it are
 * carried there. Each chunk is one datagram. See sock.h.
 *
 * A datagram for this machine does not see the stack: the sender finds who has the name and puts it into his buffer, so
 * that it is there, or refused, when send returns. (If several have the name, the stack decides.)
 */
#include "arch/clock.h"
#include "base/string.h"
#include "kern/process.h"
#include "mem/slab.h"
#include "net/sock.h"

#define DATAGRAM_MAX 65507u
#define CHUNK_COST 64u       /* what a datagram counts for in the buffer besides its bytes */

static const struct socket_ops udp_ops;

/* ---- on the shard */

static void udp_options_apply(struct shard *sh, struct sock *s)
{
	struct port_options o = sock_options(s);

	sh->stack->udp_options(s->udp, &o);
}

static void udp_work(struct shard *sh, struct net_msg *m)
{
	struct sock *s = container_of(m, struct sock, work);
	struct chunks fresh;
	struct chunk *c;
	u32 todo, sent = 0;

	lock_acquire(&s->lock);
	s->queued = false;
	todo = s->todo;
	s->todo = 0;
	fresh = s->tx;
	s->tx = (struct chunks){ NULL, NULL };
	lock_release(&s->lock);
	while ((c = chunk_take(&fresh))) {
		sent += c->len + CHUNK_COST;
		if (s->udp)
			sh->stack->udp_send(s->udp, &c->from, c->data, c->len);
		kfree(c);
	}
	if (s->udp && (todo & TODO_CONNECT))
		sh->stack->udp_connect(s->udp, s->remote.port ? &s->remote : NULL);
	if (s->udp && (todo & TODO_OPTIONS))
		udp_options_apply(sh, s);
	if (s->udp && (todo & TODO_CLOSE)) {
		sh->stack->udp_close(s->udp);
		s->udp = NULL;
		sock_put(s);
	}
	lock_acquire(&s->lock);
	s->tx_bytes -= sent;
	lock_release(&s->lock);
	if (sent)
		waitq_wake_for(&s->wait, POLLOUT | POLLWRNORM);
	sock_put(s);
}

static long udp_open(struct shard *sh, void *arg)
{
	struct sock *s = arg;
	int err;

	sock_get(s);
	err = sh->stack->udp_open(s, &s->local, &s->udp);
	if (err)
		sock_put(s);
	return err;
}

/* Who is full loses it: datagrams may get lost. False: this socket talks with somebody else. */
static bool udp_queue(struct sock *s, struct chunk *c)
{
	bool hears, fits;

	lock_acquire(&s->lock);
	hears = s->state == SOCK_CONNECTED ? s->remote.port == c->from.port && s->remote.ip == c->from.ip :
					     name_hears(&s->local, c->from.ip);
	fits = hears && s->rx_bytes + c->len <= s->rcvbuf.size && !s->rd_shut;
	if (fits) {
		chunk_add(&s->rx, c);
		s->rx_bytes += c->len + CHUNK_COST;
	}
	lock_release(&s->lock);
	if (fits)
		waitq_wake_for(&s->wait, POLLIN | POLLRDNORM | WAKE_SYNC);
	else
		kfree(c);
	return hears;
}

void udp_datagram(void *sock, struct port_packet *p, u32 len, const struct port_name *from)
{
	struct sock *s = sock;
	struct chunk *c = s->rx_bytes + len > s->rcvbuf.size ? NULL : chunk_new(len);

	if (!c)
		return;
	s->shard->stack->copy(p, 0, c->data, len);
	c->len = len;
	c->from = *from;
	udp_queue(s, c);
}

/* Only a socket with a peer hears of it, as on Linux. */
void udp_unreachable(void *sock, const struct port_name *to)
{
	struct sock *s = sock;

	lock_acquire(&s->lock);
	if (s->state == SOCK_CONNECTED && s->remote.ip == to->ip && s->remote.port == to->port)
		s->err = -ECONNREFUSED;
	lock_release(&s->lock);
	waitq_wake(&s->wait);
}

/* ---- calls */

int udp_socket(struct socket **out)
{
	struct sock *s = sock_new(&udp_ops, SOCK_DGRAM, IPPROTO_UDP);

	if (!s)
		return -ENOMEM;
	s->work.run = udp_work;
	*out = &s->socket;
	return 0;
}

/* `naming` is held. */
static int udp_name_take(struct sock *s, const struct sockaddr *a)
{
	int err = inet_bind(&s->socket, a);

	if (err)
		return err;
	s->shard = shard_of(flow_udp(s->local.port, shards_count()));
	err = shard_call(s->shard, udp_open, s);
	if (err) {
		sock_unname(s);
		s->shard = NULL;
	}
	return err;
}

static int udp_bind(struct socket *sk, const struct sockaddr *a)
{
	struct sock *s = sock_of(sk);
	int err;

	mutex_lock(&s->naming);
	err = udp_name_take(s, a);
	mutex_unlock(&s->naming);
	return err;
}

/* Who sends has a port. */
static int udp_autobind(struct sock *s)
{
	struct sockaddr any;
	int err = 0;

	if (*(struct shard *volatile *)&s->shard) /* a hint: another's first datagram may be about to name it */
		return 0;
	mutex_lock(&s->naming);
	inet_address_out(s, &(struct port_name){ 0, 0, s->local.family }, &any);
	if (!s->shard)
		err = udp_name_take(s, &any);
	mutex_unlock(&s->naming);
	return err;
}

/* Is there a way from this socket to there? */
static bool udp_way(const struct sock *s, const struct port_name *to)
{
	return name_hears(&s->local, to->ip) && inet_source(to->ip);
}

static int udp_connect(struct socket *sk, const struct sockaddr *a, bool wait)
{
	struct sock *s = sock_of(sk);
	struct port_name to = { 0, 0, NAME_V4 };
	u16 family = 0;
	int err = 0;

	(void)wait;
	if (a->len < sizeof(family))
		return -EINVAL;
	memcpy(&family, a->bytes, sizeof(family));
	if (family) { /* AF_UNSPEC undoes it */
		err = s->v6only && family == AF_INET ? -EAFNOSUPPORT : inet_address(s, a, false, &to);
		to.ip = to.ip ? to.ip : IP_LOOPBACK;
		if (!err && !udp_way(s, &to))
			err = -ENETUNREACH;
	}
	if (!err)
		err = udp_autobind(s);
	if (err)
		return err;
	s->remote = to;
	s->state = to.port ? SOCK_CONNECTED : SOCK_NEW;
	sock_tell(s, TODO_CONNECT);
	return 0;
}

static int udp_no(struct socket *sk, int backlog)
{
	(void)sk;
	(void)backlog;
	return -EOPNOTSUPP;
}

static int udp_no_accept(struct socket *sk, bool wait, struct socket **out)
{
	(void)sk;
	(void)wait;
	(void)out;
	return -EOPNOTSUPP;
}

static int udp_name(struct socket *sk, bool peer, struct sockaddr *out)
{
	struct sock *s = sock_of(sk);
	struct port_name n = peer ? s->remote : s->local;

	if (peer && s->state != SOCK_CONNECTED)
		return -ENOTCONN;
	if (!peer && !n.ip && s->remote.ip) /* also to port 0: glibc asks which way leads there */
		n.ip = inet_source(s->remote.ip);
	inet_address_out(s, &n, out);
	return 0;
}

static int udp_target(struct sock *s, const struct sockaddr *a, struct port_name *to)
{
	int err;

	if (!a) {
		*to = s->remote;
		return s->state == SOCK_CONNECTED ? 0 : -EDESTADDRREQ;
	}
	err = inet_address(s, a, false, to);
	if (err)
		return err;
	to->ip = to->ip ? to->ip : IP_LOOPBACK;
	return !to->port ? -EINVAL : udp_way(s, to) ? 0 : -ENETUNREACH;
}

static void hold_sock(u64 id) { sock_get((struct sock *)id); }

/* From this machine to this machine. False: more than one may want it. */
static bool udp_send_here(struct sock *s, struct chunk *c, const struct port_name *to)
{
	struct port_name from = { s->local.ip ? s->local.ip : inet_source(to->ip), s->local.port, NAME_V4 };
	struct sock *t;
	u64 id;
	u32 n = names_find(IPPROTO_UDP, to, hold_sock, &id);

	if (n > 1)
		return false;
	t = n ? (struct sock *)id : NULL;
	c->from = from;
	if (!t)
		kfree(c);
	if (!t || !udp_queue(t, c))
		udp_unreachable(s, to);
	if (t)
		sock_put(t);
	return true;
}

static bool udp_has_room(const volatile struct sock *s) { return s->tx_bytes < s->sndbuf.size || s->err || s->wr_shut; }

static long udp_send(struct socket *sk, struct io *io, struct socket_msg *m)
{
	struct sock *s = sock_of(sk);
	struct port_name to;
	struct chunk *c;
	u32 len = io->left;
	int err = io->left > DATAGRAM_MAX ? -EMSGSIZE : udp_target(s, m->name, &to);

	err = err ? err : sock_take_error(s);
	if (!err && s->wr_shut)
		return sock_broken_pipe(m->flags);
	if (!err)
		err = udp_autobind(s);
	if (!err && !udp_has_room(s))
		err = m->flags & MSG_DONTWAIT ? -EAGAIN : WAIT_UNTIL(&s->wait, sock_deadline(s->sndtimeo), udp_has_room(s));
	if (err)
		return err == -ETIMEDOUT ? -EAGAIN : err;
	c = chunk_new(len);
	if (!c)
		return -ENOMEM;
	c->len = io_in(io, c->data, len);
	c->from = to;
	if (c->len < len) {
		kfree(c);
		return -EFAULT;
	}
	if (inet_is_ours(to.ip) && udp_send_here(s, c, &to))
		return len;
	lock_acquire(&s->lock);
	chunk_add(&s->tx, c);
	s->tx_bytes += len + CHUNK_COST;
	lock_release(&s->lock);
	sock_tell(s, TODO_SEND);
	return len;
}

static struct chunk *udp_first(struct sock *s, bool take)
{
	struct chunk *c;

	lock_acquire(&s->lock);
	c = take ? chunk_take(&s->rx) : s->rx.first;
	if (c && take)
		s->rx_bytes -= c->len + CHUNK_COST;
	lock_release(&s->lock);
	return c;
}

/* One datagram, or what fits of it; `reader` is held. */
static long udp_take(struct sock *s, struct io *io, struct socket_msg *m)
{
	bool peek = m->flags & MSG_PEEK;
	struct chunk *c = udp_first(s, !peek);
	u32 n = c ? MIN(c->len, io->left) : 0;
	long r = n;

	if (!c)
		return -EAGAIN;
	if (io_out(io, c->data, n) < n)
		r = -EFAULT;
	if (m->name)
		inet_address_out(s, &c->from, m->name);
	if (n < c->len) {
		m->out_flags |= MSG_TRUNC;
		if (m->flags & MSG_TRUNC && r >= 0)
			r = c->len;
	}
	if (!peek)
		kfree(c);
	return r;
}

static bool udp_ready(const volatile struct sock *s) { return s->rx.first || s->err || s->rd_shut; }

static long udp_recv(struct socket *sk, struct io *io, struct socket_msg *m)
{
	struct sock *s = sock_of(sk);
	long n;
	int err;

	if (m->name)
		m->name->len = 0;
	if (m->flags & (MSG_OOB | MSG_ERRQUEUE))
		return m->flags & MSG_OOB ? -EOPNOTSUPP : -EAGAIN;
	for (;;) {
		mutex_lock(&s->reader);
		n = udp_take(s, io, m);
		mutex_unlock(&s->reader);
		if (n != -EAGAIN)
			return n;
		err = sock_take_error(s);
		if (err || s->rd_shut)
			return err;
		if (m->flags & MSG_DONTWAIT)
			return -EAGAIN;
		err = WAIT_UNTIL(&s->wait, sock_deadline(s->rcvtimeo), udp_ready(s));
		if (err)
			return err == -ETIMEDOUT ? -EAGAIN : err;
	}
}

static int udp_shutdown(struct socket *sk, int how)
{
	struct sock *s = sock_of(sk);

	if (s->state != SOCK_CONNECTED)
		return -ENOTCONN;
	s->rd_shut |= how != SHUT_WR;
	s->wr_shut |= how != SHUT_RD;
	waitq_wake(&s->wait);
	return 0;
}

static u32 udp_poll(struct socket *sk, struct poller *p)
{
	struct sock *s = sock_of(sk);
	u32 mask;

	poller_wait(p, &s->wait);
	lock_acquire(&s->lock);
	mask = s->rx.first || s->rd_shut ? POLLIN | POLLRDNORM : 0;
	mask |= s->tx_bytes < s->sndbuf.size ? POLLOUT | POLLWRNORM : 0;
	mask |= (s->err ? POLLERR : 0) | (s->rd_shut ? POLLRDHUP : 0) | (s->rd_shut && s->wr_shut ? POLLHUP : 0);
	lock_release(&s->lock);
	return mask;
}

static long udp_pending(struct socket *sk)
{
	struct sock *s = sock_of(sk);
	long n;

	lock_acquire(&s->lock);
	n = s->rx.first ? s->rx.first->len : 0;
	lock_release(&s->lock);
	return n;
}

static void udp_release(struct socket *sk)
{
	struct sock *s = sock_of(sk);

	if (s->shard)
		sock_tell(s, TODO_CLOSE);
	sock_unname(s);
	sock_put(s);
}

static const struct socket_ops udp_ops = {
	.bind = udp_bind, .connect = udp_connect, .listen = udp_no, .accept = udp_no_accept, .name = udp_name,
	.send = udp_send, .recv = udp_recv, .shutdown = udp_shutdown, .set = inet_set, .get = inet_get, .poll = udp_poll,
	.pending = udp_pending, .release = udp_release,
};
