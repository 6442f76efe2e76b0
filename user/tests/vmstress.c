/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * vmstress: threads on all cores map, touch, protect, move, discard and unmap memory against a model, and look over
 * each other's shoulders.
 *
 *	vmstress [--seconds N] [--threads N] [--seed S]        status 0: nothing contradicted the model
 *
 * Every thread owns some windows of PAGES pages. It alone changes what is mapped there; for each page the window
 * says what anybody who looks must find: nothing (SEGV_MAPERR), no rights or no right to write (SEGV_ACCERR), and
 * which value. A window is a sequence lock: odd while its owner changes it, so what a prober found counts only if the
 * number was even and the same before and after. As the owner makes it even after his system call has returned, a
 * translation that outlives an unmap, a protect, a move or a discard on any core is seen by the first prober there. A
 * write probe is `lock or $0`: a write to the MMU that changes nothing, so it may come at any time.
 *
 * Even without a verdict a value must be zero, the file's, or its owner's: frames never show up elsewhere.
 *
 * The commons are private pages in which each thread counts in words of its own while others fork: a copy-on-write
 * that loses a write, or a child that sees one made after the fork, breaks a count. Children check the forker's
 * windows as they were while the forker goes on changing them.
 *
 * Threads are made by clone() without a TLS of their own, so nothing below a worker may use libc's: system
 * calls are made by sys() alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;

#define PAGE 4096ul
#define PAGES 16                /* of a window */
#define WINDOWS 4               /* of a thread */
#define THREADS 128
#define COMMONS 24              /* pages */
#define STACK (64ul << 10)
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define ARENA 0x100000000000ul  /* windows of all threads lie mixed: they meet in page-table pages */
#define HISTORY 8
#define SPREAD 512              /* places a window may have */

enum kind { PRIVATE, SHARED, PRIVATE_FILE, SHARED_FILE, KINDS };
enum state { GONE, CLOSED, READ, WRITE };  /* of a page; unmapped, PROT_NONE, ... */

struct window {
	_Atomic u32 seq;
	_Atomic u64 base;        /* where it is */
	_Atomic u64 ghost;       /* where it was: nothing is there */
	_Atomic u32 state[PAGES];
	_Atomic u64 value[PAGES];
	enum kind kind;
	u32 parity;              /* base and ghost never coincide */
	u64 file[PAGES];         /* what its pages of the file hold */
	u32 past[HISTORY];       /* the last changes: kind of change, first page, end */
	u32 changes;
};

struct thread {
	u32 id, core;
	u64 random, stamp;
	u64 ops, probes, faults, forks, verdicts;
	u64 count[COMMONS];
	pid_t child;
	struct window window[WINDOWS];
};

static struct thread thread[THREADS];
static u32 threads = 0, cores, running;
static _Atomic u32 finished;
static u64 seed = 1, deadline;
static u32 seconds = 10;
static int file;
static u64 *commons;

/* ---- system calls without errno, and words for a human */

