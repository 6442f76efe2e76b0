/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Somebody else's structure: the red-black tree of BSD's <sys/tree.h>, with nodes that are allocated.
 *
 * Three things to do for a structure that allocates:
 *   - nodes come from the replica's pool, not from malloc: each replica has its own nodes
 *   - op_mem says how many bytes an operation may take; nr reserves them on every replica before the operation is
 *     ordered, or refuses it (-ENOMEM): it cannot fail on one replica and succeed on another
 *   - clone walks the source and builds its own nodes
 */
#include <libnr.h>

#include <bsd/sys/tree.h>
#include <stdio.h>
#include <string.h>

struct node {
	RB_ENTRY(node) link;
	u32 id;
	char name[28];
};

static int by_id(const struct node *a, const struct node *b)
{
	return (a->id > b->id) - (a->id < b->id);
}

RB_HEAD(tree, node);
RB_PROTOTYPE(tree, node, link, by_id)
RB_GENERATE(tree, node, link, by_id)

struct users { /* one replica */
	struct pool *mem;
	struct tree tree;
};

struct users_op {
	u32 id;
	char name[28]; /* empty: remove */
};

static struct node *users_find(const struct users *u, u32 id)
{
	struct node key;

	key.id = id;
	return RB_FIND(tree, (struct tree *)&u->tree, &key);
}

/* 0, or -1 without memory: which an operation that was admitted never sees. */
static int users_set(struct users *u, u32 id, const char *name)
{
	struct node *n = users_find(u, id);

	if (!n) {
		n = pool_zalloc(u->mem, sizeof(*n));
		if (!n)
			return -1;
		n->id = id;
		RB_INSERT(tree, &u->tree, n);
	}
	memcpy(n->name, name, sizeof(n->name));
	return 0;
}

static int users_init(void *state, struct pool *mem, const void *arg)
{
	struct users *u = state;

	(void)arg;
	u->mem = mem;
	RB_INIT(&u->tree);
	return 0;
}

static int users_clone(void *to, struct pool *mem, const void *from)
{
	struct tree *source = (struct tree *)&((const struct users *)from)->tree;
	struct node *n;

	users_init(to, mem, NULL);
	RB_FOREACH(n, tree, source)
		if (users_set(to, n->id, n->name))
			return -12; /* -ENOMEM: the replica is not made, nothing else happens */
	return 0;
}

static size_t users_mem(const void *op, size_t len)
{
	(void)len;
	return ((const struct users_op *)op)->name[0] ? pool_rounded(sizeof(struct node)) : 0;
}

static void users_apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	const struct users_op *o = op;
	struct users *u = state;
	struct node *n = users_find(u, o->id);

	(void)shard, (void)len;
	if (ret)
		*(int *)ret = n != NULL;
	if (o->name[0]) {
		users_set(u, o->id, o->name);
	} else if (n) {
		RB_REMOVE(tree, &u->tree, n);
		pool_free(u->mem, n, sizeof(*n));
	}
}

static const struct nr_type users_type = {
	.name = "users", .state_size = sizeof(struct users), .op_mem_max = 64, .init = users_init, .clone = users_clone,
	.apply = users_apply, .op_mem = users_mem,
};

static int set_user(struct nr *users, struct nr_self *self, u32 id, const char *name)
{
	struct users_op op;
	int was_there = 0, err;

	memset(&op, 0, sizeof(op));
	op.id = id;
	snprintf(op.name, sizeof(op.name), "%s", name);
	err = nr_update(users, self, 0, &op, sizeof(op), &was_there, NULL);
	return err ? err : was_there;
}

int main(void)
{
	struct nr_config cfg = { .threads = 2 };
	struct nr_self here = { .id = 0, .node = 0 }, there = { .id = 1, .node = 1 };
	struct nr *users = nr_create(&users_type, &cfg, NULL);
	const struct users *u;
	u32 count = 0, last = 0, sorted = 1;
	struct node *n;

	if (!users)
		return 1;
	for (u32 i = 0; i < 500; i++)
		set_user(users, &here, i * 7919 % 1000, "somebody");
	if (nr_replica_add(users, &there, 1)) /* cloned: its own 500 nodes */
		return 1;
	for (u32 i = 0; i < 250; i++)
		set_user(users, &there, i * 7919 % 1000, "");
	u = nr_read_begin(users, &here, 0);
	RB_FOREACH(n, tree, (struct tree *)&u->tree) {
		sorted &= count == 0 || n->id > last;
		last = n->id;
		count++;
	}
	nr_read_end(users, &here, 0);
	printf("%u users are left, %s\n", count, sorted ? "in order" : "out of order");
	nr_destroy(users);
	return count == 250 && sorted ? 0 : 1;
}
