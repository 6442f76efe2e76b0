/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * /proc/nros: what only this kernel has to tell.
 *
 *   nr       replicated structures: replicas, log, batches, state hashes (below); writing "flip NAME NODE" changes one
 *            bit of one replica behind the protocol's back, so that a test can see that it is noticed
 *   check    runs the invariant checks of every replicated structure on every replica: "ok", or what is broken
 *   mem      "name value" lines: frames, kernel objects, stacks
 *   net      the device's queue pairs, and shards (net/shard.h): frames, packets, messages
 *   calls    system calls that do not exist, counted
 *   version
 *
 *   instance NAME shards S replicas R log_size L tail T updates U
 *   replica NODE applied A consumed C lag L hash H ops O batches B helped H pool_pages P pool_used U turns N held_us T most_us M
 *            (turns: combiners that found company or a log; what they took in all, and the longest)
 *   batch 1:n 2:n 3-4:n ...
 *   MISMATCH NAME              only if replicas at one index have unequal hashes
 *
 * Instances are tree, procs, and of a process space.PID and files.PID.
 */
#include "kern/proc_internal.h"
#include "kern/kstack.h"
#include "kern/space.h"
#include "kern/system.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "seq/files.h"

/* ---- nr */

static bool stat_mismatch(const struct nr_stat *s)
{
	const struct nr_replica_stat *first = NULL;
	u32 i;

	for (i = 0; i < NR_NODES_MAX; i++) {
		const struct nr_replica_stat *r = &s->replica[i];

		if (!r->live)
			continue;
		if (!first)
			first = r;
		else if (r->applied == first->applied && r->hash != first->hash)
			return true;
	}
	return false;
}

static void text_replica(struct text *t, const struct nr_stat *s, const struct nr_replica_stat *r)
{
	u64 mhz = core_cycles_khz() / 1000 + 1;

	text_printf(t, "replica %u applied %lu consumed %lu lag %lu hash %016lx ops %lu batches %lu helped %lu pool_pages %lu pool_used %lu",
		    r->node, r->applied, r->consumed, s->tail > r->applied ? s->tail - r->applied : 0, r->hash, r->ops, r->batches,
		    r->helped, r->pool_pages, r->pool_used);
	text_printf(t, " turns %lu held_us %lu most_us %lu\n", r->turns, r->held / mhz, r->held_max / mhz);
}

static void text_batches(struct text *t, const struct nr_stat *s)
{
	u32 i, node;

	text_printf(t, "batch");
	for (i = 0; i < NR_BATCH_BUCKETS; i++) {
		u64 n = 0, low = i < 2 ? i + 1 : (1ul << (i - 1)) + 1, high = 1ul << i;

		for (node = 0; node < NR_NODES_MAX; node++)
			n += s->replica[node].batch[i];
		if (i < 2)
			text_printf(t, " %lu:%lu", low, n);
		else
			text_printf(t, " %lu-%lu:%lu", low, high, n);
	}
	text_printf(t, "\n");
}

static int text_instance(struct text *t, const char *name, struct nr *nr)
{
	struct nr_stat *s = kzalloc(sizeof(*s));
	u32 i;

	if (!s)
		return -ENOMEM;
	nr_stats(nr, nr_me(), s, true);
	text_printf(t, "instance %s shards %u replicas %u log_size %lu tail %lu updates %lu\n", name, s->shards, s->replicas,
		    s->log_slots, s->tail, s->updates);
	for (i = 0; i < NR_NODES_MAX; i++)
		if (s->replica[i].live)
			text_replica(t, s, &s->replica[i]);
	text_batches(t, s);
	if (stat_mismatch(s))
		text_printf(t, "MISMATCH %s\n", name);
	kfree(s);
	return 0;
}

static int text_process(struct text *t, struct process *p)
{
	struct space *s = space_of(p);
	struct fdtable *f = files_of(p);
	char name[24];
	int err = 0;

	if (s) {
		snprintf(name, sizeof(name), "space.%u", p->pid);
		err = text_instance(t, name, s->nr);
		space_put(s);
	}
	if (f) {
		snprintf(name, sizeof(name), "files.%u", p->pid);
		if (!err)
			err = text_instance(t, name, files_nr(f));
		fdtable_put(f);
	}
	return err;
}

static int nros_nr(const struct pseudo_node *n, struct text *t)
{
	int err = text_instance(t, "tree", fs_tree());

	(void)n;
	if (!err)
		err = text_instance(t, "procs", procs_nr);
	return err ? err : text_process(t, process_current());
}

int proc_nros_pid_nr(const struct pseudo_node *n, struct text *t)
{
	struct who w;
	int err = who_get(n, &w);

	if (err)
		return err;
	err = text_process(t, w.p);
	who_put(&w);
	return err;
}

/* ---- flip */

static void flip_tree(void *state) { ((struct tree *)state)->next_ino ^= 1ul << 40; }
static void flip_procs(void *state) { ((struct procs *)state)->forks ^= 1ul << 40; }
static void flip_space(void *state) { ((struct regions *)state)->brk_start ^= PAGE_SIZE; }
static void flip_files(void *state) { ((struct files *)state)->count ^= 1; }

