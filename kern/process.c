/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Processes and threads are born here: structures, kernel stacks, fork and clone. Death is in exit.c. */
#include "kern/process.h"
#include "arch/mmu.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/rng.h"
#include "kern/body.h"
#include "kern/clock.h"
#include "kern/file.h"
#include "kern/kstack.h"
#include "kern/space.h"
#include "kern/system.h"
#include "mem/frame.h"
#include "mem/slab.h"

KCACHE(thread_cache, "threads", struct thread);
KCACHE(process_cache, "processes", struct process);
KCACHE(fs_cache, "fs", struct fs);

struct fs *fs_copy(struct fs *from)
{
	struct fs *fs = kcache_alloc(&fs_cache);

	if (!fs)
		return NULL;
	if (from) {
		lock_acquire(&from->lock);
		*fs = *from;
		if (fs->cwd_body)
			body_get(fs->cwd_body);
		if (fs->root_body)
			body_get(fs->root_body);
		lock_release(&from->lock);
	}
	refs_init(&fs->refs, 1);
	lock_init(&fs->lock);
	return fs;
}

void fs_put(struct fs *fs)
{
	if (!fs || !refs_put(&fs->refs))
		return;
	body_put(fs->cwd_body);
	body_put(fs->root_body);
	kcache_free(&fs_cache, fs);
}

/* ---- threads */

struct thread *thread_new(struct process *p)
{
	struct thread *t = kcache_alloc(&thread_cache);

	if (!t)
		return NULL;
	refs_init(&t->refs, 1);
	t->proc = p;
	t->fpu = kmalloc(fpu_size());
	t->kstack = kstack_alloc();
	if (!t->fpu || !t->kstack) {
		kfree(t->fpu);
		if (t->kstack)
			kstack_free(t->kstack);
		kcache_free(&thread_cache, t);
		return NULL;
	}
	fpu_init(t->fpu);
	sigqueue_init(&t->pending);
	if (p)
		process_get(p);
	return t;
}

void thread_put(struct thread *t)
{
	if (!refs_put(&t->refs))
		return;
	sigqueue_flush(&t->pending, ~0ul);
	kstack_free(t->kstack);
	kfree(t->fpu);
	if (t->proc)
		process_put(t->proc);
	kcache_free(&thread_cache, t);
}

/* ---- processes */

static struct process *process_new(void)
{
	struct process *p = kcache_alloc(&process_cache);

	if (!p)
		return NULL;
	refs_init(&p->refs, 1);
	lock_init(&p->lock);
	TAILQ_INIT(&p->threads);
	TAILQ_INIT(&p->ptimers);
	itimers_init(&p->itimers);
	signals_init(&p->signals);
	waitq_init(&p->exec_wait);
	waitq_init(&p->child_wait);
	waitq_init(&p->word_wait);
	p->start_ns = clock_ns();
	return p;
}

/* What exit gives up early; what is left when nobody refers to the process any more. */
void process_put(struct process *p)
{
	if (!refs_put(&p->refs))
		return;
	itimers_cancel(p);
	sigqueue_flush(&p->signals.pending, ~0ul);
	sighand_put(p->sighand);
	fdtable_put(p->files);
	fs_put(p->fs);
	if (p->space)
		space_put(p->space);
	kcache_free(&process_cache, p);
}

void process_set_comm(struct process *p, const char *name)
{
	const char *slash = strrchr(name, '/');

	lock_acquire(&p->lock);
	strlcpy(p->comm, slash ? slash + 1 : name, sizeof(p->comm));
	lock_release(&p->lock);
}

/* False: the process ends or execs, and who told its threads would miss this one. */
static bool process_list_thread(struct process *p, struct thread *t)
{
	bool may;

	lock_acquire(&p->lock);
	lock_acquire(&p->signals.lock); /* senders walk the list under it */
	may = p != process_current() || !atomic_load(&thread_current()->dying);
	if (may) {
		TAILQ_INSERT_TAIL(&p->threads, t, sibling);
		p->nthreads++;
	}
	lock_release(&p->signals.lock);
	lock_release(&p->lock);
	return may;
}

void process_each_thread(struct process *p, void (*fn)(struct thread *, void *), void *arg)
{
	struct thread *t;

	lock_acquire(&p->lock);
	TAILQ_FOREACH(t, &p->threads, sibling)
		fn(t, arg);
	lock_release(&p->lock);
}

/* ---- first user instructions */

static void thread_to_user(void *arg)
{
	struct thread *t = thread_current();

	(void)arg;
	if (t->set_tid)
		user_copy_out(t->set_tid, &t->tid, sizeof(t->tid));
	thread_enter(thread_frame(t));
}

/* ---- how many */

/* Threads in all: an eighth of the memory for stacks of twice 8 KiB, as on Linux. */
static u32 threads_max(void)
{
	return MAX(20u, (u32)(frame_total() / 32));
}

