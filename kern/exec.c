/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * exec: a new program in an old process.
 *
 *   1. decide   open the file, follow "#!" lines, check the ELF headers; collect argv and envp (copied already)
 *   2. build    a fresh space: segments, interpreter, heap start, stack with strings and auxiliary vector
 *   3. commit   the other threads end, the old space goes, signals and descriptors are reset, registers set
 * Anything that fails in 1 or 2 is an errno for the old program. After 3 began, failure is SIGKILL.
 */
#include "base/elf.h"
#include "base/print.h"
#include "base/string.h"
#include "dev/rng.h"
#include "kern/file.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/space.h"
#include "kern/vdso.h"
#include "mem/frame.h"
#include "mem/slab.h"

#define STACK_TOP (USER_END - PAGE_SIZE)
#define STACK_SIZE (8ul << 20)
#define DYN_BASE 0x555555554000ul
#define INTERP_MAX 4
#define ARG_TOTAL_MAX (STACK_SIZE / 4)

extern const struct file_ops exec_file_ops;

struct image {
	struct file *file;
	struct elf64_header head;
	struct elf64_segment *seg;
	u64 bias, low, high;        /* where it lies; high: end of bss */
	u64 code_start, code_end, data_start, data_end;
	u64 entry, phdr;
	char interp[256];
	bool exec_stack;
};

struct program {
	struct image main, interp;
	struct space *space;
	u64 sp, entry, vdso;
	char execfn[256];
	u32 uid, gid;               /* after set-id bits */
	bool setid;
};

/* ---- reading the file */

static long image_read(struct file *f, u64 off, void *buf, size_t len)
{
	struct io io = io_kernel(buf, len);

	return body_read(f->body, off, &io);
}

static int image_segments(struct image *im)
{
	size_t size = im->head.phnum * sizeof(*im->seg);

	if (im->head.phentsize != sizeof(*im->seg) || !im->head.phnum || size > PAGE_SIZE)
		return -ENOEXEC;
	im->seg = kmalloc(size);
	if (!im->seg)
		return -ENOMEM;
	return image_read(im->file, im->head.phoff, im->seg, size) == (long)size ? 0 : -ENOEXEC;
}

static int image_check(struct image *im)
{
	u32 i, loads = 0;
	u64 last = 0;

	im->low = ~0ul;
	for (i = 0; i < im->head.phnum; i++) {
		struct elf64_segment *s = &im->seg[i];

		if (s->type == PT_GNU_STACK)
			im->exec_stack = s->flags & PF_X;
		if (s->type == PT_INTERP) {
			if (s->filesz < 2 || s->filesz > sizeof(im->interp))
				return -ENOEXEC;
			if (image_read(im->file, s->offset, im->interp, s->filesz) != (long)s->filesz ||
			    im->interp[s->filesz - 1])
				return -ENOEXEC;
		}
		if (s->type != PT_LOAD)
			continue;
		if (s->filesz > s->memsz || s->vaddr >= USER_END || s->memsz > USER_END - s->vaddr || s->vaddr < last)
			return -ENOEXEC;
		if ((s->vaddr - s->offset) & (PAGE_SIZE - 1))
			return -ENOEXEC;
		last = s->vaddr;
		im->low = MIN(im->low, ALIGN_DOWN(s->vaddr, PAGE_SIZE));
		im->high = MAX(im->high, s->vaddr + s->memsz);
		if (s->offset <= im->head.phoff && im->head.phoff < s->offset + s->filesz)
			im->phdr = im->head.phoff - s->offset + s->vaddr;
		loads++;
	}
	return loads ? 0 : -ENOEXEC;
}

static int image_open(struct image *im, struct file *f)
{
	long n;
	int err;

	im->file = f;
	n = image_read(f, 0, &im->head, sizeof(im->head));
	if (n < (long)sizeof(im->head) || memcmp(im->head.ident, "\177ELF\2\1", 6) || im->head.machine != EM_X86_64 ||
	    (im->head.type != ET_EXEC && im->head.type != ET_DYN))
		return -ENOEXEC;
	err = image_segments(im);
	return err ? err : image_check(im);
}

static void image_drop(struct image *im)
{
	kfree(im->seg);
	file_put(im->file);
}

/* ---- mapping */

