/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * exec: a new program in an old process.
 *
 *   1. decide   open the file, follow "#!" lines, check the ELF headers; collect argv and envp (copied already)
 *   2. build    a fresh space: segments, interpreter, heap start, stack with strings and auxiliary vector
 *   3. commit   the other threads end, the old space goes, signals and descriptors are reset, registers set
 * Anything that fails in 1 is an errno for the old program. In 2 it is SIGSEGV, as on Linux, in 3 SIGKILL.
 */
#include "arch/boot.h"
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

#define DYN_BASE 0x555555554000ul
#define SCRIPTS_MAX 5             /* interpreters that are scripts themselves */
#define STACK_ROOM (128ul << 10)  /* mapped below the arguments; it grows from there */
#define NAME_SIZE 4096

#define SCRIPT_LINE 255          /* bytes of a script's first line that count */

extern const struct file_ops exec_file_ops;

struct image {
	struct file *file;
	struct elf64_header head;
	struct elf64_segment *seg;
	u64 bias, low, high;        /* where it lies; high: end of bss */
	u64 code_start, code_end, data_start, data_end;
	u64 entry, phdr;
	char *interp;               /* what PT_INTERP names; NULL: nothing */
	bool exec_stack;
};

/* Where the parts of the program go, drawn at random unless the machine or the personality forbids it; in pages as many
 * bits as Linux draws (arch/x86/mm/mmap.c, fs/binfmt_elf.c). */
struct layout {
	u64 stack_top, mmap_base, dyn_base, brk_gap, stack_pad;
};

struct program {
	struct image main, interp;
	struct layout layout;
	struct space *space;
	u64 sp, entry, vdso;
	u32 uid, gid;               /* after set-id bits */
	bool setid;
	char execfn[NAME_SIZE];     /* what was asked for; not cleared beyond its end, nor is the next */
	char name[NAME_SIZE];       /* what is looked at: execfn, or a script's interpreter */
};

static bool layout_random = true; /* boot option norandmaps */

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

static int image_interp(struct image *im, const struct elf64_segment *s)
{
	if (im->interp) /* the first one counts */
		return 0;
	if (s->filesz < 2 || s->filesz > NAME_SIZE)
		return -ENOEXEC;
	im->interp = kmalloc(s->filesz);
	if (!im->interp)
		return -ENOMEM;
	if (image_read(im->file, s->offset, im->interp, s->filesz) != (long)s->filesz || im->interp[s->filesz - 1])
		return -ENOEXEC;
	return 0;
}

