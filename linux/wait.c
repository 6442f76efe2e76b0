/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting on many files: poll, select and their kin; and on words of memory: futex. */
#include "base/string.h"
#include "kern/clock.h"
#include "kern/file.h"
#include "kern/futex.h"
#include "kern/process.h"
#include "linux/call.h"
#include "linux/wait.h"
#include "mem/slab.h"

#define NS 1000000000ul

struct watch {
	struct file *file;
	u32 want, got;
};

static int watch_scan(struct watch *w, u32 n, struct poller *p)
{
	u32 i;
	int ready = 0;

	for (i = 0; i < n; i++) {
		if (!w[i].file)
			continue;
		w[i].got = file_poll(w[i].file, ready ? NULL : p) & (w[i].want | POLLERR | POLLHUP);
		ready += w[i].got != 0;
	}
	p->armed = true;
	return ready;
}

/* Ready files; 0: deadline; -EINTR. */
static int watch_wait(struct watch *w, u32 n, u64 deadline)
{
	struct poller p = { .max = n * POLL_QUEUES };
	bool late = deadline == 0;
	int ready;

	p.entry = n ? kmalloc(n * POLL_QUEUES * sizeof(*p.entry)) : NULL;
	if (n && !p.entry)
		return -ENOMEM;
	for (;;) {
		atomic_store_explicit(&p.fired, false, memory_order_relaxed);
		ready = watch_scan(w, n, &p);
		if (ready || late)
			break;
		if (signal_pending_current()) {
			ready = -EINTR;
			break;
		}
		if (!atomic_load_explicit(&p.fired, memory_order_relaxed))
			late = sched_sleep(deadline);
	}
	poller_done(&p);
	kfree(p.entry);
	return ready;
}

static void watch_drop(struct watch *w, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		file_put(w[i].file);
	kfree(w);
}

/* ---- poll */

static long poll_common(struct abi_pollfd __user *user, u32 n, u64 deadline)
{
	struct abi_pollfd *fds;
	struct watch *w;
	u32 i, bad = 0;
	long r;

	if (n > process_current()->limit[RLIMIT_NOFILE].cur)
		return -EINVAL;
	fds = kmalloc(MAX(n, 1u) * sizeof(*fds));
	w = kzalloc(MAX(n, 1u) * sizeof(*w));
	r = !fds || !w ? -ENOMEM : user_copy_in(fds, user, n * sizeof(*fds));
	if (r) {
		kfree(fds);
		kfree(w);
		return r;
	}
	for (i = 0; i < n; i++) {
		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		w[i].file = file_of_fd(fds[i].fd);
		w[i].want = (u16)fds[i].events;
		if (!w[i].file) {
			fds[i].revents = POLLNVAL;
			bad++;
		}
	}
	r = watch_wait(w, n, bad ? 0 : deadline);
	if (r >= 0) {
		r += bad;
		for (i = 0; i < n; i++) {
			if (w[i].file)
				fds[i].revents = w[i].got;
			if (user_copy_out(&user[i].revents, &fds[i].revents, 2)) {
				r = -EFAULT;
				break;
			}
		}
	}
	watch_drop(w, n);
	kfree(fds);
	return r;
}

static long poll_restart(struct restart *r)
{
	long ready = poll_common(r->user, r->count, r->deadline);

	return ready == -EINTR ? -ERESTART_RESTARTBLOCK : ready;
}

CALL(poll)
{
	s32 ms = a[2];
	u64 deadline = ms < 0 ? FOREVER : ms == 0 ? 0 : clock_ns() + (u64)ms * 1000000;
	long r = poll_common(UPTR(0), a[1], deadline);

	if (r != -EINTR)
		return r;
	thread_current()->restart = (struct restart){ .fn = poll_restart, .deadline = deadline, .user = UPTR(0), .count = a[1] };
	return -ERESTART_RESTARTBLOCK;
}