static int map_segment(struct space *s, struct image *im, const struct elf64_segment *seg)
{
	u64 start = ALIGN_DOWN(seg->vaddr, PAGE_SIZE) + im->bias, in = seg->vaddr & (PAGE_SIZE - 1);
	u64 file_end = start + ALIGN_UP(in + seg->filesz, PAGE_SIZE), end = start + ALIGN_UP(in + seg->memsz, PAGE_SIZE);
	u32 prot = (seg->flags & PF_R ? PROT_READ : 0) | (seg->flags & PF_W ? PROT_WRITE : 0) | (seg->flags & PF_X ? PROT_EXEC : 0);
	struct map_request m = { .addr = start, .prot = prot, .flags = MAP_PRIVATE | MAP_FIXED };
	long r = 0;

	if (!seg->filesz)
		file_end = start;
	if (file_end > start) {
		m.len = file_end - start;
		m.body = im->file->body;
		m.offset = seg->offset - in;
		m.ino = im->file->ino;
		r = space_map(s, &m);
	}
	if (r >= 0 && end > file_end) {
		m = (struct map_request){ .addr = file_end, .len = end - file_end, .prot = prot,
					  .flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS };
		r = space_map(s, &m);
	}
	return r < 0 ? r : 0;
}

/* The bytes between the end of the file's part and the end of its page belong to bss: zero. */
static int zero_segment_tail(struct space *s, const struct image *im, const struct elf64_segment *seg)
{
	u64 at = im->bias + seg->vaddr + seg->filesz;
	size_t n = ALIGN_UP(at, PAGE_SIZE) - at;

	if (seg->memsz == seg->filesz || !n || !seg->filesz || !(seg->flags & PF_W))
		return 0;
	return space_write(s, at, NULL, n);
}

static int image_map(struct space *s, struct image *im, u64 base)
{
	u32 i;
	int err;

	im->bias = im->head.type == ET_DYN ? base - im->low : 0;
	for (i = 0; i < im->head.phnum; i++) {
		struct elf64_segment *seg = &im->seg[i];
		u64 start = seg->vaddr + im->bias;

		if (seg->type != PT_LOAD)
			continue;
		err = map_segment(s, im, seg);
		if (!err)
			err = zero_segment_tail(s, im, seg);
		if (err)
			return err;
		if (seg->flags & PF_X) {
			im->code_start = im->code_start ? MIN(im->code_start, start) : start;
			im->code_end = MAX(im->code_end, start + seg->filesz);
		}
		im->data_start = MAX(im->data_start, start);
		im->data_end = MAX(im->data_end, start + seg->filesz);
	}
	im->entry = im->head.entry + im->bias;
	return 0;
}

/* ---- the stack */

struct pusher {
	struct space *s;
	u64 sp;
	int err;
};

static u64 push(struct pusher *p, const void *what, size_t len)
{
	p->sp -= len;
	if (!p->err)
		p->err = space_write(p->s, p->sp, what, len);
	return p->sp;
}

static int push_words(struct pusher *p, const u64 *words, size_t n)
{
	push(p, words, n * sizeof(u64));
	return p->err;
}

static u32 auxv_build(struct program *pr, u64 *v, u64 execfn, u64 random, u64 platform)
{
	const struct cred *c = &process_current()->cred;
	u64 pairs[][2] = {
		{ AT_HWCAP, 0x078bfbff }, { AT_PAGESZ, PAGE_SIZE }, { AT_CLKTCK, 100 },
		{ AT_PHDR, pr->main.phdr + pr->main.bias }, { AT_PHENT, sizeof(struct elf64_segment) },
		{ AT_PHNUM, pr->main.head.phnum }, { AT_BASE, pr->interp.file ? pr->interp.bias : 0 }, { AT_FLAGS, 0 },
		{ AT_ENTRY, pr->main.entry }, { AT_UID, c->uid }, { AT_EUID, pr->uid }, { AT_GID, c->gid },
		{ AT_EGID, pr->gid }, { AT_SECURE, pr->setid }, { AT_RANDOM, random }, { AT_HWCAP2, 2 },
		{ AT_EXECFN, execfn }, { AT_PLATFORM, platform }, { AT_MINSIGSTKSZ, MINSIGSTKSZ + fpu_user_size() },
		{ AT_SYSINFO_EHDR, pr->vdso }, { AT_NULL, 0 },
	};

	memcpy(v, pairs, sizeof(pairs));
	return ARRAY_SIZE(pairs) * 2;
}

