/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TCP sockets, the shard's side: what the stack tells, and what programs asked for. Everything here runs on the shard's
 * core, most of it inside the stack; nothing sleeps. See sock.h; the programs' side is tcp_calls.c.
 */
#include "base/string.h"
#include "mem/slab.h"
#include "net/sock.h"
#include "net/tcp.h"

/* ---- bytes that go out */

static void out_append(struct sock *s, struct chunks *fresh)
{
	if (!fresh->first)
		return;
	if (!s->give) {
		s->give = fresh->first;
		s->given = 0;
	}
	if (s->out.last)
		s->out.last->next = fresh->first;
	else
		s->out.first = fresh->first;
	s->out.last = fresh->last;
}

static void tcp_abort_now(struct shard *sh, struct sock *s)
{
	struct port_end *e = s->end;

	s->end = NULL;
	s->close = s->finish = false;
	if (e)
		sh->stack->tcp_abort(e);
}

/* As much as the stack takes. False: it has no memory though nothing is on its way, so nothing would call again. */
static bool tcp_give(struct shard *sh, struct sock *s)
{
	while (s->give) {
		struct chunk *c = s->give;
		u32 size = c->off + c->len;
		int n = sh->stack->tcp_write(s->end, c->data + s->given, size - s->given, c->next);

		if (n < 0)
			return false;
		if (!n)
			return true;
		s->given += n;
		if (s->given == size) {
			s->give = c->next;
			s->given = 0;
		}
	}
	return true;
}

static void tcp_close_now(struct shard *sh, struct sock *s)
{
	struct port_end *e = s->end;

	s->end = NULL;
	if (sh->stack->tcp_close(e))
		s->end = e; /* no memory, or too early: the next acknowledgement brings us here again */
	else
		s->close = false;
}

static void tcp_push(struct shard *sh, struct sock *s)
{
	if (!s->end)
		return;
	if (!tcp_give(sh, s)) {
		tcp_abort_now(sh, s);
		tcp_failed(s, -ENOBUFS);
		return;
	}
	if (!s->give && s->finish && !s->close && !sh->stack->tcp_finish(s->end))
		s->finish = false;
	if (!s->give && s->close)
		tcp_close_now(sh, s);
	if (s->end)
		sh->stack->tcp_flush(s->end);
}

/* ---- words from programs */

static void tcp_options_apply(struct shard *sh, struct sock *s)
{
	struct port_options o = sock_options(s);

	sh->stack->tcp_options(s->end, &o);
}

static bool options_matter(const struct sock *s) { return s->nodelay || s->keep.on || s->tos || s->ttl; }

static void tcp_work(struct shard *sh, struct net_msg *m)
{
	struct sock *s = container_of(m, struct sock, work);
	struct chunks fresh;
	u32 todo, read;

	if (sh != s->shard) { /* it failed to connect, and tries again from elsewhere */
		shard_post(s->shard, m);
		return;
	}
	lock_acquire(&s->lock);
	s->queued = false;
	todo = s->todo;
	s->todo = 0;
	read = s->read;
	s->read = 0;
	fresh = s->tx;
	s->tx = (struct chunks){ NULL, NULL };
	lock_release(&s->lock);
	out_append(s, &fresh);
	if (s->end && (todo & TODO_OPTIONS))
		tcp_options_apply(sh, s);
	if (s->end && read)
		sh->stack->tcp_read(s->end, read);
	s->finish |= todo & TODO_FINISH;
	s->close |= todo & TODO_CLOSE;
	if (todo & TODO_ABORT)
		tcp_abort_now(sh, s);
	tcp_push(sh, s);
	sock_put(s);
}

void tcp_prepare(struct sock *s) { s->work.run = tcp_work; }

/* Opens the connection that s->local and s->remote name. */
long tcp_open(struct shard *sh, void *arg)
{
	struct sock *s = arg;
	int err;

	sock_get(s);
	err = sh->stack->tcp_connect(s, &s->local, &s->remote, &s->end);
	if (err)
		sock_put(s);
	else if (options_matter(s))
		tcp_options_apply(sh, s);
	return err;
}

