/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list of mounts: see mounts.h. */
#include "kern/mounts.h"
#include "base/errno.h"
#include "base/string.h"
#include "nr/sync/lock.h"

#define MOUNTS_MAX 64

static struct lock mounts_lock = LOCK_INIT;
static struct mount_info mounts[MOUNTS_MAX] = { { .id = 1, .dev = 2, .type = "rootfs", .source = "rootfs", .options = "rw" } };
static u32 nmounts = 1, last_id = 23;

int mounts_room(void)
{
	int err;

	lock_acquire(&mounts_lock);
	err = nmounts < MOUNTS_MAX ? 0 : -ENOSPC;
	lock_release(&mounts_lock);
	return err;
}

void mounts_add(u64 dir, u32 dev, const char *type, const char *source, const char *options)
{
	struct mount_info *m;

	lock_acquire(&mounts_lock);
	if (nmounts < MOUNTS_MAX) {
		m = &mounts[nmounts++];
		m->id = ++last_id;
		m->dir = dir;
		m->dev = dev;
		strlcpy(m->type, type, sizeof(m->type));
		strlcpy(m->source, source, sizeof(m->source));
		strlcpy(m->options, options, sizeof(m->options));
	}
	lock_release(&mounts_lock);
}

void mounts_remove(u64 dir)
{
	u32 i;

	lock_acquire(&mounts_lock);
	for (i = nmounts; i-- > 1;) {
		if (mounts[i].dir != dir)
			continue;
		memmove(&mounts[i], &mounts[i + 1], (nmounts - i - 1) * sizeof(mounts[0]));
		nmounts--;
		break;
	}
	lock_release(&mounts_lock);
}

bool mounts_get(u32 i, struct mount_info *out)
{
	bool found;

	lock_acquire(&mounts_lock);
	found = i < nmounts;
	if (found)
		*out = mounts[i];
	lock_release(&mounts_lock);
	return found;
}
