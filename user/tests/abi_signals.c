/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_signals: dispositions, masks, pending signals, handlers and their contexts, stacks, restarts, alarms, waiting
 * for signals, and signals by process, group and thread: good use and each errno. Passes on Linux.
 */
#include "tap.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

static volatile int count, order[8], ordered;
static volatile siginfo_t info;

static void handler(int sig)
{
	count++;
	if (ordered < 8)
		order[ordered++] = sig;
}

static void info_handler(int sig, siginfo_t *i, void *context)
{
	(void)context;
	info = *i;
	handler(sig);
}

static void set(int sig, void (*function)(int), int flags)
{
	struct sigaction a = { .sa_handler = function, .sa_flags = flags };

	sigaction(sig, &a, NULL);
}

static sigset_t mask_of(int a, int b)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, a);
	if (b)
		sigaddset(&s, b);
	return s;
}

static void test_action(void)
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;
	uint64_t raw[4] = { 0 };

	GOOD(sigaction(SIGUSR1, &a, NULL));
	GOOD(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_handler == handler && (old.sa_flags & SA_RESTART));
	FAILS(EINVAL, syscall(SYS_rt_sigaction, SIGKILL, raw, NULL, 8));
	FAILS(EINVAL, syscall(SYS_rt_sigaction, SIGSTOP, raw, NULL, 8));
	FAILS(EINVAL, syscall(SYS_rt_sigaction, 0, raw, NULL, 8));
	FAILS(EINVAL, syscall(SYS_rt_sigaction, 65, raw, NULL, 8));
	FAILS(EINVAL, syscall(SYS_rt_sigaction, SIGUSR1, raw, NULL, 4));
	FAILS(EFAULT, syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8));
	FAILS(EFAULT, syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8));
	count = 0;
	GOOD(raise(SIGUSR1));
	CHECK(count == 1);
	set(SIGUSR1, handler, SA_RESETHAND);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &old);
	CHECK(count == 2 && old.sa_handler == SIG_DFL);
	set(SIGUSR1, SIG_IGN, 0);
	raise(SIGUSR1);
	CHECK(count == 2);
}

static void test_mask(void)
{
	sigset_t usr = mask_of(SIGUSR1, SIGUSR2), pending, old;
	uint64_t kill_stop = 1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1), got = 0;

	set(SIGUSR1, handler, 0);
	set(SIGUSR2, handler, 0);
	GOOD(sigprocmask(SIG_BLOCK, &usr, &old));
	count = ordered = 0;
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK(count == 0);
	GOOD(sigpending(&pending));
	CHECK(sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGUSR2) && !sigismember(&pending, SIGHUP));
	GOOD(sigprocmask(SIG_SETMASK, &old, NULL));
	CHECK(count == 2 && ordered == 2);
	GOOD(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &kill_stop, NULL, 8));
	GOOD(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &got, 8));
	CHECK((got & kill_stop) == 0);
	FAILS(EINVAL, syscall(SYS_rt_sigprocmask, 77, &got, NULL, 8));
	FAILS(EINVAL, syscall(SYS_rt_sigprocmask, SIG_BLOCK, &got, NULL, 16));
	FAILS(EFAULT, syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8));
	FAILS(EFAULT, syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8));
	sigprocmask(SIG_BLOCK, &usr, NULL);
	raise(SIGUSR1);
	set(SIGUSR1, SIG_IGN, 0);
	set(SIGUSR1, handler, 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK(count == 2);
}

static volatile int inner_blocked, depth;

static void nested(int sig)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	inner_blocked = sigismember(&now, sig) * 2 + sigismember(&now, SIGUSR2);
	if (depth++ == 0)
		raise(sig);
}

static void test_handler_mask(void)
{
	struct sigaction a = { .sa_handler = nested };

	sigaddset(&a.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &a, NULL);
	depth = 0;
	raise(SIGUSR1);
	CHECK(depth == 2 && inner_blocked == 3);
	a.sa_flags = SA_NODEFER;
	sigemptyset(&a.sa_mask);
	sigaction(SIGUSR1, &a, NULL);
	depth = 0;
	raise(SIGUSR1);
	CHECK(depth == 2 && inner_blocked == 0);
}

