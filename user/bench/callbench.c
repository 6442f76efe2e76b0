/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * callbench: what the calls of a kernel cost, one at a time, on NrOS and, unchanged, on Linux.
 *
 *	callbench [-t MILLISECONDS] [-s SLICES] [NAME...]	prints lines "NAME NS_PER_OP ITERATIONS"
 *
 * Every item is a loop around raw system calls, so that no library stands between. An item first
 * doubles its count until a loop lasts a quarter of a slice twice, then runs SLICES loops of about that
 * length; the fastest counts, because whatever disturbs a slice (another guest, the host) only ever
 * makes it longer. An item that the kernel refuses prints "NAME failed ERRNO" and the rest goes on.
 *
 *	start() --> loop(n)... --> stop()	start and stop are not timed; a failure longjmps out of any
 *
 * With a clock that counts instructions (QEMU's -icount) NS_PER_OP is instructions per operation.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L
#define DIR "/tmp/callbench"
#define DEEP DIR "/a/b/c/d/e/f/g"
#define FUTEX_WAIT 0 /* <linux/futex.h> is not among the C library's headers */
#define FILES 100
#define FAULTS 256L
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
		      CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

struct item {
	const char *name;
	void (*start)(void);
	void (*loop)(long n);
	void (*stop)(void);
};

static long slice_ns = 10000000;
static int slices = 5;
static jmp_buf refused;

/* --- raw calls --- */

static inline long call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long call3(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

/* A result below zero ends the item with that error. */
static inline long good(long result)
{
	if (__builtin_expect(result < 0 && result > -4096, 0))
		longjmp(refused, (int)-result);
	return result;
}

#define CALL(name, a, b, c) good(call3(SYS_##name, (long)(a), (long)(b), (long)(c)))

static long fork_raw(void)
{
	return good(call6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0));
}

static void exit_raw(int status)
{
	call3(SYS_exit_group, status, 0, 0);
	__builtin_unreachable();
}

static void reap(long pid)
{
	good(call6(SYS_wait4, pid, 0, 0, 0, 0, 0));
}

static long map(long pages)
{
	return good(call6(SYS_mmap, 0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void touch(long at, long pages)
{
	for (long i = 0; i < pages; i++)
		*(volatile char *)(at + i * PAGE) = 1;
}

static void nothing(void)
{
}

/* --- no object at all --- */

static void null_call(long n)
{
	while (n--)
		CALL(getppid, 0, 0, 0);
}

static void read_clock(long n)
{
	struct timespec now;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

static void count_signal(int number)
{
	(void)number;
}

static void signal_start(void)
{
	struct sigaction action = { .sa_handler = count_signal };

	sigaction(SIGUSR1, &action, NULL);
}

static void signal_self(long n)
{
	long pid = getpid();

	while (n--)
		CALL(kill, pid, SIGUSR1, 0);
}

/* --- pipes and switches between two processes --- */

static int there[2], back[2];
static long partner;
static char buffer[65536];

static void pin(void)
{
	unsigned long mask = 1;

	CALL(sched_setaffinity, 0, sizeof(mask), &mask);
}

static void unpin(void)
{
	unsigned long mask = ~0UL;

	CALL(sched_setaffinity, 0, sizeof(mask), &mask);
}

/* The partner sends back `count` bytes for every message, until its pipe ends. */
static void pipe_start_with(long count)
{
	char one = 0;

	CALL(pipe2, there, 0, 0);
	CALL(pipe2, back, 0, 0);
	partner = fork_raw();
	if (partner)
		return;
	close(there[1]);
	close(back[0]);
	for (;;) {
		long got = call3(SYS_read, there[0], (long)buffer, sizeof(buffer));

		if (got <= 0 || (count && call3(SYS_write, back[1], (long)&one, count) < 0))
			exit_raw(got < 0);
	}
}

static void echo_start(void)
{
	pipe_start_with(1);
}

static void sink_start(void)
{
	pipe_start_with(0);
}

static void pinned_start(void)
{
	pin();
	pipe_start_with(1);
}

static void pipe_stop(void)
{
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	reap(partner);
	unpin();
}

static void pipe_round(long n)
{
	char one = 0;

	while (n--) {
		CALL(write, there[1], &one, 1);
		CALL(read, back[0], &one, 1);
	}
}

static void pipe_flow(long n)
{
	while (n--)
		for (long left = sizeof(buffer); left > 0;)
			left -= CALL(write, there[1], buffer, left);
}

/* One byte in and out of a pipe of one's own: the pipe without the switch. */
static void pipe_alone(long n)
{
	char one = 0;

	while (n--) {
		CALL(write, there[1], &one, 1);
		CALL(read, there[0], &one, 1);
	}
}

static void alone_start(void)
{
	CALL(pipe2, there, 0, 0);
}

static void alone_stop(void)
{
	close(there[0]);
	close(there[1]);
}

/* The partner counts its turns. A kernel may answer sched_yield by going on (Linux does at times): so an operation is not a
 * call but its purpose, the partner's next turn. */
static long *turns;

static void yield_start(void)
{
	turns = (long *)good(call6(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pin();
	partner = fork_raw();
	while (!partner) {
		++*(volatile long *)turns;
		call3(SYS_sched_yield, 0, 0, 0);
	}
}

static void yield_stop(void)
{
	kill(partner, SIGKILL);
	reap(partner);
	unpin();
	CALL(munmap, turns, PAGE, 0);
}

static void yield(long n)
{
	while (n--)
		for (long seen = *(volatile long *)turns; seen == *(volatile long *)turns;)
			CALL(sched_yield, 0, 0, 0);
}

/* --- processes and threads --- */

static void fork_exit(long n)
{
	while (n--) {
		long pid = fork_raw();

		if (!pid)
			exit_raw(0);
		reap(pid);
	}
}

static void execute(long n, char **argv)
{
	char *env[] = { NULL };

	while (n--) {
		long pid = fork_raw();

		if (!pid) {
			call3(SYS_execve, (long)argv[0], (long)argv, (long)env);
			exit_raw(127);
		}
		reap(pid);
	}
}

static void fork_exec(long n)
{
	execute(n, (char *[]){ "/usr/lib/nros/nothing", NULL });
}

static void fork_busybox(long n)
{
	execute(n, (char *[]){ "/bin/busybox", "true", NULL });
}

static char stack[65536] __attribute__((aligned(16)));
static volatile int tid;

/* A thread that ends at once. On its new stack it must not return, so it never leaves the assembly. */
static long thread_raw(void)
{
	register long r10 __asm__("r10") = (long)&tid;
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(THREAD_FLAGS), "S"(stack + sizeof(stack)), "d"(&tid), "r"(r10),
			   [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return good(result);
}

static void thread(long n)
{
	while (n--) {
		tid = -1;
		thread_raw();
		for (int seen; (seen = tid) != 0;)
			call6(SYS_futex, (long)&tid, FUTEX_WAIT, seen, 0, 0, 0);
	}
}

/* --- memory --- */

static void map_pages(long n, long pages)
{
	while (n--) {
		long at = map(pages);

		touch(at, pages);
		CALL(munmap, at, pages * PAGE, 0);
	}
}

static void map_1(long n)
{
	map_pages(n, 1);
}

static void map_64(long n)
{
	map_pages(n, 64);
}

/* Per page: first touches of fresh memory, the map and unmap around them spread over FAULTS pages. */
static void fault(long n)
{
	for (; n > 0; n -= FAULTS)
		map_pages(1, n < FAULTS ? n : FAULTS);
}

static long one_page;

static void protect_start(void)
{
	one_page = map(1);
	touch(one_page, 1);
}

static void protect(long n)
{
	while (n--) {
		CALL(mprotect, one_page, PAGE, PROT_READ);
		CALL(mprotect, one_page, PAGE, PROT_READ | PROT_WRITE);
		*(volatile char *)one_page = 1;
	}
}

static void protect_stop(void)
{
	CALL(munmap, one_page, PAGE, 0);
}

/* --- files --- */

static int file;

static void make_tree(void)
{
	char path[64];

	mkdir(DIR, 0777);
	for (const char *slash = DEEP + sizeof(DIR); slash; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - DEEP), DEEP);
		mkdir(path, 0777);
	}
	mkdir(DEEP, 0777);
	close(open(DEEP "/leaf", O_CREAT | O_WRONLY, 0666));
	mkdir(DIR "/many", 0777);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), DIR "/many/entry%03d", i);
		close(open(path, O_CREAT | O_WRONLY, 0666));
	}
}

static void file_start(void)
{
	file = CALL(open, DIR "/file", O_CREAT | O_RDWR, 0666);
	for (int i = 0; i < 16; i++)
		CALL(write, file, buffer, PAGE);
}

static void directory_start(void)
{
	file = CALL(open, DIR "/many", O_RDONLY | O_DIRECTORY, 0);
}

static void file_stop(void)
{
	close(file);
}

static void open_close(long n)
{
	while (n--)
		CALL(close, CALL(open, DIR "/file", O_RDONLY, 0), 0, 0);
}

static void open_stat_deep(long n)
{
	struct stat status;

	while (n--) {
		long fd = CALL(open, DEEP "/leaf", O_RDONLY, 0);

		CALL(fstat, fd, &status, 0);
		CALL(close, fd, 0, 0);
	}
}

static void stat_deep(long n)
{
	struct stat status;

	while (n--)
		CALL(stat, DEEP "/leaf", &status, 0);
}

static void read_4k(long n)
{
	while (n--)
		good(call6(SYS_pread64, file, (long)buffer, PAGE, (n & 15) * PAGE, 0, 0));
}

static void write_4k(long n)
{
	while (n--)
		good(call6(SYS_pwrite64, file, (long)buffer, PAGE, (n & 15) * PAGE, 0, 0));
}

static void create_unlink(long n)
{
	while (n--) {
		CALL(close, CALL(open, DIR "/new", O_CREAT | O_EXCL | O_WRONLY, 0666), 0, 0);
		CALL(unlink, DIR "/new", 0, 0);
	}
}

static void list(long n)
{
	while (n--) {
		CALL(lseek, file, 0, SEEK_SET);
		while (CALL(getdents64, file, buffer, 32768) > 0)
			;
	}
}

static const struct item items[] = {
	{ "null", nothing, null_call, nothing },
	{ "clock", nothing, read_clock, nothing },
	{ "signal", signal_start, signal_self, nothing },
	{ "yield", yield_start, yield, yield_stop },
	{ "pipe_alone", alone_start, pipe_alone, alone_stop },
	{ "pipe_pinned", pinned_start, pipe_round, pipe_stop },
	{ "pipe", echo_start, pipe_round, pipe_stop },
	{ "pipe_64k", sink_start, pipe_flow, pipe_stop },
	{ "fork_exit", nothing, fork_exit, nothing },
	{ "fork_exec", nothing, fork_exec, nothing },
	{ "fork_busybox", nothing, fork_busybox, nothing },
	{ "thread", nothing, thread, nothing },
	{ "mmap_1", nothing, map_1, nothing },
	{ "mmap_64", nothing, map_64, nothing },
	{ "fault", nothing, fault, nothing },
	{ "mprotect", protect_start, protect, protect_stop },
	{ "open_close", file_start, open_close, file_stop },
	{ "open_stat_deep", nothing, open_stat_deep, nothing },
	{ "stat_deep", nothing, stat_deep, nothing },
	{ "read_4k", file_start, read_4k, file_stop },
	{ "write_4k", file_start, write_4k, file_stop },
	{ "create_unlink", nothing, create_unlink, nothing },
	{ "getdents_100", directory_start, list, file_stop },
};

#define ITEMS (sizeof(items) / sizeof(items[0]))

/* --- measuring --- */

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long timed(const struct item *item, long n)
{
	long begin = now_ns();

	item->loop(n);
	return now_ns() - begin;
}

/* The count whose loop lasts about a slice; the doubling also warms everything up. */
static long calibrate(const struct item *item)
{
	long n = 1, took;

	while ((took = timed(item, n)) < slice_ns / 4 || (took = timed(item, n)) < slice_ns / 4)
		n *= 2;
	n = (double)n * slice_ns / took;
	return n > 0 ? n : 1;
}

static void measure(const struct item *item)
{
	volatile long best = 0;
	long n, took;
	int error = setjmp(refused);

	if (error) {
		printf("%s failed %d\n", item->name, error);
		return;
	}
	item->start();
	n = calibrate(item);
	for (int i = 0; i < slices; i++) {
		took = timed(item, n);
		if (!best || took < best)
			best = took;
	}
	item->stop();
	printf("%s %.1f %ld\n", item->name, (double)best / n, n);
}

static int wanted(const char *name, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	for (int option; (option = getopt(argc, argv, "t:s:")) != -1;) {
		if (option == 't')
			slice_ns = atof(optarg) * 1e6;
		else if (option == 's')
			slices = atoi(optarg);
		else
			return 2;
	}
	if (slice_ns < 1 || slices < 1)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	make_tree();
	for (unsigned i = 0; i < ITEMS; i++)
		if (wanted(items[i].name, argv + optind))
			measure(&items[i]);
	return 0;
}