/* ---- what happened */

void tcp_connected(void *sock)
{
	struct sock *s = sock;

	lock_acquire(&s->lock);
	if (s->state == SOCK_CONNECTING)
		s->state = SOCK_CONNECTED;
	lock_release(&s->lock);
	waitq_wake(&s->wait);
}

/* Into the last chunk's room if it fits, else into a new one: small pieces get room for more of their kind. */
int tcp_data(void *sock, struct port_packet *p, u32 len)
{
	struct sock *s = sock;
	const struct port_stack *stack = s->shard->stack;
	struct chunk *fresh = NULL, *last;
	u32 end = 0;
	bool fits;

	if (s->rd_shut) { /* nobody will read it */
		stack->tcp_read(s->end, len);
		return 0;
	}
	lock_acquire(&s->lock);
	last = s->rx.last;
	fits = last && last->cap - (end = last->off + last->len) >= len;
	if (fits) {
		stack->copy(p, 0, last->data + end, len);
		last->len += len;
		s->rx_bytes += len;
	}
	lock_release(&s->lock);
	if (!fits) {
		fresh = chunk_new(last ? MAX(len, 1000u) : len);
		if (!fresh)
			return -ENOMEM;
		stack->copy(p, 0, fresh->data, len);
		fresh->len = len;
		lock_acquire(&s->lock);
		chunk_add(&s->rx, fresh);
		s->rx_bytes += len;
		lock_release(&s->lock);
	}
	waitq_wake_for(&s->wait, POLLIN | POLLRDNORM | WAKE_SYNC);
	return 0;
}

void tcp_eof(void *sock)
{
	struct sock *s = sock;

	lock_acquire(&s->lock);
	s->eof = true;
	lock_release(&s->lock);
	waitq_wake(&s->wait);
}

static void out_acked(struct sock *s, u32 len)
{
	while (len && s->out.first && s->out.first != s->give) {
		struct chunk *c = s->out.first;
		u32 n = MIN(len, c->len);

		c->off += n;
		c->len -= n;
		len -= n;
		if (!c->len)
			kfree(chunk_take(&s->out));
	}
	if (len && s->out.first) { /* part of the chunk that is being given */
		s->out.first->off += len;
		s->out.first->len -= len;
	}
}

void tcp_acked(void *sock, u32 len)
{
	struct sock *s = sock;
	bool room;

	out_acked(s, len);
	lock_acquire(&s->lock);
	room = !tcp_has_room(s);
	s->tx_bytes -= MIN(len, s->tx_bytes);
	room = room && tcp_has_room(s);
	lock_release(&s->lock);
	if (room)
		waitq_wake_for(&s->wait, POLLOUT | POLLWRNORM);
	if (s->give || s->finish || s->close)
		tcp_push(s->shard, s);
}

void tcp_failed(void *sock, int err)
{
	struct sock *s = sock;
	bool was_over;

	lock_acquire(&s->lock);
	was_over = s->eof;
	s->end = NULL;
	s->eof = true;
	s->refused = s->state == SOCK_CONNECTING;
	s->err = err != -ECONNRESET ? err : s->refused ? -ECONNREFUSED : was_over ? -EPIPE : err;
	s->state = s->refused ? SOCK_NEW : SOCK_CLOSED;
	lock_release(&s->lock);
	waitq_wake(&s->wait);
}

void tcp_gone(void *sock)
{
	struct sock *s = sock;
	struct shard *sh = shard_inside();

	chunks_drop(&s->out);
	s->give = NULL;
	lock_acquire(&s->lock);
	s->end = NULL;
	s->tx_bytes = 0;
	if (s->state == SOCK_CONNECTED) {
		s->state = SOCK_CLOSED;
		s->eof = true;
	}
	lock_release(&s->lock);
	waitq_wake(&s->wait);
	s->next_gone = sh->gone;
	sh->gone = s;
}