static void test_info(void)
{
	struct sigaction a = { .sa_sigaction = info_handler, .sa_flags = SA_SIGINFO };
	pid_t pid;

	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGCHLD, &a, NULL);
	kill(getpid(), SIGUSR1);
	CHECK(info.si_signo == SIGUSR1 && info.si_code == SI_USER && info.si_pid == getpid() && info.si_uid == getuid());
	raise(SIGUSR1);
	CHECK(info.si_code == SI_TKILL);
	pid = fork();
	if (pid == 0)
		_exit(9);
	tap_wait(pid);
	CHECK(info.si_signo == SIGCHLD && info.si_code == CLD_EXITED && info.si_pid == pid && info.si_status == 9);
	set(SIGCHLD, SIG_IGN, 0);
	pid = fork();
	if (pid == 0)
		_exit(9);
	FAILS(ECHILD, waitpid(pid, NULL, 0));
	set(SIGCHLD, SIG_DFL, 0);
}

/* Who has reaped a child has its signal, even if he looked the moment it died. */
static void test_reaping(void)
{
	sigset_t chld = mask_of(SIGCHLD, 0);
	struct timespec none = { 0, 0 };
	int missing = 0;
	pid_t pid;

	sigprocmask(SIG_BLOCK, &chld, NULL);
	for (int i = 0; i < 1000; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		while (waitpid(pid, NULL, WNOHANG) == 0)
			;
		missing += sigtimedwait(&chld, NULL, &none) != SIGCHLD;
	}
	IS(0, missing);
	sigprocmask(SIG_UNBLOCK, &chld, NULL);
}

static void skip_instruction(int sig, siginfo_t *i, void *context)
{
	ucontext_t *u = context;

	(void)sig;
	info = *i;
	u->uc_mcontext.gregs[REG_RIP] += 2;
	u->uc_mcontext.gregs[REG_RAX] = 77;
	count++;
}

static void test_context(void)
{
	struct sigaction a = { .sa_sigaction = skip_instruction, .sa_flags = SA_SIGINFO };
	long rax = 1;
	double x = 1.5, y = 2.25;

	sigaction(SIGILL, &a, NULL);
	sigaction(SIGFPE, &a, NULL);
	count = 0;
	__asm__ volatile("ud2" : "+a"(rax));
	CHECK(rax == 77 && count == 1 && info.si_signo == SIGILL);
	__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; div %%edx" : "=a"(rax) : : "rdx");
	CHECK(rax == 77 && count == 2 && info.si_signo == SIGFPE && info.si_code == FPE_INTDIV);
	set(SIGUSR1, handler, 0);
	__asm__ volatile("" : "+x"(x), "+x"(y));
	raise(SIGUSR1);
	__asm__ volatile("" : "+x"(x), "+x"(y));
	CHECK(x * y == 3.375);
	signal(SIGILL, SIG_DFL);
	signal(SIGFPE, SIG_DFL);
}

static char *alternate;
static volatile bool was_on_alternate;

static void on_stack(int sig)
{
	char here;

	(void)sig;
	was_on_alternate = &here >= alternate && &here < alternate + 65536;
}

static void overflow(int n)
{
	volatile char room[4096];

	room[0] = (char)n;
	if (n >= 0)
		overflow((n + room[0] + 1) & 0xffff);
	room[1] = 0;
}

static void overflowed(int sig)
{
	on_stack(sig);
	_exit(was_on_alternate ? 33 : 34);
}

