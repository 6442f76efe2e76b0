/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Listening. A connection may arrive on any shard, so a socket listens on all of them. Sockets that share a name
 * (SO_REUSEPORT, or the same address for IPv4 and for IPv6) are a group there: the stack knows the group, and where a connection comes from decides which of its
 * members gets it. Only the shard touches its groups.
 *
 *   shard: group (name) --> member, member, ...     each a sock, which has one accept queue for all shards
 *
 * A new connection may begin while its socket's queue is not longer than the backlog; what comes then is not answered,
 * and tried again by whoever sent it.
 */
#include "base/string.h"
#include "mem/slab.h"
#include "net/tcp.h"

struct listen_group {
	struct listen_group *next;
	struct port_name name;
	struct port_end *end;
	struct listen_member *members;
	u32 count;
};

static struct listen_group **group_find(struct shard *sh, const struct port_name *name)
{
	struct listen_group **at = &sh->listening;

	while (*at && ((*at)->name.ip != name->ip || (*at)->name.port != name->port))
		at = &(*at)->next;
	return at;
}

static int group_make(struct shard *sh, const struct port_name *name, struct listen_group **at)
{
	struct listen_group *g = kzalloc(sizeof(*g));
	int err = g ? sh->stack->tcp_listen(g, name, &g->end) : -ENOMEM;

	if (err) {
		kfree(g);
		return err;
	}
	g->name = *name;
	*at = g;
	return 0;
}

long tcp_listen_here(struct shard *sh, void *arg)
{
	struct sock *s = arg;
	struct listen_member *m = &s->members[sh->id];
	struct listen_group **at = group_find(sh, &s->local);
	int err = *at ? 0 : group_make(sh, &s->local, at);

	if (err)
		return err;
	sock_get(s);
	*m = (struct listen_member){ s, (*at)->members, *at };
	(*at)->members = m;
	(*at)->count++;
	return 0;
}

long tcp_unlisten_here(struct shard *sh, void *arg)
{
	struct sock *s = arg;
	struct listen_member *m = &s->members[sh->id], **at;
	struct listen_group *g = m->group;

	if (!g)
		return 0;
	m->group = NULL;
	for (at = &g->members; *at != m; at = &(*at)->next)
		;
	*at = m->next;
	if (!--g->count) {
		*group_find(sh, &g->name) = g->next;
		sh->stack->tcp_unlisten(g->end);
		kfree(g);
	}
	sock_put(s);
	return 0;
}

void tcp_each_listener(struct shard *sh, void (*see)(void *arg, struct sock *s), void *arg)
{
	for (struct listen_group *g = sh->listening; g; g = g->next)
		for (struct listen_member *m = g->members; m; m = m->next)
			see(arg, m->sock);
}

/* The next one that hears the remote's family. */
static struct listen_member *member_hears(struct listen_member *m, const struct port_name *remote)
{
	while (m && !name_hears(&m->sock->local, remote->ip))
		m = m->next;
	return m;
}

/* NULL: all who listen to this name do so for the other family. */
static struct sock *group_pick(struct listen_group *g, const struct port_name *remote)
{
	struct listen_member *first = member_hears(g->members, remote), *m;
	u32 count = 0, n;

	if (g->count == 1 || !first)
		return first ? first->sock : NULL;
	for (m = first; m; m = member_hears(m->next, remote))
		count++;
	n = (remote->port * 0x9e3779b1u ^ remote->ip) % count;
	for (m = first; n--; m = member_hears(m->next, remote))
		;
	return m->sock;
}

enum port_admits tcp_admits(void *listener, const struct port_name *remote)
{
	const volatile struct sock *l = group_pick(listener, remote);

	return !l ? PORT_NOBODY : l->waiting <= l->backlog ? PORT_ADMITS : PORT_ADMITS_LATER;
}

static bool accept_queue(struct sock *l, struct sock *s)
{
	bool open;

	lock_acquire(&l->lock);
	open = l->state == SOCK_LISTENING;
	if (open) {
		*l->accept_last = s;
		l->accept_last = &s->accept_next;
		l->waiting++;
	}
	lock_release(&l->lock);
	return open;
}

static void inherit(struct sock *s, const struct sock *l)
{
	s->socket.family = l->socket.family;
	s->v6only = l->v6only;
	s->uid = l->uid;
	s->nodelay = l->nodelay;
	s->keep = l->keep;
	s->tos = l->tos;
	s->ttl = l->ttl;
	s->sndbuf = l->sndbuf;
	s->rcvbuf = l->rcvbuf;
	s->linger = l->linger;
	s->linger_s = l->linger_s;
}

void *tcp_accepted(void *listener, struct port_end *e, const struct port_name *local, const struct port_name *remote)
{
	struct sock *l = group_pick(listener, remote), *s = l ? tcp_new() : NULL;

	if (!s)
		return NULL;
	s->shard = shard_inside();
	s->state = SOCK_CONNECTED;
	s->told = true;
	s->end = e;
	s->local = *local;
	s->remote = *remote;
	inherit(s, l);
	sock_get(s); /* the queue's, then the file's */
	if (s->nodelay || s->keep.on || s->tos || s->ttl)
		sock_tell(s, TODO_OPTIONS);
	if (!accept_queue(l, s)) {
		s->end = NULL;
		sock_put(s);
		sock_put(s);
		return NULL;
	}
	waitq_wake_for(&l->wait, POLLIN | POLLRDNORM);
	return s;
}
