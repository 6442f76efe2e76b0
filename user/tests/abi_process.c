/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_process: fork, clone, execve, exit, wait, ids, groups, sessions, limits, scheduling, futexes, clocks and the
 * rest of a process's own affairs: good use and each errno. Passes on Linux, as root; `abi_process child ...` is
 * what the tests of execve run.
 */
#include "tap.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>

enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_OP_PRIVATE = 133 };

extern char **environ;

static pid_t spawn_exit(int status)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(status);
	return pid;
}

static void test_wait(void)
{
	int status = 0;
	struct rusage usage;
	siginfo_t info = { 0 };
	pid_t pid = spawn_exit(7), other;

	IS(pid, wait4(pid, &status, 0, &usage));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	FAILS(ECHILD, wait4(pid, &status, 0, NULL));
	FAILS(ECHILD, wait4(-1, &status, WNOHANG, NULL));
	FAILS(EINVAL, wait4(-1, &status, 0x100, NULL));
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	IS(0, wait4(pid, &status, WNOHANG, NULL));
	kill(pid, SIGSTOP);
	IS(pid, wait4(pid, &status, WUNTRACED, NULL));
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	kill(pid, SIGCONT);
	IS(pid, wait4(pid, &status, WCONTINUED, NULL));
	CHECK(WIFCONTINUED(status));
	kill(pid, SIGKILL);
	IS(pid, wait4(-1, &status, 0, NULL));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	pid = spawn_exit(1);
	other = spawn_exit(2);
	IS(other, wait4(other, &status, 0, NULL));
	IS(pid, wait4(0, &status, 0, NULL));
	pid = spawn_exit(300);
	IS(0, waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK(info.si_pid == pid && info.si_status == (300 & 255) && info.si_code == CLD_EXITED);
	IS(pid, wait4(pid, &status, 0, NULL));
	FAILS(EINVAL, waitid(P_PID, pid, &info, 0));
	FAILS(ECHILD, waitid(P_ALL, 0, &info, WEXITED));
	pid = spawn_exit(0);
	FAILS(EFAULT, syscall(SYS_wait4, pid, BAD_KERNEL, 0, NULL));
	while (wait(NULL) > 0)
		;
}

static void test_exec(const char *self)
{
	char *const args[] = { "child", "one", "two words", "", NULL }, *const env[] = { "A=b", NULL };
	char *const none[] = { NULL };
	int fd = open("text", O_CREAT | O_RDWR, 0755), status;
	static char huge[200000];
	pid_t pid;

	FAILS(ENOENT, execve("none", args, env));
	FAILS(EACCES, execve("/", args, env));
	FAILS(EFAULT, execve(BAD, args, env));
	FAILS(EFAULT, execve(self, BAD, env));
	FAILS(EFAULT, execve(self, args, BAD));
	FAILS(ENOTDIR, execve("text/x", args, env));
	FAILS(ENOENT, execve("", args, env));
	FAILS(EACCES, execve("/dev/null", args, env));
	if (write(fd, "just text\n", 10) < 0)
		return;
	FAILS(ETXTBSY, execve("text", args, env));
	close(fd);
	FAILS(ENOEXEC, execve("text", args, env));
	chmod("text", 0644);
	FAILS(EACCES, execve("text", args, env));
	memset(huge, 'x', sizeof(huge) - 1);
	char *const big[] = { huge, NULL };
	IN_CHILD("an argument of 200,000 bytes", FAILS(E2BIG, execve(self, big, env)));
	if ((pid = fork()) == 0) {
		fcntl(open("/", O_RDONLY), F_DUPFD, 70);
		fcntl(open("/", O_RDONLY), F_DUPFD_CLOEXEC, 71);
		signal(SIGUSR1, SIG_IGN);
		signal(SIGUSR2, (void (*)(int))abort);
		execve(self, args, env);
		_exit(99);
	}
	status = tap_wait(pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	if ((pid = vfork()) == 0) {
		execve(self, none, env);
		_exit(99);
	}
	status = tap_wait(pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 43);
}

/* What the program started by test_exec checks of itself. */
static int exec_child(int argc, char **argv)
{
	struct sigaction a;

	if (argc <= 1)
		return 43;
	if (argc != 4 || strcmp(argv[1], "one") || strcmp(argv[2], "two words") || *argv[3] || !environ[0] ||
	    strcmp(environ[0], "A=b") || environ[1])
		return 1;
	if (fcntl(70, F_GETFD) != 0 || fcntl(71, F_GETFD) != -1)
		return 2;
	if (sigaction(SIGUSR1, NULL, &a) || a.sa_handler != SIG_IGN || sigaction(SIGUSR2, NULL, &a) ||
	    a.sa_handler != SIG_DFL)
		return 3;
	return 42;
}

static int shared_value;
static char stack[65536] __attribute__((aligned(16)));

static int thread_body(void *argument)
{
	shared_value += *(int *)argument;
	return 5;
}

static void test_clone(void)
{
	int five = 5, status, tid = -1, parent = -1;
	pid_t pid;

	pid = clone(thread_body, stack + sizeof(stack), CLONE_VM | SIGCHLD, &five);
	CHECK(pid > 0);
	status = tap_wait(pid);
	CHECK(WEXITSTATUS(status) == 5 && shared_value == 5);
	pid = clone(thread_body, stack + sizeof(stack), SIGCHLD, &five);
	tap_wait(pid);
	CHECK(shared_value == 5);
	pid = clone(thread_body, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &five);
	CHECK(shared_value == 10);
	tap_wait(pid);
	pid = clone(thread_body, stack + sizeof(stack), CLONE_PARENT_SETTID | SIGCHLD, &five, &parent, NULL, NULL);
	CHECK(parent == pid);
	tap_wait(pid);
	tid = -1;
	pid = clone(thread_body, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, &five, &tid, NULL, &tid);
	CHECK(pid > 0);
	while (*(volatile int *)&tid)
		syscall(SYS_futex, &tid, FUTEX_WAIT, pid, NULL);
	CHECK(shared_value == 15);
	FAILS(ECHILD, waitpid(pid, NULL, 0));
	FAILS(EINVAL, syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
	FAILS(EINVAL, syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
	pid = fork();
	if (pid == 0)
		_exit(getppid() == 1 ? 1 : syscall(SYS_gettid) == getpid() ? 0 : 2);
	CHECK(tap_wait(pid) == 0);
}

static void test_ids(void)
{
	gid_t groups[3] = { 5, 6, 7 }, got[8];
	uid_t r, e, s;

	CHECK(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
	CHECK(getpid() > 0 && getppid() > 0 && syscall(SYS_gettid) == getpid());
	IN_CHILD("groups and ids", {
		GOOD(setgroups(3, groups));
		IS(3, getgroups(8, got));
		CHECK(got[0] == 5 && got[2] == 7);
		IS(3, getgroups(0, NULL));
		FAILS(EINVAL, getgroups(2, got));
		FAILS(EINVAL, setgroups(70000, groups));
		FAILS(EFAULT, syscall(SYS_setgroups, 2, BAD));
		GOOD(setgid(1000));
		GOOD(syscall(SYS_setresuid, 1000, 1000, 0));
		CHECK(geteuid() == 1000 && getegid() == 1000);
		GOOD(syscall(SYS_setresuid, -1, 0, -1));
		GOOD(syscall(SYS_setuid, 1000));
		FAILS(EPERM, syscall(SYS_setuid, 0));
		FAILS(EPERM, syscall(SYS_setgid, 0));
		FAILS(EPERM, setgroups(1, groups));
		GOOD(syscall(SYS_setuid, 1000));
		GOOD(getresuid(&r, &e, &s));
		CHECK(r == 1000 && e == 1000 && s == 1000);
		FAILS(EPERM, sethostname("x", 1));
		FAILS(EPERM, kill(1, SIGTERM));
		FAILS(EACCES, setpriority(PRIO_PROCESS, 0, -5));
	});
}

/* Who has reaped a parent and tells its child finds that the child knows already. */
static void test_parent(void)
{
	int go[2], answer[2];
	pid_t middle;
	char good = 0;

	GOOD(pipe(go));
	GOOD(pipe(answer));
	middle = fork();
	if (middle == 0) {
		pid_t parent = getpid();

		if (fork())
			for (;;)
				pause();
		good = getppid() == parent && getppid() == parent;
		if (write(answer[1], &good, 1) != 1 || read(go[0], &good, 1) != 1)
			_exit(1);
		good = getppid() == 1 && getppid() == 1;
		_exit(write(answer[1], &good, 1) != 1);
	}
	CHECK(read(answer[0], &good, 1) == 1 && good);
	GOOD(kill(middle, SIGKILL));
	tap_wait(middle);
	IS(1, write(go[1], &good, 1));
	CHECK(read(answer[0], &good, 1) == 1 && good);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(answer[i]);
	}
}

static void test_groups(void)
{
	pid_t pid;
	int status, p[2];

	CHECK(getpgrp() == getpgid(0) && getsid(0) > 0);
	FAILS(ESRCH, getpgid(999999));
	FAILS(ESRCH, getsid(999999));
	FAILS(ESRCH, setpgid(999999, 0));
	FAILS(EINVAL, setpgid(0, -1));
	IN_CHILD("session", {
		GOOD(setpgid(0, 0));
		CHECK(getpgrp() == getpid());
		FAILS(EPERM, setsid());
		FAILS(EPERM, setpgid(0, 999999));
		pid = fork();
		if (pid == 0) {
			if (setsid() != getpid() || getpgrp() != getpid() || getsid(0) != getpid())
				_exit(1);
			_exit(setpgid(0, 0) == -1 && errno == EPERM ? 0 : 2);
		}
		CHECK(tap_wait(pid) == 0);
	});
	GOOD(pipe(p));
	pid = fork();
	if (pid == 0) {
		char c;

		close(p[1]);
		_exit(read(p[0], &c, 1));
	}
	GOOD(setpgid(pid, pid));
	IS(pid, getpgid(pid));
	GOOD(kill(-pid, SIGTERM));
	status = tap_wait(pid);
	CHECK(WTERMSIG(status) == SIGTERM);
	close(p[0]);
	close(p[1]);
}

static void test_limits(void)
{
	struct { uint64_t soft, hard; } limit, low = { 100, 100 }, wrong = { 200, 100 };

	GOOD(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit));
	CHECK(limit.soft <= limit.hard && limit.soft >= 256);
	GOOD(syscall(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &limit));
	CHECK(limit.soft == 8 << 20);
	FAILS(EINVAL, syscall(SYS_prlimit64, 0, 99, NULL, &limit));
	FAILS(EINVAL, syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &wrong, NULL));
	FAILS(EFAULT, syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, BAD));
	FAILS(ESRCH, syscall(SYS_prlimit64, 999999, RLIMIT_NOFILE, NULL, &limit));
	IN_CHILD("lowering is for ever", {
		GOOD(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &low, NULL));
		GOOD(setuid(1000));
		low.hard = 200;
		FAILS(EPERM, syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &low, NULL));
	});
}

