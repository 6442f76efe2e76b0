/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * vmslots: threads on all cores map, touch, protect and unmap ranges of one address space and check, against a
 * model, that no access survives the call that took it away.
 *
 * The arena is SLOTS fixed ranges of PAGES pages. A slot's lock makes one thread its initiator; everybody else keeps
 * reading and writing it without any lock. The model is one word a page, (generation, changing, rights):
 *
 *	initiator: word = changing --> mmap/munmap/mprotect --> word = (generation + 1, rights)
 *	observer:  w1 = word, access, w2 = word; where w1 == w2 and not changing, the access must have done exactly
 *	           what the rights allow: succeed, or fault
 *
 * So a translation that some core still holds after munmap or mprotect returned shows up as an access that should
 * have faulted. Every value written names its page (tag of slot and page): a write through a stale translation that
 * lands in a frame with a new owner shows up there as a foreign tag, in a later verify, or as a word that is not zero
 * in a fresh page (churn). Mappings are anonymous private and shared, file private and shared; while it holds a slot
 * a thread also forks: parent and child then write their copies and must not see each other's words.
 *
 * Threads are made by raw clone without thread-local storage: they call no libc, only system calls.
 *
 *	vmslots [--seconds N] [--threads N] [--seed S]
 */
#include "tap.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <ucontext.h>

enum { SLOTS = 24, PAGES = 8, WORDS = 512, MAX_THREADS = 128, CHURN_PAGES = 16 };
enum rights { NONE, READ, WRITE, CHANGING = 4, GENERATION = 8 };
enum kind { ANON_PRIVATE, ANON_SHARED, FILE_PRIVATE, FILE_SHARED, KINDS };
#define PAGE 4096UL
#define ARENA 0x200000000000UL		/* slots at 2 MiB steps: some share a page table, some do not */
#define SLOT_STEP (1UL << 21)
#define CHURN 0x300000000000UL
#define MAGIC 0x5a17UL			/* top 16 bits of every word that is written */

struct slot {
	int lock;
	enum kind kind;
	uint64_t word[PAGES];		/* the model, read by all */
};

static struct slot slots[SLOTS];
static volatile int stop, failed, running, file;
static uint64_t operations[MAX_THREADS][4];	/* initiated, observed, churned, forked */
static uint64_t seed = 1;

/* --- system calls without libc --- */

static long sys(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static void say(const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t numbers[3] = { a, b, c };
	char line[160];
	int n = 0;

	line[n++] = '#';
	line[n++] = ' ';
	while (*what)
		line[n++] = *what++;
	for (int i = 0; i < 3; i++) {
		line[n++] = ' ';
		for (int shift = 60; shift >= 0; shift -= 4)
			line[n++] = digits[numbers[i] >> shift & 15];
	}
	line[n++] = '\n';
	sys(SYS_write, 1, (long)line, n, 0, 0, 0);
}

static void fail(const char *what, uint64_t a, uint64_t b, uint64_t c)
{
	if (!__atomic_exchange_n(&failed, 1, __ATOMIC_SEQ_CST))
		say(what, a, b, c);
	stop = 1;
}

/* --- accesses that may fault --- */

struct access { uint64_t value, faulted; };

struct access probe_load(const uint64_t *address);
struct access probe_store(uint64_t *address, uint64_t value);
extern char probe_load_at[], probe_store_at[], probe_fault[];

__asm__("probe_load: xor %edx, %edx\n"
	"probe_load_at: mov (%rdi), %rax\n"
	"ret\n"
	"probe_store: xor %edx, %edx\n"
	"probe_store_at: mov %rsi, (%rdi)\n"
	"ret\n"
	"probe_fault: mov $1, %edx\n"
	"ret\n");

static void on_fault(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	uint64_t at = u->uc_mcontext.gregs[REG_RIP];

	if (sig == SIGSEGV && (at == (uint64_t)probe_load_at || at == (uint64_t)probe_store_at)) {
		u->uc_mcontext.gregs[REG_RIP] = (greg_t)(uint64_t)probe_fault;
		return;
	}
	say("unexpected signal, address, instruction", sig, (uint64_t)info->si_addr, at);
	sys(SYS_exit_group, 3, 0, 0, 0, 0, 0);
}

/* --- the model --- */

static uint64_t *page_at(int slot, int page)
{
	return (uint64_t *)(ARENA + slot * SLOT_STEP + page * PAGE);
}

static uint64_t tag(int slot, int page, uint64_t low)
{
	return MAGIC << 48 | (uint64_t)slot << 40 | (uint64_t)page << 32 | (low & 0xffffffff);
}

static bool belongs(uint64_t value, int slot, int page)
{
	return value == 0 || value >> 32 == tag(slot, page, 0) >> 32;
}

static uint64_t model(int slot, int page)
{
	return __atomic_load_n(&slots[slot].word[page], __ATOMIC_SEQ_CST);
}

static void set_model(int slot, int first, int count, uint64_t bits)
{
	for (int p = first; p < first + count; p++) {
		uint64_t old = slots[slot].word[p] & ~7UL;

		__atomic_store_n(&slots[slot].word[p], bits == CHANGING ? old | CHANGING : (old + GENERATION) | bits,
				 __ATOMIC_SEQ_CST);
	}
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dUL >> 16;
}

/* --- observers --- */

static void observe(int self, uint64_t *rnd)
{
	int slot = next(rnd) % SLOTS, page = next(rnd) % PAGES;
	uint64_t *base = page_at(slot, page), *mine = base + 1 + self;
	uint64_t value = tag(slot, page, next(rnd)), w1 = model(slot, page), w2;
	struct access store = probe_store(mine, value), load = probe_load(mine);
	struct access any = probe_load(base + next(rnd) % WORDS);

	w2 = model(slot, page);
	operations[self][1]++;
	if (!any.faulted && !belongs(any.value, slot, page))
		fail("foreign word read: value, slot, page", any.value, slot, page);
	if (w1 != w2 || (w1 & CHANGING))
		return;
	if (load.faulted != ((w1 & 3) == NONE))
		fail("load against the rights: slot, page, model", slot, page, w1);
	if (store.faulted != ((w1 & 3) != WRITE))
		fail("store against the rights: slot, page, model", slot, page, w1);
	if (!store.faulted && !load.faulted && load.value != value)
		fail("own store lost: wrote, read, model", value, load.value, w1);
}

/* --- initiators --- */

static int protection(uint64_t rights)
{
	return rights == WRITE ? PROT_READ | PROT_WRITE : rights == READ ? PROT_READ : PROT_NONE;
}

static long map_pages(int slot, int first, int count, enum kind kind, int prot)
{
	bool shared = kind == ANON_SHARED || kind == FILE_SHARED, anonymous = kind < FILE_PRIVATE;
	int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) | (anonymous ? MAP_ANONYMOUS : 0);

	return sys(SYS_mmap, (long)page_at(slot, first), count * PAGE, prot, flags, anonymous ? -1 : file,
		   anonymous ? 0 : (long)((slot * PAGES + first) * PAGE));
}