int deadline_of(const void __user *user, u64 *deadline)
{
	struct abi_timespec t;

	*deadline = FOREVER;
	if (!user)
		return 0;
	if (user_copy_in(&t, user, sizeof(t)))
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec > 999999999)
		return -EINVAL;
	*deadline = !t.sec && !t.nsec ? 0 : t.sec > 1000000000 ? FOREVER - 1 : clock_ns() + t.sec * NS + t.nsec;
	return 0;
}

void deadline_out(void __user *user, u64 deadline)
{
	struct abi_timespec t = { 0, 0 };
	u64 now = clock_ns();

	if (!user || deadline == FOREVER)
		return;
	if (deadline > now)
		t = (struct abi_timespec){ (deadline - now) / NS, (deadline - now) % NS };
	user_copy_out(user, &t, sizeof(t));
}

int mask_begin(const void __user *set, size_t size)
{
	struct thread *t = thread_current();
	sigset_t mask;

	if (!set)
		return 0;
	if (size != 8)
		return -EINVAL;
	if (user_copy_in(&mask, set, 8))
		return -EFAULT;
	t->saved_blocked = t->blocked;
	t->restore_blocked = true;
	signal_set_blocked(mask);
	return 0;
}

long mask_end(long r, bool masked)
{
	struct thread *t = thread_current();

	if (r == -EINTR || r == -ERESTARTNOHAND)
		return r; /* the mask comes back when the signal is delivered */
	if (masked && t->restore_blocked) {
		t->restore_blocked = false;
		signal_set_blocked(t->saved_blocked);
	}
	return r;
}

CALL(ppoll)
{
	u64 deadline;
	long r = deadline_of(UPTR(2), &deadline);

	if (!r)
		r = mask_begin(UPTR(3), a[4]);
	if (r)
		return r;
	r = poll_common(UPTR(0), a[1], deadline);
	deadline_out(UPTR(2), deadline);
	return mask_end(r == -EINTR ? -ERESTARTNOHAND : r, a[3]);
}

/* ---- select */

#define SELECT_MAX 1024
#define SELECT_IN (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EX POLLPRI

struct select_sets { u64 bit[3][SELECT_MAX / 64]; };

static int select_collect(struct watch *w, u32 n, const struct select_sets *s)
{
	u32 fd;

	for (fd = 0; fd < n; fd++) {
		u32 in = s->bit[0][fd / 64] >> (fd % 64) & 1, out = s->bit[1][fd / 64] >> (fd % 64) & 1;
		u32 ex = s->bit[2][fd / 64] >> (fd % 64) & 1;

		if (!(in | out | ex))
			continue;
		w[fd].file = file_of_fd(fd);
		if (!w[fd].file)
			return -EBADF;
		w[fd].want = (in ? SELECT_IN : 0) | (out ? SELECT_OUT : 0) | (ex ? SELECT_EX : 0);
	}
	return 0;
}

static int select_results(const struct watch *w, u32 n, struct select_sets *s)
{
	static const u32 kinds[3] = { SELECT_IN, SELECT_OUT, SELECT_EX };
	u32 fd, k;
	int count = 0;

	for (fd = 0; fd < n; fd++)
		for (k = 0; k < 3; k++) {
			u64 bit = 1ul << (fd % 64), *word = &s->bit[k][fd / 64];

			if (!(*word & bit))
				continue;
			if (w[fd].got & kinds[k])
				count++;
			else
				*word &= ~bit;
		}
	return count;
}

static long select_common(s32 n, const u64 *a, u64 deadline)
{
	struct select_sets s;
	struct watch *w;
	size_t bytes;
	long r = 0;
	u32 k;

	if (n < 0)
		return -EINVAL;
	n = MIN(n, SELECT_MAX);
	bytes = ALIGN_UP(n, 64) / 8;
	memset(&s, 0, sizeof(s));
	for (k = 0; k < 3; k++)
		if (a[1 + k] && user_copy_in(s.bit[k], UPTR(1 + k), bytes))
			return -EFAULT;
	w = kzalloc(MAX(n, 1) * sizeof(*w));
	if (!w)
		return -ENOMEM;
	r = select_collect(w, n, &s);
	if (!r)
		r = watch_wait(w, n, deadline);
	if (r >= 0) {
		r = select_results(w, n, &s);
		for (k = 0; k < 3; k++)
			if (a[1 + k] && user_copy_out(UPTR(1 + k), s.bit[k], bytes))
				r = -EFAULT;
	}
	watch_drop(w, n);
	return r;
}