static long sys(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#define SYS(nr, ...) SYS_(SYS_##nr, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_(nr, a, b, c, d, e, f, ...) sys(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static void say(const char *format, ...)
{
	char line[300];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	SYS(write, 2, line, n);
}
#define fail(...) (say("vmstress: seed %lu: ", seed), say(__VA_ARGS__), SYS(exit_group, 1), __builtin_unreachable())

static u64 now(void)
{
	struct timespec t;

	SYS(clock_gettime, CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static u32 pick(struct thread *t, u32 below)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (u32)(t->random >> 32) % below;
}

/* ---- probes: 0, or the si_code of the fault, or 100 for a SIGBUS */

u32 probe_read(u64 addr, u64 *value);
u32 probe_write(u64 addr);
u32 store(u64 addr, u64 value);
extern char probe_end[], probe_failed[];

__asm__(".text\n"
	"probe_read:	mov (%rdi), %rax\n"
	"	mov %rax, (%rsi)\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	"probe_write:	lock orq $0, (%rdi)\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	"store:	mov %rsi, (%rdi)\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	"probe_end:\n"
	"probe_failed:	ret\n");

static void on_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;
	u64 rip = reg[REG_RIP];

	if (rip < (u64)probe_read || rip >= (u64)probe_end || (u64)info->si_addr != (u64)reg[REG_RDI])
		fail("signal %d, code %d at %p, rip %#lx\n", sig, info->si_code, info->si_addr, rip);
	reg[REG_RAX] = sig == SIGBUS ? 100 : info->si_code;
	reg[REG_RIP] = (u64)probe_failed;
}

/* ---- values */

#define FILE_VALUE(page) (0xf11eul << 48 | (page))

static u64 stamp(struct thread *t)
{
	return 0x5afeul << 48 | (u64)(t->id + 1) << 32 | (++t->stamp & 0xffffffff);
}

static int belongs(const struct thread *owner, u64 v)
{
	return v == 0 || v >> 48 == 0xf11e || (v >> 48 == 0x5afe && (v >> 32 & 0xffff) == owner->id + 1);
}

static const u32 word[] = { 0, 170 * 8, 341 * 8, 511 * 8 }; /* of a page carry its value */

static u32 expected_code(u32 state, int write)
{
	if (state == GONE)
		return SEGV_MAPERR;
	return state == CLOSED || (state == READ && write) ? SEGV_ACCERR : 0;
}

/* ---- looking */

struct look {
	struct thread *owner;
	struct window *window;
	u64 addr, want, got;
	u32 state, code;
	int write, child;
};

static void tell_past(const struct window *w)
{
	static const char *what[16] = { "map", "map", "map", "fill", "fill", "fill", "fill", "protect", "protect", "unmap",
					"unmap", "discard", "discard", "file", "move", "verify" };
	u32 i;

	for (i = w->changes < HISTORY ? 0 : w->changes - HISTORY; i < w->changes; i++) {
		u32 e = w->past[i % HISTORY];

		say("%s %u-%u; ", what[e >> 16 & 15], e >> 8 & 255, e & 255);
	}
	say("base %#lx, ghost %#lx\n", w->base, w->ghost);
}

static void judge(struct thread *t, const struct look *l)
{
	u32 right = expected_code(l->state, l->write);

	t->verdicts++;
	if (l->code == right && (l->write || l->code || l->got == l->want))
		return;
	tell_past(l->window);
	fail("%sthread %u on core %u, %s at %#lx of thread %u (kind %u, state %u): code %u, not %u; value %#lx, not %#lx\n", l->child ? "child of " : "",
	     t->id, t->core, l->write ? "write" : "read", l->addr, l->owner->id, l->window->kind, l->state, l->code, right, l->got,
	     l->want);
}

static void probe(struct thread *t)
{
	struct thread *o = &thread[pick(t, threads)];
	struct window *w = &o->window[pick(t, WINDOWS)];
	struct look l = { .owner = o, .window = w, .write = pick(t, 3) == 0 };
	u32 p = pick(t, PAGES), ghost = pick(t, 4) == 0, seq = atomic_load(&w->seq);

	l.state = ghost ? GONE : atomic_load(&w->state[p]);
	l.want = atomic_load(&w->value[p]);
	l.addr = (ghost ? atomic_load(&w->ghost) : atomic_load(&w->base)) + p * PAGE + word[pick(t, 4)];
	l.code = l.write ? probe_write(l.addr) : probe_read(l.addr, &l.got);
	t->probes++;
	t->faults += l.code != 0;
	if (atomic_load(&w->seq) == seq && !(seq & 1))
		judge(t, &l);
	else if (!l.code && !belongs(o, l.got))
		fail("thread %u reads %#lx at %#lx of thread %u\n", t->id, l.got, l.addr, o->id);
}

/* The same through the kernel: a path is read from there. */
static void probe_by_call(struct thread *t)
{
	struct thread *o = &thread[pick(t, threads)];
	struct window *w = &o->window[pick(t, WINDOWS)];
	u32 p = pick(t, PAGES), seq = atomic_load(&w->seq), state = atomic_load(&w->state[p]);
	long r = SYS(access, atomic_load(&w->base) + p * PAGE, F_OK);

	t->probes++;
	if (atomic_load(&w->seq) == seq && !(seq & 1) && (r == -EFAULT) != (state < READ))
		fail("thread %u: access() says %ld in page %u of thread %u, state %u\n", t->id, r, p, o->id, state);
}

static void look_at(struct thread *t, struct window *w, u64 addr, u32 state, u64 want, int child)
{
	struct look l = { .owner = t, .window = w, .child = child, .addr = addr, .state = state, .want = want };

	l.code = probe_read(addr, &l.got);
	judge(t, &l);
}

/* The owner looks at everything of his. `snapshot`: in a child, where the forker goes on changing what is shared. */
static void verify(struct thread *t, struct window *w, int snapshot)
{
	int moving = snapshot && (w->kind == SHARED || w->kind == SHARED_FILE);
	u32 p, i;

	for (p = 0; p < PAGES; p++)
		for (i = 0; i < 4 && !(moving && w->state[p] >= READ); i++)
			look_at(t, w, w->base + p * PAGE + word[i], w->state[p], w->value[p], snapshot);
	look_at(t, w, w->ghost + pick(t, PAGES) * PAGE, GONE, 0, snapshot);
}

/* ---- changing; the window is odd */

struct range { u32 first, end; };

static struct range some_pages(struct thread *t)
{
	u32 a = pick(t, PAGES), b = pick(t, PAGES);

	return pick(t, 4) == 0 ? (struct range){ 0, PAGES } : a < b ? (struct range){ a, b + 1 } : (struct range){ b, a + 1 };
}

static u64 place(struct thread *t, struct window *w)
{
	u64 id = (t->id * WINDOWS + (w - t->window)) * 2 + (w->parity ^= 1);

	return ARENA + (pick(t, SPREAD) * (u64)threads * WINDOWS * 2 + id) * PAGES * PAGE;
}

static void must(struct thread *t, const char *what, long got, long want)
{
	if (got != want)
		fail("thread %u: %s gives %ld (%#lx), not %#lx\n", t->id, what, got, got, want);
}

static u64 file_page(struct thread *t, struct window *w)
{
	return PAGES + (t->id * WINDOWS + (w - t->window)) * PAGES;
}

static void unmap(struct thread *t, struct window *w, struct range r)
{
	u32 p;

	must(t, "munmap", SYS(munmap, w->base + r.first * PAGE, (r.end - r.first) * PAGE), 0);
	for (p = r.first; p < r.end; p++)
		w->state[p] = GONE;
}

static void map(struct thread *t, struct window *w)
{
	static const int flags[] = { MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED };
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	u32 prot = pick(t, 4) ? 2 : pick(t, 3), p;
	u64 offset;
	int how;

	if (pick(t, 2)) { /* to another place; else over whatever is there */
		unmap(t, w, (struct range){ 0, PAGES });
		w->ghost = w->base;
		w->base = place(t, w);
	}
	w->kind = pick(t, KINDS);
	how = flags[w->kind] | MAP_FIXED | (pick(t, 4) ? 0 : MAP_POPULATE);
	offset = w->kind == SHARED_FILE ? file_page(t, w) : 0;
	must(t, "mmap", SYS(mmap, w->base, PAGES * PAGE, prots[prot], how, how & MAP_ANONYMOUS ? -1 : file, offset * PAGE),
	     w->base);
	for (p = 0; p < PAGES; p++) {
		w->state[p] = CLOSED + prot;
		w->value[p] = w->kind == PRIVATE_FILE ? FILE_VALUE(p) : w->kind == SHARED_FILE ? w->file[p] : 0;
	}
}

static void fill(struct thread *t, struct window *w, struct range r)
{
	u32 p, i;

	for (p = r.first; p < r.end; p++) {
		u64 v = stamp(t);

		if (w->state[p] != WRITE)
			continue;
		for (i = 0; i < 4; i++)
			must(t, "store", store(w->base + p * PAGE + word[i], v), 0);
		w->value[p] = v;
		if (w->kind == SHARED_FILE)
			w->file[p] = v;
	}
}

/* What the file's own calls write, mappings show; and a call that writes to memory obeys its rights. */
static void through_file(struct thread *t, struct window *w)
{
	u32 p = pick(t, PAGES), i;
	u64 addr = w->base + p * PAGE, v = stamp(t);
	long r;

	if (w->kind == SHARED_FILE) {
		for (i = 0; i < 4; i++)
			must(t, "pwrite", SYS(pwrite64, file, &v, 8, (file_page(t, w) + p) * PAGE + word[i]), 8);
		w->file[p] = v;
		if (w->state[p] != GONE)
			w->value[p] = v;
		return;
	}
	r = SYS(pread64, file, addr, PAGE, p * PAGE);
	must(t, "pread", r, w->state[p] == WRITE ? (long)PAGE : -EFAULT);
	if (r > 0)
		w->value[p] = FILE_VALUE(p);
}

static int all_mapped(struct window *w, struct range r)
{
	while (r.first < r.end && w->state[r.first] != GONE)
		r.first++;
	return r.first == r.end;
}

static void protect(struct thread *t, struct window *w, struct range r)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	u32 prot = pick(t, 3), p;
	long err = SYS(mprotect, w->base + r.first * PAGE, (r.end - r.first) * PAGE, prots[prot]);

	must(t, "mprotect", err, all_mapped(w, r) ? 0 : -ENOMEM);
	for (p = r.first; p < r.end && w->state[p] != GONE; p++)
		w->state[p] = CLOSED + prot;
}

