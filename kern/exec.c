/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * exec: a new program in an old process.
 *
 *   1. decide   open the file, follow "#!" lines (exec_find.c), check the ELF headers (exec_image.c)
 *   2. build    a fresh space: segments, interpreter, heap start, stack with strings and auxiliary vector (exec_stack.c)
 *   3. commit   the other threads end, the old space goes, signals and descriptors are reset, registers set
 * Anything that fails in 1 is an errno for the old program. In 2 it is SIGSEGV, as on Linux, in 3 SIGKILL.
 */
#include "arch/boot.h"
#include "base/string.h"
#include "kern/exec_internal.h"
#include "kern/file.h"
#include "kern/fs.h"
#include "kern/vdso.h"
#include "mem/frame.h"
#include "mem/slab.h"

/* The space of the strings and of the pointers to them, or -E2BIG: a quarter of the stack's limit, at most 6 MiB, at least
 * 128 KiB. (execve(2)) */
static long exec_args(const struct program *pr, const struct strings *argv, const struct strings *envp)
{
	u64 limit = MAX(MIN(process_current()->limit[RLIMIT_STACK].cur / 4, 6ul << 20), 128ul << 10);
	u64 pointers = (argv->count + envp->count) * sizeof(u64);
	u64 strings = argv->size + envp->size + strlen(pr->execfn) + 1;

	return pointers + strings > limit ? -E2BIG : (long)(pointers + strings);
}

static int exec_interp(struct program *pr)
{
	struct tree_attr at;
	struct file *f;
	int err;

	if (!pr->main.interp)
		return 0;
	f = exec_open(AT_FDCWD, pr->main.interp, 0, &at, &err);
	if (!f)
		return err;
	err = image_open(&pr->interp, f);
	return err == -ENOEXEC ? -ELIBBAD : err;
}

static int exec_map(struct program *pr, u64 args, const struct strings *argv, const struct strings *envp)
{
	int err;

	err = stack_map(pr, args);
	if (!err)
		err = image_map(pr->space, &pr->main, pr->layout.dyn_base);
	if (!err && pr->interp.file)
		err = image_map(pr->space, &pr->interp,
				space_place(pr->space, ALIGN_UP(pr->interp.high - pr->interp.low, PAGE_SIZE)));
	if (err)
		return err;
	pr->vdso = vdso_map(pr->space);
	if ((long)pr->vdso < 0)
		return pr->vdso;
	space_set_brk(pr->space, ALIGN_UP(pr->main.high + pr->main.bias, PAGE_SIZE) + pr->layout.brk_gap);
	pr->entry = pr->interp.file ? pr->interp.entry : pr->main.entry;
	pr->space->code_start = pr->main.code_start;
	pr->space->code_end = pr->main.code_end;
	pr->space->data_start = pr->main.data_start;
	pr->space->data_end = pr->main.data_end;
	return stack_build(pr, argv, envp);
}

static int exec_build(struct program *pr, const struct strings *argv, const struct strings *envp)
{
	long args = exec_args(pr, argv, envp);
	int err;

	if (args < 0)
		return args;
	err = exec_interp(pr);
	if (err)
		return err;
	layout_choose(&pr->layout, process_current(), pr->setid);
	pr->space = space_new(pr->layout.mmap_base);
	if (!pr->space)
		return -ENOMEM;
	err = exec_map(pr, args, argv, envp);
	if (err)
		signal_end(process_current(), SIGSEGV); /* Linux has no old program to go back to by then */
	return err;
}

/* ---- commit */

static void exec_credentials(struct process *p, const struct program *pr)
{
	lock_acquire(&p->lock);
	p->cred.euid = p->cred.suid = p->cred.fsuid = pr->uid;
	p->cred.egid = p->cred.sgid = p->cred.fsgid = pr->gid;
	p->dumpable = !pr->setid;
	if (pr->setid) {
		p->personality &= ~PERSONALITY_SETID;
		p->pdeathsig = 0;
	}
	lock_release(&p->lock);
	if (pr->setid)
		process_publish_creds(p);
}

