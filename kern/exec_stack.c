/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The layout of a fresh space, and the stack a program starts with:
 *
 *	stack_top   eight zero bytes
 *	            name of the file, environment, arguments: their strings
 *	            up to 8 KiB of nothing, at random; "x86_64"; 16 random bytes
 *	            auxiliary vector, environment and argument pointers, argc
 *	sp          16-byte aligned, at argc
 */
#include "arch/boot.h"
#include "base/string.h"
#include "dev/rng.h"
#include "kern/exec_internal.h"
#include "mem/slab.h"

#define DYN_BASE 0x555555554000ul
#define STACK_ROOM (128ul << 10)  /* mapped below the arguments; it grows from there */
#define PERSONALITY_NO_RANDOM 0x0040000u
#define STACK_RANDOM_BITS 22
#define MMAP_RANDOM_BITS 28
#define BRK_RANDOM_BITS 13

static bool layout_random = true;

void layout_fix(bool fixed)
{
	layout_random = !fixed;
}

bool layout_fixed(void)
{
	return !layout_random;
}

static u64 random_pages(u64 random, unsigned bits)
{
	return (random & ((1ul << bits) - 1)) << PAGE_SHIFT;
}

void layout_choose(struct layout *l, const struct process *p, bool setid)
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
int stack_build(struct program *pr, const struct strings *argv, const struct strings *envp)
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

int stack_map(struct program *pr, u64 args)
{
	u64 len = ALIGN_UP(args, PAGE_SIZE) + STACK_ROOM;
	struct map_request m = { .addr = pr->layout.stack_top - len, .len = len, .what = REGIONS_STACK,
		.prot = PROT_READ | PROT_WRITE | (pr->main.exec_stack ? PROT_EXEC : 0),
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN };
	long r = space_map(pr->space, &m);

	return r < 0 ? r : 0;
}
