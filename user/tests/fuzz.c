/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * fuzz: makes every system call number many times with random and with typed arguments, and lives.
 *
 * A round is (number, iteration); its arguments depend on the seed and the round alone, so `--call N --round I`
 * repeats one. Four kinds of rounds take turns: all random; all as the call wants them; the same with a bad pointer
 * at one of the pointer arguments, each in turn; the same with one argument random. Workers run the rounds: forked
 * children that stand in a scratch directory with a few descriptors open. What a round does to its worker (a
 * crash, an exit, a block) is no failure: the parent starts another, which goes on with the next round.
 *
 *	parent --fork--> worker: round, round, ... --dies or stands still--> parent: reaps, or kills it, next worker
 *
 * Rounds never aim at what would end the test instead of testing: guards[] gives the calls and the reasons.
 * The parent watches progress without alarms. At the end it prints what was done, and whether the kernel's
 * replicas still agree (/proc/nros/nr, where it exists).
 *
 *	fuzz [--seed S] [--per-call N] [--workers P] [--from N] [--to N] | --call N --round I
 */
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>

enum { CALLS = 461, BATCH = 100, MAX_WORKERS = 16, PLAY_PAGES = 64, STILL_MS = 200, STILL_SHORT_MS = 20 };

/*
 * What the arguments of each call are. f descriptor, p path, b buffer, s its size, i small number, g flags, a address
 * in the playground, z length, t struct timespec, v struct iovec array, P process, S signal, n anything, m mode.
 * Calls that are not here get "nnnnnn".
 */