/* argc, argv, envp, auxv below the strings; sp 16-byte aligned at argc (System V ABI, AMD64, 3.4.1). */
static int stack_build(struct program *pr, const struct strings *argv, const struct strings *envp)
{
	struct pusher p = { .s = pr->space, .sp = STACK_TOP - 8 };
	u64 random[2], execfn, at_random, platform, args, envs, *vec;
	u32 n = 0, i, total = argv->count + envp->count + 3 + 48;
	u64 off;

	execfn = push(&p, pr->execfn, strlen(pr->execfn) + 1);
	envs = push(&p, envp->text, envp->size);
	args = push(&p, argv->text, argv->size);
	platform = push(&p, "x86_64", 7);
	random_fill(random, sizeof(random));
	p.sp &= ~15ul;
	at_random = push(&p, random, sizeof(random));
	vec = kmalloc(total * sizeof(u64));
	if (!vec)
		return -ENOMEM;
	vec[n++] = argv->count;
	for (i = 0, off = 0; i < argv->count; i++, off += strlen(argv->text + off) + 1)
		vec[n++] = args + off;
	vec[n++] = 0;
	for (i = 0, off = 0; i < envp->count; i++, off += strlen(envp->text + off) + 1)
		vec[n++] = envs + off;
	vec[n++] = 0;
	pr->space->auxv_len = auxv_build(pr, &vec[n], execfn, at_random, platform);
	memcpy(pr->space->auxv, &vec[n], pr->space->auxv_len * sizeof(u64));
	n += pr->space->auxv_len;
	p.sp = ALIGN_DOWN(p.sp - n * sizeof(u64), 16ul) + n * sizeof(u64);
	push_words(&p, vec, n);
	kfree(vec);
	pr->sp = p.sp;
	pr->space->arg_start = args;
	pr->space->arg_end = args + argv->size;
	pr->space->env_start = envs;
	pr->space->env_end = envs + envp->size;
	pr->space->stack_start = p.sp;
	return p.err;
}

static int stack_map(struct program *pr)
{
	struct map_request m = { .addr = STACK_TOP - (128ul << 10), .len = 128ul << 10, .what = REGIONS_STACK,
		.prot = PROT_READ | PROT_WRITE | (pr->main.exec_stack ? PROT_EXEC : 0),
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN };
	long r = space_map(pr->space, &m);

	return r < 0 ? r : 0;
}

/* ---- finding the program */

static int exec_may(struct path *p)
{
	struct tree_cred cred;

	if (path_pseudo(p) || p->file || (p->at.mode & S_IFMT) != S_IFREG)
		return -EACCES;
	fs_cred(process_current(), &cred);
	if (tree_may(&p->at, &cred, 1))
		return -EACCES;
	return 0;
}

static struct file *exec_open(int dirfd, const char *name, u32 at_flags, struct tree_attr *at, int *err)
{
	unsigned flags = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : TREE_FOLLOW) | (at_flags & AT_EMPTY_PATH ? TREE_EMPTY : 0);
	struct path p;
	struct file *f;

	*err = path_walk(dirfd, name, flags, &p);
	if (*err)
		return NULL;
	*at = p.at;
	*err = (p.at.mode & S_IFMT) == S_IFLNK ? -ELOOP : exec_may(&p);
	if (!*err && atomic_load(&p.body->writers))
		*err = -ETXTBSY;
	if (*err) {
		path_drop(&p);
		return NULL;
	}
	f = file_new(&exec_file_ops, O_RDONLY);
	if (!f) {
		path_drop(&p);
		*err = -ENOMEM;
		return NULL;
	}
	f->body = p.body;
	f->ino = p.at.ino;
	f->dir_ino = p.dir;
	strlcpy(f->name, p.last, sizeof(f->name));
	atomic_fetch_add(&f->body->executing, 1);
	return f;
}

static void exec_file_release(struct file *f)
{
	atomic_fetch_sub(&f->body->executing, 1);
}

const struct file_ops exec_file_ops = { .kind = "exe", .release = exec_file_release };

/* Puts `head` (one or two strings) in place of argv[0]. */
static int argv_prepend(struct strings *argv, const char *interp, const char *arg, const char *script)
{
	size_t first = argv->count ? strlen(argv->text) + 1 : 0;
	size_t add = strlen(interp) + 1 + (arg ? strlen(arg) + 1 : 0) + strlen(script) + 1;
	char *text = kmalloc(argv->size - first + add), *t = text;

	if (!text)
		return -ENOMEM;
	t += strlcpy(t, interp, add) + 1;
	if (arg)
		t += strlcpy(t, arg, add) + 1;
	t += strlcpy(t, script, add) + 1;
	memcpy(t, argv->text + first, argv->size - first);
	argv->size = argv->size - first + add;
	argv->count += (argv->count ? 0 : 1) + 1 + !!arg;
	kfree(argv->text);
	argv->text = text;
	return 0;
}

