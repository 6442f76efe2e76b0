/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Internet sockets: chunks, references, the way to the shard. See sock.h. */
#include "net/sock.h"
#include "arch/clock.h"
#include "base/string.h"
#include "kern/process.h"
#include "mem/slab.h"

KCACHE(sock_cache, "sockets", struct sock);

#define BUFFER (256u << 10)

/* ---- chunks */

struct chunk *chunk_new(u32 size)
{
	struct chunk *c = kmalloc(sizeof(*c) + size);

	if (!c)
		return NULL;
	c->next = NULL;
	c->off = c->len = 0;
	c->cap = size;
	return c;
}

void chunk_add(struct chunks *l, struct chunk *c)
{
	if (l->last)
		l->last->next = c;
	else
		l->first = c;
	l->last = c;
}

struct chunk *chunk_take(struct chunks *l)
{
	struct chunk *c = l->first;

	if (!c)
		return NULL;
	l->first = c->next;
	if (!l->first)
		l->last = NULL;
	c->next = NULL;
	return c;
}

void chunks_drop(struct chunks *l)
{
	struct chunk *c;

	while ((c = chunk_take(l)))
		kfree(c);
}

/* ---- life */

struct sock *sock_new(const struct socket_ops *ops, u32 type, u32 protocol)
{
	struct sock *s = kcache_alloc(&sock_cache);

	if (!s)
		return NULL;
	s->socket = (struct socket){ .ops = ops, .family = AF_INET, .type = type, .protocol = protocol };
	refs_init(&s->refs, 1);
	lock_init(&s->lock);
	waitq_init(&s->wait);
	mutex_init(&s->reader);
	mutex_init(&s->writer);
	mutex_init(&s->naming);
	s->rcvbuf = (struct sock_buffer){ BUFFER, type == SOCK_STREAM ? 131072 : 212992 };
	s->sndbuf = (struct sock_buffer){ BUFFER, type == SOCK_STREAM ? 16384 : 212992 };
	s->keep = (struct port_keepalive){ false, 7200000, 75000, 9 };
	s->accept_last = &s->accept_first;
	return s;
}

void sock_put(struct sock *s)
{
	if (!refs_put(&s->refs))
		return;
	chunks_drop(&s->rx);
	chunks_drop(&s->tx);
	chunks_drop(&s->out);
	kfree(s->members);
	kcache_free(&sock_cache, s);
}

void sock_drop_gone(struct sock *s)
{
	struct sock *next;

	for (; s; s = next) {
		next = s->next_gone;
		sock_put(s);
	}
}

void sock_unname(struct sock *s)
{
	if (s->named)
		names_unbind(s->socket.protocol, &s->local, (u64)s);
	s->named = false;
}

/* ---- to the shard */

void sock_tell(struct sock *s, u32 todo)
{
	bool post;

	lock_acquire(&s->lock);
	s->todo |= todo;
	post = !s->queued && s->shard;
	if (post)
		s->queued = true;
	lock_release(&s->lock);
	if (post) {
		sock_get(s);
		shard_post(s->shard, &s->work);
	}
}

/* ---- errors */

int sock_take_error(struct sock *s)
{
	int err;

	lock_acquire(&s->lock);
	err = s->err;
	s->err = 0;
	lock_release(&s->lock);
	return err;
}

long sock_broken_pipe(u32 flags)
{
	struct process *p = process_current();

	if (!(flags & MSG_NOSIGNAL))
		signal_thread(thread_current(), &(struct siginfo){ .signo = SIGPIPE, .code = SI_USER, .pid = p->pid,
			.uid = p->cred.uid });
	return -EPIPE;
}
