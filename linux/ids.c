/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Credentials and resource limits. (credentials(7); a change reaches the replicated process table too.) */
#include "base/string.h"
#include "kern/process.h"
#include "linux/call.h"
#include "seq/files.h"

#define CURRENT (&process_current()->cred)

CALL(getuid) { (void)a; return CURRENT->uid; }
CALL(geteuid) { (void)a; return CURRENT->euid; }
CALL(getgid) { (void)a; return CURRENT->gid; }
CALL(getegid) { (void)a; return CURRENT->egid; }

static bool id_known(u32 id, u32 a, u32 b, u32 c)
{
	return id == ~0u || id == a || id == b || id == c;
}

/* real, effective, saved; ~0: leave. `may`: the caller may choose any. */
static int set_uids(u32 r, u32 e, u32 s)
{
	struct process *p = process_current();
	struct cred *c = &p->cred;

	if (!cred_capable(c) && (!id_known(r, c->uid, c->euid, c->suid) || !id_known(e, c->uid, c->euid, c->suid) ||
				 !id_known(s, c->uid, c->euid, c->suid)))
		return -EPERM;
	lock_acquire(&p->lock);
	c->uid = r == ~0u ? c->uid : r;
	c->euid = e == ~0u ? c->euid : e;
	c->suid = s == ~0u ? c->suid : s;
	c->fsuid = c->euid;
	lock_release(&p->lock);
	process_publish_creds(p);
	return 0;
}

static int set_gids(u32 r, u32 e, u32 s)
{
	struct process *p = process_current();
	struct cred *c = &p->cred;

	if (!cred_capable(c) && (!id_known(r, c->gid, c->egid, c->sgid) || !id_known(e, c->gid, c->egid, c->sgid) ||
				 !id_known(s, c->gid, c->egid, c->sgid)))
		return -EPERM;
	lock_acquire(&p->lock);
	c->gid = r == ~0u ? c->gid : r;
	c->egid = e == ~0u ? c->egid : e;
	c->sgid = s == ~0u ? c->sgid : s;
	c->fsgid = c->egid;
	lock_release(&p->lock);
	return 0;
}

CALL(setuid)
{
	u32 id = a[0];

	if (id == ~0u)
		return -EINVAL;
	if (cred_capable(CURRENT))
		return set_uids(id, id, id);
	return id == CURRENT->uid || id == CURRENT->suid ? set_uids(~0u, id, ~0u) : -EPERM;
}

CALL(setgid)
{
	u32 id = a[0];

	if (id == ~0u)
		return -EINVAL;
	if (cred_capable(CURRENT))
		return set_gids(id, id, id);
	return id == CURRENT->gid || id == CURRENT->sgid ? set_gids(~0u, id, ~0u) : -EPERM;
}

CALL(setreuid)
{
	u32 r = a[0], e = a[1], old = CURRENT->uid, saved = ~0u;
	const struct cred *c = CURRENT;

	if (!cred_capable(c) && !id_known(r, c->uid, c->euid, c->euid))
		return -EPERM;
	if (r != ~0u || (e != ~0u && e != old))
		saved = e != ~0u ? e : c->euid;
	if (!cred_capable(c) && !id_known(e, c->uid, c->euid, c->suid))
		return -EPERM;
	return set_uids(r, e, saved);
}

CALL(setregid)
{
	u32 r = a[0], e = a[1], old = CURRENT->gid, saved = ~0u;
	const struct cred *c = CURRENT;

	if (!cred_capable(c) && !id_known(r, c->gid, c->egid, c->egid))
		return -EPERM;
	if (r != ~0u || (e != ~0u && e != old))
		saved = e != ~0u ? e : c->egid;
	return set_gids(r, e, saved);
}

CALL(setresuid) { return set_uids(a[0], a[1], a[2]); }
CALL(setresgid) { return set_gids(a[0], a[1], a[2]); }

static long three_out(const u64 *a, u32 x, u32 y, u32 z)
{
	return user_copy_out(UPTR(0), &x, 4) || user_copy_out(UPTR(1), &y, 4) || user_copy_out(UPTR(2), &z, 4) ? -EFAULT : 0;
}

CALL(getresuid) { return three_out(a, CURRENT->uid, CURRENT->euid, CURRENT->suid); }
CALL(getresgid) { return three_out(a, CURRENT->gid, CURRENT->egid, CURRENT->sgid); }

