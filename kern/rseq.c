/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Restartable sequences: see rseq.h. */
#include "kern/rseq.h"
#include "base/abi.h"
#include "arch/user.h"
#include "kern/process.h"

#define RSEQ_ALIGN 32
#define RSEQ_MIN 32

struct rseq_area {               /* the program's, up to what we write */
	u32 cpu_id_start, cpu_id;
	u64 section;
	u32 flags, node_id, mm_cid;
};

struct rseq_section {
	u32 version, flags;
	u64 start, length, abort;
};

/* Inside its critical section: goes on at the section's abort handler, which the signature marks. 0 or -EFAULT. */
static int rseq_abort(struct thread *t, struct trapframe *f, u64 section)
{
	u64 zero = 0, __user *word = (u64 __user *)((u64)t->rseq + offsetof(struct rseq_area, section));
	struct rseq_section s;
	u32 mark;

	if (user_copy_in(&s, (void __user *)section, sizeof(s)) || s.abort >= USER_END || s.version)
		return -EFAULT;
	if (f->ip - s.start < s.length) {
		if (s.abort - s.start < s.length || user_copy_in(&mark, (void __user *)(s.abort - 4), 4) ||
		    mark != t->rseq_mark)
			return -EFAULT;
		f->ip = s.abort;
	}
	return user_copy_out(word, &zero, sizeof(zero));
}

void rseq_update(struct trapframe *f)
{
	struct thread *t = thread_current();
	struct rseq_area a;
	int err = 0;

	while (t->rseq_event && !err) { /* touching the program's memory may move us */
		t->rseq_event = 0;
		err = user_copy_in(&a, t->rseq, offsetof(struct rseq_area, mm_cid) + 4);
		if (!err && a.section)
			err = rseq_abort(t, f, a.section);
		a.cpu_id_start = a.cpu_id = a.mm_cid = core_id();
		a.node_id = core_node();
		err = err || user_copy_out(t->rseq, &a, 8) ||
		      user_copy_out((u8 __user *)t->rseq + offsetof(struct rseq_area, node_id), &a.node_id, 8);
	}
	if (!err)
		return;
	t->rseq_event = 0;
	signal_force(&(struct siginfo){ .signo = SIGSEGV, .code = SI_KERNEL });
}

void rseq_signal(struct trapframe *f)
{
	struct thread *t = thread_current();

	if (!t->rseq)
		return;
	t->rseq_event = 1;
	rseq_update(f);
}

static int rseq_unregister(struct thread *t, void __user *area, u32 mark)
{
	struct rseq_area none = { .cpu_id = ~0u };

	if (t->rseq != area || !area)
		return -EINVAL;
	if (mark != t->rseq_mark)
		return -EPERM;
	if (user_copy_out(area, &none, 8))
		return -EFAULT;
	t->rseq = NULL;
	t->rseq_event = 0;
	return 0;
}

int rseq_register(void __user *area, u32 len, u32 flags, u32 mark)
{
	struct thread *t = thread_current();

	if (flags == 1)
		return rseq_unregister(t, area, mark);
	if (flags)
		return -EINVAL;
	if (t->rseq)
		return t->rseq != area ? -EINVAL : mark != t->rseq_mark ? -EPERM : -EBUSY;
	if (len < RSEQ_MIN || ((u64)area & (RSEQ_ALIGN - 1)))
		return -EINVAL;
	if (!user_range_ok(area, len))
		return -EFAULT;
	t->rseq = area;
	t->rseq_mark = mark;
	t->rseq_event = 1;
	return 0;
}