/* Classes are 1 real time, 2 best effort, 3 idle, in bits 13 and up; whom: 1 a process, 2 a group, 3 a user. */
static void test_ioprio(void)
{
	IS(0, syscall(SYS_ioprio_get, 1, 0));
	IN_CHILD("ioprio", {
		setpgid(0, 0);
		IS(2 << 13 | 4, syscall(SYS_ioprio_get, 2, 0)); /* from its nice value */
		GOOD(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6));
		IS(2 << 13 | 6, syscall(SYS_ioprio_get, 1, getpid()));
		IN_CHILD("inherits it", IS(2 << 13 | 6, syscall(SYS_ioprio_get, 1, 0)));
		GOOD(syscall(SYS_ioprio_set, 2, 0, 3 << 13));
		IS(3 << 13, syscall(SYS_ioprio_get, 2, 0));
		GOOD(syscall(SYS_ioprio_set, 1, 0, 0));
		FAILS(EINVAL, syscall(SYS_ioprio_set, 1, 0, 7 << 13));
		FAILS(EINVAL, syscall(SYS_ioprio_set, 1, 0, 3));
		FAILS(EINVAL, syscall(SYS_ioprio_set, 0, 0, 2 << 13));
		FAILS(EINVAL, syscall(SYS_ioprio_get, 4, 0));
		FAILS(ESRCH, syscall(SYS_ioprio_get, 1, 999999));
		setuid(1234);
		FAILS(EPERM, syscall(SYS_ioprio_set, 1, 0, 1 << 13));
		FAILS(EPERM, syscall(SYS_ioprio_set, 1, getppid(), 2 << 13));
	});
}

