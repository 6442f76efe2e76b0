/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Processes and what they say to each other: fork, pipe, futex, and waking a thread on the next processor.
 */
#define _GNU_SOURCE
#include "scale.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FUTEX_WAIT, FUTEX_WAKE };	/* of <linux/futex.h>, which is not among the C library's headers */
enum { PRIVATE = 128 };

static void null_op(struct worker *w)
{
	(void)w;
	syscall(SYS_getppid);
}

static void fork_op(struct worker *w)
{
	pid_t child = (pid_t)scale_check(fork(), "fork");

	(void)w;
	if (child == 0)
		_exit(0);
	scale_check(waitpid(child, NULL, 0), "waitpid");
}

static void pipe_start(struct worker *w)
{
	int ends[2];

	scale_check(pipe(ends), "pipe");
	w->fd = (long)ends[0] << 32 | ends[1];
}

static void pipe_op(struct worker *w)
{
	char byte = 0;

	scale_check(write((int)w->fd, &byte, 1), "write");
	scale_check(read((int)(w->fd >> 32), &byte, 1), "read");
}

static void futex_op(struct worker *w)
{
	scale_check(syscall(SYS_futex, &w->counter, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0), "futex");
}

/*
 * Pairs of neighbours: the even one writes an odd number into the pair's word, the odd one an even number, and each sleeps
 * while it is the other's turn.
 */
static struct {
	volatile uint32_t turn;
	volatile int alone;	/* one of the two has left */
} __attribute__((aligned(64))) *pairs;

static void wake_prepare(const struct worker *w)
{
	(void)w;
	pairs = scale_shared(MAX_WORKERS / 2 * sizeof(*pairs));
}

static void wake_op(struct worker *w)
{
	volatile uint32_t *word = &pairs[w->id / 2].turn;
	uint32_t now;

	while (now = *word, (now & 1) != (w->id & 1u)) {
		if (pairs[w->id / 2].alone || (w->id ^ 1) >= w->workers) {
			w->finished = true;
			return;
		}
		syscall(SYS_futex, word, FUTEX_WAIT | PRIVATE, now, NULL, NULL, 0);
	}
	*word = now + 1;
	scale_check(syscall(SYS_futex, word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0), "futex");
}

/* Whoever leaves changes the word as well, so that the other cannot go to sleep on it. */
static void wake_stop(struct worker *w)
{
	pairs[w->id / 2].alone = 1;
	__atomic_fetch_add(&pairs[w->id / 2].turn, 2, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &pairs[w->id / 2].turn, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0);
}

const struct bench process_benches[] = {
	{ .name = "null", .what = "getppid", .batch = 1, .op = null_op },
	{ .name = "fork", .what = "fork, exit and wait, by processes", .processes = true, .batch = 1, .op = fork_op },
	{ .name = "pipe", .what = "a byte into one's own pipe and out, by processes", .processes = true, .batch = 1,
	  .start = pipe_start, .op = pipe_op },
	{ .name = "futex", .what = "a wake-up of nobody at one's own word", .batch = 1, .op = futex_op },
	{ .name = "wake", .what = "pairs of threads on neighbouring processors wake each other in turn", .batch = 1, .least = 2,
	  .prepare = wake_prepare, .op = wake_op, .stop = wake_stop },
	{ 0 },
};
