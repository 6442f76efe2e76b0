/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc/PID and /proc/PID/task/TID: the tables, and what ps and top read. See proc_internal.h. */
#include "kern/proc_internal.h"
#include "arch/clock.h"
#include "kern/cpus.h"
#include "kern/space.h"
#include "kern/tty.h"

/* ---- whom a node is about */

int who_get(const struct pseudo_node *n, struct who *w)
{
	const struct procs *table = nr_read_begin(procs_nr, nr_me(), 0);
	u64 thread = 0;
	int err;

	memset(w, 0, sizeof(*w));
	w->whole = !n->arg;
	w->tid = w->whole ? (s32)n->pid : (s32)n->arg;
	err = procs_by_tid(table, w->tid, &w->info, &thread);
	if (err && w->whole)
		err = procs_get(table, w->tid, &w->info); /* a zombie, or its first thread has left */
	if (!err && !w->whole && w->info.pid != (s32)n->pid) {
		err = -ESRCH;
	} else if (!err) {
		w->p = (struct process *)w->info.handle;
		if (w->p && !refs_get_unless_zero(&w->p->refs))
			w->p = NULL;
		w->t = (struct thread *)thread;
		if (w->t && !refs_get_unless_zero(&w->t->refs))
			w->t = NULL;
		if (!w->p)
			err = -ESRCH;
	}
	nr_read_end(procs_nr, nr_me(), 0);
	if (err)
		who_put(w);
	return err;
}

void who_put(struct who *w)
{
	if (w->t)
		thread_put(w->t);
	if (w->p)
		process_put(w->p);
	w->t = NULL;
	w->p = NULL;
}

int who_look(const struct who *w)
{
	const struct cred *me = &process_current()->cred;
	struct cred *c = &w->p->cred;

	if (w->p == process_current() || cred_capable(me))
		return 0;
	return w->p->dumpable && me->fsuid == c->uid && me->fsuid == c->euid && me->fsuid == c->suid &&
	       me->fsgid == c->gid && me->fsgid == c->egid && me->fsgid == c->sgid ? 0 : -EACCES;
}

struct space *space_of(struct process *p)
{
	struct space *s;

	lock_acquire(&p->lock);
	s = p->space;
	if (s)
		space_get(s);
	lock_release(&p->lock);
	return s;
}

struct fdtable *files_of(struct process *p)
{
	struct fdtable *t;

	lock_acquire(&p->lock);
	t = p->files;
	if (t)
		files_get_table(t);
	lock_release(&p->lock);
	return t;
}

struct fs *fs_of(struct process *p)
{
	struct fs *fs;

	lock_acquire(&p->lock);
	fs = p->fs;
	if (fs)
		refs_get(&fs->refs);
	lock_release(&p->lock);
	return fs;
}

/* Also true for threads, which the root does not list. */
bool proc_task_make(struct pseudo_node *n)
{
	struct who w;

	if (who_get(n, &w))
		return false;
	n->uid = n->gid = 0;
	if (w.p->dumpable) {
		n->uid = w.p->cred.euid;
		n->gid = w.p->cred.egid;
	}
	who_put(&w);
	return true;
}

u64 proc_pid_next(const struct pseudo_node *dir, u64 from)
{
	struct procs_brief b;

	(void)dir;
	return procs_some(PROCS_ALL, 0, from ? (s32)from - 1 : 0, &b, 1) ? (u64)b.pid : PSEUDO_END;
}

static u64 task_next(const struct pseudo_node *dir, u64 from)
{
	struct procs_brief b;

	return procs_some(PROCS_THREADS, dir->pid, from ? (s32)from - 1 : 0, &b, 1) ? (u64)b.pid : PSEUDO_END;
}

/* ---- states and times */

static char thread_state_char(const struct thread *t)
{
	switch (*(const volatile enum thread_state *)&t->state) {
	case THREAD_SLEEPING:
		return 'S';
	case THREAD_DEAD:
		return 'Z';
	default:
		return 'R';
	}
}

char proc_state(const struct who *w)
{
	if (w->info.state == PROCS_ZOMBIE || !w->t)
		return 'Z';
	if (w->info.state == PROCS_STOPPED)
		return 'T';
	return thread_state_char(w->t);
}

static const char *state_name(char c)
{
	return c == 'R' ? "R (running)" : c == 'S' ? "S (sleeping)" : c == 'T' ? "T (stopped)" : "Z (zombie)";
}