static void verify_page(int slot, int page)
{
	uint64_t *base = page_at(slot, page);

	for (int i = 0; i < WORDS; i++) {
		struct access a = probe_load(base + i);

		if (a.faulted)
			fail("held page faults: slot, page, word", slot, page, i);
		else if (!belongs(a.value, slot, page))
			fail("foreign word in page: value, slot, page", a.value, slot, page);
		if (a.faulted || failed)
			return;
	}
}

static void change(int slot, uint64_t *rnd)
{
	struct slot *s = &slots[slot];
	int first = next(rnd) % PAGES, count = 1 + next(rnd) % (PAGES - first), what = next(rnd) % 10;
	uint64_t rights = next(rnd) % 3;
	long result;

	if (what < 3) {		/* a whole new mapping; where it is new, so is its kind */
		first = 0;
		count = PAGES;
		s->kind = next(rnd) % KINDS;
		rights = rights == NONE ? WRITE : rights;
	}
	set_model(slot, first, count, CHANGING);
	if (what < 4)
		result = map_pages(slot, first, count, s->kind, protection(rights)) < 0 ? -1 : 0;
	else if (what < 7)
		result = sys(SYS_munmap, (long)page_at(slot, first), count * PAGE, 0, 0, 0, 0);
	else
		result = sys(SYS_mprotect, (long)page_at(slot, first), count * PAGE, protection(rights), 0, 0, 0);
	if (what >= 7 && result == -ENOMEM) {	/* a hole: some pages changed, some did not: end it */
		result = sys(SYS_munmap, (long)page_at(slot, first), count * PAGE, 0, 0, 0, 0);
		what = 5;
	}
	if (result)
		fail("call failed: what, result, slot", what, result, slot);
	set_model(slot, first, count, what >= 4 && what < 7 ? NONE : rights);
	for (int p = first; p < first + count && !failed; p++)
		if ((model(slot, p) & 3) != NONE)
			verify_page(slot, p);
}

/* The child's half of fork_test: its copies must stay what they are while the parent and its threads go on. */
static int child_checks(int slot)
{
	for (int p = 0; p < PAGES; p++) {
		uint64_t *word = page_at(slot, p) + WORDS - 1, before = tag(slot, p, 1), foreign = 0xbadUL << 48;

		if ((model(slot, p) & 3) != WRITE)
			continue;
		if (probe_load(word).value != before || probe_store(word, foreign).faulted)
			return 1;
		for (int i = 0; i < 50; i++)
			if (probe_load(word).value != foreign)
				return 2;
	}
	return 0;
}

