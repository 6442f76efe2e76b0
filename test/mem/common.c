/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See mem.h. */
#include "test/mem/mem.h"

#include "base/print.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void to_stderr(struct print_sink *s, const char *text, size_t len)
{
	(void)s;
	if (write(2, text, len) < 0)
		_exit(9);
}

static void child_exit(u8 status) { _exit(status); }

static void print_setup(void)
{
	static struct print_sink sink = { .write = to_stderr };
	static const struct print_hooks hooks = { .die = child_exit };
	static bool done;

	if (done)
		return;
	done = true;
	print_hooks_set(&hooks);
	print_sink_add(&sink, true);
}

void machine(u32 cores, u32 nodes, const struct boot_range *ranges, u32 n, bool garbage)
{
	print_setup();
	for (u32 i = 0; i < CORES_MAX; i++)
		atomic_store(&mem_cores[i], NULL);
	host_machine(cores, nodes, ranges, n, garbage);
	frame_init();
	drain_all(); /* every core has its caches now */
}

bool pools_sound(void)
{
	for (u32 i = 0; i < nodes_count(); i++)
		if (buddy_check(node_pools[i]))
			return false;
	return true;
}

void drain_all(void)
{
	for (u32 i = 0; i < cores_count(); i++) {
		host_core_enter(i);
		slab_drain();
	}
	for (u32 i = 0; i < cores_count(); i++) {
		host_core_enter(i);
		frame_drain();
	}
	host_core_enter(0);
}

bool dies(void (*f)(void), const char *message)
{
	char said[4096];
	size_t len = 0;
	ssize_t n;
	int fd[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(fd) || (pid = fork()) < 0)
		return false;
	if (!pid) {
		dup2(fd[1], 2);
		f();
		_exit(0);
	}
	close(fd[1]);
	while (len < sizeof said - 1 && (n = read(fd[0], said + len, sizeof said - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = 0;
	close(fd[0]);
	waitpid(pid, &status, 0);
	if (status && strstr(said, message))
		return true;
	printf("# status %x, said: %s\n", (unsigned)status, said);
	return false;
}
