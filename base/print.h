/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel printing. vsnprintf is klibc's (integers and strings only).
 *
 *   kprintf, kwarn, kerror --> one line, formatted on the caller's stack, at most PRINT_LINE bytes
 *        |                     (longer ones are cut, a final newline is optional)
 *        +--> message ring     the last 64 KiB, every level: dmesg, syslog(2), /dev/kmsg
 *        +--> sinks            "[sec.usec] text\n", up to the console level: serial, virtio console
 *
 * The printing functions may be called in any context, also under a lock or in an interrupt: they only take
 * the hooks' own lock, and never allocate or sleep. base/ knows neither clocks, cores nor locks: whoever starts
 * the machine hands them in as print_hooks.
 */
#ifndef BASE_PRINT_H
#define BASE_PRINT_H

#include <stdarg.h>
#include "base/types.h"

#if __STDC_HOSTED__
#include <stdio.h>
#else
int snprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
#endif

#define PRINT_LINE 400

enum print_level { PRINT_ERROR = 3, PRINT_WARN = 4, PRINT_INFO = 6, PRINT_DEBUG = 7 }; /* numbers of syslog(2) */

void kprint(enum print_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void kvprint(enum print_level level, const char *fmt, va_list ap);
#define kerror(...) kprint(PRINT_ERROR, __VA_ARGS__)
#define kwarn(...) kprint(PRINT_WARN, __VA_ARGS__)
#define kprintf(...) kprint(PRINT_INFO, __VA_ARGS__)
#define kdebug(...) kprint(PRINT_DEBUG, __VA_ARGS__)
/* A warning that a program can cause at will: at most 4 lines a second per format string; what was dropped is
 * counted and told with the next one. */
void kprintf_limited(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For broken invariants only, never for user input. Stops the other cores, prints "nros: panic: ..." and a
 * backtrace on every sink, and leaves through hooks->die. A second panic on another core waits to be stopped. */
_Noreturn void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define kassert(cond) ((cond) ? (void)0 : panic("%s:%d: broken: %s", __FILE__, __LINE__, #cond))

/* Where lines go. `write` gets whole lines, serialised; it must not print. */
struct print_sink {
	void (*write)(struct print_sink *sink, const char *text, size_t len);
	struct print_sink *next; /* private */
};
/* Adds a sink for ever; with `replay` it first gets what the ring holds for the console level. */
void print_sink_add(struct print_sink *sink, bool replay);
/* Lines of this level and more serious ones reach the sinks. PRINT_DEBUG at first; PRINT_WARN for `quiet`. */
void print_console_level(int level);
int print_console_level_get(void);

/* What printing needs from the machine. A NULL member is done without. Set once, while one core runs. */
struct print_hooks {
	u64 (*now)(void);         /* ns since boot */
	u32 (*core)(void);        /* this core's number */
	void (*lock)(void);       /* one lock, taken for the time of a line */
	void (*unlock)(void);
	void (*wake)(void);       /* after a line is in the ring, the lock released: wake readers of /dev/kmsg */
	void (*stop_others)(void);/* panic: returns when the other cores no longer run */
	void (*backtrace)(void);  /* panic: prints the call chain through kerror */
	void (*die)(u8 status);   /* panic: leaves; must not return */
};
void print_hooks_set(const struct print_hooks *hooks);
#define PRINT_PANIC_STATUS 35

/* Reading the ring. A cursor starts zeroed (the oldest line) or from print_ring_end. */
struct print_cursor { u64 seq, at; };
struct print_record {
	u64 seq;    /* 0, 1, 2, ... since boot */
	u64 ns;     /* when */
	u32 level;
	u32 len;    /* of the text */
};
/* Copies the next record's text (no newline, no NUL, cut to size) and moves the cursor on. 1; 0 if there is
 * none yet; -EPIPE if records were overwritten before they were read: the cursor is then at the oldest. */
int print_ring_read(struct print_cursor *c, struct print_record *out, char *text, size_t size);
struct print_cursor print_ring_end(void);

#endif