static const struct { int number; const char *types; } signatures[] = {
	{ 0, "fbs" }, { 1, "fbs" }, { 2, "pgm" }, { 3, "f" }, { 4, "pb" }, { 5, "fb" }, { 6, "pb" }, { 7, "bii" },
	{ 8, "fni" }, { 9, "azgifn" }, { 10, "azi" }, { 11, "az" }, { 12, "a" }, { 13, "Sbbs" }, { 14, "ibbs" },
	{ 15, "" }, { 16, "fgb" }, { 17, "fbsn" }, { 18, "fbsn" }, { 19, "fvi" }, { 20, "fvi" }, { 21, "pi" },
	{ 22, "b" }, { 23, "ibbbt" }, { 24, "" }, { 25, "azzga" }, { 26, "azg" }, { 27, "azb" }, { 28, "azi" },
	{ 29, "isg" }, { 30, "iag" }, { 31, "iib" }, { 67, "a" }, { 253, "" }, { 255, "fi" }, { 294, "g" },
	{ 32, "f" }, { 33, "ff" }, { 34, "" }, { 35, "tb" }, { 36, "ib" }, { 37, "i" }, { 38, "ibb" }, { 39, "" },
	{ 40, "ffbs" }, { 41, "iii" }, { 42, "fbs" }, { 43, "fbb" }, { 44, "fbsgbs" }, { 45, "fbsgbb" },
	{ 46, "fbg" }, { 47, "fbg" }, { 48, "fi" }, { 49, "fbs" }, { 50, "fi" }, { 51, "fbb" }, { 52, "fbb" },
	{ 53, "iiib" }, { 54, "fiibs" }, { 55, "fiibb" }, { 56, "gabba" }, { 57, "" }, { 58, "" }, { 59, "pvv" },
	{ 60, "i" }, { 61, "Pbgb" }, { 62, "PS" }, { 63, "b" }, { 72, "fin" }, { 73, "fi" }, { 74, "f" }, { 75, "f" },
	{ 76, "pn" }, { 77, "fn" }, { 78, "fbs" }, { 79, "bs" }, { 80, "p" }, { 81, "f" }, { 82, "pp" }, { 83, "pm" },
	{ 84, "p" }, { 85, "pm" }, { 86, "pp" }, { 87, "p" }, { 88, "pp" }, { 89, "pbs" }, { 90, "pm" }, { 91, "fm" },
	{ 92, "pii" }, { 93, "fii" }, { 94, "pii" }, { 95, "m" }, { 96, "bb" }, { 97, "ib" }, { 98, "ib" },
	{ 99, "b" }, { 100, "b" }, { 102, "" }, { 103, "ibs" }, { 105, "i" }, { 106, "i" }, { 109, "PP" },
	{ 112, "" }, { 113, "ii" }, { 115, "ib" }, { 116, "ib" }, { 117, "iii" }, { 118, "bbb" }, { 121, "P" },
	{ 124, "P" }, { 127, "bs" }, { 128, "bbts" }, { 130, "bs" }, { 131, "bb" }, { 132, "pb" }, { 133, "pmn" },
	{ 137, "pb" }, { 138, "fb" }, { 140, "iP" }, { 141, "iPi" }, { 157, "innnn" }, { 158, "ga" }, { 160, "ib" },
	{ 161, "p" }, { 170, "bs" }, { 186, "" }, { 200, "PS" }, { 201, "b" }, { 202, "bintbi" }, { 203, "Psb" },
	{ 204, "Psb" }, { 213, "i" }, { 217, "fbs" }, { 218, "b" }, { 221, "fnni" }, { 228, "ib" }, { 229, "ib" },
	{ 230, "iitb" }, { 231, "i" }, { 232, "fbii" }, { 233, "fifb" }, { 234, "PPS" }, { 235, "pb" },
	{ 247, "iPbgb" }, { 251, "iPg" }, { 252, "iP" }, { 254, "fpg" }, { 257, "fpgm" }, { 258, "fpm" }, { 259, "fpmn" }, { 260, "fpiig" },
	{ 261, "fpb" }, { 262, "fpbg" }, { 263, "fpg" }, { 264, "fpfp" }, { 265, "fpfpg" }, { 266, "pfp" },
	{ 267, "fpbs" }, { 268, "fpm" }, { 269, "fpi" }, { 270, "ibbbtb" }, { 271, "bitbs" }, { 272, "g" },
	{ 273, "bs" }, { 275, "fbfbsg" }, { 276, "ffsg" }, { 280, "fpbg" }, { 281, "fbiibs" }, { 282, "fbs" }, { 283, "ig" },
	{ 284, "ig" }, { 286, "fgtb" }, { 287, "fb" }, { 288, "fbbg" }, { 299, "fbigt" }, { 307, "fbig" },
	{ 285, "finn" }, { 290, "ig" }, { 291, "g" }, { 292, "ffg" }, { 293, "bg" }, { 295, "fvin" }, { 296, "fvin" },
	{ 302, "Pibb" }, { 306, "f" }, { 309, "bbb" }, { 314, "Pbg" }, { 316, "fpfpg" }, { 318, "bsg" },
	{ 319, "bg" }, { 322, "fpvvg" }, { 324, "igi" }, { 326, "fbfbsg" }, { 332, "fpgib" }, { 334, "bsgi" },
	{ 424, "fSbg" }, { 434, "Pg" }, { 435, "bs" }, { 436, "iig" }, { 437, "fpbs" }, { 439, "fpig" },
	{ 441, "fbitbs" },
};

/* Calls that get something harmless at one argument, in every kind of round, and why. */
static const struct { int number, argument; long value; const char *why; } guards[] = {
	{ 165, 1, 8, "a mount would hide the files that other rounds use" },
	{ 166, 0, 8, "an unmount would take /proc away" },
	{ 155, 0, 8, "a new root would take everything away" },
	{ 429, 4, -1, "as mount" },
	{ 442, 2, -1, "as mount" },
	{ 163, 0, 8, "accounting writes one record for each process of the test" },
	{ 164, 0, 8, "the watchdog reads the clock" },
	{ 159, 0, 8, "the watchdog reads the clock" },
	{ 227, 1, 8, "the watchdog reads the clock" },
	{ 305, 1, 8, "the watchdog reads the clock" },
	{ 167, 0, 8, "swapping is global" },
	{ 168, 0, 8, "swapping is global" },
	{ 169, 0, 5, "with the right first number it turns the machine off, as asked" },
	{ 246, 1, 1000, "loads another kernel, as asked" },
	{ 320, 0, -1, "loads another kernel, as asked" },
	{ 172, 0, 77, "gives the hardware away, as asked" },
	{ 173, 1, 0, "gives the hardware away, as asked" },
	{ 175, 0, 8, "loads code into the kernel, as asked" },
	{ 313, 0, -1, "loads code into the kernel, as asked" },
	{ 176, 0, 8, "as init_module" },
};