static void test_altstack(void)
{
	stack_t stack, old = { 0 };
	pid_t pid;

	alternate = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack = (stack_t){ .ss_sp = alternate, .ss_size = 65536 };
	GOOD(sigaltstack(&stack, NULL));
	set(SIGUSR1, on_stack, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(was_on_alternate);
	set(SIGUSR1, on_stack, 0);
	raise(SIGUSR1);
	CHECK(!was_on_alternate);
	GOOD(sigaltstack(NULL, &old));
	CHECK(old.ss_sp == alternate && old.ss_flags == 0);
	stack.ss_size = 100;
	FAILS(ENOMEM, syscall(SYS_sigaltstack, &stack, NULL));
	FAILS(EFAULT, syscall(SYS_sigaltstack, BAD, NULL));
	pid = fork();
	if (pid == 0) {
		set(SIGSEGV, overflowed, SA_ONSTACK);
		overflow(0);
	}
	CHECK(WEXITSTATUS(tap_wait(pid)) == 33);
	pid = fork();
	if (pid == 0) {
		set(SIGSEGV, overflowed, 0);
		overflow(0);
	}
	CHECK(WTERMSIG(tap_wait(pid)) == SIGSEGV);
	stack.ss_flags = SS_DISABLE;
	GOOD(sigaltstack(&stack, NULL));
}

static int answer;

static void answers(int sig)
{
	handler(sig);
	write(answer, "x", 1);
}

static void test_interruption(void)
{
	struct timespec long_time = { 1000, 0 }, left = { 0 };
	int p[2];
	char c;

	GOOD(pipe(p));
	set(SIGALRM, handler, 0);
	FAILS(EINTR, ALARMED(read(p[0], &c, 1)));
	FAILS(EINTR, ALARMED(nanosleep(&long_time, &left)));
	CHECK(left.tv_sec < 1000 && left.tv_sec + left.tv_nsec > 0);
	FAILS(EINTR, ALARMED(pause()));
	FAILS(ECHILD, waitpid(-1, NULL, 0));
	answer = p[1];
	set(SIGALRM, answers, SA_RESTART); /* what is read comes from the handler alone: after the interruption */
	count = 0;
	alarms(20, 0);
	IS(1, read(p[0], &c, 1));
	CHECK(count == 1);
	set(SIGALRM, SIG_DFL, 0);
	IS(0, alarm(10000));
	CHECK(alarm(0) >= 5000);
	close(p[0]);
	close(p[1]);
}

static void test_waiting(void)
{
	sigset_t usr = mask_of(SIGUSR1, 0), old, empty;
	siginfo_t i;
	struct timespec soon = { 0, 10000000 };

	sigemptyset(&empty);
	set(SIGUSR1, handler, 0);
	set(SIGALRM, handler, 0);
	sigprocmask(SIG_BLOCK, &usr, &old);
	count = 0;
	raise(SIGUSR1);
	FAILS(EINTR, sigsuspend(&empty));
	CHECK(count == 1);
	raise(SIGUSR1);
	IS(SIGUSR1, sigtimedwait(&usr, &i, NULL));
	CHECK(count == 1 && i.si_signo == SIGUSR1);
	FAILS(EAGAIN, sigtimedwait(&usr, &i, &soon));
	FAILS(EINTR, ALARMED(syscall(SYS_rt_sigtimedwait, &usr, &i, NULL, 8)));
	FAILS(EINVAL, syscall(SYS_rt_sigsuspend, &empty, 4));
	FAILS(EFAULT, syscall(SYS_rt_sigsuspend, BAD, 8));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void test_kill(void)
{
	pid_t pid;
	int status;

	GOOD(kill(getpid(), 0));
	FAILS(ESRCH, kill(999999, 0));
	FAILS(ESRCH, kill(-999999, SIGTERM));
	FAILS(EINVAL, kill(getpid(), 65));
	FAILS(EINVAL, kill(getpid(), -1));
	FAILS(ESRCH, syscall(SYS_tgkill, getpid(), 999999, 0));
	FAILS(EINVAL, syscall(SYS_tgkill, -1, getpid(), 0));
	FAILS(EINVAL, syscall(SYS_tgkill, getpid(), getpid(), 65));
	GOOD(syscall(SYS_tgkill, getpid(), getpid(), 0));
	GOOD(syscall(SYS_tkill, getpid(), 0));
	for (int sig = 1; sig <= 64; sig++) {
		if (sig == 32 || sig == 33)
			continue;
		pid = fork();
		if (pid == 0) {
			struct sigaction a = { .sa_handler = SIG_DFL };
			sigset_t none;

			setpgid(0, 0);	/* with its parent in another group of the session: not orphaned, may stop */
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, NULL);
			sigaction(sig, &a, NULL);
			kill(getpid(), sig);
			_exit(0);
		}
		waitpid(pid, &status, WUNTRACED);
		if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
			CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == sig);
			kill(pid, SIGKILL);
			tap_wait(pid);
		} else if (sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH) {
			CHECK(status == 0);
		} else {
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == sig);
		}
	}
	pid = fork();
	if (pid == 0) {
		setsid();
		_exit(kill(getpid(), SIGTSTP));
	}
	waitpid(pid, &status, WUNTRACED);
	CHECK(status == 0);	/* an orphaned group is not stopped by the terminal's signals */
	signal(SIGTERM, SIG_IGN);
	CHECK(kill(getpid(), SIGTERM) == 0);
	signal(SIGTERM, SIG_DFL);
}

