/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files that are events: eventfd(2). timerfd is with the timers (timers.c). */
#include "kern/eventfd.h"
#include "kern/file.h"
#include "linux/call.h"

#define EFD_SEMAPHORE 1u
#define EFD_FLAGS (EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK)

static long eventfd(u32 count, u32 flags)
{
	struct file *f;
	int fd;

	if (flags & ~EFD_FLAGS)
		return -EINVAL;
	f = eventfd_new(count, flags & EFD_SEMAPHORE, flags & O_NONBLOCK);
	if (!f)
		return -ENOMEM;
	fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

CALL(eventfd) { return eventfd(a[0], 0); }
CALL(eventfd2) { return eventfd(a[0], a[1]); }