/* Calls whose argument names a process that they change: only the worker itself or nobody. */
static const struct { int number, argument; } processes[] = {
	{ 62, 0 }, { 200, 0 }, { 234, 0 }, { 234, 1 }, { 129, 0 }, { 297, 0 }, { 297, 1 }, { 101, 1 }, { 109, 0 },
	{ 302, 0 }, { 141, 1 }, { 142, 0 }, { 144, 0 }, { 203, 0 }, { 314, 0 }, { 311, 0 }, { 434, 0 }, { 251, 1 },
	{ 256, 0 }, { 279, 0 }, { 448, 0 }, { 440, 0 }, { 424, 0 },
};

static const char *const paths[] = {
	"f", "d", "d/x", ".", "..", "/", "", "link", "loop", "none", "f/x", "d/../f", "null", "fifo", "new", "d/new",
	"/proc/self/status", "/proc/self/exe", "/proc/self/fd/3", "/proc/self/maps", "/proc/meminfo", "long",
};

struct shared {
	uint64_t progress[MAX_WORKERS];
	int done[CALLS];		/* rounds made */
	int next_call;			/* the next number that a worker takes */
	long killed, died;
};

static struct shared *shared;
static uint64_t seed;
static int per_call = 1000, from, to = CALLS;
static char *play, *edge, *guarded, longest[5000];
static const char *signature_of[CALLS];