/* What a running thread has not been charged with yet. A look at another core's words: right to within a switch. */
static u64 running_ns(const struct thread *t)
{
	const struct percore *pc = percore_of(thread_core(t));
	u64 stamp = *(const volatile u64 *)&pc->stamp, now = clock_ns();

	return *(struct thread *const volatile *)&pc->current == t && now > stamp ? now - stamp : 0;
}

static void who_times(const struct who *w, u64 *user, u64 *system)
{
	struct thread *t;

	if (!w->whole) {
		*user = w->t ? w->t->user_ns + running_ns(w->t) : 0;
		*system = w->t ? w->t->system_ns : 0;
		return;
	}
	process_times(w->p, user, system);
	lock_acquire(&w->p->lock);
	TAILQ_FOREACH(t, &w->p->threads, sibling)
		*user += running_ns(t);
	lock_release(&w->p->lock);
}

struct signal_sets { u64 thread, process, blocked, ignored, caught; u32 queued; };

static void who_signals(const struct who *w, struct signal_sets *out)
{
	struct process *p = w->p;
	struct sighand *h;
	int i;

	memset(out, 0, sizeof(*out));
	lock_acquire(&p->signals.lock);
	out->process = p->signals.pending.set;
	out->queued = p->signals.pending.count;
	if (w->t) {
		out->thread = w->t->pending.set;
		out->blocked = w->t->blocked;
	}
	lock_release(&p->signals.lock);
	h = sighand_of(p);
	if (!h)
		return;
	lock_acquire(&h->lock);
	for (i = 0; i < NSIG && w->info.state != PROCS_ZOMBIE; i++) {
		if (h->action[i].handler == 1)
			out->ignored |= SIGBIT(i + 1);
		else if (h->action[i].handler)
			out->caught |= SIGBIT(i + 1);
	}
	lock_release(&h->lock);
	sighand_put(h);
}

static void comm_of(struct process *p, char comm[16])
{
	lock_acquire(&p->lock);
	memcpy(comm, p->comm, 16);
	lock_release(&p->lock);
}

/* ---- stat */

static u64 heap_start(struct space *s)
{
	const struct regions *r = nr_read_begin(s->nr, nr_me(), 0);
	u64 at = r->brk_start;

	nr_read_end(s->nr, nr_me(), 0);
	return at;
}

static void stat_head(const struct who *w, struct text *t)
{
	const struct procs_info *i = &w->info;
	char comm[16];

	comm_of(w->p, comm);
	text_printf(t, "%d (%s) %c %d %d %d %d %d", w->tid, comm, proc_state(w), i->ppid, i->pgid, i->sid,
		    i->tty ? (int)tty_rdev(i->tty) : 0, i->tty ? i->tty_pgid : -1);
}

static void stat_times(const struct who *w, struct text *t)
{
	struct process *p = w->p;
	struct usage its;
	u64 user, system, flags = w->info.flags & PROCS_I_EXECED ? 0 : 64; /* PF_FORKNOEXEC */

	who_times(w, &user, &system);
	process_usage_children(p, &its);
	text_printf(t, " %lu 0 0 0 0 %lu %lu %lu %lu %d %d %u 0 %lu", flags, user / TICK_NS, system / TICK_NS,
		    its.user_ns / TICK_NS, its.system_ns / TICK_NS,
		    !w->t ? 20 : w->t->rt_priority ? -1 - (int)w->t->rt_priority : 20 + w->t->nice, w->t ? w->t->nice : 0,
		    w->info.state == PROCS_ZOMBIE ? 1 : w->info.threads, p->start_ns / TICK_NS);
}

static void stat_space(struct space *s, u64 limit, bool look, struct text *t)
{
	struct space_usage u = { 0 };

	if (s)
		space_usage(s, &u);
	text_printf(t, " %lu %lu %lu", u.pages * PAGE_SIZE, u.resident, limit);
	if (s && look)
		text_printf(t, " %lu %lu %lu 0 0", s->code_start, s->code_end, s->stack_start);
	else
		text_printf(t, " %u %u 0 0 0", !!s, !!s);
}

static void stat_space_end(struct space *s, bool look, struct text *t)
{
	if (s && look)
		text_printf(t, " %lu %lu %lu %lu %lu %lu %lu", s->data_start, s->data_end, heap_start(s), s->arg_start,
			    s->arg_end, s->env_start, s->env_end);
	else
		text_printf(t, " 0 0 0 0 0 0 0");
}

