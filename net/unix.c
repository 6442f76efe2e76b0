/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* AF_UNIX: life, connections, options. See unix.h. */
#include "net/unix.h"
#include "base/string.h"
#include "mem/slab.h"

#define ESOCKTNOSUPPORT 94

KCACHE(unix_cache, "unix sockets", struct unix_sock);
static const struct socket_ops unix_ops;

static struct unix_sock *unix_new(int type)
{
	struct unix_sock *s = kcache_alloc(&unix_cache);

	if (!s)
		return NULL;
	s->socket = (struct socket){ .ops = &unix_ops, .family = AF_UNIX, .type = type };
	refs_init(&s->refs, 1);
	lock_init(&s->lock);
	LIST_INIT(&s->clients);
	s->last = &s->first;
	s->accept_last = &s->accept_first;
	s->peer_cred = (struct unix_cred){ 0, ~0u, ~0u };
	s->sndbuf = s->rcvbuf = UNIX_BUFFER;
	waitq_init(&s->wait);
	waitq_init(&s->room);
	mutex_init(&s->reader);
	mutex_init(&s->naming);
	unix_list_add(s);
	return s;
}

void unix_put(struct unix_sock *s)
{
	if (!s || !refs_put(&s->refs))
		return;
	unix_list_remove(s);
	unix_name_put(s->name);
	kcache_free(&unix_cache, s);
}

struct unix_sock *unix_of_file(struct file *f)
{
	struct socket *s = socket_of_file(f);

	return s && s->ops == &unix_ops ? unix_of(s) : NULL;
}

struct unix_sock *unix_peer(struct unix_sock *s)
{
	struct unix_sock *p;

	unix_lock(s);
	p = s->peer;
	if (p)
		unix_get(p);
	unix_unlock(s);
	return p;
}

int unix_take_error(struct unix_sock *s)
{
	int err;

	unix_lock(s);
	err = s->err;
	s->err = 0;
	unix_unlock(s);
	return err;
}

/* ---- peers. `naming` of s is held, or nobody else knows s */

void unix_attach(struct unix_sock *s, struct unix_sock *to)
{
	unix_lock(to);
	LIST_INSERT_HEAD(&to->clients, s, of_peer);
	unix_unlock(to);
	unix_lock(s);
	s->peer = to;
	unix_unlock(s);
}

void unix_disconnect(struct unix_sock *s)
{
	struct unix_sock *p;

	unix_lock(s);
	p = s->peer;
	s->peer = NULL;
	unix_unlock(s);
	if (!p)
		return;
	unix_lock(p);
	LIST_REMOVE(s, of_peer);
	unix_unlock(p);
	unix_put(p);
}

void unix_forget_peer(struct unix_sock *s, struct unix_sock *p)
{
	mutex_lock(&s->naming);
	if (!unix_connects(s) && s->peer == p)
		unix_disconnect(s);
	mutex_unlock(&s->naming);
}

static void unix_link(struct unix_sock *a, struct unix_sock *b)
{
	unix_get(a);
	unix_get(b);
	unix_attach(a, b);
	unix_attach(b, a);
}

/* ---- connecting */

static int connect_begin(struct unix_sock *s)
{
	static const int refusal[] = { [UNIX_CONNECTING] = -EALREADY, [UNIX_CONNECTED] = -EISCONN, [UNIX_LISTENING] = -EINVAL };
	int err;

	unix_lock(s);
	err = refusal[s->state];
	if (!err)
		s->state = UNIX_CONNECTING;
	unix_unlock(s);
	return err;
}

static void connect_end(struct unix_sock *s, bool worked)
{
	unix_lock(s);
	s->state = worked ? UNIX_CONNECTED : UNIX_NEW;
	unix_unlock(s);
}

static bool listener_full(const struct unix_sock *l)
{
	return l->waiting > l->backlog;
}

/* 0: `end` waits to be accepted. -EAGAIN: the queue is full. */
static int listener_offer(struct unix_sock *l, struct unix_sock *end)
{
	int err = 0;

	unix_lock(l);
	if (l->state != UNIX_LISTENING || l->closed || l->rd_shut)
		err = -ECONNREFUSED;
	else if (listener_full(l))
		err = -EAGAIN;
	else {
		*l->accept_last = end;
		l->accept_last = &end->accept_next;
		l->waiting++;
	}
	unix_unlock(l);
	return err;
}