static long sys(long n, const long *a)
{
	register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static uint64_t next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

/* A number in [0, n). */
static long below(uint64_t *r, long n)
{
	return (long)(next(r) % (uint64_t)n);
}

static long bad_pointer(uint64_t *r)
{
	switch (below(r, 9)) {
	case 0: return 0;
	case 1: return 8;
	case 2: return -1;
	case 3: return -below(r, 4096);
	case 4: return 0x800000000000 - below(r, 64);
	case 5: return (long)0xffff800000000000 + below(r, 1UL << 40);
	case 6: return (long)0xffffffff80000000 + below(r, 1UL << 24);
	case 7: return (long)(edge + 4096 - below(r, 64));	/* begins well, ends in nothing */
	default: return (long)(guarded + below(r, 8192));	/* PROT_NONE, then read-only */
	}
}

static long any_number(uint64_t *r)
{
	static const long interesting[] = { 0, 1, -1, 2, 7, 8, 64, 4095, 4096, 65536, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, 0x7fffffffffffffff, (long)0x8000000000000000, -2, -100, 0x1000000, 0xdeadbeef };

	switch (below(r, 5)) {
	case 0: return (long)next(r);
	case 1: return interesting[below(r, sizeof(interesting) / sizeof(*interesting))];
	case 2: return 1L << below(r, 64);
	case 3: return below(r, 256);
	default: return (long)(play + below(r, PLAY_PAGES * 4096));
	}
}

static long good(char type, uint64_t *r)
{
	long *buffer = (long *)(play + below(r, PLAY_PAGES - 3) * 4096 + (below(r, 8) ? 0 : below(r, 4096)));
	const char *path = paths[below(r, sizeof(paths) / sizeof(*paths))];

	switch (type) {
	case 'f': return below(r, 12) ? below(r, 25) : below(r, 2) ? -100 : any_number(r);
	case 'p': return (long)(strcmp(path, "long") ? path : longest);
	case 'b':
		if (below(r, 2))
			for (int i = 0; i < 32; i++)
				buffer[i] = any_number(r);
		return (long)buffer;
	case 's': return below(r, 4) ? below(r, 5000) : 1L << below(r, 5);
	case 'i': return below(r, 12) - 1;
	case 'g': return below(r, 2) ? 1L << below(r, 32) : (long)(next(r) & next(r) & 0xffffffff);
	case 'a': return below(r, 8) ? (long)(play + below(r, PLAY_PAGES) * 4096) : any_number(r);
	case 'z': return below(r, 8) ? below(r, 16) * 4096 : any_number(r);
	case 't':
		buffer[0] = below(r, 8) ? 0 : any_number(r);
		buffer[1] = below(r, 8) ? below(r, 3000000) : any_number(r);
		return (long)buffer;
	case 'v':
		for (int i = 0; i < 8; i++)
			buffer[i] = i & 1 ? below(r, 300) : (long)(play + below(r, PLAY_PAGES * 4000));
		return (long)buffer;
	case 'S': return below(r, 66);
	case 'm': return below(r, 07777);
	case 'P': return below(r, 2) ? 0x7ffffff0 : 0;
	default: return any_number(r);
	}
}

static bool is_pointer(char type)
{
	return type && strchr("pbtva", type);
}

/* The arguments of a round; depends on the seed, the number and the iteration only. */
static void make_arguments(int number, int iteration, long *a)
{
	uint64_t state = seed ^ (uint64_t)number << 40 ^ (uint64_t)iteration << 8, *r = &state;
	const char *types = signature_of[number] ? signature_of[number] : "nnnnnn";
	int length = (int)strlen(types), kind = iteration % 4, pointers = 0, chosen;
	static const long self_id[] = { 39 };

	for (int i = 0; i < 6; i++)
		a[i] = kind == 0 || i >= length ? any_number(r) : good(types[i], r);
	for (int i = 0; i < length; i++)
		pointers += is_pointer(types[i]);
	chosen = pointers ? iteration / 4 % pointers : -1;
	for (int i = 0; kind == 2 && i < length; i++)
		if (is_pointer(types[i]) && chosen-- == 0)
			a[i] = bad_pointer(r);
	if (kind == 3)
		a[below(r, 6)] = below(r, 2) ? any_number(r) : bad_pointer(r);
	for (size_t i = 0; i < sizeof(guards) / sizeof(*guards); i++)
		if (guards[i].number == number)
			a[guards[i].argument] = guards[i].value;
	for (size_t i = 0; i < sizeof(processes) / sizeof(*processes); i++)
		if (processes[i].number == number)
			a[processes[i].argument] = below(r, 4) ? 0x7ffffff0 : sys(self_id[0], a);
}

/* Sockets and what waits for them, in each state, and who is told of what happens here: a round's descriptors are below 25. */
static void open_sockets(void)
{
	static const int watched[] = { 5, 6, 14, 15, 16, 18, 20 };
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int p[2], ep;

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, p);
	unlink(name.sun_path);
	p[0] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	if (bind(p[0], (struct sockaddr *)&name, sizeof(name)) == 0)
		listen(p[0], 3);
	socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	eventfd(1, EFD_NONBLOCK);
	timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ep = epoll_create1(0);
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++) {
		struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | (i & 1 ? EPOLLET : 0), .data.u64 = i };

		epoll_ctl(ep, EPOLL_CTL_ADD, watched[i], &e);
	}
	inotify_add_watch(inotify_init1(IN_NONBLOCK), ".", IN_ALL_EVENTS);
}

