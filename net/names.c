/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of sockets through nr. See names.h. */
#include "net/names.h"
#include "arch/core.h"
#include "base/errno.h"
#include "kern/percore.h"

static struct nr *names_nr;

static int init_nr(void *state, struct pool *mem, const void *arg) { return sockets_init(state, mem, arg); }
static int clone_nr(void *dst, struct pool *mem, const void *src) { return sockets_clone(dst, mem, src); }
static u64 hash_nr(const void *state) { return sockets_hash(state); }
static int check_nr(const void *state) { return sockets_check(state); }

static void apply_nr(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	(void)shard;
	sockets_apply(state, op, len, ret);
}

static struct nr_type names_type = {
	.name = "sockets", .state_size = sizeof(struct sockets), .init = init_nr, .clone = clone_nr, .apply = apply_nr,
	.op_mem = sockets_op_mem, .hash = hash_nr, .check = check_nr,
};

int names_start(void)
{
	struct nr_config cfg = { .threads = cores_count(), .shards = 1, .node = core_node() };

	names_type.op_mem_max = sockets_op_mem_max();
	names_nr = nr_create(&names_type, &cfg, NULL);
	if (!names_nr)
		return -ENOMEM;
	nr_widen(names_nr, nr_me());
	for (u32 node = 0; node < nodes_count(); node++)
		nr_replica_add(names_nr, nr_me(), node); /* refused: that node looks at another's */
	return 0;
}

static int names_update(const struct sockets_op *op, u64 *index)
{
	struct sockets_ret ret = { 0 };
	int err = nr_update(names_nr, nr_me(), 0, op, sizeof(*op), &ret, index);

	return err ? err : ret.err;
}

static u16 families(const struct port_name *n)
{
	return n->family == NAME_V4 ? 0 : n->family == NAME_V6 ? SOCKETS_V6 | SOCKETS_NOT_V4 : SOCKETS_V6;
}

int names_bind(u32 protocol, const struct port_name *n, u16 flags, u32 owner, u64 id)
{
	struct sockets_op op = { SOCKETS_BIND, protocol, n->ip, n->port, flags | families(n), owner, id };

	return names_update(&op, NULL);
}

int names_listen(u32 protocol, const struct port_name *n, u64 id)
{
	struct sockets_op op = { SOCKETS_LISTEN, protocol, n->ip, n->port, families(n), 0, id };

	return names_update(&op, NULL);
}

/* An update that frees cannot be refused for memory. */
void names_unbind(u32 protocol, const struct port_name *n, u64 id)
{
	struct sockets_op op = { SOCKETS_UNBIND, protocol, n->ip, n->port, families(n), 0, id };
	u64 index = 0;

	names_update(&op, &index);
	nr_sync(names_nr, nr_me(), index);
}

bool names_used(u32 protocol, const struct port_name *n)
{
	const struct sockets *s = nr_read_begin(names_nr, nr_me(), 0);
	bool used = sockets_used(s, protocol, n->ip, n->port, families(n));

	nr_read_end(names_nr, nr_me(), 0);
	return used;
}

u32 names_find(u32 protocol, const struct port_name *n, void (*hold)(u64 id), u64 *id)
{
	const struct sockets *s = nr_read_begin(names_nr, nr_me(), 0);
	u32 count = sockets_find(s, protocol, n->ip, n->port, families(n), id);

	if (count == 1)
		hold(*id);
	nr_read_end(names_nr, nr_me(), 0);
	return count;
}
