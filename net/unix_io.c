/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* AF_UNIX: sending and receiving. See unix.h. */
#include "base/string.h"
#include "mem/slab.h"
#include "net/sock.h"
#include "net/unix.h"

#define CHUNK 16000u     /* bytes of a stream in one message */
#define MESSAGE_COST 256u
#define MESSAGE_SLACK 32u
#define SMALL 1000u      /* room of a message in a stream that others may be added to */

/* ---- room */

static bool queue_long(const struct unix_sock *s, const struct unix_sock *p)
{
	return p->peer != s && p != s && p->count > UNIX_QUEUE;
}

bool unix_full(const struct unix_sock *s, const struct unix_sock *p)
{
	return queue_long(s, p) || p->cost >= s->sndbuf;
}

bool unix_writable(const struct unix_sock *s, const struct unix_sock *p)
{
	return !queue_long(s, p) && p->cost * 4 <= s->sndbuf;
}

/* A message was taken: for those who sleep in send, and those who poll. */
static void tell_room(struct unix_sock *s)
{
	struct unix_sock *c;
	bool all = true;

	waitq_wake(&s->room);
	if (!s->starved)
		return;
	unix_lock(s);
	LIST_FOREACH(c, &s->clients, of_peer) {
		bool can = unix_writable(c, s);

		if (can)
			waitq_wake_for(&c->wait, POLLOUT | POLLWRNORM | POLLWRBAND);
		all &= can;
	}
	s->starved = !all;
	unix_unlock(s);
}

/* ---- sending */

static struct unix_message *message_new(struct unix_sock *s, u32 size, u32 room)
{
	struct unix_message *x = kmalloc(sizeof(*x) + room);

	if (!x)
		return NULL;
	*x = (struct unix_message){ .len = size, .room = room, .cost = size + MESSAGE_COST, .from = unix_cred_self() };
	unix_lock(s);
	x->name = s->name;
	if (x->name)
		refs_get(&x->name->refs);
	unix_unlock(s);
	return x;
}

/* Bytes and control data, with room for more; NULL with *err. */
static struct unix_message *message_fill(struct unix_sock *s, struct io *io, u32 size, u32 room, const struct socket_msg *m,
					 long *err)
{
	struct unix_message *x = message_new(s, size, room);

	if (!x) {
		*err = -ENOMEM;
		return NULL;
	}
	*err = m ? unix_control_in(x, m) : 0;
	if (!*err && io_in(io, x->data, size) < size)
		*err = -EFAULT;
	if (!*err)
		return x;
	unix_message_free(x);
	return NULL;
}

/* A small piece of a stream goes into what is left of the last message's room, if nothing tells the two apart. A reader
 * may be copying that message: what he knows of it stays where it is. Under p's lock. */
static bool merge(struct unix_sock *p, const struct unix_message *x)
{
	struct unix_message *last = p->first ? container_of(p->last, struct unix_message, next) : NULL;

	if (!last || !unix_stream(p) || last->files.n || x->files.n || last->name != x->name ||
	    memcmp(&last->from, &x->from, sizeof(x->from)) || last->room - (last->off + last->len) < x->len)
		return false;
	memcpy(last->data + last->off + last->len, x->data, x->len);
	last->len += x->len;
	last->cost += x->len;
	p->bytes += x->len;
	p->cost += x->len;
	return true;
}

/* 0: it is in p's queue; 1: its bytes are. -EAGAIN: no room yet. */
static int offer(struct unix_sock *s, struct unix_sock *p, struct unix_message *x)
{
	int err = 0;

	if (s->wr_shut)
		return -EPIPE;
	unix_lock(p);
	if (p->closed || p->rd_shut)
		err = p->closed && !unix_connects(s) ? -ECONNREFUSED : -EPIPE;
	else if (p->peer && p->peer != s)
		err = -EPERM;
	else if (unix_full(s, p)) {
		p->starved = true;
		err = -EAGAIN;
	} else if (merge(p, x)) {
		err = 1;
	} else {
		*p->last = x;
		p->last = &x->next;
		p->count++;
		p->bytes += x->len;
		p->cost += x->cost;
	}
	unix_unlock(p);
	return err;
}

/* Takes over x. */
static int deliver(struct unix_sock *s, struct unix_sock *p, struct unix_message *x, u32 flags)
{
	int err = offer(s, p, x), late;

	if (err == -EAGAIN && !(flags & MSG_DONTWAIT)) {
		late = WAIT_UNTIL(&p->room, unix_deadline(s->sndtimeo), s->wr_shut || (err = offer(s, p, x)) != -EAGAIN);
		err = late && late != -ETIMEDOUT ? late : err == -EAGAIN && s->wr_shut ? -EPIPE : err;
	}
	if (err)
		unix_message_free(x);
	if (err >= 0)
		waitq_wake_for(&p->wait, POLLIN | POLLRDNORM | POLLRDBAND | WAKE_SYNC);
	return MIN(err, 0);
}