CALL(setfsuid)
{
	struct cred *c = CURRENT;
	u32 old = c->fsuid, id = a[0];

	if (id != ~0u && (cred_capable(c) || id == c->uid || id == c->euid || id == c->suid || id == c->fsuid))
		c->fsuid = id;
	return old;
}

CALL(setfsgid)
{
	struct cred *c = CURRENT;
	u32 old = c->fsgid, id = a[0];

	if (id != ~0u && (cred_capable(c) || id == c->gid || id == c->egid || id == c->sgid || id == c->fsgid))
		c->fsgid = id;
	return old;
}

CALL(getgroups)
{
	const struct cred *c = CURRENT;

	if ((s32)a[0] < 0)
		return -EINVAL;
	if ((u32)a[0]) {
		if ((u32)a[0] < c->ngroups)
			return -EINVAL;
		if (user_copy_out(UPTR(1), c->groups, c->ngroups * 4))
			return -EFAULT;
	}
	return c->ngroups;
}

CALL(setgroups)
{
	struct process *p = process_current();
	u32 groups[32], n = a[0];

	if (!cred_capable(&p->cred))
		return -EPERM;
	if (n > ARRAY_SIZE(groups))
		return -EINVAL;
	if (user_copy_in(groups, UPTR(1), n * 4))
		return -EFAULT;
	lock_acquire(&p->lock);
	memcpy(p->cred.groups, groups, n * 4);
	p->cred.ngroups = n;
	lock_release(&p->lock);
	return 0;
}

/* Capabilities: root has all, others none. */
CALL(capget)
{
	struct { u32 version; s32 pid; } head;
	struct { u32 effective, permitted, inheritable; } data[2] = { { 0 } };
	u32 words, full = cred_capable(CURRENT) ? ~0u : 0;

	if (user_copy_in(&head, UPTR(0), sizeof(head)))
		return -EFAULT;
	words = head.version == 0x19980330 ? 1 : 2;
	if (head.version != 0x19980330 && head.version != 0x20071026 && head.version != 0x20080522) {
		head.version = 0x20080522;
		if (user_copy_out(UPTR(0), &head, sizeof(head)))
			return -EFAULT;
		return a[1] ? -EINVAL : 0;
	}
	if (head.pid < 0)
		return -EINVAL;
	data[0].effective = data[0].permitted = full;
	data[1].effective = data[1].permitted = full & 0x1ff;
	return a[1] ? user_copy_out(UPTR(1), data, words * sizeof(data[0])) : 0;
}

CALL(capset) { (void)a; return cred_capable(CURRENT) ? 0 : -EPERM; }

/* ---- limits */

static int limit_change(struct process *p, u32 which, const struct rlimit *new, struct rlimit *old)
{
	struct rlimit *l;
	int err = 0;

	if (which >= RLIMITS)
		return -EINVAL;
	if (new && new->cur > new->max)
		return -EINVAL;
	if (new && which == RLIMIT_NOFILE && new->max > FILES_MAX)
		return -EPERM;
	lock_acquire(&p->lock);
	l = &p->limit[which];
	*old = *l;
	if (new && new->max > l->max && !cred_capable(CURRENT))
		err = -EPERM;
	if (new && !err)
		*l = *new;
	lock_release(&p->lock);
	if (new && !err && which == RLIMIT_CPU)
		itimers_limit(p);
	return err;
}

CALL(getrlimit)
{
	struct rlimit old;
	int err = limit_change(process_current(), a[0], NULL, &old);

	return err ? err : user_copy_out(UPTR(1), &old, sizeof(old));
}

CALL(setrlimit)
{
	struct rlimit new, old;

	if (user_copy_in(&new, UPTR(1), sizeof(new)))
		return -EFAULT;
	return limit_change(process_current(), a[0], &new, &old);
}

CALL(prlimit64)
{
	struct rlimit new, old;
	struct process *p;
	int err;

	if (a[2] && user_copy_in(&new, UPTR(2), sizeof(new)))
		return -EFAULT;
	p = process_of_pid((s32)a[0] ? (s32)a[0] : (s32)process_current()->pid);
	if (!p)
		return -ESRCH;
	if (p != process_current() && !cred_capable(CURRENT) && CURRENT->uid != p->cred.uid)
		err = -EPERM;
	else
		err = limit_change(p, a[1], a[2] ? &new : NULL, &old);
	process_put(p);
	if (err)
		return err;
	return a[3] && user_copy_out(UPTR(3), &old, sizeof(old)) ? -EFAULT : 0;
}