static void test_fork_exec(void)
{
	sigset_t usr = mask_of(SIGUSR1, 0), pending;

	sigprocmask(SIG_BLOCK, &usr, NULL);
	raise(SIGUSR1);
	alarm(10000);
	IN_CHILD("what fork gives", {
		GOOD(sigpending(&pending));
		CHECK(!sigismember(&pending, SIGUSR1));
		sigprocmask(SIG_BLOCK, NULL, &pending);
		CHECK(sigismember(&pending, SIGUSR1));
		IS(0, alarm(0));
	});
	CHECK(alarm(0) > 0);
	set(SIGUSR1, handler, 0);
	sigprocmask(SIG_UNBLOCK, &usr, NULL);
}

/* Ids of the processes that fork does not return are recycled late: a killed stranger is not a new child. */
static void test_group(void)
{
	pid_t leader = fork();

	if (leader == 0) {
		setpgid(0, 0);
		for (int i = 0; i < 3; i++)
			if (fork() == 0)
				for (;;)
					pause();
		signal(SIGTERM, SIG_IGN);
		kill(0, SIGTERM);
		for (int i = 0; i < 3; i++)
			if (WTERMSIG(tap_wait(-1)) != SIGTERM)
				_exit(1);
		_exit(0);
	}
	CHECK(tap_wait(leader) == 0);
}

/* Two ends that tell this process of what comes: `tells` says so when `other` is written to. */
static void sigio_of(int tells, int other)
{
	int on = 1, off = 0;

	count = 0;
	GOOD(write(other, "a", 1));
	CHECK(count == 0);
	GOOD(ioctl(tells, FIOASYNC, &on));
	CHECK(fcntl(tells, F_GETFL) & O_ASYNC);
	GOOD(write(other, "a", 1));
	CHECK(count == 0); /* nobody owns it */
	GOOD(fcntl(tells, F_SETOWN, getpid()));
	IS(getpid(), fcntl(tells, F_GETOWN));
	GOOD(write(other, "a", 1));
	CHECK(count == 1);
	GOOD(fcntl(tells, F_SETFL, 0));
	CHECK(!(fcntl(tells, F_GETFL) & O_ASYNC));
	GOOD(write(other, "a", 1));
	CHECK(count == 1);
	GOOD(fcntl(tells, F_SETFL, O_ASYNC));
	GOOD(write(other, "a", 1));
	CHECK(count == 2);
	GOOD(ioctl(tells, FIOASYNC, &off));
	GOOD(fcntl(tells, F_SETOWN, 0));
	IS(0, fcntl(tells, F_GETOWN));
	close(tells);
	close(other);
}