/* The other end of s, ready to be accepted from l. */
static struct unix_sock *connect_prepare(struct unix_sock *s, struct unix_sock *l)
{
	struct unix_sock *end = unix_new(s->socket.type);

	if (!end)
		return NULL;
	end->state = UNIX_CONNECTED;
	end->embryo = true;
	end->cred = end->peer_cred = unix_cred_self();
	end->passcred = l->passcred;
	unix_lock(l);
	end->name = l->name;
	refs_get(&end->name->refs);
	end->cred = l->cred;
	unix_unlock(l);
	s->peer_cred = end->cred;
	return end;
}

static int connect_to(struct unix_sock *s, struct unix_sock *l, bool wait)
{
	struct unix_sock *end = connect_prepare(s, l);
	int err, late;

	if (!end)
		return -ENOMEM;
	unix_link(s, end);
	err = listener_offer(l, end);
	if (err == -EAGAIN && wait) {
		late = WAIT_UNTIL(&l->room, unix_deadline(s->sndtimeo), (err = listener_offer(l, end)) != -EAGAIN);
		err = late == -ETIMEDOUT ? -EAGAIN : late ? late : err;
	}
	if (!err) {
		waitq_wake_for(&l->wait, POLLIN | POLLRDNORM);
		return 0;
	}
	unix_disconnect(s);
	unix_disconnect(end);
	unix_put(end);
	return err;
}

static int connect_stream(struct unix_sock *s, const struct sockaddr *a, bool wait)
{
	struct unix_sock *l;
	int err = unix_find(a, s->socket.type, &l);

	if (err)
		return err;
	err = connect_begin(s);
	if (!err) {
		err = connect_to(s, l, wait);
		connect_end(s, !err);
		waitq_wake(&s->wait);
	}
	unix_put(l);
	return err;
}

static bool unix_hears(struct unix_sock *to, struct unix_sock *s)
{
	bool hears;

	unix_lock(to);
	hears = !to->peer || to->peer == s;
	unix_unlock(to);
	return hears;
}

/* Whom a datagram socket sends to; it hears nobody else from now on. AF_UNSPEC: everybody again. */
static int connect_datagram(struct unix_sock *s, const struct sockaddr *a)
{
	struct unix_sock *to = NULL;
	bool none = a->len >= 2 && !a->bytes[0] && !a->bytes[1];
	int err = none ? 0 : unix_find(a, SOCK_DGRAM, &to);

	if (err)
		return err;
	mutex_lock(&s->naming);
	if (to && !unix_hears(to, s))
		err = -EPERM;
	if (!err) {
		unix_disconnect(s);
		if (to) {
			unix_attach(s, to);
			to = NULL;
		}
	}
	mutex_unlock(&s->naming);
	unix_put(to);
	waitq_wake(&s->wait);
	return err;
}

static int unix_connect(struct socket *sk, const struct sockaddr *a, bool wait)
{
	struct unix_sock *s = unix_of(sk);
	int err = s->passcred && !s->name ? unix_autobind(s) : 0;

	if (err)
		return err;
	return unix_connects(s) ? connect_stream(s, a, wait) : connect_datagram(s, a);
}

static int unix_listen(struct socket *sk, int backlog)
{
	struct unix_sock *s = unix_of(sk);
	int err = 0;

	if (!unix_connects(s))
		return -EOPNOTSUPP;
	unix_lock(s);
	if (!s->name || (s->state != UNIX_NEW && s->state != UNIX_LISTENING)) {
		err = -EINVAL;
	} else {
		s->state = UNIX_LISTENING;
		s->backlog = MIN((u32)backlog, 4096u); /* as /proc/sys/net/core/somaxconn says */
		s->cred = unix_cred_self();
	}
	unix_unlock(s);
	if (!err)
		waitq_wake(&s->room);
	return err;
}

/* False: nothing to accept yet. */
static bool accept_take(struct unix_sock *l, struct unix_sock **out, int *err)
{
	struct unix_sock *s;

	unix_lock(l);
	s = l->accept_first;
	*err = l->state != UNIX_LISTENING || (!s && l->rd_shut) ? -EINVAL : 0;
	if (!*err && s) {
		l->accept_first = s->accept_next;
		if (!l->accept_first)
			l->accept_last = &l->accept_first;
		l->waiting--;
	}
	unix_unlock(l);
	*out = s;
	return s || *err;
}