/* RLIMIT_NPROC. Counts only once there are as many threads in all. */
static bool process_too_many(struct process *p)
{
	u64 most = p->limit[RLIMIT_NPROC].cur, mine = 0;
	struct procs_brief some[16];
	struct procs_info info;
	s32 after = 0;
	size_t n, i;

	if (cred_capable(&p->cred) || procs_count() < most)
		return false;
	while ((n = procs_some(PROCS_ALL, 0, after, some, ARRAY_SIZE(some)))) {
		for (i = 0; i < n; i++)
			if (!procs_info(some[i].pid, &info) && info.ruid == p->cred.uid)
				mine += MAX(info.threads, 1u);
		after = some[n - 1].pid;
	}
	return mine >= most;
}

/* ---- clone */

static int clone_check(const struct clone_request *r)
{
	u64 f = r->flags;

	if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
		return -EINVAL;
	if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
		return -EINVAL;
	if ((f & CLONE_FS) && (f & CLONE_NEWNS))
		return -EINVAL;
	if (f & (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET))
		return cred_capable(&process_current()->cred) ? -EINVAL : -EPERM;
	if (f & (CLONE_PIDFD | CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	if (r->exit_signal > NSIG)
		return -EINVAL;
	return 0;
}

/* Everything a child process has of its own or shares. 0 or -ENOMEM; process_put undoes it. */
static int process_inherit(struct process *p, struct process *from, u64 flags)
{
	lock_acquire(&from->lock);
	p->cred = from->cred;
	memcpy(p->limit, from->limit, sizeof(p->limit));
	memcpy(p->comm, from->comm, sizeof(p->comm));
	p->personality = from->personality;
	p->oom_adj = from->oom_adj;
	p->oom_adj_min = from->oom_adj_min;
	p->dumpable = from->dumpable;
	p->no_new_privs = from->no_new_privs;
	lock_release(&from->lock);
	if (flags & CLONE_SIGHAND) {
		refs_get(&from->sighand->refs);
		p->sighand = from->sighand;
	} else {
		p->sighand = sighand_copy(from->sighand);
	}
	if (flags & CLONE_FS) {
		refs_get(&from->fs->refs);
		p->fs = from->fs;
	} else {
		p->fs = fs_copy(from->fs);
	}
	if (flags & CLONE_FILES) {
		files_get_table(from->files);
		nr_widen(files_nr(from->files), nr_me());
		p->files = from->files;
	} else {
		p->files = files_fork(from->files);
	}
	if (flags & CLONE_VM) {
		space_get(from->space);
		p->space = from->space;
	} else {
		p->space = space_fork(from->space);
	}
	return p->sighand && p->fs && p->files && p->space ? 0 : -ENOMEM;
}

static void thread_inherit(struct thread *t, struct thread *from, struct trapframe *f, const struct clone_request *r)
{
	struct trapframe *mine = thread_frame(t);

	*mine = *f;
	mine->ax = 0;
	mine->orig_ax = -1;
	if (r->stack)
		mine->sp = r->stack;
	fpu_save(from->fpu);
	memcpy(t->fpu, from->fpu, fpu_size());
	t->fs_base = r->flags & CLONE_SETTLS ? r->tls : user_fs_get();
	t->gs_base = user_gs_get();
	t->affinity = from->affinity;
	t->ioprio = from->ioprio;
	if (!from->resets)
		t->nice = from->nice;
	else if (!from->rt_priority)
		t->nice = MAX(from->nice, 0);
	if (!from->resets || !from->rt_priority) {
		t->policy = from->policy;
		t->rt_priority = from->rt_priority;
	}
	t->blocked = from->blocked;
	if (!(r->flags & CLONE_VM) || (r->flags & CLONE_VFORK))
		t->altstack.sp = from->altstack.sp, t->altstack.size = from->altstack.size,
		t->altstack.flags = from->altstack.flags;
	if (!(r->flags & CLONE_VM)) {
		t->rseq = from->rseq;
		t->rseq_mark = from->rseq_mark;
	}
	if (r->flags & CLONE_CHILD_CLEARTID)
		t->clear_tid = r->child_tid;
	if (r->flags & CLONE_CHILD_SETTID)
		t->set_tid = r->child_tid;
	thread_prepare(t, thread_to_user, NULL);
}

static int clone_thread(struct thread *t, struct process *p)
{
	struct procs_op op = { .kind = PROCS_CLONE_THREAD, .pid = p->pid };
	struct procs_ret ret;
	int err;

	op.handle.handle = (u64)t;
	op.handle.max_threads = threads_max();
	nr_widen(files_nr(p->files), nr_me());
	err = procs_update(&op, &ret);
	if (!err)
		t->tid = ret.pid;
	return err;
}

static int clone_process(struct thread *t, struct process *p, struct process *parent, const struct clone_request *r)
{
	struct procs_op op = { .kind = PROCS_FORK, .pid = parent ? parent->pid : 0 };
	struct procs_ret ret;
	int err;

	op.flags = r->flags & CLONE_PARENT ? PROCS_F_PARENT : 0;
	op.fork.handle = (u64)p;
	op.fork.thread = (u64)t;
	op.fork.exit_signal = r->exit_signal;
	op.fork.max_threads = parent ? threads_max() : 0;
	process_get(p); /* the table's reference */
	err = procs_update(&op, &ret);
	if (err) {
		process_put(p);
		return err;
	}
	p->pid = t->tid = ret.pid;
	p->exit_signal = r->exit_signal;
	return 0;
}

static void space_add_user(struct space *s)
{
	if (atomic_fetch_add(&s->users, 1) == 1)
		nr_widen(s->nr, nr_me());
}

/* The new thread's process, with a reference: a child, or our own. */
static int clone_owner(struct process *parent, u64 flags, struct process **owner)
{
	struct process *p;
	int err;

	if (flags & CLONE_THREAD) {
		process_get(parent);
		*owner = parent;
		return 0;
	}
	p = process_new();
	if (!p)
		return -ENOMEM;
	err = process_inherit(p, parent, flags);
	if (err)
		process_put(p);
	else
		*owner = p;
	return err;
}

/* Afterwards others can find it. It is listed before it has a number that signals can name. */
static int clone_publish(struct thread *t, struct process *p, struct process *parent, const struct clone_request *r)
{
	int err;

	if (!process_list_thread(p, t))
		return -ERESTARTNOINTR;
	err = p == parent ? clone_thread(t, p) : clone_process(t, p, parent, r);
	if (err)
		process_unlist_thread(p, t);
	return err;
}

/* A thread of p that others can find and that does not run yet. */
static int clone_make(struct trapframe *f, const struct clone_request *r, struct process *p, struct thread **made)
{
	struct thread *me = thread_current(), *t = thread_new(p);
	int err;

	if (!t)
		return -ENOMEM;
	thread_inherit(t, me, f, r);
	err = clone_publish(t, p, me->proc, r);
	if (err)
		thread_put(t);
	else
		*made = t;
	return err;
}

/* We hold a reference on p, nobody one on t. */
static void clone_start(struct thread *t, struct process *p, bool vfork)
{
	thread_start(t);
	if (vfork)
		WAIT_KILLABLE_NOT(&p->word_wait, FOREVER, p->vfork_done || signal_fatal_pending(thread_current()));
}

long process_clone(struct trapframe *f, const struct clone_request *r)
{
	struct process *parent = process_current(), *p;
	struct thread *t;
	int err = clone_check(r);
	u32 tid;

	if (!err && process_too_many(parent))
		err = -EAGAIN;
	if (!err)
		err = clone_owner(parent, r->flags, &p);
	if (err)
		return err;
	err = clone_make(f, r, p, &t);
	if (err) {
		process_put(p);
		return err;
	}
	space_add_user(p->space);
	if (p != parent)
		itimers_limit(p);
	tid = t->tid;
	if (r->flags & CLONE_PARENT_SETTID)
		user_copy_out(r->parent_tid, &tid, sizeof(tid));
	if (parent->signals.stopped || p->group_exit)
		atomic_store(&t->sigpending, 1);
	clone_start(t, p, r->flags & CLONE_VFORK);
	process_put(p);
	return tid;
}

struct process *process_first(void)
{
	struct process *p = process_new();
	struct clone_request r = { .exit_signal = SIGCHLD };
	struct thread *t;
	u32 i;

	if (!p)
		panic("no memory for the first process");
	p->sighand = sighand_new();
	p->fs = fs_copy(NULL);
	p->files = files_new();
	p->space = space_new(USER_END - PAGE_SIZE); /* until it execs */
	p->dumpable = true;
	for (i = 0; i < RLIMITS; i++)
		p->limit[i] = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	p->limit[RLIMIT_STACK] = (struct rlimit){ 8ul << 20, RLIM_INFINITY };
	p->limit[RLIMIT_NOFILE] = (struct rlimit){ 1024, 4096 };
	p->limit[RLIMIT_CORE] = (struct rlimit){ 0, RLIM_INFINITY };
	p->limit[RLIMIT_MEMLOCK] = (struct rlimit){ 8ul << 20, 8ul << 20 };
	p->limit[RLIMIT_MSGQUEUE] = (struct rlimit){ 819200, 819200 };
	p->limit[RLIMIT_NICE] = p->limit[RLIMIT_RTPRIO] = (struct rlimit){ 0, 0 };
	p->limit[RLIMIT_NPROC] = p->limit[RLIMIT_SIGPENDING] = (struct rlimit){ threads_max() / 2, threads_max() / 2 };
	t = thread_new(p);
	if (!t || !p->sighand || !p->fs || !p->files || !p->space)
		panic("no memory for the first process");
	for (i = 0; i < cores_count(); i++)
		cpuset_add(&t->affinity, i);
	p->fs->umask = 022;
	process_list_thread(p, t);
	if (clone_process(t, p, NULL, &r))
		panic("the first process could not be made");
	space_add_user(p->space);
	return p;
}
