/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of sockets: see sockets.h. A bucket's chain is in no particular order. */
#include "seq/sockets.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"

struct sockets_name {
	struct sockets_name *next;
	u32 protocol, ip, owner;
	u16 port, flags;
	bool listens;
	u64 id;
};

static u32 bucket_of(u32 protocol, u16 port) { return (protocol * 31 + port) % SOCKETS_BUCKETS; }

static bool kin(u16 a, u16 b) { return (a & b & SOCKETS_V6) || !((a | b) & SOCKETS_NOT_V4); }

static bool meet(const struct sockets_name *n, u32 protocol, u32 ip, u16 port, u16 families)
{
	return n->protocol == protocol && n->port == port && (n->ip == ip || !n->ip || !ip) && kin(n->flags, families);
}

static bool agree(const struct sockets_name *n, u16 flags, u32 owner, bool listens)
{
	if (n->flags & flags & SOCKETS_SHARE)
		return n->owner == owner;
	return (n->flags & flags & SOCKETS_REUSE) && !n->listens && !listens;
}

/* May a name with these properties stand beside all others but `self`? */
static bool fits(const struct sockets *s, const struct sockets_op *o, u16 flags, bool listens, const struct sockets_name *self)
{
	const struct sockets_name *n;

	for (n = s->bucket[bucket_of(o->protocol, o->port)]; n; n = n->next)
		if (n != self && meet(n, o->protocol, o->ip, o->port, o->flags) && !agree(n, flags, o->owner, listens))
			return false;
	return true;
}

/* The link that leads to the holder's name. It has one of each port: address and families are what they were at BIND. */
static struct sockets_name **find(struct sockets *s, const struct sockets_op *o)
{
	struct sockets_name **at = &s->bucket[bucket_of(o->protocol, o->port)];

	while (*at && ((*at)->id != o->id || (*at)->protocol != o->protocol || (*at)->port != o->port))
		at = &(*at)->next;
	return at;
}

static s32 bind_name(struct sockets *s, const struct sockets_op *o)
{
	struct sockets_name *n, **at = &s->bucket[bucket_of(o->protocol, o->port)];

	if (!fits(s, o, o->flags, false, NULL))
		return -EADDRINUSE;
	n = pool_zalloc(s->pool, sizeof(*n));
	if (!n)
		return -ENOMEM; /* op_mem reserved it: cannot be */
	n->protocol = o->protocol;
	n->ip = o->ip;
	n->port = o->port;
	n->flags = o->flags;
	n->owner = o->owner;
	n->id = o->id;
	n->next = *at;
	*at = n;
	s->count++;
	return 0;
}

static s32 listen_name(struct sockets *s, const struct sockets_op *o)
{
	struct sockets_name *n = *find(s, o);

	if (!n)
		return -ENOENT;
	for (const struct sockets_name *m = s->bucket[bucket_of(o->protocol, o->port)]; m; m = m->next)
		if (m != n && m->listens && meet(m, n->protocol, n->ip, n->port, n->flags) && !agree(m, n->flags, n->owner, true))
			return -EADDRINUSE;
	n->listens = true;
	return 0;
}

static s32 unbind_name(struct sockets *s, const struct sockets_op *o)
{
	struct sockets_name **at = find(s, o), *n = *at;

	if (!n)
		return -ENOENT;
	*at = n->next;
	pool_free(s->pool, n, sizeof(*n));
	s->count--;
	return 0;
}

void sockets_apply(struct sockets *s, const void *op, size_t len, void *ret)
{
	const struct sockets_op *o = op;
	struct sockets_ret *r = ret;
	s32 err = -EINVAL;

	(void)len;
	if (o->kind == SOCKETS_BIND)
		err = bind_name(s, o);
	else if (o->kind == SOCKETS_LISTEN)
		err = listen_name(s, o);
	else if (o->kind == SOCKETS_UNBIND)
		err = unbind_name(s, o);
	if (r)
		r->err = err;
}

size_t sockets_op_mem_max(void) { return pool_rounded(sizeof(struct sockets_name)); }

size_t sockets_op_mem(const void *op, size_t len)
{
	(void)len;
	return ((const struct sockets_op *)op)->kind == SOCKETS_BIND ? sockets_op_mem_max() : 0;
}

bool sockets_used(const struct sockets *s, u32 protocol, u32 ip, u16 port, u16 families)
{
	const struct sockets_name *n;

	for (n = s->bucket[bucket_of(protocol, port)]; n; n = n->next)
		if (meet(n, protocol, ip, port, families))
			return true;
	return false;
}

u32 sockets_find(const struct sockets *s, u32 protocol, u32 ip, u16 port, u16 families, u64 *id)
{
	const struct sockets_name *n;
	u32 count = 0;

	for (n = s->bucket[bucket_of(protocol, port)]; n; n = n->next) {
		if (!meet(n, protocol, ip, port, families))
			continue;
		*id = n->id;
		count++;
	}
	return count;
}

/* ---- as a whole */

int sockets_init(struct sockets *s, struct pool *pool, const void *arg)
{
	(void)arg;
	memset(s, 0, sizeof(*s));
	s->pool = pool;
	return 0;
}

int sockets_clone(struct sockets *dst, struct pool *pool, const struct sockets *src)
{
	sockets_init(dst, pool, NULL);
	for (u32 b = 0; b < SOCKETS_BUCKETS; b++) {
		struct sockets_name **at = &dst->bucket[b];

		for (const struct sockets_name *n = src->bucket[b]; n; n = n->next) {
			*at = pool_alloc(pool, sizeof(**at));
			if (!*at)
				return -ENOMEM;
			**at = *n;
			at = &(*at)->next;
			*at = NULL;
			dst->count++;
		}
	}
	return 0;
}

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

u64 sockets_hash(const struct sockets *s)
{
	u64 sum = s->count;

	for (u32 b = 0; b < SOCKETS_BUCKETS; b++)
		for (const struct sockets_name *n = s->bucket[b]; n; n = n->next)
			sum += mix(mix(mix(n->id, (u64)n->ip << 32 | n->owner), (u64)n->protocol << 32 | n->port),
				   n->flags << 1 | n->listens);
	return sum;
}

int sockets_check(const struct sockets *s)
{
	u32 seen = 0;

	for (u32 b = 0; b < SOCKETS_BUCKETS; b++)
		for (const struct sockets_name *n = s->bucket[b]; n; n = n->next, seen++)
			if (bucket_of(n->protocol, n->port) != b || !n->id || !n->port || seen > s->count)
				goto broken;
	if (seen == s->count)
		return 0;
broken:
	kprintf("sockets: broken table: %u names, %u counted\n", seen, s->count);
	return -EINVAL;
}
