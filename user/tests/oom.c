/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * oom: asks for more memory than there is, in every way a program can, and expects to be refused or ended, alone.
 *
 * Each way runs in a child: private memory touched to the end, a shared object, a file that grows without end, many
 * small files and names, a pile of processes with memory of their own, pipes full of data. A way has ended well if
 * the child says that a call failed with ENOMEM, ENOSPC, EAGAIN, ENFILE, EMFILE or EFBIG, or if it was killed by
 * SIGKILL (or SIGBUS, for a page that could not be had). After each the kernel must still make a process, a file
 * and a mapping, at once, though what the children of the first hold is only about to come back. Each way is tried
 * twice; where /proc/nros/mem exists, the second must give all frames back.
 *
 *	oom [--limit MIB]	give up asking (and fail) after so much; default 4 times the memory of the machine
 */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

enum { REFUSED = 11, NEVER_REFUSED = 12 };
#define MIB (1UL << 20)

static size_t limit;

static void refused_if_failed(bool good)
{
	if (good)
		return;
	if (errno == ENOMEM || errno == ENOSPC || errno == EAGAIN || errno == ENFILE || errno == EMFILE || errno == EFBIG)
		_exit(REFUSED);
	dprintf(1, "# unexpected errno %d (%s)\n", errno, strerror(errno));
	_exit(1);
}

static void private_memory(void)
{
	for (size_t done = 0; done < limit; done += MIB) {
		char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		refused_if_failed(p != MAP_FAILED);
		for (size_t i = 0; i < MIB; i += 4096)
			p[i] = 1;
	}
}