static int image_check(struct image *im)
{
	u32 i, loads = 0;
	u64 last = 0;
	int err;

	im->low = ~0ul;
	for (i = 0; i < im->head.phnum; i++) {
		struct elf64_segment *s = &im->seg[i];

		if (s->type == PT_GNU_STACK)
			im->exec_stack = s->flags & PF_X;
		if (s->type == PT_INTERP && (err = image_interp(im, s)))
			return err;
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
	kfree(im->interp);
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

/* ---- the layout */

#define PERSONALITY_NO_RANDOM 0x0040000u
#define PERSONALITY_SETID 0x0f40000u /* what a set-id program does not inherit: no random layout, page zero, compatibility */
#define STACK_RANDOM_BITS 22
#define MMAP_RANDOM_BITS 28
#define BRK_RANDOM_BITS 13

static u64 random_pages(u64 random, unsigned bits)
{
	return (random & ((1ul << bits) - 1)) << PAGE_SHIFT;
}

static void layout_choose(struct layout *l, const struct process *p, bool setid)
{
	u64 gap = MAX(128ul << 20, MIN(p->limit[RLIMIT_STACK].cur, USER_END / 6 * 5)), r[5] = { 0 };
	u32 personality = setid ? p->personality & ~PERSONALITY_SETID : p->personality;

	gap += 1ul << 20;
	if (layout_random && !(personality & PERSONALITY_NO_RANDOM)) {
		random_fill(r, sizeof(r));
		gap += 1ul << (STACK_RANDOM_BITS + PAGE_SHIFT);
	}
	l->stack_top = USER_END - PAGE_SIZE - random_pages(r[0], STACK_RANDOM_BITS);
	l->mmap_base = ALIGN_DOWN(USER_END - gap - random_pages(r[1], MMAP_RANDOM_BITS), PAGE_SIZE);
	l->dyn_base = DYN_BASE + random_pages(r[2], MMAP_RANDOM_BITS);
	l->brk_gap = random_pages(r[3], BRK_RANDOM_BITS);
	l->stack_pad = r[4] & 0x1ff0;
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
		{ AT_SYSINFO_EHDR, pr->vdso }, { AT_MINSIGSTKSZ, MINSIGSTKSZ + fpu_user_size() },
		{ AT_HWCAP, user_hwcap() }, { AT_PAGESZ, PAGE_SIZE }, { AT_CLKTCK, 100 },
		{ AT_PHDR, pr->main.phdr + pr->main.bias }, { AT_PHENT, sizeof(struct elf64_segment) },
		{ AT_PHNUM, pr->main.head.phnum }, { AT_BASE, pr->interp.file ? pr->interp.bias : 0 }, { AT_FLAGS, 0 },
		{ AT_ENTRY, pr->main.entry }, { AT_UID, c->uid }, { AT_EUID, pr->uid }, { AT_GID, c->gid },
		{ AT_EGID, pr->gid }, { AT_SECURE, pr->setid }, { AT_RANDOM, random }, { AT_HWCAP2, user_hwcap2() },
		{ AT_EXECFN, execfn }, { AT_PLATFORM, platform },
		{ AT_RSEQ_FEATURE_SIZE, 28 }, { AT_RSEQ_ALIGN, 32 },
		{ AT_NULL, 0 },
	};

	memcpy(v, pairs, sizeof(pairs));
	return ARRAY_SIZE(pairs) * 2;
}

/* argc, argv, envp, auxv below the strings; sp 16-byte aligned at argc (System V ABI, AMD64, 3.4.1). */
static int stack_build(struct program *pr, const struct strings *argv, const struct strings *envp)
{
	struct pusher p = { .s = pr->space, .sp = pr->layout.stack_top - 8 };
	u64 random[2], execfn, at_random, platform, args, envs, *vec;
	u32 n = 0, i, total = argv->count + envp->count + 3 + 48;
	u64 off;

	execfn = push(&p, pr->execfn, strlen(pr->execfn) + 1);
	envs = push(&p, envp->text, envp->size);
	args = push(&p, argv->text, argv->size);
	p.sp = ALIGN_DOWN(p.sp - pr->layout.stack_pad, 16ul);
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

static int stack_map(struct program *pr, u64 args)
{
	u64 len = ALIGN_UP(args, PAGE_SIZE) + STACK_ROOM;
	struct map_request m = { .addr = pr->layout.stack_top - len, .len = len, .what = REGIONS_STACK,
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
	if (!*err)
		*err = body_exec_begin(p.body);
	if (*err) {
		path_drop(&p);
		return NULL;
	}
	f = file_new(&exec_file_ops, O_RDONLY);
	if (!f) {
		body_exec_end(p.body);
		path_drop(&p);
		*err = -ENOMEM;
		return NULL;
	}
	f->body = p.body;
	f->ino = p.at.ino;
	f->dir_ino = p.dir;
	strlcpy(f->name, p.last, sizeof(f->name));
	return f;
}

static void exec_file_release(struct file *f)
{
	body_exec_end(f->body);
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

static char *skip_blanks(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static char *skip_word(char *s)
{
	while (*s && *s != ' ' && *s != '\t')
		s++;
	return s;
}

/* "#! interpreter [one argument]". A line longer than we look at is cut, unless that might cut the interpreter's name.
 * (Linux: fs/binfmt_script.c.) Cuts the text in place; NULL if it names nothing. */
static char *script_parse(char *line, size_t n, char **arg)
{
	char *end = strchr(line, '\n'), *interp;
	bool newline = end;

	if (newline)
		*end = 0;
	else if (n == SCRIPT_LINE && !*skip_word(skip_blanks(line + 2)))
		return NULL;
	for (end = line + strlen(line); end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = 0;
	interp = skip_blanks(line + 2);
	end = skip_word(interp);
	*arg = skip_blanks(end);
	if (!**arg)
		*arg = NULL;
	*end = 0;
	return *interp || !newline ? interp : NULL;
}

/* 0: not a script. 1: pr->name is the interpreter now, and argv says so. */
static int exec_script(struct file *f, struct program *pr, struct strings *argv)
{
	char line[SCRIPT_LINE + 1], *interp, *arg;
	long n = image_read(f, 0, line, SCRIPT_LINE);
	int err;

	if (n < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = 0;
	interp = script_parse(line, n, &arg);
	if (!interp)
		return -ENOEXEC;
	if (!*interp)
		return -EACCES; /* "" would be the working directory */
	err = argv_prepend(argv, interp, arg, pr->name);
	strlcpy(pr->name, interp, sizeof(pr->name));
	return err ? err : 1;
}

/* What argv[0] of a script, AT_EXECFN and the name in ps are made of. */
static int exec_name(struct program *pr, int dirfd, const char *path)
{
	size_t n;

	if (dirfd == AT_FDCWD || path[0] == '/')
		n = strlcpy(pr->execfn, path, sizeof(pr->execfn));
	else
		n = snprintf(pr->execfn, sizeof(pr->execfn), path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, path);
	if (n >= sizeof(pr->execfn))
		return -ENAMETOOLONG;
	memcpy(pr->name, pr->execfn, n + 1);
	return 0;
}

/* The identity that the file's set-id bits give, where they may. */
static void exec_identity(struct program *pr, const struct tree_attr *at)
{
	const struct process *p = process_current();

	pr->uid = p->cred.euid;
	pr->gid = p->cred.egid;
	if (!at || p->no_new_privs)
		return;
	if (at->mode & S_ISUID)
		pr->uid = at->uid;
	if ((at->mode & (S_ISGID | 010)) == (S_ISGID | 010))
		pr->gid = at->gid;
}

static int exec_find(struct program *pr, int dirfd, const char *path, u32 at_flags, struct strings *argv)
{
	int depth, err = exec_name(pr, dirfd, path);
	struct tree_attr at;

	for (depth = 0; !err && depth <= SCRIPTS_MAX; depth++) {
		struct file *f = depth ? exec_open(AT_FDCWD, pr->name, 0, &at, &err) :
					 exec_open(dirfd, path, at_flags, &at, &err);

		if (!f)
			return err;
		exec_identity(pr, depth ? NULL : &at);
		err = exec_script(f, pr, argv);
		if (err != 1) {
			pr->main.file = f;
			return err ? err : image_open(&pr->main, f);
		}
		err = 0;
		file_put(f);
	}
	return err ? err : -ELOOP;
}

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

	layout_random = !boot_option("norandmaps", value, sizeof(value));

	if (!err)
		err = strings_of(&env, envp);
	if (err)
		return err;
	err = process_exec(thread_frame(thread_current()), AT_FDCWD, path, 0, &args, &env);
	kfree(args.text);
	kfree(env.text);
	return err;
}