/* The word at *at; moves on behind it. */
static const char *word(const char **at, char *buf, size_t size)
{
	size_t n = 0;

	while (**at == ' ')
		(*at)++;
	while (**at && **at != ' ' && **at != '\n') {
		if (n + 1 < size)
			buf[n++] = **at;
		(*at)++;
	}
	buf[n] = 0;
	return buf;
}

static int flip_of_process(const char *name, u64 pid, u32 node)
{
	struct process *p = process_of_pid(pid);
	struct space *s = p && !strcmp(name, "space") ? space_of(p) : NULL;
	struct fdtable *f = p && !strcmp(name, "files") ? files_of(p) : NULL;
	int err = -ESRCH;

	if (s) {
		err = nr_corrupt(s->nr, nr_me(), node, flip_space);
		space_put(s);
	}
	if (f) {
		err = nr_corrupt(files_nr(f), nr_me(), node, flip_files);
		fdtable_put(f);
	}
	if (p)
		process_put(p);
	return err;
}

static long nros_nr_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	char verb[8], name[32], number[12], *dot;
	const char *at = buf;
	u64 node, pid;
	int err;

	(void)n;
	word(&at, verb, sizeof(verb));
	word(&at, name, sizeof(name));
	word(&at, number, sizeof(number));
	if (strcmp(verb, "flip") || text_number(number, strlen(number), &node))
		return -EINVAL;
	dot = strchr(name, '.');
	if (!strcmp(name, "tree"))
		err = nr_corrupt(fs_tree(), nr_me(), node, flip_tree);
	else if (!strcmp(name, "procs"))
		err = nr_corrupt(procs_nr, nr_me(), node, flip_procs);
	else if (dot && !text_number(dot + 1, strlen(dot + 1), &pid)) {
		*dot = 0;
		err = flip_of_process(name, pid, node);
	} else
		err = -EINVAL;
	return err ? err : (long)len;
}

/* ---- check */

struct check { struct text *t; u32 broken; };

static void check_one(struct check *c, const char *name, u32 pid, struct nr *nr)
{
	if (!nr_check(nr, nr_me()))
		return;
	c->broken++;
	if (pid)
		text_printf(c->t, "broken: %s.%u\n", name, pid);
	else
		text_printf(c->t, "broken: %s\n", name);
}

static void check_process(struct process *p, void *arg)
{
	struct space *s = space_of(p);
	struct fdtable *f = files_of(p);

	if (s) {
		check_one(arg, "space", p->pid, s->nr);
		space_put(s);
	}
	if (f) {
		check_one(arg, "files", p->pid, files_nr(f));
		fdtable_put(f);
	}
}

static int nros_check(const struct pseudo_node *n, struct text *t)
{
	struct check c = { t, 0 };

	(void)n;
	check_one(&c, "tree", 0, fs_tree());
	check_one(&c, "procs", 0, procs_nr);
	procs_each(PROCS_ALL, 0, check_process, &c);
	if (!c.broken)
		text_printf(t, "ok\n");
	return 0;
}

/* ---- mem, calls */

static void mem_objects(struct text *t)
{
	const struct kcache *k;
	struct slab_stat s;
	unsigned i;

	for (k = kcache_first(); k; k = k->next)
		text_printf(t, "cache.%s %lu\n", k->name, kcache_live(k));
	text_printf(t, "kmalloc %lu\n", kmalloc_live());
	for (i = 0; slab_stats(i, &s); i++)
		text_printf(t, "slab.%lu.frames %lu\nslab.%lu.objects %lu\n", s.size, s.frames, s.size, s.objects);
}

static int nros_mem(const struct pseudo_node *n, struct text *t)
{
	const struct procs *p;
	u32 processes, threads, node;
	struct frame_stat f;

	(void)n;
	p = nr_read_begin(procs_nr, nr_me(), 0);
	processes = p->nprocs;
	threads = p->nthreads;
	nr_read_end(procs_nr, nr_me(), 0);
	text_printf(t, "frames_total %lu\nframes_free %lu\n", frame_total(), frame_free_count());
	for (node = 0; node < nodes_count(); node++) {
		frame_stats(node, &f);
		text_printf(t, "node%u.frames_total %lu\nnode%u.frames_free %lu\n", node, f.total, node, f.free);
	}
	text_printf(t, "kstacks %lu\nkstacks_free %lu\nprocesses %u\nthreads %u\npage_cache_pages %lu\n", kstack_total(),
		    kstack_free_count(), processes, threads, body_total_pages());
	mem_objects(t);
	return 0;
}

static int nros_calls(const struct pseudo_node *n, struct text *t)
{
	u64 calls = 0;
	u32 i;

	(void)n;
	for (i = 0; i < cores_count(); i++)
		calls += percore_of(i)->syscalls;
	text_printf(t, "calls %lu\nunknown %lu\n", calls, atomic_load(&calls_unknown));
	return 0;
}

static int nros_version(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "%s %s\n", SYSTEM_RELEASE, SYSTEM_VERSION);
	return 0;
}

const struct pseudo_entry proc_nros_children[] = {
	PSEUDO_FILE("calls", nros_calls),
	PSEUDO_FILE("check", nros_check),
	PSEUDO_FILE("mem", nros_mem),
	PSEUDO_FILE("net", proc_nros_net),
	{ .name = "nr", .mode = S_IFREG | 0644, .show = nros_nr, .store = nros_nr_store },
	PSEUDO_FILE("version", nros_version),
	{ 0 },
};
