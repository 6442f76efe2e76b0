/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interval timers and the limit of processor time: see itimer.h. */
#include "kern/itimer.h"
#include "arch/clock.h"
#include "base/abi.h"
#include "kern/process.h"

#define NS 1000000000ul
#define FIRE_GAP 100000ul   /* a program's timer does not fire more often: the interrupts would eat the core */
#define CPU_GAP 1000000ul

u64 itimer_next(u64 at, u64 every, u64 now, u64 *missed)
{
	u64 n = now + FIRE_GAP > at + every ? (now + FIRE_GAP - at + every - 1) / every : 1;

	*missed = n - 1;
	return at + n * every;
}

static void real_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, itimers.real);
	u64 every = p->itimers.every[ITIMER_REAL], missed;

	signal_kernel(p, SIGALRM);
	if (every)
		timer_arm(timer, itimer_next(timer->deadline, every, clock_ns(), &missed));
}

/* ---- processor time */

static void cpu_expire(struct process *p, u32 which, u64 used, int signo)
{
	struct itimers *t = &p->itimers;

	if (!t->at[which] || used < t->at[which])
		return;
	signal_kernel(p, signo);
	t->at[which] = t->every[which] ? used + t->every[which] - (used - t->at[which]) % t->every[which] : 0;
}

static void cpu_limit(struct process *p, u64 used)
{
	u64 hard = p->limit[RLIMIT_CPU].max;

	if (used < p->itimers.warn_at)
		return;
	if (hard < FOREVER / NS && used >= hard * NS) {
		signal_kernel(p, SIGKILL);
		return;
	}
	signal_kernel(p, SIGXCPU);
	p->itimers.warn_at = used + NS;
}

static u64 cpu_left(const struct itimers *t, u64 user, u64 all)
{
	u64 left = t->warn_at == FOREVER ? FOREVER : t->warn_at - MIN(all, t->warn_at);

	if (t->at[ITIMER_VIRTUAL])
		left = MIN(left, t->at[ITIMER_VIRTUAL] - MIN(user, t->at[ITIMER_VIRTUAL]));
	if (t->at[ITIMER_PROF])
		left = MIN(left, t->at[ITIMER_PROF] - MIN(all, t->at[ITIMER_PROF]));
	return left;
}

static void cpu_arm(struct process *p, u64 user, u64 all)
{
	u64 left = cpu_left(&p->itimers, user, all);

	if (left != FOREVER)
		timer_arm(&p->itimers.cpu, clock_ns() + MAX(left / MAX(p->nthreads, 1u), CPU_GAP));
}

static void cpu_fire(struct timer *timer)
{
	struct process *p = container_of(timer, struct process, itimers.cpu);
	u64 user, system;

	process_times(p, &user, &system);
	cpu_expire(p, ITIMER_VIRTUAL, user, SIGVTALRM);
	cpu_expire(p, ITIMER_PROF, user + system, SIGPROF);
	cpu_limit(p, user + system);
	if (p->nthreads)
		cpu_arm(p, user, user + system);
}

/* ---- changes */

void itimers_init(struct itimers *t)
{
	mutex_init(&t->changing);
	t->real.fire = real_fire;
	t->cpu.fire = cpu_fire;
	t->warn_at = FOREVER;
}

void itimers_cancel(struct process *p)
{
	timer_cancel(&p->itimers.real);
	timer_cancel(&p->itimers.cpu);
}

void itimers_limit(struct process *p)
{
	struct itimers *t = &p->itimers;
	u64 user, system, soft = p->limit[RLIMIT_CPU].cur;

	if (soft == RLIM_INFINITY && t->warn_at == FOREVER)
		return;
	mutex_lock(&t->changing);
	timer_cancel(&t->cpu);
	t->warn_at = soft < FOREVER / NS ? MAX(soft, 1ul) * NS : FOREVER;
	process_times(p, &user, &system);
	cpu_arm(p, user, user + system);
	mutex_unlock(&t->changing);
}

/* What the timer counts in: the clock, user time, all time. */
static u64 itimer_now(struct process *p, u32 which)
{
	u64 user, system;

	if (which == ITIMER_REAL)
		return clock_ns();
	process_times(p, &user, &system);
	return which == ITIMER_VIRTUAL ? user : user + system;
}

static u64 itimer_value(struct process *p, u32 which)
{
	struct itimers *t = &p->itimers;
	u64 now = itimer_now(p, which), at = which != ITIMER_REAL ? t->at[which] : t->real.armed ? t->real.deadline : 0;

	return !at ? 0 : at > now ? at - now : 1000;
}

void itimer_get(struct process *p, u32 which, u64 *value, u64 *interval)
{
	mutex_lock(&p->itimers.changing);
	*value = itimer_value(p, which);
	*interval = p->itimers.every[which];
	mutex_unlock(&p->itimers.changing);
}

void itimer_set(struct process *p, u32 which, u64 value, u64 interval)
{
	struct itimers *t = &p->itimers;
	u64 user, system;

	mutex_lock(&t->changing);
	timer_cancel(which == ITIMER_REAL ? &t->real : &t->cpu);
	t->every[which] = interval;
	t->at[which] = value ? itimer_now(p, which) + MIN(value, FOREVER / 4) : 0;
	if (which == ITIMER_REAL && value)
		timer_arm(&t->real, t->at[which]);
	process_times(p, &user, &system);
	if (which != ITIMER_REAL)
		cpu_arm(p, user, user + system);
	mutex_unlock(&t->changing);
}