CALL(select)
{
	struct abi_timeval tv;
	u64 deadline = FOREVER, now;
	long r;

	if (a[4]) {
		if (user_copy_in(&tv, UPTR(4), sizeof(tv)))
			return -EFAULT;
		if (tv.sec < 0 || tv.usec < 0)
			return -EINVAL;
		deadline = !tv.sec && !tv.usec ? 0 : clock_ns() + tv.sec * NS + tv.usec * 1000;
	}
	r = select_common(a[0], a, deadline);
	if (a[4]) {
		now = clock_ns();
		u64 left = deadline > now ? deadline - now : 0;

		tv = (struct abi_timeval){ left / NS, left % NS / 1000 };
		user_copy_out(UPTR(4), &tv, sizeof(tv));
	}
	return r == -EINTR ? -ERESTARTNOHAND : r;
}

CALL(pselect6)
{
	struct { u64 set, size; } m = { 0, 0 };
	u64 deadline;
	long r = deadline_of(UPTR(4), &deadline);

	if (!r && a[5] && user_copy_in(&m, UPTR(5), sizeof(m)))
		r = -EFAULT;
	if (!r)
		r = mask_begin((void __user *)m.set, m.size);
	if (r)
		return r;
	r = select_common(a[0], a, deadline);
	deadline_out(UPTR(4), deadline);
	return mask_end(r == -EINTR ? -ERESTARTNOHAND : r, m.set);
}

/* ---- futex */

static long futex_restart(struct restart *r)
{
	long got = futex_wait((u64)r->user, r->count, r->deadline, r->bits, r->flags);

	return got == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : got;
}

static long futex_wait_call(const u64 *a, bool private_key, bool absolute, bool wall, u32 bits)
{
	struct abi_timespec t;
	u64 deadline = FOREVER, ns;
	long r;

	if (a[3]) {
		if (user_copy_in(&t, UPTR(3), sizeof(t)))
			return -EFAULT;
		if (t.sec < 0 || t.nsec < 0 || t.nsec > 999999999)
			return -EINVAL;
		ns = t.sec * NS + t.nsec;
		deadline = !absolute ? clock_ns() + ns : !wall ? ns : ns > wall_ns() ? clock_ns() + (ns - wall_ns()) : 0;
	}
	r = futex_wait(a[0], a[2], deadline, bits, private_key);
	if (r != -ERESTARTSYS || !a[3])
		return r;
	thread_current()->restart = (struct restart){ .fn = futex_restart, .deadline = deadline, .user = UPTR(0),
						       .count = a[2], .bits = bits, .flags = private_key };
	return -ERESTART_RESTARTBLOCK;
}

CALL(futex)
{
	u32 op = a[1] & 127;
	bool private_key = a[1] & FUTEX_PRIVATE_FLAG, wall = a[1] & FUTEX_CLOCK_REALTIME;

	switch (op) {
	case FUTEX_WAIT:
		return futex_wait_call(a, private_key, false, false, ~0u);
	case FUTEX_WAIT_BITSET:
		return futex_wait_call(a, private_key, true, wall, a[5]);
	case FUTEX_WAKE:
		return futex_wake(a[0], a[2], ~0u, private_key);
	case FUTEX_WAKE_BITSET:
		return futex_wake(a[0], a[2], a[5], private_key);
	case FUTEX_REQUEUE:
		return futex_requeue(a[0], a[4], a[2], a[3], false, 0, private_key);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(a[0], a[4], a[2], a[3], true, a[5], private_key);
	case FUTEX_WAKE_OP:
		return futex_wake_op(a[0], a[2], a[4], a[3], a[5], private_key);
	default:
		return -ENOSYS;
	}
}
