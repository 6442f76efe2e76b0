/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SIGIO: see async.h. */
#include "kern/async.h"
#include "kern/process.h"
#include "mem/slab.h"

struct async {
	struct lock lock;                  /* short, inside a wait queue's: the owner */
	struct process *owner;             /* a reference, or NULL */
	u32 uid, euid;                     /* of who named him */
	u32 queues;                        /* that it is on; changing: under `changing` */
	struct poll_entry entry[POLL_QUEUES];
};

static struct mutex changing = { .waiters = WAITQ_INIT(changing.waiters) }; /* one change at a time, of any file */

/* The room of a file that asks for the first time; `changing` is held. */
static struct async *async_of(struct file *f)
{
	struct async *a = f->async ? f->async : kzalloc(sizeof(*a));

	if (a && !f->async)
		lock_init(&a->lock);
	f->async = a;
	return a;
}

/* May who named the owner signal him? As when he called kill(2), but as he was then. `lock` is held. */
static bool may_signal(const struct async *a)
{
	struct process *p = a->owner;
	const struct cred *c = &p->cred;
	bool may;

	lock_acquire(&p->lock);
	may = a->euid == 0 || a->euid == c->uid || a->euid == c->suid || a->uid == c->uid || a->uid == c->suid;
	lock_release(&p->lock);
	return may;
}

/* No use to who waits for bytes: another waiter is woken all the same. */
static bool async_fire(struct waiter *w, u32 events)
{
	static const struct siginfo info = { .signo = SIGIO, .code = SI_KERNEL };
	struct async *a = container_of(w, struct poll_entry, w)->owner;

	(void)events;
	lock_acquire(&a->lock);
	if (a->owner && may_signal(a))
		signal_interrupt(a->owner, 0, &info);
	lock_release(&a->lock);
	return false;
}

static void queues_leave(struct async *a)
{
	for (; a->queues; a->queues--)
		waitq_remove(a->entry[a->queues - 1].q, &a->entry[a->queues - 1].w);
}

static int async_begin(struct file *f)
{
	struct async *a = async_of(f);
	struct poller p = { .max = POLL_QUEUES, .wake = async_fire, .owner = a };

	if (!a)
		return -ENOMEM;
	p.entry = a->entry;
	f->ops->poll(f, &p);
	a->queues = p.count;
	atomic_fetch_or(&f->flags, O_ASYNC);
	return 0;
}

int async_set(struct file *f, bool on)
{
	int err = 0;

	mutex_lock(&changing);
	if (on == (f->async && f->async->queues)) {
		mutex_unlock(&changing);
		return 0;
	}
	if (!f->ops->tells) {
		err = -ENOTTY;
	} else if (on) {
		err = async_begin(f);
	} else {
		queues_leave(f->async);
		atomic_fetch_and(&f->flags, ~O_ASYNC);
	}
	mutex_unlock(&changing);
	return err;
}

static void owner_set(struct async *a, struct process *p)
{
	struct process *old;

	lock_acquire(&a->lock);
	old = a->owner;
	a->owner = p;
	if (p) {
		a->uid = process_current()->cred.uid;
		a->euid = process_current()->cred.euid;
	}
	lock_release(&a->lock);
	if (old)
		process_put(old);
}

int async_own(struct file *f, s32 pid)
{
	struct process *p = pid > 0 ? process_of_pid(pid) : NULL;
	struct async *a;

	if (pid < 0)
		return -EINVAL;
	if (pid && !p)
		return -ESRCH;
	mutex_lock(&changing);
	a = pid ? async_of(f) : f->async;
	if (a)
		owner_set(a, p);
	mutex_unlock(&changing);
	if (a || !pid)
		return 0;
	process_put(p);
	return -ENOMEM;
}

s32 async_owner(struct file *f)
{
	s32 pid = 0;

	mutex_lock(&changing);
	if (f->async && f->async->owner)
		pid = f->async->owner->pid;
	mutex_unlock(&changing);
	return pid;
}

void async_end(struct file *f)
{
	struct async *a = f->async;

	if (!a)
		return;
	queues_leave(a);
	owner_set(a, NULL);
	kfree(a);
}
