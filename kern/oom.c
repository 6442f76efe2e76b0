/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Out of memory: see oom.h. */
#include "kern/oom.h"
#include <stdatomic.h>
#include "arch/clock.h"
#include "base/print.h"
#include "kern/process.h"
#include "kern/thread.h"
#include "kern/wait.h"

#define OOM_PATIENCE 1000000000ul /* ns */

static _Atomic u32 leaving;
static _Atomic u64 given;
static struct waitq waiting = WAITQ_INIT(waiting);

void oom_leaving(struct process *p)
{
	if (!p->leaving)
		atomic_fetch_add(&leaving, 1);
	p->leaving = true;
}

void oom_left(struct process *p)
{
	if (!p->leaving)
		return;
	atomic_fetch_add(&given, 1);
	atomic_fetch_sub(&leaving, 1);
	waitq_wake(&waiting);
}

/* The caller: on its way out by another's doing or its own, and then it would wait for itself. */
static bool dying(void) { return atomic_load(&thread_current()->dying) || process_current()->leaving; }

u64 oom_given(void) { return atomic_load(&given); }

/* `given` first: who leaves between the two loads has counted himself there already. */
static bool oom_over(u64 before)
{
	return dying() || oom_given() != before || !atomic_load(&leaving);
}

bool oom_await(u64 before)
{
	WAIT_KILLABLE_NOT(&waiting, clock_ns() + OOM_PATIENCE, oom_over(before));
	return oom_given() != before && !dying();
}

void oom_end(void)
{
	struct process *p = process_current();

	if (dying())
		return; /* on its way already */
	kwarn("out of memory: process %u (%s) killed", p->pid, p->comm);
	signal_kernel(p, SIGKILL);
}
