/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The process table through nr: contract in seq/procs.h; here the one instance and the lookups that take references. */
#include "base/print.h"
#include "kern/process.h"
#include "kern/replica.h"

struct nr *procs_nr;

static int procs_init_nr(void *state, struct pool *mem, const void *arg)
{
	return procs_init(state, mem, arg);
}

static int procs_clone_nr(void *dst, struct pool *mem, const void *src)
{
	return procs_clone(dst, mem, src);
}

static void procs_apply_nr(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	(void)shard;
	procs_apply(state, op, len, ret);
}

static u64 procs_hash_nr(const void *state)
{
	return procs_hash(state);
}

static int procs_check_nr(const void *state)
{
	return procs_check(state);
}

static struct nr_type procs_type = {
	.name = "procs", .state_size = sizeof(struct procs), .init = procs_init_nr, .clone = procs_clone_nr,
	.apply = procs_apply_nr, .op_mem = procs_op_mem, .hash = procs_hash_nr, .check = procs_check_nr,
};

void procs_start(void)
{
	struct nr_config cfg = { .threads = cores_count(), .shards = 1, .node = core_node() };

	procs_type.op_mem_max = procs_op_mem_max();
	procs_nr = nr_create(&procs_type, &cfg, NULL);
	if (!procs_nr)
		panic("no memory for the process table");
	nr_widen(procs_nr, nr_me());
}

int procs_update(const struct procs_op *op, struct procs_ret *ret)
{
	u64 index;
	int err;

	replica_note(procs_nr, &percore()->procs_uses);
	err = nr_update(procs_nr, nr_me(), 0, op, sizeof(*op), ret, &index);

	if (err)
		return err;
	/* Handles leave the table by WAIT and EXIT: nobody may find them any more when their reference goes. */
	if (op->kind == PROCS_WAIT || op->kind == PROCS_EXIT || op->kind == PROCS_THREAD_EXIT)
		nr_sync(procs_nr, nr_me(), index);
	return ret->err;
}

void process_publish_creds(struct process *p)
{
	struct procs_op op = { .kind = PROCS_CREDS, .pid = p->pid };
	struct procs_ret ret;

	op.creds.ruid = p->cred.uid;
	op.creds.euid = p->cred.euid;
	op.creds.suid = p->cred.suid;
	procs_update(&op, &ret);
}

int procs_info(s32 pid, struct procs_info *out)
{
	const struct procs *p = nr_read_begin(procs_nr, nr_me(), 0);
	int err = procs_get(p, pid, out);

	nr_read_end(procs_nr, nr_me(), 0);
	return err;
}

s32 procs_parent_here(void)
{
	struct thread *t = thread_current();
	u64 version = nr_version(procs_nr, nr_me());
	const struct procs *p;

	if (likely(t->parent_version == version)) /* 0 is none: this process was made by an update */
		return t->parent;
	p = nr_read_begin(procs_nr, nr_me(), 0);
	t->parent = procs_parent(p, t->proc->pid);
	nr_read_end(procs_nr, nr_me(), 0);
	t->parent_version = version;
	return t->parent;
}

struct process *process_of_pid(s32 pid)
{
	const struct procs *p = nr_read_begin(procs_nr, nr_me(), 0);
	struct procs_info info;
	struct process *found = NULL;

	if (!procs_get(p, pid, &info)) {
		found = (struct process *)info.handle;
		if (!refs_get_unless_zero(&found->refs))
			found = NULL;
	}
	nr_read_end(procs_nr, nr_me(), 0);
	return found;
}

struct thread *thread_of_tid(s32 tid)
{
	const struct procs *p = nr_read_begin(procs_nr, nr_me(), 0);
	struct procs_info info;
	struct thread *found = NULL;
	u64 handle;

	if (!procs_by_tid(p, tid, &info, &handle) && handle) {
		found = (struct thread *)handle;
		if (!refs_get_unless_zero(&found->refs))
			found = NULL;
	}
	nr_read_end(procs_nr, nr_me(), 0);
	return found;
}

size_t procs_some(enum procs_which which, s32 key, s32 after, struct procs_brief *out, size_t max)
{
	const struct procs *p = nr_read_begin(procs_nr, nr_me(), 0);
	size_t n = procs_list(p, which, key, after, out, max);

	nr_read_end(procs_nr, nr_me(), 0);
	return n;
}

u32 procs_each(enum procs_which which, s32 key, void (*fn)(struct process *, void *), void *arg)
{
	struct procs_brief some[16];
	s32 after = 0;
	u32 total = 0;
	size_t n, i;

	while ((n = procs_some(which, key, after, some, ARRAY_SIZE(some)))) {
		for (i = 0; i < n; i++) {
			struct process *p = process_of_pid(some[i].pid);

			if (!p)
				continue;
			fn(p, arg);
			process_put(p);
			total++;
		}
		after = some[n - 1].pid;
	}
	return total;
}

u32 procs_count(void)
{
	const struct procs *p = nr_read_begin(procs_nr, nr_me(), 0);
	u32 n = p->nthreads;

	nr_read_end(procs_nr, nr_me(), 0);
	return n;
}
