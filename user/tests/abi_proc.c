/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* abi_proc: /proc and /sys as programs use them: links that lead somewhere, threads, permissions, what is gone. */
#include "tap.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

static char text[65536];

/* The file's contents as a string in `text`; its length or -1. */
static ssize_t slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n, total = 0;

	if (fd < 0)
		return -1;
	while ((n = read(fd, text + total, sizeof(text) - 1 - total)) > 0)
		total += n;
	close(fd);
	text[total] = 0;
	return n < 0 ? -1 : total;
}

static const char *print(const char *format, ...)
{
	static char buf[4][256];
	static int next;
	va_list ap;

	next = (next + 1) % 4;
	va_start(ap, format);
	vsnprintf(buf[next], sizeof(buf[next]), format, ap);
	va_end(ap);
	return buf[next];
}

/* Is this the link's text? */
static bool leads(const char *path, const char *want)
{
	char got[512];
	ssize_t n = readlink(path, got, sizeof(got) - 1);

	got[n < 0 ? 0 : n] = 0;
	if (n >= 0 && !strcmp(got, want))
		return true;
	dprintf(1, "# %s leads to '%s', not '%s'\n", path, got, want);
	return false;
}

static bool listed(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && (e = readdir(d)))
		found |= !strcmp(e->d_name, name);
	if (d)
		closedir(d);
	return found;
}

/* The value of a "Name:\tvalue" line, as a number in this base. */
static long field(const char *name, int base)
{
	char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, base) : -1;
}

/* --- links --- */

static void test_self(void)
{
	char self[16];

	snprintf(self, sizeof(self), "%d", getpid());
	CHECK(leads("/proc/self", self));
	CHECK(leads("/proc/thread-self", print("%d/task/%d", getpid(), getpid())));
	CHECK(leads("/proc/mounts", "self/mounts"));
	CHECK(listed("/proc", self));
	CHECK(!listed("/proc", "0"));
	FAILS(ENOENT, open("/proc/0", O_RDONLY));
	FAILS(ENOENT, open("/proc/01", O_RDONLY));
	FAILS(ENOENT, open("/proc/4194303/stat", O_RDONLY));
	FAILS(ENOTDIR, open("/proc/version/x", O_RDONLY));
	FAILS(EISDIR, open("/proc/self", O_RDWR));
	FAILS(ELOOP, open("/proc/self", O_RDONLY | O_NOFOLLOW));
}

static void test_exe(void)
{
	struct stat a, b;
	char path[256];
	ssize_t n = GOOD(readlink("/proc/self/exe", path, sizeof(path) - 1));

	path[n] = 0;
	GOOD(stat(path, &a));
	GOOD(stat("/proc/self/exe", &b));
	CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev && b.st_size > 1000);
	GOOD(lstat("/proc/self/exe", &b));
	CHECK(S_ISLNK(b.st_mode) && (b.st_mode & 0777) == 0777);
}

static void test_directories(void)
{
	char link[64];
	int fd;

	mkdir("/tmp/abi_proc", 0755);
	GOOD(chdir("/tmp/abi_proc"));
	CHECK(leads("/proc/self/cwd", "/tmp/abi_proc"));
	CHECK(leads("/proc/self/root", "/"));
	fd = GOOD(open("/proc/self/cwd/f", O_RDWR | O_CREAT, 0644));
	GOOD(access("/tmp/abi_proc/f", F_OK));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(leads(link, "/tmp/abi_proc/f"));
	GOOD(rename("f", "g"));
	CHECK(leads(link, "/tmp/abi_proc/g"));
	GOOD(rename("g", "f"));
	GOOD(unlink("f"));
	CHECK(leads(link, "/tmp/abi_proc/f (deleted)"));
	GOOD(write(fd, "data", 4));
	GOOD(slurp(link)); /* still there through the link */
	CHECK(!strcmp(text, "data"));
	close(fd);
	GOOD(chdir("/proc/self"));
	CHECK(leads("cwd", print("/proc/%d", getpid())));
	GOOD(chdir("fd"));
	CHECK(getcwd(text, sizeof(text)) && !strcmp(text, print("/proc/%d/fd", getpid())));
	GOOD(chdir("../../.."));
	CHECK(getcwd(text, sizeof(text)) && !strcmp(text, "/"));
	rmdir("/tmp/abi_proc");
}