static long send_pieces(struct unix_sock *s, struct unix_sock *p, struct io *io, struct socket_msg *m)
{
	long done = 0, err;

	while (io->left) {
		u32 n = MIN(io->left, CHUNK);
		u32 room = p->first ? MAX(n, SMALL) : n; /* who reads at once leaves nothing to add to */
		struct unix_message *x = message_fill(s, io, n, room, done ? NULL : m, &err);

		if (x)
			err = deliver(s, p, x, m->flags);
		if (err)
			return done ? done : err;
		done += n;
	}
	return done;
}

static long send_stream(struct unix_sock *s, struct io *io, struct socket_msg *m)
{
	struct unix_sock *p = unix_peer(s);
	long r;

	if (m->name && m->name->len)
		r = p ? -EISCONN : -EOPNOTSUPP;
	else if (s->wr_shut)
		r = p ? -EPIPE : -ENOTCONN;
	else
		r = p ? send_pieces(s, p, io, m) : -ENOTCONN;
	unix_put(p);
	return r == -EPIPE ? sock_broken_pipe(m->flags) : r;
}

static long send_whole(struct unix_sock *s, struct unix_sock *p, struct io *io, struct socket_msg *m)
{
	size_t n = io->left;
	struct unix_message *x;
	long err = unix_take_error(s);

	if (err)
		return err;
	if (n > s->sndbuf - MESSAGE_SLACK)
		return -EMSGSIZE;
	x = message_fill(s, io, n, n, m, &err);
	if (x)
		err = deliver(s, p, x, m->flags);
	return err ? err : (long)n;
}

static long send_message(struct unix_sock *s, struct io *io, struct socket_msg *m)
{
	struct unix_sock *p = NULL;
	bool named = m->name && m->name->len && !unix_connects(s);
	long r = s->passcred && !s->name ? unix_autobind(s) : 0;

	if (!r && named)
		r = unix_find(m->name, s->socket.type, &p);
	if (r)
		return r;
	if (!named)
		p = unix_peer(s);
	r = p ? send_whole(s, p, io, m) : -ENOTCONN;
	if (r == -ECONNREFUSED && !named)
		unix_forget_peer(s, p);
	unix_put(p);
	return r;
}

long unix_send(struct socket *sk, struct io *io, struct socket_msg *m)
{
	struct unix_sock *s = unix_of(sk);

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	return unix_stream(s) ? send_stream(s, io, m) : send_message(s, io, m);
}

/* ---- receiving */

static struct unix_message *queue_first(struct unix_sock *s)
{
	struct unix_message *x;

	unix_lock(s);
	x = s->first;
	unix_unlock(s);
	return x;
}

static struct unix_message *queue_after(struct unix_sock *s, struct unix_message *x)
{
	unix_lock(s);
	x = x->next;
	unix_unlock(s);
	return x;
}

/* n bytes of the first message are read. True: that was all of it, and it is the caller's. */
static bool queue_consume(struct unix_sock *s, u32 n)
{
	struct unix_message *x;
	bool all;

	unix_lock(s);
	x = s->first;
	x->off += n;
	x->len -= n;
	s->bytes -= n;
	all = !x->len;
	if (all) {
		s->first = x->next;
		if (!s->first)
			s->last = &s->first;
		s->count--;
		s->cost -= x->cost;
	}
	unix_unlock(s);
	return all;
}

/*
 * Is there something to say to a reader who found no message? 0: the end. -EAGAIN: not yet. 1: there is one now. All in one
 * look: what was sent before the end is read before it. `quiet`: an error is left for the next call, and ends this one.
 */
static long queue_verdict(struct unix_sock *s, bool quiet)
{
	bool more, shut, failed;
	int err;

	unix_lock(s);
	more = s->first;
	shut = s->rd_shut;
	failed = s->err;
	unix_unlock(s);
	if (more)
		return 1;
	if (quiet)
		return shut || failed ? 0 : -EAGAIN;
	err = failed ? unix_take_error(s) : 0;
	return err ? err : shut ? 0 : -EAGAIN;
}

static bool queue_moved(struct unix_sock *s)
{
	bool moved;

	unix_lock(s);
	moved = s->first || s->rd_shut || s->err;
	unix_unlock(s);
	return moved;
}

static long queue_wait(struct unix_sock *s, u32 flags)
{
	int err = flags & MSG_DONTWAIT ? -EAGAIN : WAIT_UNTIL(&s->wait, unix_deadline(s->rcvtimeo), queue_moved(s));

	return err == -ETIMEDOUT ? -EAGAIN : err;
}