static void test_scheduling(void)
{
	unsigned long mask[16] = { 0 }, one[16] = { 1 }, zero[16] = { 0 };

	CHECK(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) > 0 && (mask[0] & 1));
	GOOD(syscall(SYS_sched_setaffinity, 0, sizeof(one), one));
	syscall(SYS_sched_getaffinity, 0, sizeof(zero), zero);
	CHECK(zero[0] == 1);
	GOOD(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	memset(zero, 0, sizeof(zero));
	FAILS(EINVAL, syscall(SYS_sched_setaffinity, 0, sizeof(zero), zero));
	FAILS(EFAULT, syscall(SYS_sched_setaffinity, 0, sizeof(zero), BAD));
	FAILS(ESRCH, syscall(SYS_sched_setaffinity, 999999, sizeof(mask), mask));
	FAILS(EINVAL, syscall(SYS_sched_getaffinity, 0, 3, mask));
	GOOD(syscall(SYS_sched_yield));
	IS(20, syscall(SYS_getpriority, PRIO_PROCESS, 0));
	IN_CHILD("nice", {
		GOOD(setpriority(PRIO_PROCESS, 0, 7));
		IS(13, syscall(SYS_getpriority, PRIO_PROCESS, 0));
	});
	test_ioprio();
	FAILS(ESRCH, syscall(SYS_getpriority, PRIO_PROCESS, 999999));
	FAILS(EINVAL, syscall(SYS_getpriority, 77, 0));
}

