/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * tap.h: what the guest's test programs share. Checks print TAP lines and count; tap_end prints the plan.
 *
 *	CHECK(condition)	holds
 *	GOOD(call)		did not return -1; the value of GOOD is the call's result
 *	FAILS(errno, call)	returned -1 with exactly this errno
 *	IS(value, call)		returned exactly this value
 *
 *	ALARMED(call)		the call's result while SIGALRM comes again and again: a call that must be interrupted
 *
 * A test's name is its own text and line, so a failure names its place. A check in a child that must reach the
 * parent is told by exit status: IN_CHILD(body) runs the body in a forked process and fails unless it passes.
 */
#ifndef NROS_TESTS_TAP_H
#define NROS_TESTS_TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int tap_count, tap_failed;

static inline bool tap_result(bool good, int line, const char *text, const char *note)
{
	dprintf(1, "%s %d - %d: %s%s%s\n", good ? "ok" : "not ok", ++tap_count, line, text,
		good || !*note ? "" : "\n# ", good ? "" : note);
	tap_failed += !good;
	return good;
}

static inline long tap_call(long got, long want_error, long want_value, int line, const char *text)
{
	int error = got == -1 ? errno : 0;
	bool good = want_error < 0 ? error == 0 && (want_error != -2 || got == want_value) : error == want_error;
	char note[160] = "";

	if (!good)
		snprintf(note, sizeof(note), "returned %ld, errno %d (%s); wanted %s %ld", got, error,
			error ? strerror(error) : "none", want_error > 0 ? "errno" : want_error == -2 ? "value" : "success",
			want_error > 0 ? want_error : want_value);
	tap_result(good, line, text, note);
	return got;
}

#define CHECK(condition) tap_result((condition), __LINE__, #condition, "")
#define GOOD(call) tap_call((errno = 0, (long)(call)), -1, 0, __LINE__, #call)
#define FAILS(error, call) tap_call((errno = 0, (long)(call)), (error), 0, __LINE__, #error " from " #call)
#define IS(value, call) tap_call((errno = 0, (long)(call)), -2, (value), __LINE__, #value " from " #call)

#define PATIENCE 30000 /* ms, where something must happen: a machine may be slow */

static inline void alarms(int first_ms, int every_ms)
{
	struct itimerval timer = { { 0, every_ms * 1000 }, { 0, first_ms * 1000 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* One alarm might come before the call has begun. The last one may hit nothing but the caller. */
#define ALARMED(call) ({ \
	alarms(20, 20); \
	long tap_got = (call); \
	int tap_errno = errno; \
	alarms(0, 0); \
	errno = tap_errno; \
	tap_got; \
})

/* The wait status of a child; the caller has just forked it. */
static inline int tap_wait(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Runs `body` in a child; fails unless every check in it passed and it came to its end. */
#define IN_CHILD(name, body) do { \
	fflush(NULL); \
	pid_t tap_pid = fork(); \
	if (tap_pid == 0) { \
		tap_failed = 0; \
		body; \
		_exit(tap_failed ? 1 : 0); \
	} \
	int tap_status = tap_wait(tap_pid); \
	char tap_note[48]; \
	snprintf(tap_note, sizeof(tap_note), "wait status %#x", tap_status); \
	tap_result(tap_status == 0, __LINE__, "child: " name, tap_note); \
} while (0)

static inline int tap_end(void)
{
	dprintf(1, "1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

/* Addresses that no program may pass: unmapped, beyond user space, in the kernel's half. */
static void *volatile bad_pointers[] __attribute__((unused)) = {
	(void *)8, (void *)0x800000000000UL, (void *)0xffff800000001000UL,
};
#define BAD (bad_pointers[0])
#define BAD_HIGH (bad_pointers[1])
#define BAD_KERNEL (bad_pointers[2])

#endif