static void name_out(const struct unix_message *x, struct socket_msg *m)
{
	if (m->name && x->name)
		*m->name = x->name->addr;
}

/* What one call takes from a stream: as far as the sender is the same, and no further than the first files. */
struct taking {
	struct unix_cred from;
	struct unix_files files;
	bool any, stop;
};

static bool take_may(struct unix_sock *s, struct taking *t, const struct unix_message *x)
{
	if (t->any && s->passcred && memcmp(&t->from, &x->from, sizeof(t->from)))
		t->stop = true;
	return !t->stop;
}

/* `reader` is held. Bytes or -EFAULT. */
static long take_stream(struct unix_sock *s, struct io *io, struct socket_msg *m, struct taking *t)
{
	struct unix_message *x = queue_first(s);
	bool peek = m->flags & MSG_PEEK;
	long done = 0;

	while (x && io->left && take_may(s, t, x)) {
		u32 n = MIN(x->len, io->left);

		if (io_out(io, x->data + x->off, n) < n)
			return done ? done : -EFAULT;
		if (!t->any)
			name_out(x, m);
		t->any = true;
		t->from = x->from;
		done += n;
		if (x->files.n) {
			t->files = x->files;
			t->stop = true;
		}
		if (peek) {
			x = queue_after(s, x);
			continue;
		}
		x->files = (struct unix_files){ NULL, 0, NULL };
		if (queue_consume(s, n))
			unix_message_free(x);
		x = queue_first(s);
	}
	return done;
}

static long recv_stream(struct unix_sock *s, struct io *io, struct socket_msg *m)
{
	struct taking t = { .any = false };
	bool peek = m->flags & MSG_PEEK;
	long done = 0, n;

	if (s->state != UNIX_CONNECTED)
		return -EINVAL;
	for (;;) {
		mutex_lock(&s->reader);
		n = take_stream(s, io, m, &t);
		if (n > 0 && peek)
			unix_control_out(s, &t.from, &t.files, m);
		mutex_unlock(&s->reader);
		if (n > 0) {
			done += n;
			if (!peek)
				tell_room(s);
			if (peek || t.stop || !io->left || !(m->flags & MSG_WAITALL))
				break;
			continue;
		}
		if (!n)
			n = queue_verdict(s, done);
		if (n == -EAGAIN)
			n = queue_wait(s, m->flags) ? : 1;
		if (n <= 0)
			break;
	}
	if (!done)
		m->control_len = 0;
	else if (!peek)
		unix_control_out(s, &t.from, &t.files, m);
	if (!peek)
		unix_files_free(&t.files);
	return done ? done : n;
}

/* `reader` is held. The first message, out of the queue unless it is only looked at; NULL: none. */
static struct unix_message *take_message(struct unix_sock *s, bool peek)
{
	struct unix_message *x;

	unix_lock(s);
	x = s->first;
	if (x && !peek) {
		s->first = x->next;
		if (!s->first)
			s->last = &s->first;
		s->count--;
		s->bytes -= x->len;
		s->cost -= x->cost;
	}
	unix_unlock(s);
	return x;
}

static long message_out(struct unix_sock *s, struct unix_message *x, struct io *io, struct socket_msg *m)
{
	size_t n = MIN(x->len, io->left);

	if (io_out(io, x->data, n) < n)
		return -EFAULT;
	if (n < x->len)
		m->out_flags |= MSG_TRUNC;
	name_out(x, m);
	unix_control_out(s, &x->from, &x->files, m);
	return m->flags & MSG_TRUNC ? (long)x->len : (long)n;
}

static long recv_message(struct unix_sock *s, struct io *io, struct socket_msg *m)
{
	bool peek = m->flags & MSG_PEEK;
	struct unix_message *x;
	long r;

	for (;;) {
		mutex_lock(&s->reader);
		x = take_message(s, peek);
		r = x ? message_out(s, x, io, m) : queue_verdict(s, false);
		mutex_unlock(&s->reader);
		if (x)
			break;
		if (!r && !unix_connects(s) && (m->flags & MSG_DONTWAIT))
			return -EAGAIN; /* the end of a datagram socket is told to those who wait only */
		if (r == -EAGAIN)
			r = queue_wait(s, m->flags) ? : 1;
		if (r > 0)
			continue;
		m->control_len = 0;
		return r;
	}
	if (!peek) {
		unix_message_free(x);
		tell_room(s);
	}
	return r;
}

long unix_recv(struct socket *sk, struct io *io, struct socket_msg *m)
{
	struct unix_sock *s = unix_of(sk);

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (unix_stream(s))
		return io->left ? recv_stream(s, io, m) : 0;
	if (unix_connects(s) && s->state != UNIX_CONNECTED)
		return -ENOTCONN;
	return recv_message(s, io, m);
}