static void test_clocks(void)
{
	struct timespec a, b, wait = { 0, 20000000 }, bad = { 0, 1000000000 }, left;
	struct timeval tv;
	struct rusage usage;
	struct tms tms;

	GOOD(clock_gettime(CLOCK_MONOTONIC, &a));
	GOOD(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &wait, &left));
	GOOD(nanosleep(&wait, NULL));
	GOOD(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &b));
	CHECK((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec >= 40000000);
	b.tv_nsec = 0;
	GOOD(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &b, NULL));
	FAILS(EINVAL, syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &bad, NULL));
	FAILS(EINVAL, syscall(SYS_clock_nanosleep, 999, 0, &wait, NULL));
	FAILS(EFAULT, syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, BAD, NULL));
	FAILS(EINVAL, syscall(SYS_clock_gettime, 999, &a));
	FAILS(EFAULT, syscall(SYS_clock_gettime, CLOCK_REALTIME, BAD));
	GOOD(syscall(SYS_gettimeofday, &tv, NULL));
	CHECK(tv.tv_sec > 1600000000 && syscall(SYS_time, NULL) >= tv.tv_sec - 1); /* time's clock is the coarse one */
	GOOD(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a));
	GOOD(clock_getres(CLOCK_MONOTONIC, &b));
	GOOD(getrusage(RUSAGE_SELF, &usage));
	GOOD(getrusage(RUSAGE_CHILDREN, &usage));
	FAILS(EINVAL, getrusage(77, &usage));
	CHECK(times(&tms) != -1);
}

