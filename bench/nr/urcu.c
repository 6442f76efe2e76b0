/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Userspace RCU's lock-free hash table. A put replaces the node and frees the old one after a grace period. */
#include "bench/nr/subject.h"

#include <stdlib.h>
#include <urcu.h>
#include <urcu/rculfhash.h>

struct node {
	struct cds_lfht_node in;
	struct rcu_head head;
	u64 key, value;
};

static unsigned long hash(u64 key)
{
	key = (key ^ key >> 31) * 0x9e3779b97f4a7c15ull;
	return key ^ key >> 29;
}

static int match(struct cds_lfht_node *n, const void *key)
{
	return caa_container_of(n, struct node, in)->key == *(const u64 *)key;
}

static void free_node(struct rcu_head *head)
{
	free(caa_container_of(head, struct node, head));
}

static u64 put(struct cds_lfht *t, u64 key, u64 value)
{
	struct node *n = malloc(sizeof(*n)), *old = NULL;
	struct cds_lfht_node *was;
	u64 got = 0;

	if (!n)
		abort();
	cds_lfht_node_init(&n->in);
	n->key = key;
	n->value = value;
	rcu_read_lock();
	was = cds_lfht_add_replace(t, hash(key), match, &key, &n->in);
	if (was) {
		old = caa_container_of(was, struct node, in);
		got = old->value;
		call_rcu(&old->head, free_node);
	}
	rcu_read_unlock();
	return got;
}

static void *make(const struct seq *seq, u64 keys)
{
	unsigned long buckets = 64;
	struct cds_lfht *t;

	(void)seq;
	while (buckets < keys)
		buckets *= 2;
	t = cds_lfht_new(buckets, buckets, 0, CDS_LFHT_AUTO_RESIZE, NULL);
	rcu_register_thread();
	for (u64 k = 0; k < keys; k++)
		put(t, k, k);
	rcu_unregister_thread();
	return t;
}

static void destroy(void *it)
{
	(void)it; /* the process ends */
}

static u64 write(void *it, u32 thread, const struct bench_op *op)
{
	(void)thread;
	return put(it, op->key, op->value);
}

static u64 read(void *it, u32 thread, u64 key)
{
	struct cds_lfht_iter at;
	struct cds_lfht_node *n;
	u64 got = 0;

	(void)thread;
	rcu_read_lock();
	cds_lfht_lookup(it, hash(key), match, &key, &at);
	n = cds_lfht_iter_get_node(&at);
	if (n)
		got = caa_container_of(n, struct node, in)->value;
	rcu_read_unlock();
	return got;
}

static void attach(void *it, u32 thread)
{
	(void)it;
	(void)thread;
	rcu_register_thread();
}

static void detach(void *it, u32 thread)
{
	(void)it;
	(void)thread;
	rcu_unregister_thread();
}

const struct subject subject_urcu = { "urcu_lfht", "map", make, destroy, write, read, attach, detach };
