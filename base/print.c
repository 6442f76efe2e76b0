/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The message ring and its sinks.
 *
 * The ring is a byte array addressed by positions that only grow; a record is a header and its text, and may
 * wrap around the array's end. Invariant, under the lock:
 *
 *   oldest <= end <= oldest + RING_SIZE, both at record starts, records oldest.seq .. end.seq-1 lie between
 *
 * A new record makes room by moving `oldest` over whole records. A reader's cursor that fell behind `oldest`
 * has lost records and learns so.
 *
 * panic: running --first caller--> stops the others, ignores the lock (its holder may be stopped for ever),
 * prints, dies. A caller on another core spins until it is stopped; one on the same core dies at once.
 */
#include "base/print.h"

#include "base/errno.h"
#include "base/string.h"

#define RING_SIZE (64u << 10)

struct ring_head {
	u64 ns;
	u16 len;
	u16 level;
	u32 pad;
};

static struct {
	u8 bytes[RING_SIZE];
	struct print_cursor oldest, end;
} ring;

static struct print_hooks hooks;
static struct print_sink *sinks;
static int console_level = PRINT_DEBUG;
static u32 panicked; /* 0, or 1 + the number of the core that panicked first */

static u64 now(void) { return hooks.now ? hooks.now() : 0; }
static u32 this_core(void) { return hooks.core ? hooks.core() : 0; }
/* Is this core the one that panics? It prints without the lock, whose holder may have been stopped. */
static bool in_panic(void) { return __atomic_load_n(&panicked, __ATOMIC_RELAXED) == this_core() + 1; }

static bool print_lock(void)
{
	bool take = hooks.lock && !in_panic();

	if (take)
		hooks.lock();
	return take;
}

static void print_unlock(bool taken)
{
	if (taken)
		hooks.unlock();
}

/* --- the ring; all under the lock --- */

static void ring_put(u64 at, const void *src, size_t len)
{
	size_t i = at % RING_SIZE, first = MIN(len, RING_SIZE - i);

	memcpy(ring.bytes + i, src, first);
	memcpy(ring.bytes, (const u8 *)src + first, len - first);
}

static void ring_get(u64 at, void *dst, size_t len)
{
	size_t i = at % RING_SIZE, first = MIN(len, RING_SIZE - i);

	memcpy(dst, ring.bytes + i, first);
	memcpy((u8 *)dst + first, ring.bytes, len - first);
}

static void cursor_next(struct print_cursor *c, const struct ring_head *head)
{
	c->at += sizeof *head + head->len;
	c->seq++;
}

static void ring_append(const struct ring_head *head, const char *text)
{
	size_t need = sizeof *head + head->len;

	while (ring.end.at + need - ring.oldest.at > RING_SIZE) {
		struct ring_head old;

		ring_get(ring.oldest.at, &old, sizeof old);
		cursor_next(&ring.oldest, &old);
	}
	ring_put(ring.end.at, head, sizeof *head);
	ring_put(ring.end.at + sizeof *head, text, head->len);
	cursor_next(&ring.end, head);
}

static int ring_read_locked(struct print_cursor *c, struct print_record *out, char *text, size_t size)
{
	struct ring_head head;

	if (c->at < ring.oldest.at) {
		*c = ring.oldest;
		return -EPIPE;
	}
	if (c->at >= ring.end.at)
		return 0;
	ring_get(c->at, &head, sizeof head);
	ring_get(c->at + sizeof head, text, MIN(size, head.len));
	*out = (struct print_record){ .seq = c->seq, .ns = head.ns, .level = head.level, .len = head.len };
	cursor_next(c, &head);
	return 1;
}

int print_ring_read(struct print_cursor *c, struct print_record *out, char *text, size_t size)
{
	bool taken = print_lock();
	int r = ring_read_locked(c, out, text, size);

	print_unlock(taken);
	return r;
}

struct print_cursor print_ring_end(void)
{
	bool taken = print_lock();
	struct print_cursor c = ring.end;

	print_unlock(taken);
	return c;
}

/* --- sinks --- */

static const char *level_name(u32 level)
{
	return level <= PRINT_ERROR ? "error: " : level == PRINT_WARN ? "warning: " : "";
}

/* "[    1.234567] warning: text\n" */
static void sink_line(struct print_sink *only, const struct ring_head *head, const char *text)
{
	char line[PRINT_LINE + 64];
	u64 us = head->ns / 1000;
	int n = snprintf(line, sizeof line, "[%5lu.%06lu] %s%.*s\n", (unsigned long)(us / 1000000),
			 (unsigned long)(us % 1000000), level_name(head->level), (int)head->len, text);

	if (only)
		only->write(only, line, (size_t)n);
	else
		for (struct print_sink *s = sinks; s; s = s->next)
			s->write(s, line, (size_t)n);
}