/* A second thread of a worker, that uses the same descriptors while the rounds are made. */
static void *companion(void *arg)
{
	struct epoll_event e[4];
	uint64_t one = 1;
	char buf[64];

	for (int i = 0;; i++) {
		epoll_wait(23, e, 4, 1);
		if (write(14 + i % 10, &one, 8) < 0 || read(14 + i % 10, buf, sizeof(buf)) < 0)
			errno = 0;
	}
	return arg;
}

static void open_descriptors(void)
{
	int p[2];

	open("f", O_RDWR | O_CREAT, 0644);
	open("d", O_RDONLY | O_DIRECTORY);
	if (pipe(p) == 0) {
		fcntl(p[0], F_SETFL, O_NONBLOCK);
		fcntl(p[1], F_SETFL, O_NONBLOCK);
	}
	open("null", O_RDWR);
	open("/dev/zero", O_RDWR);
	open("/dev/urandom", O_RDONLY);
	open("/proc/self/status", O_RDONLY);
	open("fifo", O_RDWR | O_NONBLOCK);
	open("f2", O_RDWR | O_CREAT | O_APPEND, 0600);
	open("/proc", O_RDONLY | O_DIRECTORY);
	open_sockets();
}

static void make_scratch(void)
{
	mkdir("d", 0755);
	close(open("d/x", O_CREAT | O_WRONLY | O_NONBLOCK, 0644));	/* a round may have made it a FIFO */
	if (symlink("f", "link") | symlink("loop", "loop") | mkfifo("fifo", 0600) | mknod("null", S_IFCHR | 0666, 0x103))
		errno = 0;	/* they are there already, or another worker was quicker */
}

/* A worker's process: rounds of one call, at most BATCH of them. */
static void worker(int slot, int number)
{
	struct rlimit memory = { 256 << 20, 256 << 20 }, file = { 16 << 20, 16 << 20 };
	static const long none[6];
	pthread_t other;
	char dir[32];
	long me, a[6];

	setpgid(0, 0);
	snprintf(dir, sizeof(dir), "w%d", slot);
	mkdir(dir, 0755);
	if (chdir(dir))
		_exit(1);
	for (int fd = 0; fd < 3; fd++)
		dup2(open("/dev/null", O_RDWR), fd);
	for (int fd = 3; fd < 30; fd++)
		close(fd);
	signal(SIGXFSZ, SIG_IGN);
	make_scratch();
	open_descriptors();
	setrlimit(RLIMIT_AS, &memory);
	setrlimit(RLIMIT_FSIZE, &file);
	me = sys(SYS_getpid, none);
	if (number % 2 == 0 && number != SYS_exit) /* the first thread's end would not be the worker's */
		pthread_create(&other, NULL, companion, NULL);
	for (int i = 0; i < BATCH && shared->done[number] < per_call; i++) {
		int iteration = shared->done[number]++;

		make_arguments(number, iteration, a);
		sys(number, a);
		if (sys(SYS_getpid, none) != me || sys(SYS_gettid, none) != me)
			sys(SYS_exit_group, none);
		shared->progress[slot]++;
	}
	sys(SYS_exit_group, none);
}

/* --- the parent --- */

struct running { pid_t pid; int number; uint64_t progress; long since; };

static long milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int stopped_at[CALLS];	/* how often the watchdog had to end a round of that number */

/* False: there is nothing left to do for it. */
static bool start(struct running *w, int slot)
{
	while (shared->next_call < to && shared->done[shared->next_call] >= per_call)
		shared->next_call++;
	if (w->number < from || w->number >= to || shared->done[w->number] >= per_call) {
		w->number = shared->next_call;
		if (w->number >= to)
			return false;
		shared->next_call++;
	}
	w->pid = fork();
	if (w->pid == 0)
		worker(slot, w->number);
	if (w->pid < 0)
		w->pid = 0; /* no memory: soon again */
	w->progress = shared->progress[slot];
	w->since = milliseconds();
	return true;
}