static void exec_signals(struct process *p, struct thread *t)
{
	struct sighand *own = p->sighand;

	if (refs_count(&own->refs) > 1) {
		own = sighand_copy(p->sighand);
		if (!own)
			process_exit_group(SIGKILL);
		lock_acquire(&p->lock);
		struct sighand *shared = p->sighand;
		p->sighand = own;
		lock_release(&p->lock);
		sighand_put(shared);
	}
	sighand_reset(own);
	ptimers_delete(p);
	memset(&t->altstack, 0, sizeof(t->altstack));
	t->clear_tid = NULL;
	t->robust_list = NULL;
	t->rseq = NULL;
	t->rseq_event = 0;
}

static void exec_swap_space(struct process *p, struct space *s)
{
	struct space *old = p->space;

	atomic_store(&s->users, 1);
	lock_acquire(&p->lock);
	p->space = s;
	lock_release(&p->lock);
	space_switch(s);
	if (old) {
		atomic_fetch_sub(&old->users, 1);
		space_put(old);
	}
}

static void exec_registers(struct trapframe *f, const struct program *pr)
{
	memset(f, 0, offsetof(struct trapframe, vector)); /* the selectors stay those of ring 3 */
	f->ip = pr->entry;
	f->sp = pr->sp;
	f->orig_ax = -1;
}

/* 0, or -EAGAIN: another thread execs or ends the process, and this one dies on its way out. */
static int exec_commit(struct trapframe *f, struct program *pr)
{
	struct thread *t = thread_current();
	struct process *p = t->proc;
	struct fdtable *own;

	if (p->nthreads > 1 && !process_kill_others(p))
		return -EAGAIN;
	if (process_exec_threads())
		process_exit_group(SIGKILL);
	own = files_unshare(p->files);
	if (!own)
		process_exit_group(SIGKILL);
	if (own != p->files) {
		struct fdtable *shared = p->files;

		lock_acquire(&p->lock);
		p->files = own;
		lock_release(&p->lock);
		fdtable_put(shared);
	}
	files_close_on_exec(p->files);
	thread_leave_space(t);
	exec_signals(p, t);
	exec_credentials(p, pr);
	pr->space->exe = pr->main.file;
	file_get(pr->main.file);
	exec_swap_space(p, pr->space);
	pr->space = NULL;
	process_set_comm(p, pr->execfn);
	process_vfork_release(p);
	fpu_init(t->fpu);
	fpu_restore(t->fpu);
	t->fs_base = t->gs_base = 0;
	user_fs_set(0);
	user_gs_set(0);
	exec_registers(f, pr);
	return 0;
}

int process_exec(struct trapframe *f, int dirfd, const char *path, u32 at_flags, struct strings *argv, struct strings *envp)
{
	struct program *pr = kmalloc(sizeof(*pr));
	int err;

	if (!pr)
		return -ENOMEM;
	memset(pr, 0, offsetof(struct program, execfn));
	err = exec_find(pr, dirfd, path, at_flags, argv);
	if (!err) {
		const struct cred *c = &process_current()->cred;

		pr->setid = pr->uid != c->uid || pr->gid != c->gid;
		err = exec_build(pr, argv, envp);
	}
	if (!err)
		err = exec_commit(f, pr);
	if (pr->space)
		space_put(pr->space);
	image_drop(&pr->main);
	image_drop(&pr->interp);
	kfree(pr);
	return err;
}

static int strings_of(struct strings *s, char *const list[])
{
	u32 i;

	*s = (struct strings){ .text = kmalloc(PAGE_SIZE) };
	if (!s->text)
		return -ENOMEM;
	for (i = 0; list[i]; i++) {
		size_t n = strlen(list[i]) + 1;

		memcpy(s->text + s->size, list[i], n);
		s->size += n;
		s->count++;
	}
	return 0;
}

int process_exec_kernel(const char *path, char *const argv[], char *const envp[])
{
	struct strings args, env;
	int err = strings_of(&args, argv);
	char value[2];

	layout_fix(boot_option("norandmaps", value, sizeof(value)));
	if (!err)
		err = strings_of(&env, envp);
	if (err)
		return err;
	err = process_exec(thread_frame(thread_current()), AT_FDCWD, path, 0, &args, &env);
	kfree(args.text);
	kfree(env.text);
	return err;
}