static void sink_replay(struct print_sink *sink)
{
	struct print_cursor c = ring.oldest;
	struct print_record r;
	char text[PRINT_LINE];

	while (ring_read_locked(&c, &r, text, sizeof text) > 0) {
		struct ring_head head = { .ns = r.ns, .len = (u16)r.len, .level = (u16)r.level };

		if ((int)r.level <= console_level)
			sink_line(sink, &head, text);
	}
}

void print_sink_add(struct print_sink *sink, bool replay)
{
	bool taken = print_lock();

	if (replay)
		sink_replay(sink);
	sink->next = sinks;
	sinks = sink;
	print_unlock(taken);
}

void print_console_level(int level)
{
	bool taken = print_lock();

	console_level = level;
	print_unlock(taken);
}

int print_console_level_get(void)
{
	bool taken = print_lock();
	int level = console_level;

	print_unlock(taken);
	return level;
}

void print_hooks_set(const struct print_hooks *h) { hooks = *h; }

/* --- printing --- */

/* Formats into line[PRINT_LINE]; returns the length without final newlines. */
static size_t line_format(char *line, const char *fmt, va_list ap)
{
	int n = vsnprintf(line, PRINT_LINE, fmt, ap);
	size_t len = n < 0 ? 0 : MIN((size_t)n, (size_t)PRINT_LINE - 1);

	while (len && line[len - 1] == '\n')
		len--;
	return len;
}

static void line_emit(enum print_level level, const char *line, size_t len)
{
	struct ring_head head = { .ns = now(), .len = (u16)len, .level = (u16)level };

	ring_append(&head, line);
	if ((int)level <= console_level)
		sink_line(NULL, &head, line);
}

void kvprint(enum print_level level, const char *fmt, va_list ap)
{
	char line[PRINT_LINE];
	size_t len = line_format(line, fmt, ap);
	bool taken = print_lock();

	line_emit(level, line, len);
	print_unlock(taken);
	if (hooks.wake && !in_panic())
		hooks.wake();
}

void kprint(enum print_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kvprint(level, fmt, ap);
	va_end(ap);
}

/* --- rate limiting: one bucket per format string; strings that hash to the same bucket share it --- */

enum { LIMIT_BUCKETS = 64, LIMIT_PER_SECOND = 4 };

static struct limit_bucket {
	u64 second;
	u32 lines, dropped;
} limit[LIMIT_BUCKETS];

/* May another line of this format be printed now? *dropped receives what an earlier second swallowed. */
static bool limit_pass(const char *fmt, u32 *dropped)
{
	struct limit_bucket *b = &limit[((size_t)fmt * 0x9e3779b97f4a7c15ul) >> 58];
	u64 second = now() / 1000000000u;

	*dropped = 0;
	if (b->second != second) {
		*dropped = b->dropped;
		*b = (struct limit_bucket){ .second = second };
	}
	if (b->lines == LIMIT_PER_SECOND) {
		b->dropped++;
		return false;
	}
	b->lines++;
	return true;
}

void kprintf_limited(const char *fmt, ...)
{
	u32 dropped;
	bool taken = print_lock(), pass = limit_pass(fmt, &dropped);
	va_list ap;

	print_unlock(taken);
	if (dropped)
		kwarn("%u similar messages dropped", dropped);
	if (!pass)
		return;
	va_start(ap, fmt);
	kvprint(PRINT_WARN, fmt, ap);
	va_end(ap);
}

/* --- panic --- */

static _Noreturn void die(void)
{
	if (hooks.die)
		hooks.die(PRINT_PANIC_STATUS);
	for (;;)
		__builtin_trap();
}

static void panic_enter(void)
{
	u32 nobody = 0;

	if (!__atomic_compare_exchange_n(&panicked, &nobody, this_core() + 1, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED)) {
		if (in_panic())
			die();
		for (;;) /* until the first one stops us */
			__asm__ volatile("" : : : "memory");
	}
	if (hooks.stop_others)
		hooks.stop_others();
}

void panic(const char *fmt, ...)
{
	char line[PRINT_LINE];
	va_list ap;

	panic_enter();
	va_start(ap, fmt);
	line[line_format(line, fmt, ap)] = 0;
	va_end(ap);
	kerror("nros: panic: %s", line);
	if (hooks.backtrace)
		hooks.backtrace();
	die();
}