static void test_system(void)
{
	struct utsname u;
	struct sysinfo info;
	char random[64] = { 0 }, name[65];

	GOOD(uname(&u));
	CHECK(strcmp(u.sysname, "Linux") == 0 && strcmp(u.machine, "x86_64") == 0 && *u.release && *u.nodename);
	FAILS(EFAULT, syscall(SYS_uname, BAD));
	strcpy(name, u.nodename);
	GOOD(sethostname("another", 7));
	uname(&u);
	CHECK(strcmp(u.nodename, "another") == 0);
	FAILS(EINVAL, sethostname("x", 65));
	GOOD(sethostname(name, strlen(name)));
	GOOD(sysinfo(&info));
	CHECK(info.totalram > 0 && info.freeram <= info.totalram && info.mem_unit >= 1 && info.procs >= 1);
	FAILS(EFAULT, syscall(SYS_sysinfo, BAD));
	IS(64, syscall(SYS_getrandom, random, 64, 0));
	FAILS(EFAULT, syscall(SYS_getrandom, BAD, 64, 0));
	FAILS(EINVAL, syscall(SYS_getrandom, random, 64, 0x80));
	GOOD(prctl(PR_SET_NAME, "renamed", 0, 0, 0));
	GOOD(prctl(PR_GET_NAME, name, 0, 0, 0));
	CHECK(strcmp(name, "renamed") == 0);
	FAILS(EINVAL, prctl(0x7fffffff, 0, 0, 0, 0));
	FAILS(EFAULT, prctl(PR_SET_NAME, BAD, 0, 0, 0));
	FAILS(ENOSYS, syscall(1000));
	FAILS(ENOSYS, syscall(-1));
	FAILS(EINVAL, syscall(SYS_arch_prctl, 0x9999, 0));
	FAILS(EPERM, syscall(SYS_arch_prctl, 0x1002, BAD_KERNEL));
	IS(getpid(), syscall(SYS_set_tid_address, &info));
	GOOD(syscall(SYS_set_robust_list, &info, 24));
	FAILS(EINVAL, syscall(SYS_set_robust_list, &info, 23));
	FAILS(EINVAL, syscall(SYS_rseq, &info, 7, 0, 0));
}

static void *wait_on(void *word)
{
	return (void *)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 5, NULL);
}

/* op, comparison, operand and comparand of FUTEX_WAKE_OP. */
static long wake_op(uint32_t *first, uint32_t *second, unsigned op, unsigned compare, int operand, int comparand)
{
	unsigned how = op << 28 | compare << 24 | ((unsigned)operand & 4095) << 12 | ((unsigned)comparand & 4095);

	return syscall(SYS_futex, first, FUTEX_WAKE_OP_PRIVATE, 10, 10L, second, how);
}

static void test_wake_op(void)
{
	static uint32_t words[2] = { 5, 5 };
	long woken = 0;
	pthread_t t[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, wait_on, &words[i]);
	while (woken < 2) /* until both sleep; the words are changed to what they are */
		woken += wake_op(&words[0], &words[1], 0, 0, 5, 5);
	CHECK(woken == 2);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	IS(0, wake_op(&words[0], &words[1], 1, 0, -7, 5)); /* add */
	CHECK(words[1] == (uint32_t)-2);
	IS(0, wake_op(&words[0], &words[1], 2, 2, 1, -1)); /* or */
	CHECK(words[1] == (uint32_t)-1);
	IS(0, wake_op(&words[0], &words[1], 3, 3, 0xf, -1)); /* and not */
	CHECK(words[1] == 0xfffffff0);
	IS(0, wake_op(&words[0], &words[1], 8, 4, 31, 0)); /* set, of a shift */
	CHECK(words[1] == 0x80000000);
	IS(0, wake_op(&words[0], &words[1], 4, 5, -1, 0)); /* exclusive or */
	CHECK(words[1] == 0x7fffffff);
	FAILS(ENOSYS, wake_op(&words[0], &words[1], 5, 0, 0, 0));
	FAILS(ENOSYS, wake_op(&words[0], &words[1], 0, 6, 0, 0));
	FAILS(EFAULT, wake_op(&words[0], BAD, 0, 0, 0, 0));
	FAILS(EINVAL, wake_op((uint32_t *)((char *)words + 1), &words[1], 0, 0, 0, 0));
}