static void watch(struct running *w, int slot)
{
	int status, still = stopped_at[w->number] > 5 ? STILL_SHORT_MS : STILL_MS;

	pid_t ended = waitpid(w->pid, &status, WNOHANG);

	if (ended) {
		kill(-w->pid, SIGKILL);
		shared->died += ended > 0 && WIFSIGNALED(status);
		w->pid = 0;
	} else if (shared->progress[slot] != w->progress) {
		w->progress = shared->progress[slot];
		w->since = milliseconds();
	} else if (milliseconds() - w->since > still) {
		kill(w->pid, SIGKILL);
		kill(-w->pid, SIGKILL);
		waitpid(w->pid, &status, 0);
		shared->killed++;
		stopped_at[w->number]++;
		w->pid = 0;
	}
}

static void run_all(int workers)
{
	static struct running w[MAX_WORKERS];
	int busy = 1;

	for (int i = 0; i < workers; i++)
		w[i].number = -1;
	shared->next_call = from;
	while (busy) {
		busy = 0;
		for (int i = 0; i < workers; i++) {
			if (w[i].pid == 0 && !start(&w[i], i))
				continue;
			busy++;
			if (w[i].pid)
				watch(&w[i], i);
		}
		usleep(1000);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)	/* what CLONE_PARENT left */
		;
}

static void prepare(void)
{
	char dir[] = "/tmp/fuzz.XXXXXX";

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* or a long write to `play` would run on into it */
	play = mmap(NULL, PLAY_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	guarded = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 4096, 4096);
	mprotect(guarded + 4096, 4096, PROT_READ);
	memset(longest, 'a', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(signatures) / sizeof(*signatures); i++)
		signature_of[signatures[i].number] = signatures[i].types;
	if (!mkdtemp(dir) || chdir(dir))
		exit(2);
}

static void report_replicas(void)
{
	char line[512];
	FILE *f = fopen("/proc/nros/nr", "r");
	bool equal = true;

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "MISMATCH")) {
			printf("# %s", line);
			equal = false;
		}
	fclose(f);
	fflush(stdout);
	CHECK(equal);
}

static int one_round(int number, int iteration)
{
	long a[6], result;

	make_scratch();
	open_descriptors();
	make_arguments(number, iteration, a);
	printf("call %d(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n", number, a[0], a[1], a[2], a[3], a[4], a[5]);
	fflush(stdout);
	result = sys(number, a);
	dprintf(1, "result %ld\n", result);
	return 0;
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	int workers = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set), call = -1, iteration = 0, least;
	long total = 0;

	seed = (uint64_t)time(NULL);
	for (int i = 1; i + 1 < argc; i += 2) {
		long value = strtol(argv[i + 1], NULL, 0);

		if (!strcmp(argv[i], "--seed"))
			seed = value;
		else if (!strcmp(argv[i], "--per-call"))
			per_call = value;
		else if (!strcmp(argv[i], "--workers"))
			workers = value;
		else if (!strcmp(argv[i], "--from"))
			from = value;
		else if (!strcmp(argv[i], "--to"))
			to = value < CALLS ? value : CALLS;
		else if (!strcmp(argv[i], "--call"))
			call = value;
		else if (!strcmp(argv[i], "--round"))
			iteration = value;
	}
	prepare();
	printf("# fuzz: seed %lu, calls %d-%d, %d rounds each\n", seed, from, to - 1, per_call);
	fflush(stdout);
	if (call >= 0 && call < CALLS)
		return one_round(call, iteration);
	run_all(workers > MAX_WORKERS ? MAX_WORKERS : workers < 1 ? 1 : workers);
	least = per_call;
	for (int i = from; i < to; i++) {
		total += shared->done[i];
		least = shared->done[i] < least ? shared->done[i] : least;
	}
	printf("# %ld calls made; %ld workers ended by a signal, %ld by the watchdog\n", total, shared->died, shared->killed);
	fflush(stdout);
	CHECK(least >= per_call);
	report_replicas();
	IN_CHILD("a process can still be made and end", getppid());
	return tap_end();
}
