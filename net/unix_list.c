/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All AF_UNIX sockets, for /proc/net/unix: a few lists, each with a short lock, so that cores that make sockets seldom meet.
 * A socket is on its list from birth until its memory goes. A list's lock may be held while a socket's is taken, never the
 * other way round.
 */
#include "base/string.h"
#include "kern/proc_internal.h"
#include "mem/slab.h"
#include "net/unix.h"

#define LISTS 64u
#define ROOM_FIRST 16u
enum { SS_UNCONNECTED = 1, SS_CONNECTING, SS_CONNECTED };
#define SO_ACCEPTCON 0x10000u /* include/linux/net.h */

struct list { struct lock lock; LIST_HEAD(, unix_sock) first; } __attribute__((aligned(64)));
static struct list lists[LISTS];

static struct list *list_of(const struct unix_sock *s) { return &lists[(u64)s / sizeof(*s) % LISTS]; }

void unix_list_add(struct unix_sock *s)
{
	struct list *l = list_of(s);

	lock_acquire(&l->lock);
	LIST_INSERT_HEAD(&l->first, s, all);
	lock_release(&l->lock);
}

void unix_list_remove(struct unix_sock *s)
{
	struct list *l = list_of(s);

	lock_acquire(&l->lock);
	LIST_REMOVE(s, all);
	lock_release(&l->lock);
}

/* ---- the text */

struct seen { u64 ino; u32 flags, state, type; struct sockaddr name; };
struct look { struct seen *at; u32 n, room; };

static void see(struct look *l, struct unix_sock *s)
{
	struct seen *e = &l->at[l->n];

	if (l->n++ >= l->room)
		return;
	unix_lock(s);
	e->ino = s->embryo ? 0 : socket_ino(&s->socket);
	e->flags = s->state == UNIX_LISTENING ? SO_ACCEPTCON : 0;
	e->state = s->embryo ? SS_CONNECTING : s->state == UNIX_CONNECTED ? SS_CONNECTED : SS_UNCONNECTED;
	e->type = s->socket.type;
	e->name.len = 0;
	if (s->name)
		e->name = s->name->addr;
	unix_unlock(s);
}

static void look_at(struct look *l, struct list *list)
{
	struct unix_sock *s;

	l->n = 0;
	lock_acquire(&list->lock);
	LIST_FOREACH(s, &list->first, all)
		if (!s->closed)
			see(l, s);
	lock_release(&list->lock);
}

/* An abstract name's NULs are shown as @. */
static void show_name(struct text *t, const struct sockaddr *a)
{
	const u32 family = 2;

	if (a->len > family)
		text_add(t, " ", 1);
	for (u32 i = family; i < a->len; i++) {
		bool last = i + 1 == a->len && a->bytes[family];
		char c = a->bytes[i] ? a->bytes[i] : '@';

		if (a->bytes[i] || !last)
			text_add(t, &c, 1);
	}
	text_add(t, "\n", 1);
}

static void show(struct text *t, const struct look *l)
{
	for (u32 i = 0; i < l->n; i++) {
		const struct seen *e = &l->at[i];

		text_printf(t, "0000000000000000: 00000002 00000000 %08X %04X %02X %5lu", e->flags, e->type, e->state, e->ino);
		show_name(t, &e->name);
	}
}

int proc_net_unix(const struct pseudo_node *n, struct text *t)
{
	struct look l = { .at = kmalloc(ROOM_FIRST * sizeof(*l.at)), .room = ROOM_FIRST };

	(void)n;
	text_printf(t, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	for (u32 i = 0; l.at && i < LISTS; i++) {
		for (look_at(&l, &lists[i]); l.at && l.n > l.room; look_at(&l, &lists[i])) {
			kfree(l.at);
			l.room = l.n + 16;
			l.at = kmalloc(l.room * sizeof(*l.at));
			if (!l.at)
				return -ENOMEM;
		}
		show(t, &l);
	}
	kfree(l.at);
	return l.at ? 0 : -ENOMEM;
}