static void test_descriptors(void)
{
	int ends[2], dir, fd;
	struct stat st;
	char link[64];

	GOOD(pipe(ends));
	snprintf(link, sizeof(link), "/proc/self/fd/%d", ends[0]);
	GOOD(fstat(ends[0], &st));
	CHECK(leads(link, print("pipe:[%lu]", (unsigned long)st.st_ino)));
	GOOD(lstat(link, &st));
	CHECK((st.st_mode & 0777) == 0500 && st.st_size == 64);
	fd = GOOD(open(print("/proc/self/fd/%d", ends[1]), O_WRONLY)); /* one more writer */
	close(ends[1]);
	GOOD(write(fd, "x", 1));
	IS(1, read(ends[0], text, 1));
	close(fd);
	close(ends[0]);
	FAILS(ENOENT, readlink(link, text, sizeof(text)));
	dir = GOOD(open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY));
	fd = GOOD(openat(dir, print("%d", dir), O_RDONLY));
	close(fd);
	CHECK(listed("/proc/self/fd", print("%d", dir)));
	close(dir);
	fd = GOOD(open("/tmp/abi_offset", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	GOOD(write(fd, "12345", 5));
	GOOD(slurp(print("/proc/self/fdinfo/%d", fd)));
	CHECK(field("pos:\t", 10) == 5 && field("flags:\t", 8) == 02100002);
	close(fd);
	unlink("/tmp/abi_offset");
}

/* --- processes and threads --- */

static volatile int thread_tid;
static volatile bool thread_leave;

static void *thread_main(void *arg)
{
	prctl(PR_SET_NAME, "second");
	thread_tid = syscall(SYS_gettid);
	while (!thread_leave)
		usleep(1000);
	return arg;
}

static void test_threads(void)
{
	char tid[16], path[64];
	pthread_t t;

	pthread_create(&t, NULL, thread_main, NULL);
	while (!thread_tid)
		usleep(1000);
	snprintf(tid, sizeof(tid), "%d", thread_tid);
	CHECK(listed("/proc/self/task", tid));
	CHECK(!listed("/proc", tid));
	snprintf(path, sizeof(path), "/proc/%s/status", tid);
	GOOD(slurp(path));
	CHECK(field("Pid:\t", 10) == thread_tid || field("\nPid:\t", 10) == thread_tid);
	CHECK(field("Tgid:\t", 10) == getpid() && field("Threads:\t", 10) == 2);
	snprintf(path, sizeof(path), "/proc/self/task/%s/stat", tid);
	GOOD(slurp(path));
	CHECK(atoi(text) == thread_tid);
	FAILS(ENOENT, access(print("/proc/1/task/%s", tid), F_OK));
	thread_leave = true;
	pthread_join(t, NULL);
	for (int tries = 0; listed("/proc/self/task", tid) && tries < PATIENCE; tries++)
		usleep(1000);
	FAILS(ENOENT, open(path, O_RDONLY));
}

static void test_child(void)
{
	char path[64];
	int fd, dir;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = GOOD(open(path, O_RDONLY | O_DIRECTORY));
	fd = GOOD(openat(dir, "stat", O_RDONLY));
	GOOD(slurp(print("/proc/self/task/%d/children", getpid())));
	CHECK(strstr(text, print("%d ", pid)));
	kill(pid, SIGKILL);
	waitid(P_PID, pid, (siginfo_t *)text, WEXITED | WNOWAIT);
	GOOD(slurp(print("%s/status", path)));
	CHECK(strstr(text, "State:\tZ (zombie)"));
	IS(0, slurp(print("%s/cmdline", path)));
	FAILS(ENOENT, readlink(print("%s/exe", path), text, 10));
	waitpid(pid, NULL, 0);
	FAILS(ESRCH, read(fd, text, 10));
	FAILS(ESRCH, openat(dir, "stat", O_RDONLY));
	FAILS(ENOENT, open(path, O_RDONLY));
	close(fd);
	close(dir);
}

static void test_names(void)
{
	int fd;

	GOOD(prctl(PR_SET_NAME, "some name"));
	GOOD(slurp("/proc/self/comm"));
	CHECK(!strcmp(text, "some name\n"));
	GOOD(slurp("/proc/self/stat"));
	CHECK(strstr(text, " (some name) "));
	fd = GOOD(open("/proc/self/comm", O_WRONLY));
	GOOD(write(fd, "a very long name indeed", 23));
	close(fd);
	GOOD(slurp("/proc/self/comm"));
	CHECK(!strcmp(text, "a very long nam\n"));
}

static void test_stat_fields(void)
{
	char *at;
	int count = 0;

	GOOD(slurp("/proc/self/stat"));
	for (at = strtok(strrchr(text, ')') + 1, " \n"); at; at = strtok(NULL, " \n"))
		count++;
	CHECK(count == 50); /* 52 with the first two */
}

/* --- address space --- */

static void test_maps(void)
{
	void *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *shared;
	char line[64];
	int fd = GOOD(open("/tmp/abi_map", O_RDWR | O_CREAT, 0600));

	ftruncate(fd, 8192);
	shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
	mprotect(page, 4096, PROT_NONE);
	GOOD(slurp("/proc/self/maps"));
	snprintf(line, sizeof(line), "%08lx-%08lx ---p 00000000 00:00 0 \n", (long)page, (long)page + 4096);
	CHECK(strstr(text, line));
	snprintf(line, sizeof(line), "%08lx-%08lx r--s 00001000 ", (long)shared, (long)shared + 4096);
	CHECK(strstr(text, line) && strstr(strstr(text, line), " /tmp/abi_map\n"));
	CHECK(strstr(text, "                          [stack]\n"));
	GOOD(slurp("/proc/self/smaps"));
	CHECK(strstr(text, "Rss:            "));
	GOOD(slurp("/proc/self/status"));
	CHECK(field("VmSize:\t", 10) > 8 && field("VmRSS:\t", 10) > 8);
	munmap(page, 8192);
	munmap(shared, 4096);
	close(fd);
	unlink("/tmp/abi_map");
}

/* --- permissions --- */

static void as_other(void)
{
	struct stat st;

	GOOD(setgid(1000));
	GOOD(setuid(1000));
	FAILS(EACCES, open("/proc/1/environ", O_RDONLY));
	FAILS(EACCES, open("/proc/1/fd", O_RDONLY));
	FAILS(EACCES, readlink("/proc/1/exe", text, 10));
	FAILS(EACCES, readlink("/proc/1/cwd", text, 10));
	GOOD(slurp("/proc/1/stat"));
	GOOD(slurp("/proc/1/status"));
	CHECK(field("Uid:\t", 10) == 0);
	FAILS(EACCES, open("/proc/sysrq-trigger", O_WRONLY));
	FAILS(EACCES, open("/proc/sys/kernel/hostname", O_WRONLY));
	GOOD(slurp("/proc/sys/kernel/hostname"));
	FAILS(EACCES, open("/proc/kmsg", O_RDONLY));
	GOOD(stat(print("/proc/%d", getppid()), &st));
	CHECK(st.st_uid == 0);
	FAILS(EACCES, open("/sys/devices/system/cpu/online", O_WRONLY));
}

static void test_permissions(void)
{
	struct stat st;

	GOOD(stat("/proc/self/fd", &st));
	CHECK(st.st_mode == (S_IFDIR | 0500));
	GOOD(stat("/proc/self/environ", &st));
	CHECK(st.st_mode == (S_IFREG | 0400));
	GOOD(stat("/proc/self/stat", &st));
	CHECK(st.st_mode == (S_IFREG | 0444) && st.st_size == 0);
	FAILS(EACCES, open("/sys/devices/system/cpu/online", O_WRONLY));
	FAILS(ENOENT, open("/proc/new", O_WRONLY | O_CREAT, 0644));
	FAILS(EPERM, unlink("/proc/version"));
	IN_CHILD("another user", as_other());
}

/* --- reading --- */

static void test_reading(void)
{
	char one[4096], two[4096];
	struct statfs fs;
	int fd = GOOD(open("/proc/version", O_RDONLY)), n, m;

	n = read(fd, one, sizeof(one));
	for (m = 0; read(fd, two + m, 1) == 1; m++)
		;
	CHECK(m == 0);
	GOOD(lseek(fd, 0, SEEK_SET));
	for (m = 0; read(fd, two + m, 1) == 1; m++)
		;
	CHECK(m == n && !memcmp(one, two, n));
	IS(5, pread(fd, two, 5, 6));
	CHECK(!memcmp(two, one + 6, 5));
	close(fd);
	GOOD(statfs("/proc", &fs));
	CHECK(fs.f_type == 0x9fa0);
	GOOD(statfs("/sys", &fs));
	CHECK(fs.f_type == 0x62656572);
	GOOD(slurp("/proc/uptime"));
	CHECK(atof(text) > 0);
	GOOD(slurp("/proc/loadavg"));
	CHECK(strchr(text, '/'));
	GOOD(slurp("/proc/filesystems"));
	CHECK(strstr(text, "nodev\tproc\n"));
	GOOD(slurp("/sys/devices/system/cpu/online"));
	GOOD(slurp("/sys/devices/system/node/node0/cpulist"));
}

/* --- what a process has read and written; how dear it is when memory is out --- */

static void test_io(void)
{
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
	long before[4], i;
	char buf[100];

	slurp("/proc/self/io");
	for (i = 0; i < 4; i++)
		before[i] = field((const char *[]){ "rchar: ", "wchar: ", "syscr: ", "syscw: " }[i], 10);
	read(zero, buf, 100);
	pread(zero, buf, 7, 0);
	write(null, buf, 11);
	read(zero, BAD, 1);
	i = slurp("/proc/self/io"); /* it shows the two reads of the last slurp, and none of its own */
	CHECK(field("rchar: ", 10) >= before[0] + 107 && field("rchar: ", 10) <= before[0] + 107 + i + 8);
	CHECK(field("wchar: ", 10) == before[1] + 11);
	CHECK(field("syscr: ", 10) == before[2] + 3 + 2);
	CHECK(field("syscw: ", 10) == before[3] + 1);
	CHECK(slurp("/proc/thread-self/io") > 0 && slurp("/proc/self/task/1/io") < 0);
	close(null);
	close(zero);
}

static long put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	long r = write(fd, value, strlen(value));

	close(fd);
	return r;
}

static void test_oom_adj(void)
{
	static const char file[] = "/proc/self/oom_score_adj";

	slurp(file);
	CHECK(!strcmp(text, "0\n"));
	IN_CHILD("oom_score_adj", {
		IS(4, put(file, "500\n"));
		IS(3, put(file, "-17"));
		FAILS(EINVAL, put(file, "1001"));
		FAILS(EINVAL, put(file, "-1001"));
		FAILS(EINVAL, put(file, "x"));
		IN_CHILD("inherits it", CHECK(slurp(file) == 4 && !strcmp(text, "-17\n")));
		int fd = open(file, O_WRONLY);

		setuid(1234);
		IS(2, write(fd, "20", 2));
		IS(3, pwrite(fd, "-17", 3, 0));
		FAILS(EACCES, pwrite(fd, "-18", 3, 0));
	});
	slurp(file);
	CHECK(!strcmp(text, "0\n"));
}

int main(void)
{
	test_io();
	test_oom_adj();
	test_self();
	test_exe();
	test_directories();
	test_descriptors();
	test_threads();
	test_child();
	test_names();
	test_stat_fields();
	test_maps();
	test_permissions();
	test_reading();
	return tap_end();
}