static void discard(struct thread *t, struct window *w, struct range r)
{
	long err = SYS(madvise, w->base + r.first * PAGE, (r.end - r.first) * PAGE, MADV_DONTNEED);
	u32 p;

	must(t, "madvise", err, all_mapped(w, r) ? 0 : -ENOMEM);
	for (p = r.first; p < r.end; p++)
		if (w->kind == PRIVATE || w->kind == PRIVATE_FILE)
			w->value[p] = w->kind == PRIVATE ? 0 : FILE_VALUE(p);
}

/* The whole window, if it is one piece; Linux may still see several (EFAULT). */
static void move(struct thread *t, struct window *w)
{
	u64 to;
	long r;
	u32 p;

	for (p = 0; p < PAGES; p++)
		if (w->state[p] == GONE || w->state[p] != w->state[0])
			return;
	to = place(t, w);
	r = SYS(mremap, w->base, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (r == -EFAULT) {
		w->parity ^= 1;
		return;
	}
	must(t, "mremap", r, to);
	w->ghost = w->base;
	w->base = to;
}

static void change(struct thread *t, struct window *w)
{
	struct range r = some_pages(t);
	u32 how = pick(t, 16);

	atomic_fetch_add(&w->seq, 1);
	w->past[w->changes++ % HISTORY] = how << 16 | r.first << 8 | r.end;
	switch (how) {
	case 0: case 1: case 2:
		map(t, w);
		break;
	case 3: case 4: case 5: case 6:
		fill(t, w, r);
		break;
	case 7: case 8:
		protect(t, w, r);
		break;
	case 9: case 10:
		unmap(t, w, r);
		break;
	case 11: case 12:
		discard(t, w, r);
		break;
	case 13:
		through_file(t, w);
		break;
	case 14:
		move(t, w);
		break;
	default:
		verify(t, w, 0);
	}
	atomic_fetch_add(&w->seq, 1);
}

/* ---- the commons, and fork */

static u64 *counter(u32 page, const struct thread *t)
{
	return &commons[page * (PAGE / 8) + t->id];
}

static void count(struct thread *t)
{
	u32 p = pick(t, COMMONS);
	_Atomic u64 *c = (_Atomic u64 *)counter(p, t);
	u64 was = atomic_fetch_add(c, 1);

	if (was != t->count[p])
		fail("thread %u on core %u: a count in page %u is %lu, not %lu\n", t->id, t->core, p, was, t->count[p]);
	t->count[p]++;
}

/* What everybody's counts add up to must not change while the child lives. */
static u64 sum_commons(void)
{
	u64 sum = 0;
	u32 p, i;

	for (p = 0; p < COMMONS; p++)
		for (i = 0; i < threads; i++)
			sum += *(volatile u64 *)counter(p, &thread[i]) * (2 * i + 1);
	return sum;
}

static void child(struct thread *t)
{
	u64 sum = sum_commons();
	u32 i;

	for (i = 0; i < COMMONS; i++)
		if (*counter(i, t) != t->count[i])
			fail("child of thread %u: a count is %lu, not %lu\n", t->id, *counter(i, t), t->count[i]);
	for (i = 0; i < WINDOWS; i++)
		verify(t, &t->window[i], 1);
	for (i = 0; i < WINDOWS; i++) {
		if (t->window[i].kind == PRIVATE || t->window[i].kind == PRIVATE_FILE)
			fill(t, &t->window[i], (struct range){ 0, PAGES });
		verify(t, &t->window[i], 1);
	}
	if (sum_commons() != sum)
		fail("child of thread %u: the parent's writes show\n", t->id);
	SYS(exit_group, 42);
}

static void reap(struct thread *t)
{
	int status = 0;

	must(t, "wait4", SYS(wait4, t->child, &status, 0, NULL), t->child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 42)
		fail("thread %u: its child ends with %#x\n", t->id, status);
	t->child = 0;
}

static void fork_or_reap(struct thread *t)
{
	long pid;

	if (t->child) {
		reap(t);
		return;
	}
	pid = SYS(fork, 0);
	if (!pid)
		child(t);
	if (pid < 0)
		fail("thread %u: fork gives %ld\n", t->id, pid);
	t->child = pid;
	t->forks++;
}

/* ---- threads */

static void settle(struct thread *t, u32 core)
{
	unsigned long set[16] = { 0 };

	t->core = core;
	set[core / 64] = 1ul << core % 64;
	must(t, "sched_setaffinity", SYS(sched_setaffinity, 0, sizeof(set), set), 0);
}

static int work(void *arg)
{
	struct thread *t = arg;

	settle(t, t->id % cores);
	while (now() < deadline) {
		u32 i, burst = 8 + pick(t, 24);

		for (i = 0; i < burst; i++) {
			probe(t);
			count(t);
		}
		probe_by_call(t);
		change(t, &t->window[pick(t, WINDOWS)]);
		t->ops++;
		if (pick(t, 32) == 0)
			fork_or_reap(t);
		if (pick(t, 64) == 0)
			settle(t, pick(t, cores));
	}
	if (t->child)
		reap(t);
	atomic_fetch_add(&finished, 1);
	SYS(futex, &finished, FUTEX_WAKE, 1);
	return 0;
}

static void start(u32 i)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	struct thread *t = &thread[i];
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u32 w;

	t->id = i;
	t->random = (seed + 1) * 0x9e3779b97f4a7c15ul + i * 0xbf58476d1ce4e5b9ul;
	for (w = 0; w < WINDOWS; w++) {
		t->window[w].ghost = place(t, &t->window[w]);
		t->window[w].base = place(t, &t->window[w]);
	}
	running++;
	if (stack == MAP_FAILED || clone(work, stack + STACK, flags, t) < 0)
		fail("thread %u does not start: %s\n", i, strerror(errno));
}

