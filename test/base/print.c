/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* base/print.c: sinks and levels, the ring's order and losses, rate limiting, the course of a panic. */
#include "base/print.h"
#include "test/tap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

static u64 clock_ns;
static int locked, lock_faults;
static char shown[1 << 20];
static size_t shown_len;
static jmp_buf died;
static u8 died_with;
static int order, stopped_at, trace_at;

static u64 now(void) { return clock_ns; }
static u32 core(void) { return 3; }
static void lock(void) { lock_faults += locked++ != 0; }
static void unlock(void) { lock_faults += --locked != 0; }
static void stop_others(void) { stopped_at = ++order; }
static void backtrace(void)
{
	trace_at = ++order;
	kerror("called from here");
}
static void die(u8 status)
{
	died_with = status;
	longjmp(died, 1);
}

static void sink_write(struct print_sink *s, const char *text, size_t len)
{
	(void)s;
	memcpy(shown + shown_len, text, len);
	shown_len += len;
	shown[shown_len] = 0;
}

static char late_shown[1 << 16];

static void late_write(struct print_sink *s, const char *text, size_t len)
{
	(void)s;
	if (strlen(late_shown) + len < sizeof late_shown)
		strncat(late_shown, text, len);
}

static void clear(void) { shown[shown_len = 0] = 0; }

static void lines(void)
{
	static struct print_sink late = { .write = late_write };
	char want[PRINT_LINE + 64], text[1000];

	clock_ns = 12 * 1000000000ul + 34567000;
	kprintf("hello %d\n", 5);
	ok(!strcmp(shown, "[   12.034567] hello 5\n"), "a line, its time, one newline");
	clear();
	kwarn("careful");
	kerror("broken");
	ok(!strcmp(shown, "[   12.034567] warning: careful\n[   12.034567] error: broken\n"), "levels show");
	clear();
	print_console_level(PRINT_WARN);
	kprintf("not on the console");
	ok(!shown_len, "quiet hides what is not a warning");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	kwarn("%s", text);
	snprintf(want, sizeof want, "[   12.034567] warning: %.*s\n", PRINT_LINE - 1, text);
	ok(!strcmp(shown, want), "a long line is cut");
	clear();
	print_sink_add(&late, true);
	ok(strstr(late_shown, "warning: careful\n") && !strstr(late_shown, "hello") && !shown_len,
	   "a late sink gets what it missed");
}

static void ring(void)
{
	struct print_cursor c = { 0 }, end = print_ring_end();
	struct print_record r;
	char text[PRINT_LINE];
	int n = 0, bad = 0;
	u64 seq = 0;

	while (print_ring_read(&c, &r, text, sizeof text) == 1)
		bad += r.seq != seq++;
	ok(!bad && seq == end.seq && c.at == end.at && r.ns == clock_ns, "all lines in order, also the hidden ones");
	for (int i = 0; i < 20000; i++)
		kprintf("line %d %.*s", i, i % 300, "............................................................"
					 "............................................................"
					 "............................................................");
	ok(print_ring_read(&c, &r, text, sizeof text) == -EPIPE, "a slow reader is told that it lost lines");
	seq = c.seq;
	while (print_ring_read(&c, &r, text, sizeof text) == 1) {
		text[r.len] = 0;
		bad += r.seq != seq++ || atoi(text + 5) != (int)(r.seq - end.seq) || r.level != PRINT_INFO;
		n++;
	}
	ok(!bad && n > 200 && c.seq == end.seq + 20000, "then reads on from the oldest (%d lines)", n);
	c = print_ring_end();
	ok(print_ring_read(&c, &r, text, sizeof text) == 0, "nothing after the end");
	kprintf("abcdef");
	memset(text, 0, sizeof text);
	ok(print_ring_read(&c, &r, text, 3) == 1 && r.len == 6 && !strcmp(text, "abc"), "text is cut to the buffer");
}

static int occurrences(const char *what)
{
	int n = 0;

	for (const char *p = shown; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void limits(void)
{
	clear();
	for (int i = 0; i < 100; i++)
		kprintf_limited("unknown call %d", 7);
	ok(occurrences("unknown call") == 4, "at most four a second");
	clock_ns += 1000000000;
	kprintf_limited("unknown call %d", 8);
	ok(occurrences("unknown call") == 5 && strstr(shown, "96 similar messages dropped"), "what was dropped is told");
}

static void panics(void)
{
	clear();
	locked = 1; /* held by a core that was stopped */
	if (!setjmp(died))
		panic("frame %x has no owner\n", 0x123);
	ok(strstr(shown, "nros: panic: frame 123 has no owner\n"), "panic prints despite a held lock");
	ok(stopped_at == 1 && trace_at == 2, "after stopping the others, before the backtrace");
	ok(died_with == PRINT_PANIC_STATUS && lock_faults == 0, "and dies with its status");
	order = 0;
	if (!setjmp(died))
		panic("again");
	ok(order == 0 && !strstr(shown, "again"), "a panic inside a panic only dies");
}

int main(void)
{
	static struct print_sink sink = { .write = sink_write };
	static const struct print_hooks hooks = {
		.now = now, .core = core, .lock = lock, .unlock = unlock,
		.stop_others = stop_others, .backtrace = backtrace, .die = die,
	};

	kprintf("before anything is set up");
	print_hooks_set(&hooks);
	print_sink_add(&sink, true);
	ok(!strcmp(shown, "[    0.000000] before anything is set up\n"), "early lines are kept");
	clear();
	lines();
	ring();
	limits();
	panics();
	return tap_end();
}