static void one_large_mapping(void)
{
	char *p = mmap(NULL, limit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	refused_if_failed(p != MAP_FAILED);
	for (size_t i = 0; i < limit; i += 4096)
		p[i] = 1;
}

static void shared_memory(void)
{
	char *p = mmap(NULL, limit, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	refused_if_failed(p != MAP_FAILED);
	for (size_t i = 0; i < limit; i += 4096)
		p[i] = 1;
}

static void one_file(void)
{
	static char block[65536];
	int fd = open("big", O_CREAT | O_WRONLY | O_TRUNC, 0600);

	refused_if_failed(fd >= 0);
	memset(block, 'x', sizeof(block));
	for (size_t done = 0; done < limit; done += sizeof(block))
		refused_if_failed(write(fd, block, sizeof(block)) > 0);
}

static void many_files(void)
{
	static char block[4096];
	char name[80];

	memset(block, 'y', sizeof(block));
	for (size_t i = 0; i < limit / sizeof(block); i++) {
		snprintf(name, sizeof(name), "many/a-name-of-some-length-that-takes-memory-%zu", i);
		int fd = open(name, O_CREAT | O_WRONLY, 0600);

		refused_if_failed(fd >= 0);
		refused_if_failed(write(fd, block, sizeof(block)) > 0);
		close(fd);
	}
}

static void processes(void)
{
	setpgid(0, 0);
	for (size_t done = 0; done < limit; done += 16 * MIB) {
		pid_t pid = fork();

		refused_if_failed(pid >= 0);
		if (pid == 0) {
			char *p = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			for (size_t i = 0; p != MAP_FAILED && i < 16 * MIB; i += 4096)
				p[i] = 1;
			for (;;)
				pause();
		}
		usleep(1000);
		if (waitpid(-1, NULL, WNOHANG) > 0)	/* a child was ended: the kernel defends itself */
			_exit(REFUSED);
	}
	if (waitpid(-1, NULL, 0) > 0)	/* not all of them can have what they want */
		_exit(REFUSED);
}

/* Empty processes only, no more than `limit` / 64 KiB of them: what a small fork bomb does. */
static void bomb(void)
{
	setpgid(0, 0);
	for (size_t i = 0; i < limit / 65536 && i < 20000; i++) {
		pid_t pid = fork();

		refused_if_failed(pid >= 0);
		if (pid == 0)
			for (;;)
				pause();
	}
	_exit(REFUSED);		/* the machine is large enough for all of them */
}

static void pipes(void)
{
	static char block[65536];
	int p[2];

	for (;;) {
		refused_if_failed(pipe(p) == 0);
		fcntl(p[1], F_SETFL, O_NONBLOCK);
		refused_if_failed(write(p[1], block, sizeof(block)) > 0);
	}
}

static void clean(void)
{
	DIR *d = opendir("many");
	struct dirent *e;
	char name[300];

	unlink("big");
	while (d && (e = readdir(d))) {
		snprintf(name, sizeof(name), "many/%s", e->d_name);
		unlink(name);
	}
	if (d)
		closedir(d);
}

static bool still_works(void)
{
	char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("small", O_CREAT | O_RDWR | O_TRUNC, 0600), status = -1;
	pid_t pid;
	bool good;

	good = p != MAP_FAILED && fd >= 0 && write(fd, "abc", 3) == 3;
	if (p != MAP_FAILED) {
		memset(p, 3, MIB);
		munmap(p, MIB);
	}
	close(fd);
	unlink("small");
	pid = fork();
	if (pid == 0)
		_exit(5);
	if (pid > 0)
		status = tap_wait(pid);
	return good && WIFEXITED(status) && WEXITSTATUS(status) == 5;
}

static long frames_free(void)
{
	FILE *f = fopen("/proc/nros/mem", "r");
	char name[32];
	long value, found = -1;

	while (f && fscanf(f, "%31s %ld%*[^\n]", name, &value) == 2)
		if (strcmp(name, "frames_free") == 0)
			found = value;
	if (f)
		fclose(f);
	return found;
}

enum { ATTEMPTS = 6, KEPT = 256 };

static void take_me_first(void)
{
	FILE *f = fopen("/proc/self/oom_score_adj", "w");	/* on Linux */

	if (f && fputs("1000", f) >= 0)
		fclose(f);
}

/* One attempt: the status it ended with, and how many free frames are missing afterwards. */
static long attempt(void (*function)(void), int *status)
{
	long before = frames_free(), after;
	int tries = 0;
	pid_t pid = fork();

	if (pid == 0) {
		take_me_first();
		function();
		_exit(NEVER_REFUSED);
	}
	*status = tap_wait(pid);
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	clean();
	do {
		after = frames_free();
	} while (after < before - KEPT && tries++ < 20 && usleep(100000) == 0);
	return before - after;
}

static bool ended_well(int status)
{
	return (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED) ||
	       (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGBUS));
}

/* Caches keep what the largest attempt so far needed; so sooner or later one gives back all it took. A leak never does. */
static void way(const char *name, void (*function)(void))
{
	long missing = KEPT + 1;
	int status = 0, n;
	char note[100];

	for (n = 0; n < ATTEMPTS && missing > KEPT; n++) {
		missing = attempt(function, &status);
		if (!ended_well(status) || !still_works())
			break;
	}
	snprintf(note, sizeof(note), "wait status %#x", status);
	tap_result(ended_well(status), __LINE__, name, note);
	snprintf(note, sizeof(note), "%ld frames missing after attempt %d", missing, n);
	tap_result(still_works() && missing <= KEPT, __LINE__, "the system lives, memory is back", note);
}

/* A group of processes that together hold `size` bytes: its id. Each says that it has its share. They are slow to die, as
 * everybody is on one processor, and they come last there. */
enum { HOLDERS = 16 };

static pid_t hold(size_t size, int ready)
{
	pid_t group = 0, pid;

	for (int i = 0; i < HOLDERS; i++) {
		pid = fork();
		if (pid == 0) {
			nice(19);
			take_me_first();
			char *p = mmap(NULL, size / HOLDERS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			memset(p, 1, size / HOLDERS);
			write(ready, "r", 1);
			for (;;)
				pause();
		}
		group = group ? group : pid;
		setpgid(pid, group);
	}
	return group;
}

/* Who holds most of the memory is told to die, and somebody else wants as much at once: he waits for it. */
static bool inherits(size_t size)
{
	int ready[2], died = 0;
	pid_t group;
	char byte, *p;

	sched_setaffinity(0, sizeof(cpu_set_t), &(cpu_set_t){ { 1 } });
	if (pipe(ready))
		return false;
	group = hold(size, ready[1]);
	for (int i = 0; i < HOLDERS; i++)
		read(ready[0], &byte, 1);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	kill(-group, SIGKILL);
	for (size_t i = 0; i < size; i += 4096)
		p[i] = 2;
	munmap(p, size);
	for (int i = 0; i < HOLDERS; i++)
		died += WTERMSIG(tap_wait(-group)) == SIGKILL;
	return died == HOLDERS;
}

/* In a child: it would be the one to be ended. */
static void inheritance(void)
{
	size_t twentieths = frames_free() < 0 ? 16 : 19;	/* Linux does not give out all that is free */
	struct sysinfo now;

	sysinfo(&now);
	for (int i = 0; i < 5; i++)
		IN_CHILD("dying processes give their memory to who asks for it", CHECK(inherits(now.freeram * now.mem_unit / 20 * twentieths)));
}

int main(int argc, char **argv)
{
	struct sysinfo info;
	char dir[] = "/tmp/oom.XXXXXX";

	sysinfo(&info);
	limit = 4 * info.totalram * info.mem_unit;
	if (argc == 3 && strcmp(argv[1], "--limit") == 0)
		limit = strtoul(argv[2], NULL, 0) * MIB;
	if (!mkdtemp(dir) || chdir(dir) || mkdir("many", 0700))
		return 2;
	way("private memory, piece by piece", private_memory);
	way("one large mapping", one_large_mapping);
	way("shared anonymous memory", shared_memory);
	way("one growing file", one_file);
	way("many small files", many_files);
	way("processes with memory", processes);
	way("a small fork bomb", bomb);
	way("full pipes", pipes);
	inheritance();
	return tap_end();
}