static int task_stat(const struct pseudo_node *n, struct text *t)
{
	struct signal_sets sig;
	struct space *s;
	struct who w;
	bool look;
	int err = who_get(n, &w);

	if (err)
		return err;
	s = space_of(w.p);
	look = !who_look(&w);
	who_signals(&w, &sig);
	stat_head(&w, t);
	stat_times(&w, t);
	stat_space(s, w.p->limit[RLIMIT_RSS].cur, look, t);
	text_printf(t, " %lu %lu %lu %lu %u 0 0 %u %u 0 0 0 0 0", sig.thread & 0x7fffffff, sig.blocked & 0x7fffffff,
		    sig.ignored & 0x7fffffff, sig.caught & 0x7fffffff, proc_state(&w) == 'S', w.info.exit_signal,
		    w.t ? thread_core(w.t) : 0);
	stat_space_end(s, look, t);
	text_printf(t, " %d\n", look && w.info.state == PROCS_ZOMBIE ? w.info.status : 0);
	if (s)
		space_put(s);
	who_put(&w);
	return 0;
}

/* ---- status */

static void status_ids(const struct who *w, struct text *t)
{
	const struct cred *c = &w->p->cred;
	struct fs *fs = fs_of(w->p);
	char comm[16];
	u32 i;

	comm_of(w->p, comm);
	text_printf(t, "Name:\t%s\n", comm);
	if (fs) {
		text_printf(t, "Umask:\t%04o\n", fs->umask);
		fs_put(fs);
	}
	text_printf(t, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", state_name(proc_state(w)),
		    w->info.pid, w->tid, w->info.ppid);
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t64\nGroups:\t", c->uid, c->euid, c->suid,
		    c->fsuid, c->gid, c->egid, c->sgid, c->fsgid);
	for (i = 0; i < c->ngroups; i++)
		text_printf(t, "%u ", c->groups[i]);
	text_printf(t, "%s\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\nKthread:\t0\n", c->ngroups ? "" : " ", w->info.pid,
		    w->tid, w->info.pgid, w->info.sid);
}

static void status_memory(struct space *s, struct text *t)
{
	struct space_usage u;
	u64 code = (ALIGN_UP(s->code_end, PAGE_SIZE) - ALIGN_DOWN(s->code_start, PAGE_SIZE)) >> 10;

	space_usage(s, &u);
	text_printf(t, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t%8lu kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n",
		    u.pages * 4, u.pages * 4, u.locked_pages * 4, 0ul, u.resident * 4, u.resident * 4);
	text_printf(t, "RssAnon:\t%8lu kB\nRssFile:\t%8lu kB\nRssShmem:\t%8lu kB\n", u.resident * 4, 0ul, 0ul);
	text_printf(t, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t%8lu kB\nVmPTE:\t%8lu kB\nVmSwap:\t%8lu kB\n",
		    u.data_pages * 4, u.stack_pages * 4, code, 0ul, u.tables * 4, 0ul);
	text_printf(t, "HugetlbPages:\t%8lu kB\nCoreDumping:\t0\nTHP_enabled:\t0\n", 0ul);
}

