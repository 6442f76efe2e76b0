/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting on many files without naming them each time: the calls of kern/epoll.h. */
#include "kern/epoll.h"
#include "arch/clock.h"
#include "kern/process.h"
#include "linux/call.h"
#include "linux/wait.h"

#define EPOLL_CLOEXEC O_CLOEXEC

static long create(u32 flags)
{
	struct file *f;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	f = epoll_new();
	if (!f)
		return -ENOMEM;
	return fd_install_new(f, flags & EPOLL_CLOEXEC);
}

CALL(epoll_create) { return (s32)a[0] <= 0 ? -EINVAL : create(0); }
CALL(epoll_create1) { return create(a[0]); }

CALL(epoll_ctl)
{
	struct abi_epoll_event e = { 0 };
	struct file *f, *target;
	long r = -EBADF;
	s32 op = a[1];

	if (op != EPOLL_CTL_DEL && user_copy_in(&e, UPTR(3), sizeof(e)))
		return -EFAULT;
	f = file_of_fd(a[0]);
	target = f ? file_of_fd(a[2]) : NULL;
	if (target)
		r = epoll_control(f, op, target, (s32)a[2], &e);
	file_put(target);
	file_put(f);
	return r;
}

static long await(const u64 *a, u64 deadline)
{
	s32 max = a[2];
	struct file *f;
	long r;

	if (max <= 0 || (u32)max > (u32)INT32_MAX / sizeof(struct abi_epoll_event))
		return -EINVAL;
	if (!user_range_ok(UPTR(1), max * sizeof(struct abi_epoll_event)))
		return -EFAULT;
	f = file_of_fd(a[0]);
	if (!f)
		return -EBADF;
	r = file_is_epoll(f) ? epoll_await(f, UPTR(1), max, deadline) : -EINVAL;
	file_put(f);
	return r;
}

static u64 deadline_of_ms(s32 ms)
{
	return ms < 0 ? FOREVER : ms == 0 ? 0 : clock_ns() + (u64)ms * 1000000;
}

CALL(epoll_wait) { return await(a, deadline_of_ms(a[3])); }

CALL(epoll_pwait)
{
	long r = mask_begin(UPTR(4), a[5]);

	return r ? r : mask_end(await(a, deadline_of_ms(a[3])), a[4]);
}

CALL(epoll_pwait2)
{
	u64 deadline;
	long r = deadline_of(UPTR(3), &deadline);

	if (!r)
		r = mask_begin(UPTR(4), a[5]);
	return r ? r : mask_end(await(a, deadline), a[4]);
}