/* The owner may be another process, and may be gone. */
static void sigio_other(void)
{
	int pair[2], on = 1;
	pid_t child;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	set(SIGIO, SIG_DFL, 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	GOOD(ioctl(pair[0], FIOASYNC, &on));
	GOOD(fcntl(pair[0], F_SETOWN, child));
	GOOD(write(pair[1], "a", 1));
	CHECK(WTERMSIG(tap_wait(child)) == SIGIO);
	GOOD(write(pair[1], "a", 1));
	close(pair[0]);
	GOOD(fcntl(pair[1], F_SETOWN, getpid()));
	GOOD(ioctl(pair[1], FIOASYNC, &on));
	set(SIGIO, handler, 0);
	close(pair[1]);
}

/* Does a process of root learn of what comes on a socket whose owner it was made by this user? SIGIO is blocked there. */
static bool sigio_reaches(uid_t user)
{
	int ask[2], pair[2], on = 1;
	sigset_t io = mask_of(SIGIO, 0), pending;
	pid_t owner, setter;
	char c;

	pipe(ask);
	sigprocmask(SIG_BLOCK, &io, NULL); /* before there is an owner: the setter may be quicker than he */
	owner = fork();
	if (owner == 0) {
		close(ask[1]);
		while (read(ask[0], &c, 1) > 0)
			;
		sigpending(&pending);
		_exit(sigismember(&pending, SIGIO));
	}
	setter = fork();
	if (setter == 0) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		_exit(setresuid(user, user, user) || ioctl(pair[0], FIOASYNC, &on) || fcntl(pair[0], F_SETOWN, owner) ||
		      write(pair[1], "a", 1) != 1);
	}
	CHECK(tap_wait(setter) == 0);
	sigprocmask(SIG_UNBLOCK, &io, NULL);
	close(ask[0]);
	close(ask[1]);
	return WEXITSTATUS(tap_wait(owner));
}

/* F_SETFL and FIOASYNC at once, by two who share the open file: neither loses the other's word. */
static void sigio_together(void)
{
	int pair[2], on = 1, off = 0, i;
	pid_t other;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	GOOD(fcntl(pair[0], F_SETOWN, getpid()));
	other = fork();
	for (i = 0; other == 0 && i < 20000; i++)
		fcntl(pair[0], F_SETFL, O_ASYNC | (i & 1 ? O_NONBLOCK : 0));
	if (other == 0)
		_exit(0);
	for (i = 0; i < 20000; i++)
		ioctl(pair[0], FIOASYNC, i & 1 ? &on : &off);
	CHECK(tap_wait(other) == 0);
	GOOD(ioctl(pair[0], FIOASYNC, &on));
	CHECK(fcntl(pair[0], F_GETFL) & O_ASYNC);
	count = 0;
	GOOD(write(pair[1], "a", 1));
	CHECK(count == 1);
	GOOD(ioctl(pair[0], FIOASYNC, &off));
	CHECK(!(fcntl(pair[0], F_GETFL) & O_ASYNC));
	GOOD(write(pair[1], "a", 1));
	CHECK(count == 1);
	close(pair[0]);
	close(pair[1]);
}

static void test_sigio(void)
{
	int two[2], file = open("/tmp", O_RDONLY), on = 1, off = 0;

	set(SIGIO, handler, 0);
	pipe(two);
	sigio_of(two[0], two[1]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, two);
	sigio_of(two[0], two[1]);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, two);
	sigio_of(two[0], two[1]);
	sigio_other();
	sigio_together();
	CHECK(sigio_reaches(0) && !sigio_reaches(1000));
	FAILS(ENOTTY, ioctl(file, FIOASYNC, &on));
	GOOD(ioctl(file, FIOASYNC, &off));
	FAILS(EFAULT, ioctl(file, FIOASYNC, (void *)8));
	FAILS(ESRCH, fcntl(file, F_SETOWN, 4000000));
	GOOD(fcntl(file, F_SETFL, O_ASYNC));
	CHECK(!(fcntl(file, F_GETFL) & O_ASYNC));
	close(file);
	set(SIGIO, SIG_DFL, 0);
}

int main(void)
{
	test_action();
	test_mask();
	test_handler_mask();
	test_info();
	test_reaping();
	test_context();
	test_altstack();
	test_interruption();
	test_waiting();
	test_kill();
	test_fork_exec();
	test_group();
	test_sigio();
	return tap_end();
}