static void make_file(void)
{
	char name[] = "/tmp/vmstress.XXXXXX";
	u64 page[PAGE / 8], p, i;

	file = mkstemp(name);
	if (file < 0 || unlink(name) || ftruncate(file, (PAGES + (u64)threads * WINDOWS * PAGES) * PAGE))
		fail("%s: %s\n", name, strerror(errno));
	for (p = 0; p < PAGES; p++) {
		for (i = 0; i < PAGE / 8; i++)
			page[i] = FILE_VALUE(p);
		if (pwrite(file, page, PAGE, p * PAGE) != (ssize_t)PAGE)
			fail("the file cannot be written: %s\n", strerror(errno));
	}
}

static void arguments(int argc, char **argv)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seconds"))
			seconds = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--threads"))
			threads = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else
			break;
	}
	if (i != argc || threads > THREADS) {
		say("usage: vmstress [--seconds N] [--threads N, at most %d] [--seed S]\n", THREADS);
		exit(2);
	}
}

static void report(void)
{
	struct thread sum = { 0 };
	u32 i;

	for (i = 0; i < threads; i++) {
		sum.ops += thread[i].ops;
		sum.probes += thread[i].probes;
		sum.verdicts += thread[i].verdicts;
		sum.faults += thread[i].faults;
		sum.forks += thread[i].forks;
	}
	printf("vmstress: ok: seed %lu, %u threads on %u cores, %lu changes, %lu probes (%lu faulted), %lu verdicts, %lu forks\n",
	       seed, threads, cores, sum.ops, sum.probes, sum.faults, sum.verdicts, sum.forks);
}

int main(int argc, char **argv)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	u32 i, done;

	cores = sysconf(_SC_NPROCESSORS_ONLN);
	arguments(argc, argv);
	threads = threads ? threads : cores;
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	make_file();
	commons = mmap(NULL, COMMONS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (commons == MAP_FAILED)
		fail("no commons: %s\n", strerror(errno));
	deadline = now() + seconds * 1000ul;
	for (i = 0; i < threads; i++)
		start(i);
	while ((done = finished) < running)
		SYS(futex, &finished, FUTEX_WAIT, done, NULL);
	report();
	return 0;
}