static int unix_accept(struct socket *sk, bool wait, struct socket **out)
{
	struct unix_sock *l = unix_of(sk), *s;
	int err = 0, late;

	if (!unix_connects(l))
		return -EOPNOTSUPP;
	if (!accept_take(l, &s, &err)) {
		if (!wait)
			return -EAGAIN;
		late = WAIT_EXCLUSIVE(&l->wait, unix_deadline(l->rcvtimeo), accept_take(l, &s, &err));
		err = late == -ETIMEDOUT ? -EAGAIN : late ? late : err;
	}
	if (err)
		return err;
	waitq_wake(&l->room);
	s->embryo = false;
	*out = &s->socket;
	return 0;
}

/* ---- shutdown and the end */

static void unix_shut(struct unix_sock *s, bool rd, bool wr, int err)
{
	unix_lock(s);
	s->rd_shut |= rd;
	s->wr_shut |= wr;
	s->err = err ? err : s->err;
	unix_unlock(s);
	waitq_wake(&s->wait);
	waitq_wake(&s->room);
}

static int unix_shutdown(struct socket *sk, int how)
{
	struct unix_sock *s = unix_of(sk), *p = unix_connects(s) ? unix_peer(s) : NULL;
	bool rd = how != SHUT_WR, wr = how != SHUT_RD;

	unix_shut(s, rd, wr, 0);
	if (p)
		unix_shut(p, wr, rd, 0);
	unix_put(p);
	return 0;
}

/* Those who sent to it find that it is gone. */
static void wake_clients(struct unix_sock *s)
{
	struct unix_sock *c;

	unix_lock(s);
	LIST_FOREACH(c, &s->clients, of_peer)
		waitq_wake(&c->wait);
	unix_unlock(s);
}

/* No file names it any more; `embryo`: none ever did. The peer of a connection is reset if it will not be read. */
static void unix_end(struct unix_sock *s, bool embryo)
{
	struct unix_sock *p = unix_connects(s) ? unix_peer(s) : NULL, *next, *waiting;
	struct unix_message *unread;

	unix_unname(s);
	unix_lock(s);
	s->closed = s->rd_shut = s->wr_shut = true;
	unread = s->first;
	s->first = NULL;
	s->last = &s->first;
	s->count = s->bytes = s->cost = 0;
	waiting = s->accept_first;
	s->accept_first = NULL;
	unix_unlock(s);
	if (p)
		unix_shut(p, true, true, unread || embryo ? -ECONNRESET : 0);
	unix_put(p);
	waitq_wake(&s->room);
	wake_clients(s);
	unix_disconnect(s);
	for (; waiting; waiting = next) {
		next = waiting->accept_next;
		unix_end(waiting, true);
	}
	unix_messages_free(unread);
	unix_put(s);
}

static void unix_release(struct socket *sk)
{
	unix_end(unix_of(sk), false);
	unix_collect();
}

/* ---- poll */

static u32 poll_out(struct unix_sock *s)
{
	struct unix_sock *p = unix_peer(s);
	bool room = true;

	if (p) {
		unix_lock(p);
		room = p->closed || unix_writable(s, p);
		p->starved |= !room;
		unix_unlock(p);
	}
	unix_put(p);
	return room ? POLLOUT | POLLWRNORM | POLLWRBAND : 0;
}

static u32 unix_poll(struct socket *sk, struct poller *poller)
{
	struct unix_sock *s = unix_of(sk);
	bool listening;
	u32 mask;

	poller_wait(poller, &s->wait);
	unix_lock(s);
	listening = s->state == UNIX_LISTENING;
	mask = s->first || s->accept_first || s->rd_shut ? POLLIN | POLLRDNORM : 0;
	mask |= (s->err ? POLLERR : 0) | (s->rd_shut ? POLLRDHUP : 0);
	mask |= (s->rd_shut && s->wr_shut) || (unix_connects(s) && s->state == UNIX_NEW) ? POLLHUP : 0;
	unix_unlock(s);
	return listening ? mask : mask | poll_out(s);
}

static long unix_pending(struct socket *sk)
{
	struct unix_sock *s = unix_of(sk);
	long n;

	unix_lock(s);
	n = s->state == UNIX_LISTENING ? -EINVAL : unix_connects(s) ? (long)s->bytes : s->first ? (long)s->first->len : 0;
	unix_unlock(s);
	return n;
}

/* ---- options */

static u64 timeout_of(const void *value, u32 len)
{
	struct abi_timeval tv = { 0, 0 };

	memcpy(&tv, value, MIN(len, sizeof(tv)));
	return tv.sec < 0 ? 0 : tv.sec * 1000000000ul + tv.usec * 1000;
}

