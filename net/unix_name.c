/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of AF_UNIX sockets: see unix.h. One table for both kinds; a short lock per bucket. */
#include "base/print.h"
#include "base/string.h"
#include "kern/fs.h"
#include "mem/slab.h"
#include "net/unix.h"

#define BUCKETS 64u
#define FAMILY 2u /* bytes of an address before the name */
#define MAY_WRITE 2

KCACHE(name_cache, "unix names", struct unix_name);

static struct bucket { struct lock lock; LIST_HEAD(, unix_name) list; } buckets[BUCKETS];

static void bucket_lock(struct bucket *b) { lock_acquire(&b->lock); }
static void bucket_unlock(struct bucket *b) { lock_release(&b->lock); }

static u32 hash_bytes(const u8 *p, u32 n)
{
	u32 h = 2166136261u;

	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static u32 hash_body(const struct body *b)
{
	return (u32)((u64)b >> 6) * 2654435761u >> 8;
}

static bool name_is(const struct unix_name *n, const struct body *body, const struct sockaddr *a)
{
	if (body || n->body)
		return n->body == body;
	return n->addr.len == a->len && !memcmp(n->addr.bytes, a->bytes, a->len);
}

void unix_name_put(struct unix_name *n)
{
	if (!n || !refs_put(&n->refs))
		return;
	body_put(n->body);
	kcache_free(&name_cache, n);
}

/* The socket of that name, with a reference. */
static struct unix_sock *table_find(u32 hash, const struct body *body, const struct sockaddr *a)
{
	struct bucket *b = &buckets[hash % BUCKETS];
	struct unix_sock *s = NULL;
	struct unix_name *n;

	bucket_lock(b);
	LIST_FOREACH(n, &b->list, link)
		if (name_is(n, body, a)) {
			s = n->owner;
			unix_get(s);
			break;
		}
	bucket_unlock(b);
	return s;
}

/* False: the name is taken. */
static bool table_add(struct unix_name *n)
{
	struct bucket *b = &buckets[n->hash % BUCKETS];
	struct unix_name *other;

	bucket_lock(b);
	LIST_FOREACH(other, &b->list, link)
		if (name_is(other, n->body, &n->addr))
			break;
	if (!other)
		LIST_INSERT_HEAD(&b->list, n, link);
	bucket_unlock(b);
	return !other;
}

/* The table holds no reference: a socket takes its name out before it goes. */
void unix_unname(struct unix_sock *s)
{
	struct unix_name *n = s->name;
	struct bucket *b;

	if (!n || n->owner != s)
		return; /* none, or its listener's */
	b = &buckets[n->hash % BUCKETS];
	bucket_lock(b);
	LIST_REMOVE(n, link);
	n->owner = NULL;
	bucket_unlock(b);
}

/* ---- addresses */

static int address_check(const struct sockaddr *a, u32 least)
{
	if (a->len < least || a->len > UNIX_ADDRESS || (a->bytes[0] | a->bytes[1] << 8) != AF_UNIX)
		return -EINVAL;
	return 0;
}

static bool address_abstract(const struct sockaddr *a) { return !a->bytes[FAMILY]; }

/* The path, ending in NUL; a->bytes has room for one more. */
static const char *address_path(const struct sockaddr *a)
{
	return (const char *)a->bytes + FAMILY;
}

static struct body *path_body(const char *path, int *err)
{
	struct body *b = NULL;
	struct path p;

	*err = path_walk(AT_FDCWD, path, TREE_FOLLOW, &p);
	if (*err)
		return NULL;
	if (p.body && (p.at.mode & S_IFMT) == S_IFSOCK) {
		b = p.body;
		body_get(b);
	} else {
		*err = -ECONNREFUSED;
	}
	path_drop(&p);
	return b;
}

int unix_find(const struct sockaddr *a, u32 type, struct unix_sock **out)
{
	struct unix_sock *s;
	struct body *b = NULL;
	int err = address_check(a, FAMILY + 1);

	if (err)
		return err;
	if (address_abstract(a)) {
		s = table_find(hash_bytes(a->bytes, a->len), NULL, a);
	} else {
		err = fs_access(AT_FDCWD, address_path(a), MAY_WRITE, AT_EACCESS);
		b = err ? NULL : path_body(address_path(a), &err);
		s = err ? NULL : table_find(hash_body(b), b, NULL);
		body_put(b);
	}
	if (!s)
		return err ? err : -ECONNREFUSED;
	*out = s;
	if (s->socket.type == type)
		return 0;
	unix_put(s);
	return -EPROTOTYPE;
}

/* ---- giving a name: `naming` is held */

static struct unix_name *name_new(struct unix_sock *s, const struct sockaddr *a)
{
	struct unix_name *n = kcache_alloc(&name_cache);

	if (!n)
		return NULL;
	refs_init(&n->refs, 1);
	n->owner = s;
	n->addr = *a;
	n->hash = hash_bytes(a->bytes, a->len);
	return n;
}

static int name_give(struct unix_sock *s, struct unix_name *n)
{
	if (!table_add(n)) {
		unix_name_put(n);
		return -EADDRINUSE;
	}
	unix_lock(s);
	s->name = n;
	unix_unlock(s);
	return 0;
}

static int bind_path(struct unix_sock *s, const struct sockaddr *a)
{
	struct unix_name *n = name_new(s, a);
	int err;

	if (!n)
		return -ENOMEM;
	n->addr.len = FAMILY + strlen(address_path(a)) + 1;
	err = fs_mknod(AT_FDCWD, address_path(a), S_IFSOCK | 0777, 0);
	if (!err)
		n->body = path_body(address_path(a), &err);
	if (err) {
		unix_name_put(n);
		return err == -EEXIST ? -EADDRINUSE : err;
	}
	n->hash = hash_body(n->body);
	return name_give(s, n);
}

static int bind_abstract(struct unix_sock *s, const struct sockaddr *a)
{
	struct unix_name *n = name_new(s, a);

	return n ? name_give(s, n) : -ENOMEM;
}

/* Five hexadecimal digits that nobody has. */
static int bind_any(struct unix_sock *s)
{
	u32 at = (u32)clock_ns(), tries;
	int err = -EADDRINUSE;

	for (tries = 0; tries <= 0xfffff && err == -EADDRINUSE; tries++) {
		struct sockaddr a = { .len = FAMILY + 6, .bytes = { AF_UNIX } };

		snprintf((char *)a.bytes + FAMILY + 1, 6, "%05x", (at + tries) & 0xfffff);
		err = bind_abstract(s, &a);
	}
	return err == -EADDRINUSE ? -ENOSPC : err;
}

int unix_autobind(struct unix_sock *s)
{
	int err = 0;

	mutex_lock(&s->naming);
	if (!s->name)
		err = bind_any(s);
	mutex_unlock(&s->naming);
	return err;
}

int unix_bind(struct socket *sk, const struct sockaddr *a)
{
	struct unix_sock *s = unix_of(sk);
	int err = address_check(a, FAMILY);

	if (err)
		return err;
	if (a->len == FAMILY)
		return unix_autobind(s);
	mutex_lock(&s->naming);
	err = s->name ? -EINVAL : address_abstract(a) ? bind_abstract(s, a) : bind_path(s, a);
	mutex_unlock(&s->naming);
	return err;
}

int unix_name_of(struct socket *sk, bool peer, struct sockaddr *out)
{
	struct unix_sock *s = unix_of(sk), *p = peer ? unix_peer(s) : NULL;
	struct unix_sock *of = peer ? p : s;

	if (!of)
		return -ENOTCONN;
	lock_acquire(&of->lock);
	*out = of->name ? of->name->addr : (struct sockaddr){ .len = FAMILY, .bytes = { AF_UNIX } };
	lock_release(&of->lock);
	unix_put(p);
	return 0;
}
