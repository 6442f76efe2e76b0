/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * breakers: short programs each of which once stopped this kernel or was told a wrong value by it.
 *
 *	breakers [SECONDS]	how long each race is run (default 1)
 */
#include "tap.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

static double seconds = 1;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- one thread */

/* References of an object are counted per page: 2^32 of them, then one more mapping. */
static void huge_mappings(void)
{
	size_t len = 1ul << 44;
	void *a = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (a == MAP_FAILED) /* a kernel may refuse */
		return;
	CHECK(*(volatile char *)a == 0);
	IN_CHILD("forks with it", CHECK(*(volatile char *)a == 0));
	GOOD(munmap(a, len));
}

static int exec_true(void *arg)
{
	(void)arg;
	execl("/proc/self/exe", "breakers", "--true", (char *)NULL);
	_exit(1);
}

/* exec gives up a descriptor table that it shares with its parent. */
static void exec_with_shared_table(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = (int)GOOD(open("/dev/null", O_RDONLY | O_CLOEXEC)), i;

	for (i = 0; i < 3; i++)
		IS(0, tap_wait(clone(exec_true, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL)));
	GOOD(fcntl(fd, F_GETFD)); /* still open here */
	GOOD(close(fd));
}

static volatile sig_atomic_t ticks;

static void tick(int signo)
{
	(void)signo;
	ticks++;
}

/* A timer whose interval is shorter than its handler takes. */
static void eager_timer(void)
{
	struct itimerval every = { { 0, 1 }, { 0, 1 } }, never = { { 0, 0 }, { 0, 0 } };
	double end = now() + seconds / 2;

	signal(SIGALRM, tick);
	GOOD(setitimer(ITIMER_REAL, &every, NULL));
	while (now() < end)
		;
	GOOD(setitimer(ITIMER_REAL, &never, NULL));
	CHECK(ticks > 0);
}

static void move_to(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	GOOD(sched_setaffinity(0, sizeof(set), &set));
}

/* A lone thread replaces a page on one core; a translation of the old one waits on another. */
static void travelling_writer(void)
{
	int cores = (int)sysconf(_SC_NPROCESSORS_ONLN), i;
	volatile char *p = mmap(NULL, 4096 * 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cpu_set_t all;

	if (cores < 2)
		return;
	GOOD(sched_getaffinity(0, sizeof(all), &all));
	for (i = 0; i < 8; i++) {
		int here = i % cores, there = (i + 1) % cores;

		move_to(here);
		CHECK(p[i * 4096] == 0);
		move_to(there);
		p[i * 4096] = (char)(i + 1);
		move_to(here);
		CHECK(p[i * 4096] == i + 1);
	}
	GOOD(sched_setaffinity(0, sizeof(all), &all));
	GOOD(munmap((void *)p, 4096 * 8));
}

/* ---- races: nothing to check but that the machine, and this process, live on */

static double race_end;

static void *open_close(void *arg)
{
	(void)arg;
	while (now() < race_end) {
		int fd = open("/dev/null", O_RDONLY);

		close(fd);
	}
	return NULL;
}

static void *map_unmap_unlinked(void *arg)
{
	char name[64];

	snprintf(name, sizeof(name), "/tmp/breakers.%d.%p", getpid(), arg);
	while (now() < race_end) {
		int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		char *p;

		if (fd < 0 || ftruncate(fd, 8192))
			break;
		p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		unlink(name);
		close(fd);
		p[0] = 1; /* the mapping alone keeps the file */
		munmap(p, 8192);
	}
	return NULL;
}

static void *fork_wait(void *arg)
{
	(void)arg;
	while (now() < race_end) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			tap_wait(pid);
	}
	return NULL;
}

/* The directory goes while files are made in it and walks begin at it. */
static void *make_in_dir(void *arg)
{
	while (now() < race_end) {
		struct stat st;
		int dir, fd;

		mkdir(arg, 0700);
		dir = open(arg, O_RDONLY | O_DIRECTORY);
		fd = openat(dir, "file", O_CREAT | O_WRONLY, 0600);
		fstatat(dir, "", &st, AT_EMPTY_PATH);
		close(fd);
		unlinkat(dir, "file", 0);
		rmdir(arg);
		fstatat(dir, ".", &st, 0);
		close(dir);
	}
	return NULL;
}

static void *grow_file(void *arg)
{
	static char page[65536];

	while (now() < race_end) {
		int fd = *(int *)arg, i;

		if (ftruncate(fd, 0))
			break;
		memset(page, 'x', sizeof(page));
		for (i = 0; i < 40; i++) /* past 2 MiB: the page tree grows a level */
			if (pwrite(fd, page, sizeof(page), (off_t)i * (off_t)sizeof(page)) < 0)
				break;
	}
	return NULL;
}

static int wrong_bytes;

static void *read_file(void *arg)
{
	char buf[64];
	ssize_t n, i;

	while (now() < race_end)
		for (n = pread(*(int *)arg, buf, sizeof(buf), 0), i = 0; i < n; i++)
			wrong_bytes += buf[i] != 'x' && buf[i] != 0;
	return NULL;
}

static void race(const char *name, void *(*const fn[4])(void *), void *arg)
{
	pthread_t t[4];
	int i, n = 0;

	race_end = now() + seconds;
	for (i = 0; i < 4 && fn[i]; i++, n++)
		pthread_create(&t[i], NULL, fn[i], arg ? arg : &t[i]);
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	tap_result(true, __LINE__, name, "");
}

int main(int argc, char **argv)
{
	int fd;

	if (argc > 1 && !strcmp(argv[1], "--true"))
		return 0;
	if (argc > 1)
		seconds = atof(argv[1]);
	huge_mappings();
	exec_with_shared_table();
	eager_timer();
	travelling_writer();
	race("descriptors close while others fork", (void *(*const[4])(void *)){ open_close, open_close, fork_wait, NULL }, NULL);
	race("mappings go while others fork",
	     (void *(*const[4])(void *)){ map_unmap_unlinked, map_unmap_unlinked, fork_wait, fork_wait }, NULL);
	race("directories go under their users", (void *(*const[4])(void *)){ make_in_dir, make_in_dir, make_in_dir, make_in_dir },
	     "/tmp/breakers.dir");
	fd = (int)GOOD(open("/tmp/breakers.file", O_RDWR | O_CREAT | O_TRUNC, 0600));
	race("a file grows under its readers", (void *(*const[4])(void *)){ grow_file, read_file, read_file, NULL }, &fd);
	IS(0, wrong_bytes);
	return tap_end();
}