static void test_membarrier(void)
{
	long all = GOOD(syscall(SYS_membarrier, 0, 0));

	CHECK((all & 25) == 25);
	FAILS(EPERM, syscall(SYS_membarrier, 8, 0));
	GOOD(syscall(SYS_membarrier, 16, 0));
	GOOD(syscall(SYS_membarrier, 8, 0));
	GOOD(syscall(SYS_membarrier, 1, 0));
	FAILS(EINVAL, syscall(SYS_membarrier, 1, 1));
	FAILS(EINVAL, syscall(SYS_membarrier, 3, 0));
	FAILS(EINVAL, syscall(SYS_membarrier, -1, 0));
}

static void test_futex(void)
{
	int word = 5;
	struct timespec soon = { 0, 10000000 };
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	FAILS(EAGAIN, syscall(SYS_futex, &word, FUTEX_WAIT, 4, NULL));
	FAILS(ETIMEDOUT, syscall(SYS_futex, &word, FUTEX_WAIT, 5, &soon));
	FAILS(ETIMEDOUT, syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &soon));
	IS(0, syscall(SYS_futex, &word, FUTEX_WAKE, 1));
	FAILS(EFAULT, syscall(SYS_futex, BAD, FUTEX_WAIT, 4, NULL));
	FAILS(EINVAL, syscall(SYS_futex, (char *)&word + 1, FUTEX_WAIT, 4, NULL));
	FAILS(ENOSYS, syscall(SYS_futex, &word, 99, 4, NULL));
	if ((pid = fork()) == 0) {
		while (*(volatile int *)shared == 0)
			syscall(SYS_futex, shared, FUTEX_WAIT, 0, NULL);
		_exit(*shared);
	}
	usleep(20000);
	*(volatile int *)shared = 9;
	CHECK(syscall(SYS_futex, shared, FUTEX_WAKE, INT_MAX) <= 1);
	CHECK(WEXITSTATUS(tap_wait(pid)) == 9);
}

static void test_sockets(void)
{
	int file = open("text", O_RDONLY), fd = socket(AF_INET, SOCK_STREAM, 0);
	char buf[16] = "";
	struct sockaddr address = { .sa_family = AF_INET };
	socklen_t length = sizeof(address);
	struct msghdr message = { 0 };

	CHECK(fd >= 0 || errno == EAFNOSUPPORT);
	FAILS(EAFNOSUPPORT, socket(99, SOCK_STREAM, 0));
	FAILS(ENOTSOCK, bind(file, &address, length));
	FAILS(ENOTSOCK, connect(file, &address, length));
	FAILS(ENOTSOCK, listen(file, 5));
	FAILS(ENOTSOCK, accept(file, NULL, NULL));
	FAILS(ENOTSOCK, sendto(file, buf, 1, 0, NULL, 0));
	FAILS(ENOTSOCK, recvfrom(file, buf, 1, 0, NULL, NULL));
	FAILS(ENOTSOCK, recvmsg(file, &message, 0));
	FAILS(ENOTSOCK, setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &length, sizeof(length)));
	FAILS(ENOTSOCK, getsockname(file, &address, &length));
	FAILS(ENOTSOCK, shutdown(file, SHUT_RD));
	FAILS(EBADF, bind(99, &address, length));
	FAILS(EBADF, connect(99, &address, length));
	FAILS(EBADF, listen(99, 5));
	FAILS(EBADF, accept(99, NULL, NULL));
	FAILS(EBADF, sendto(99, buf, 1, 0, NULL, 0));
	FAILS(EBADF, recvfrom(99, buf, 1, 0, NULL, NULL));
	FAILS(EBADF, recvmsg(99, &message, 0));
	FAILS(EBADF, shutdown(99, SHUT_RD));
	close(fd);
	close(file);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/abi.XXXXXX", self[PATH_MAX] = "";

	if (argc < 2 ? argc == 0 || !*argv[0] || *argv[0] == 'x' : strcmp(argv[0], "child") == 0)
		return exec_child(argc, argv);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || !mkdtemp(dir) || chdir(dir))
		return 2;
	test_wait();
	test_exec(self);
	test_clone();
	test_ids();
	test_parent();
	test_groups();
	test_limits();
	test_scheduling();
	test_clocks();
	test_system();
	test_futex();
	test_wake_op();
	test_membarrier();
	test_sockets();
	return tap_end();
}
