/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time accounting: see account.h. */
#include "kern/account.h"
#include "arch/clock.h"
#include "kern/thread.h"

static void charge_user(struct percore *pc, struct thread *t, u64 ns)
{
	u64 owed = MIN(ns, t->owed_ns);

	t->owed_ns -= owed;
	t->system_ns += owed;
	pc->system_ns += owed;
	t->user_ns += ns - owed;
	pc->user_ns += ns - owed;
}

void account_until(struct percore *pc, u64 now)
{
	struct thread *t = pc->current;
	u64 ns = now - pc->stamp;

	pc->stamp = now;
	if (t == pc->idle) {
		pc->idle_ns += ns;
	} else if (t->in_system || !t->proc) {
		t->system_ns += ns;
		pc->system_ns += ns;
	} else {
		charge_user(pc, t, ns);
	}
}

void account_now(void)
{
	account_until(percore(), clock_ns());
}

void account_aside(void)
{
	struct percore *pc = percore();
	u64 now = clock_ns();

	pc->system_ns += now - pc->stamp;
	pc->stamp = now;
}

void account_enter(void)
{
	account_now();
	thread_current()->in_system = true;
}

void account_leave(u32 weight)
{
	struct percore *pc = percore();
	u64 from = pc->stamp;

	account_now();
	pc->current->in_system = false;
	pc->current->owed_ns += (weight - 1) * (pc->stamp - from);
	pc->sample_gap = pc->sample_in = 9 + (pc->stamp >> 4) % 16;
}

void usage_add(struct usage *to, const struct usage *more)
{
	to->user_ns += more->user_ns;
	to->system_ns += more->system_ns;
	to->faults += more->faults;
	to->nvcsw += more->nvcsw;
	to->nivcsw += more->nivcsw;
	to->rchar += more->rchar;
	to->wchar += more->wchar;
	to->reads += more->reads;
	to->writes += more->writes;
	to->max_rss = MAX(to->max_rss, more->max_rss);
}

/* With what its core has not charged yet. Any core; a moment's view. */
void usage_of_thread(struct thread *t, struct usage *out)
{
	const struct percore *pc = percore_of(thread_core(t));
	u64 now = clock_ns(), stamp = *(const volatile u64 *)&pc->stamp;
	u64 more = *(struct thread *const volatile *)&pc->current == t && now > stamp ? now - stamp : 0;

	*out = (struct usage){ .user_ns = t->user_ns, .system_ns = t->system_ns, .faults = t->faults, .nvcsw = t->nvcsw,
			       .nivcsw = t->nivcsw, .rchar = t->rchar, .wchar = t->wchar, .reads = t->reads, .writes = t->writes };
	*(t->in_system ? &out->system_ns : &out->user_ns) += more;
}