static void fork_test(int self, int slot)
{
	long pid;
	int status = 0;

	if (slots[slot].kind == ANON_SHARED || slots[slot].kind == FILE_SHARED)
		return;
	for (int p = 0; p < PAGES; p++)
		if ((model(slot, p) & 3) == WRITE)
			probe_store(page_at(slot, p) + WORDS - 1, tag(slot, p, 1));
	pid = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
	if (pid == 0)
		sys(SYS_exit_group, child_checks(slot), 0, 0, 0, 0, 0);
	for (int p = 0; p < PAGES; p++)
		if ((model(slot, p) & 3) == WRITE)
			probe_store(page_at(slot, p) + WORDS - 1, tag(slot, p, 2));
	if (pid < 0) {
		if (pid != -EAGAIN && pid != -ENOMEM)
			fail("fork failed", pid, 0, 0);
		return;
	}
	if (sys(SYS_wait4, pid, (long)&status, 0x40000000 /* __WALL */, 0, 0, 0) != pid || status)
		fail("child saw its parent's writes: status, slot", status, slot, 0);
	for (int p = 0; p < PAGES; p++)
		if ((model(slot, p) & 3) == WRITE && probe_load(page_at(slot, p) + WORDS - 1).value != tag(slot, p, 2))
			fail("parent sees its child's write: slot, page", slot, p, 0);
	operations[self][3]++;
}

static void initiate(int self, uint64_t *rnd)
{
	int slot = next(rnd) % SLOTS;

	if (__atomic_exchange_n(&slots[slot].lock, 1, __ATOMIC_ACQUIRE))
		return;
	change(slot, rnd);
	if (next(rnd) % 64 == 0 && !failed)
		fork_test(self, slot);
	__atomic_store_n(&slots[slot].lock, 0, __ATOMIC_RELEASE);
	operations[self][0]++;
}

/* --- fresh pages in a window of one's own: zero at first, then nobody else's --- */

static void churn(int self, uint64_t *rnd)
{
	uint64_t *base = (uint64_t *)(CHURN + self * SLOT_STEP), words = CHURN_PAGES * WORDS, step = 1 + next(rnd) % 31;
	uint64_t mine = tag(SLOTS + self, 0, next(rnd));

	if (sys(SYS_mmap, (long)base, CHURN_PAGES * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != (long)base)
		return fail("mmap of a window", (uint64_t)base, 0, 0);
	for (uint64_t i = 0; i < words; i += step) {
		if (base[i])
			return fail("fresh page is not zero: value, word", base[i], i, 0);
		base[i] = mine + i;
	}
	for (uint64_t i = 0; i < words; i += step)
		if (base[i] != mine + i)
			return fail("own page changed: value, wanted, word", base[i], mine + i, i);
	sys(SYS_munmap, (long)base, CHURN_PAGES * PAGE, 0, 0, 0, 0);
	if (!probe_load(base + next(rnd) % words).faulted)
		fail("window still there after munmap", (uint64_t)base, 0, 0);
	operations[self][2]++;
}

/* --- threads --- */

static void thread_main(int self)
{
	uint64_t rnd = seed * 0x9e3779b97f4a7c15UL + self + 1, mask[16] = { 0 };

	mask[self / 64 % 16] = 1UL << self % 64;
	sys(SYS_sched_setaffinity, 0, sizeof(mask), (long)mask, 0, 0, 0);	/* fails past the last core: then anywhere */
	while (!stop) {
		int what = next(&rnd) % 16;

		if (what < 6)
			initiate(self, &rnd);
		else if (what == 6)
			churn(self, &rnd);
		else
			for (int i = 0; i < 8 && !stop; i++)
				observe(self, &rnd);
	}
	__atomic_fetch_sub(&running, 1, __ATOMIC_SEQ_CST);
	sys(SYS_exit, 0, 0, 0, 0, 0, 0);
}

static int entry(void *argument)
{
	thread_main((int)(long)argument);
	return 0;
}

static void start_thread(long self)
{
	size_t size = 64 << 10;
	char *stack = mmap((void *)(0x100000000000UL + self * SLOT_STEP), size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	__atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
	if (stack == MAP_FAILED || clone(entry, stack + size, flags, (void *)self) < 0) {
		perror("vmslots: clone");
		exit(2);
	}
}

static int parse(int argc, char **argv, int *seconds)
{
	cpu_set_t set;
	int threads = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	*seconds = 5;
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seconds"))
			*seconds = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--threads"))
			threads = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
	}
	return threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads;
}

static void prepare(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	char name[] = "/tmp/vmslots.XXXXXX";

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	file = mkstemp(name);
	unlink(name);
	if (file < 0 || ftruncate(file, SLOTS * PAGES * PAGE)) {
		perror("vmslots: file");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int seconds, threads = parse(argc, argv, &seconds);
	uint64_t total[4] = { 0 };

	prepare();
	printf("# vmslots: seed %lu, %d threads, %d s\n", seed, threads, seconds);
	fflush(stdout);
	for (int i = 0; i < threads; i++)
		start_thread(i);
	for (int tenths = 0; tenths < seconds * 10 && !stop; tenths++)
		usleep(100000);
	stop = 1;
	for (int i = 0; i < 600 && running; i++)
		usleep(100000);
	for (int i = 0; i < threads; i++)
		for (int k = 0; k < 4; k++)
			total[k] += operations[i][k];
	printf("# changes %lu, observations %lu, fresh windows %lu, forks %lu\n", total[0], total[1], total[2], total[3]);
	fflush(stdout);
	CHECK(!failed);
	CHECK(running == 0);
	CHECK(total[0] > 0 && total[1] > 0 && total[2] > 0);
	return tap_end();
}