/* "#! interpreter [one argument]" within the first 255 bytes. 0: not a script. 1: `name` is the interpreter now. */
static int exec_script(struct file *f, char *name, size_t size, struct strings *argv)
{
	char line[256], *interp, *arg, *end;
	long n = image_read(f, 0, line, sizeof(line) - 1);
	char script[256];

	if (n < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = 0;
	end = strchr(line, '\n');
	if (!end && n == sizeof(line) - 1)
		return -ENOEXEC;
	if (end)
		*end = 0;
	for (end = line + strlen(line); end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = 0;
	for (interp = line + 2; *interp == ' ' || *interp == '\t'; interp++)
		;
	if (!*interp)
		return -ENOEXEC;
	for (arg = interp; *arg && *arg != ' ' && *arg != '\t'; arg++)
		;
	if (*arg)
		*arg++ = 0;
	while (*arg == ' ' || *arg == '\t')
		arg++;
	strlcpy(script, name, sizeof(script));
	strlcpy(name, interp, size);
	int err = argv_prepend(argv, interp, *arg ? arg : NULL, script);

	return err ? err : 1;
}

static int exec_find(struct program *pr, int dirfd, const char *path, u32 at_flags, struct strings *argv)
{
	char name[256];
	struct tree_attr at;
	int depth, err = 0;

	if (strlcpy(name, path, sizeof(name)) >= sizeof(name))
		return -ENAMETOOLONG;
	if (dirfd != AT_FDCWD && !path[0])
		snprintf(pr->execfn, sizeof(pr->execfn), "/dev/fd/%d", dirfd);
	else
		strlcpy(pr->execfn, path, sizeof(pr->execfn));
	for (depth = 0; depth <= INTERP_MAX; depth++) {
		struct file *f = exec_open(depth ? AT_FDCWD : dirfd, name, depth ? 0 : at_flags, &at, &err);
		int r;

		if (!f)
			return err;
		if (depth == 0) {
			pr->uid = at.mode & S_ISUID ? at.uid : process_current()->cred.euid;
			pr->gid = (at.mode & (S_ISGID | 010)) == (S_ISGID | 010) ? at.gid : process_current()->cred.egid;
		}
		r = exec_script(f, name, sizeof(name), argv);
		if (r != 1) {
			pr->main.file = f;
			return r ? r : image_open(&pr->main, f);
		}
		file_put(f);
		pr->uid = process_current()->cred.euid;
		pr->gid = process_current()->cred.egid;
	}
	return -ELOOP;
}

static int exec_build(struct program *pr, const struct strings *argv, const struct strings *envp)
{
	struct tree_attr at;
	struct file *f;
	int err;

	pr->space = space_new();
	if (!pr->space)
		return -ENOMEM;
	if (pr->main.interp[0]) {
		f = exec_open(AT_FDCWD, pr->main.interp, 0, &at, &err);
		if (!f)
			return err;
		err = image_open(&pr->interp, f);
		if (err)
			return err == -ENOEXEC ? -ELIBBAD : err;
	}
	err = stack_map(pr);
	if (!err)
		err = image_map(pr->space, &pr->main, pr->main.interp[0] ? DYN_BASE : DYN_BASE);
	if (!err && pr->interp.file)
		err = image_map(pr->space, &pr->interp,
				space_place(pr->space, ALIGN_UP(pr->interp.high - pr->interp.low, PAGE_SIZE)));
	if (err)
		return err;
	pr->vdso = vdso_map(pr->space);
	if ((long)pr->vdso < 0)
		return pr->vdso;
	space_set_brk(pr->space, ALIGN_UP(pr->main.high + pr->main.bias, PAGE_SIZE));
	pr->entry = pr->interp.file ? pr->interp.entry : pr->main.entry;
	pr->space->code_start = pr->main.code_start;
	pr->space->code_end = pr->main.code_end;
	pr->space->data_start = pr->main.data_start;
	pr->space->data_end = pr->main.data_end;
	return stack_build(pr, argv, envp);
}

/* ---- commit */

static void exec_credentials(struct process *p, const struct program *pr)
{
	lock_acquire(&p->lock);
	p->cred.euid = p->cred.suid = p->cred.fsuid = pr->uid;
	p->cred.egid = p->cred.sgid = p->cred.fsgid = pr->gid;
	p->dumpable = !pr->setid;
	lock_release(&p->lock);
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
	memset(f, 0, sizeof(*f));
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
	struct program *pr = kzalloc(sizeof(*pr));
	int err;

	if (!pr)
		return -ENOMEM;
	err = exec_find(pr, dirfd, path, at_flags, argv);
	if (!err && argv->size + envp->size > ARG_TOTAL_MAX)
		err = -E2BIG;
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

	if (!err)
		err = strings_of(&env, envp);
	if (err)
		return err;
	err = process_exec(thread_frame(thread_current()), AT_FDCWD, path, 0, &args, &env);
	kfree(args.text);
	kfree(env.text);
	return err;
}