static void status_signals(const struct who *w, struct text *t)
{
	struct signal_sets sig;

	who_signals(w, &sig);
	text_printf(t, "Threads:\t%u\nSigQ:\t%u/%lu\nSigPnd:\t%016lx\nShdPnd:\t%016lx\n", w->info.threads, sig.queued,
		    w->p->limit[RLIMIT_SIGPENDING].cur, sig.thread, sig.process);
	text_printf(t, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", sig.blocked, sig.ignored, sig.caught);
}

static bool cpuset_bit(u32 i, u64 set)
{
	return cpuset_has((const struct cpuset *)set, i);
}

/* "f" or "ff,ffffffff": groups of 32 bits, as Linux prints masks of `n` bits. */
static void text_mask(struct text *t, const struct cpuset *set, u32 n)
{
	u32 group = (n + 31) / 32, width = n % 32 ? (n % 32 + 3) / 4 : 8;

	while (group--) {
		u32 bits = set->bit[group / 2] >> (group % 2 * 32);

		if (n % 32 && group == n / 32)
			bits &= (1u << n % 32) - 1;
		text_printf(t, "%0*x%s", width, bits, group ? "," : "");
		width = 8;
	}
}

static void status_rest(const struct who *w, struct text *t)
{
	u64 caps = w->p->cred.euid ? 0 : 0x1fffffffffful, permitted = w->p->cred.uid && caps == 0 ? 0 : 0x1fffffffffful;

	text_printf(t, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n", 0ul, permitted,
		    caps, 0x1fffffffffful, 0ul);
	text_printf(t, "NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
	text_printf(t, "Speculation_Store_Bypass:\t%s\nSpeculationIndirectBranch:\talways enabled\n",
		    cpu_vulnerable(FLAW_SSB) ? "vulnerable" : "not vulnerable");
	if (w->t) {
		text_printf(t, "Cpus_allowed:\t");
		text_mask(t, &w->t->affinity, cores_count());
		text_printf(t, "\nCpus_allowed_list:\t");
		text_list(t, cores_count(), cpuset_bit, (u64)&w->t->affinity);
	}
	text_printf(t, "Mems_allowed:\t%08x,%08x\nMems_allowed_list:\t", nodes_count() > 32 ? ~0u >> (64 - nodes_count()) : 0,
		    nodes_count() >= 32 ? ~0u : (1u << nodes_count()) - 1);
	text_printf(t, nodes_count() > 1 ? "0-%u\n" : "%u\n", nodes_count() - 1);
	text_printf(t, "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
}

static int task_status(const struct pseudo_node *n, struct text *t)
{
	struct space *s;
	struct who w;
	int err = who_get(n, &w);

	if (err)
		return err;
	s = space_of(w.p);
	status_ids(&w, t);
	if (s)
		status_memory(s, t);
	status_signals(&w, t);
	status_rest(&w, t);
	if (s)
		space_put(s);
	who_put(&w);
	return 0;
}

/* ---- small ones */

static int task_comm(const struct pseudo_node *n, struct text *t)
{
	struct who w;
	char comm[16];
	int err = who_get(n, &w);

	if (err)
		return err;
	comm_of(w.p, comm);
	text_printf(t, "%s\n", comm);
	who_put(&w);
	return 0;
}

static long task_comm_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	struct who w;
	int err = who_get(n, &w);

	if (err)
		return err;
	if (w.p == process_current()) {
		lock_acquire(&w.p->lock);
		strlcpy(w.p->comm, buf, MIN(len + 1, sizeof(w.p->comm)));
		lock_release(&w.p->lock);
	} else {
		err = -EINVAL;
	}
	who_put(&w);
	return err ? err : (long)len;
}

static int task_children(const struct pseudo_node *n, struct text *t)
{
	struct procs_brief b[16];
	s32 after = 0;
	size_t got, i;

	while ((got = procs_some(PROCS_CHILDREN, n->pid, after, b, ARRAY_SIZE(b)))) {
		for (i = 0; i < got; i++)
			text_printf(t, "%d ", b[i].pid);
		after = b[got - 1].pid;
	}
	return 0;
}

static const struct { const char *name, *unit; } limit_names[RLIMITS] = {
	{ "Max cpu time", "seconds" }, { "Max file size", "bytes" }, { "Max data size", "bytes" }, { "Max stack size", "bytes" },
	{ "Max core file size", "bytes" }, { "Max resident set", "bytes" }, { "Max processes", "processes" },
	{ "Max open files", "files" }, { "Max locked memory", "bytes" }, { "Max address space", "bytes" },
	{ "Max file locks", "locks" }, { "Max pending signals", "signals" }, { "Max msgqueue size", "bytes" },
	{ "Max nice priority", "" }, { "Max realtime priority", "" }, { "Max realtime timeout", "us" },
};

static void limit_value(char *buf, size_t size, u64 v)
{
	if (v == RLIM_INFINITY)
		strlcpy(buf, "unlimited", size);
	else
		snprintf(buf, size, "%lu", v);
}

static int task_limits(const struct pseudo_node *n, struct text *t)
{
	char cur[24], max[24];
	struct who w;
	int err = who_get(n, &w), i;

	if (err)
		return err;
	text_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (i = 0; i < RLIMITS; i++) {
		limit_value(cur, sizeof(cur), w.p->limit[i].cur);
		limit_value(max, sizeof(max), w.p->limit[i].max);
		text_printf(t, "%-25s %-20s %-20s %-10s\n", limit_names[i].name, cur, max, limit_names[i].unit);
	}
	who_put(&w);
	return 0;
}

static int task_sessionid(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	text_printf(t, "%u", ~0u);
	return 0;
}

/* There are no disks: nothing was read from one or written to one. */
static int task_io(const struct pseudo_node *n, struct text *t)
{
	struct usage u = { 0 };
	struct who w;
	int err = who_get(n, &w);

	if (err)
		return err;
	err = who_look(&w);
	if (!err && w.whole)
		process_usage(w.p, &u);
	else if (!err && w.t)
		usage_of_thread(w.t, &u);
	who_put(&w);
	if (!err)
		text_printf(t, "rchar: %lu\nwchar: %lu\nsyscr: %lu\nsyscw: %lu\nread_bytes: 0\nwrite_bytes: 0\n"
			    "cancelled_write_bytes: 0\n", u.rchar, u.wchar, u.reads, u.writes);
	return err;
}

/* Remembered and inherited. Who is ended when memory is out is decided otherwise: kern/oom.h. */
static int task_oom_adj(const struct pseudo_node *n, struct text *t)
{
	struct who w;
	int err = who_get(n, &w);

	if (err)
		return err;
	text_printf(t, "%d\n", w.p->oom_adj);
	who_put(&w);
	return 0;
}

static int oom_adj_set(struct process *p, s32 v)
{
	bool capable = cred_capable(&process_current()->cred);

	if (v < p->oom_adj_min && !capable)
		return -EACCES;
	p->oom_adj = v;
	if (capable)
		p->oom_adj_min = v;
	return 0;
}

static long task_oom_adj_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	bool minus = len && buf[0] == '-';
	struct who w;
	u64 v;
	int err = text_number(buf + minus, len - minus, &v);

	if (err || v > 1000)
		return -EINVAL;
	err = who_get(n, &w);
	if (err)
		return err;
	err = oom_adj_set(w.p, minus ? -(s32)v : (s32)v);
	who_put(&w);
	return err ? err : (long)len;
}

/* ---- the tables */

#define TASK_FILES                                                                                      \
	{ .name = "auxv", .mode = S_IFREG | 0400, .show = proc_auxv },                                  \
	PSEUDO_TEXT("cgroup", "0::/\n"),                                                                \
	PSEUDO_FILE("cmdline", proc_cmdline),                                                           \
	{ .name = "comm", .mode = S_IFREG | 0644, .show = task_comm, .store = task_comm_store },        \
	{ .name = "cwd", .mode = S_IFLNK | 0777, .readlink = proc_cwd_readlink, .follow = proc_cwd_follow }, \
	{ .name = "environ", .mode = S_IFREG | 0400, .show = proc_environ },                            \
	{ .name = "exe", .mode = S_IFLNK | 0777, .readlink = proc_exe_readlink, .follow = proc_exe_follow }, \
	{ .name = "fd", .mode = S_IFDIR | 0500, .member = &proc_fd_entry },                             \
	{ .name = "fdinfo", .mode = S_IFDIR | 0555, .member = &proc_fdinfo_entry },                     \
	{ .name = "io", .mode = S_IFREG | 0400, .show = task_io },                                      \
	PSEUDO_FILE("limits", task_limits),                                                             \
	PSEUDO_FILE("maps", proc_maps),                                                                 \
	PSEUDO_FILE("mountinfo", proc_mountinfo),                                                       \
	PSEUDO_FILE("mounts", proc_mounts),                                                             \
	PSEUDO_TEXT("oom_score", "666\n"),                                                              \
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644, .show = task_oom_adj, .store = task_oom_adj_store }, \
	{ .name = "personality", .mode = S_IFREG | 0400, .text = "00000000\n" },                        \
	{ .name = "root", .mode = S_IFLNK | 0777, .readlink = proc_root_readlink, .follow = proc_root_follow }, \
	PSEUDO_FILE("sessionid", task_sessionid),                                                       \
	PSEUDO_FILE("smaps", proc_smaps),                                                               \
	PSEUDO_FILE("stat", task_stat),                                                                 \
	PSEUDO_FILE("statm", proc_statm),                                                               \
	PSEUDO_FILE("status", task_status),                                                             \
	PSEUDO_TEXT("wchan", "0")

static const struct pseudo_entry tid_children[] = {
	TASK_FILES,
	PSEUDO_FILE("children", task_children),
	{ 0 },
};

static const struct pseudo_entry tid_entry = {
	.name = "", .mode = S_IFDIR | 0555, .children = tid_children, .key = KEY_ARG, .next = task_next,
	.make = proc_task_make,
};

static const struct pseudo_entry pid_nros_children[] = {
	PSEUDO_FILE("nr", proc_nros_pid_nr),
	{ 0 },
};

static const struct pseudo_entry pid_children[] = {
	TASK_FILES,
	PSEUDO_DIR("nros", pid_nros_children),
	{ .name = "task", .mode = S_IFDIR | 0555, .member = &tid_entry },
	{ 0 },
};

const struct pseudo_entry proc_pid_entry = {
	.name = "", .mode = S_IFDIR | 0555, .children = pid_children, .key = KEY_PID, .next = proc_pid_next,
	.make = proc_task_make,
};
