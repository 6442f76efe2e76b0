/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files that are events: eventfd(2), signalfd(2). timerfd is with the timers (timers.c). */
#include "kern/eventfd.h"
#include "kern/file.h"
#include "kern/process.h"
#include "kern/signalfd.h"
#include "linux/call.h"

#define EFD_SEMAPHORE 1u
#define EFD_FLAGS (EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK)

static int install(struct file *f, u32 flags)
{
	return f ? fd_install_new(f, flags & O_CLOEXEC) : -ENOMEM;
}

static long eventfd(u32 count, u32 flags)
{
	if (flags & ~EFD_FLAGS)
		return -EINVAL;
	return install(eventfd_new(count, flags & EFD_SEMAPHORE, flags & O_NONBLOCK), flags);
}

/* Another set for a signalfd that exists. */
static long signalfd_change(int fd, sigset_t set)
{
	struct file *f = file_of_fd(fd);
	long r = !f ? -EBADF : file_is_signalfd(f) ? fd : -EINVAL;

	if (r >= 0)
		signalfd_set(f, set);
	file_put(f);
	return r;
}

static long signalfd(int fd, const void __user *at, u64 size, u32 flags)
{
	sigset_t set;

	if (size != sizeof(set))
		return -EINVAL;
	if (user_copy_in(&set, at, sizeof(set)))
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	return fd == -1 ? install(signalfd_new(set, flags & O_NONBLOCK), flags) : signalfd_change(fd, set);
}

CALL(signalfd) { return signalfd(a[0], UPTR(1), a[2], 0); }
CALL(signalfd4) { return signalfd(a[0], UPTR(1), a[2], a[3]); }
CALL(eventfd) { return eventfd(a[0], 0); }
CALL(eventfd2) { return eventfd(a[0], a[1]); }