static u32 buffer_size(int asked) { return MIN(MAX((u32)MAX(asked, 0) * 2, 4608u), 8u << 20); }

static int unix_set(struct socket *sk, int level, int option, const void *value, u32 len)
{
	struct unix_sock *s = unix_of(sk);
	s32 v;

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	memcpy(&v, value, sizeof(v));
	switch (option) {
	case SO_PASSCRED: s->passcred = v; return 0;
	case SO_SNDBUF: case SO_SNDBUFFORCE: s->sndbuf = buffer_size(v); return 0;
	case SO_RCVBUF: case SO_RCVBUFFORCE: s->rcvbuf = buffer_size(v); return 0;
	case SO_RCVTIMEO: s->rcvtimeo = timeout_of(value, len); return 0;
	case SO_SNDTIMEO: s->sndtimeo = timeout_of(value, len); return 0;
	case SO_REUSEADDR: case SO_KEEPALIVE: case SO_BROADCAST: case SO_LINGER: case SO_PRIORITY: case SO_RCVLOWAT:
	case SO_DONTROUTE: case SO_OOBINLINE: case SO_DEBUG: case SO_TIMESTAMP: return 0;
	default: return -ENOPROTOOPT;
	}
}

static void timeout_out(u64 timeout, void *value, u32 *len)
{
	struct abi_timeval tv = { timeout / 1000000000, timeout % 1000000000 / 1000 };

	memcpy(value, &tv, sizeof(tv));
	*len = sizeof(tv);
}

static int unix_get_option(struct socket *sk, int level, int option, void *value, u32 *len)
{
	struct unix_sock *s = unix_of(sk);
	s32 v[2] = { 0, 0 };

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	*len = sizeof(s32);
	switch (option) {
	case SO_TYPE: v[0] = sk->type; break;
	case SO_DOMAIN: v[0] = sk->family; break;
	case SO_ACCEPTCONN: v[0] = s->state == UNIX_LISTENING; break;
	case SO_ERROR: v[0] = -unix_take_error(s); break;
	case SO_SNDBUF: v[0] = s->sndbuf; break;
	case SO_RCVBUF: v[0] = s->rcvbuf; break;
	case SO_PASSCRED: v[0] = s->passcred; break;
	case SO_RCVLOWAT: case SO_SNDLOWAT: v[0] = 1; break;
	case SO_LINGER: *len = sizeof(v); break;
	case SO_PROTOCOL: case SO_REUSEADDR: case SO_KEEPALIVE: case SO_BROADCAST: case SO_PRIORITY: case SO_DONTROUTE:
	case SO_OOBINLINE: case SO_DEBUG: case SO_TIMESTAMP: break;
	case SO_RCVTIMEO: timeout_out(s->rcvtimeo, value, len); return 0;
	case SO_SNDTIMEO: timeout_out(s->sndtimeo, value, len); return 0;
	case SO_PEERCRED:
		*len = sizeof(s->peer_cred);
		memcpy(value, &s->peer_cred, sizeof(s->peer_cred));
		return 0;
	default:
		return -ENOPROTOOPT;
	}
	memcpy(value, v, *len);
	return 0;
}

static const struct socket_ops unix_ops = {
	.bind = unix_bind, .connect = unix_connect, .listen = unix_listen, .accept = unix_accept, .name = unix_name_of,
	.send = unix_send, .recv = unix_recv, .shutdown = unix_shutdown, .set = unix_set, .get = unix_get_option,
	.poll = unix_poll, .pending = unix_pending, .release = unix_release,
};

/* ---- making */

int unix_socket(int type, int protocol, struct socket **out)
{
	struct unix_sock *s;

	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	type = type == SOCK_RAW ? SOCK_DGRAM : type;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	s = unix_new(type);
	if (!s)
		return -ENOMEM;
	s->cred = unix_cred_self();
	*out = &s->socket;
	return 0;
}

int unix_pair(int type, int protocol, struct socket *out[2])
{
	struct unix_sock *a, *b;
	int err = unix_socket(type, protocol, &out[0]);

	if (err)
		return err;
	err = unix_socket(type, protocol, &out[1]);
	a = unix_of(out[0]);
	if (err) {
		unix_put(a);
		return err;
	}
	b = unix_of(out[1]);
	unix_link(a, b);
	a->peer_cred = b->peer_cred = unix_cred_self();
	if (unix_connects(a))
		a->state = b->state = UNIX_CONNECTED;
	return 0;
}
