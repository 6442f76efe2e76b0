/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The scheduler: coroutines that hand over at atomic steps and in waiting loops, and the ways to choose.
 *
 * Each atomic operation is a step; before it another thread may be switched to (a preemption). A thread in a
 * waiting loop gives way without a preemption, and after two looks without anybody else's store it is not run again until
 * there is one: so a state in which nobody can move is seen as such, not as a loop without end.
 *
 *   dfs     the first choice everywhere is 0 (go on; the newest store); then the last choice that has alternatives left
 *           takes its next, and so on: every run within the bounds, once
 *   random  even seeds: priorities with change points (Burckhardt et al., ASPLOS'10); odd seeds: coins
 */
#include "test/nr/explore/sched.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

struct thread {
	jmp_buf at;
	ucontext_t first;
	bool started, done, stopped, bounded;
	const void *asleep; /* on this word */
	u32 steps, idle, mark; /* mark: others' stores at its last look */
	bool fresh; /* its next loads are of the newest stores */
	u32 priority;
	const void *site;
};

struct choice {
	u16 n, got;
};

static struct thread thread[EX_THREADS];
static u32 self, threads, steps, waits; /* steps and waits of this run */
static jmp_buf home;
static const struct ex_scenario *scenario;
static struct ex_plan plan;
static struct ex_result result;

static struct choice choice[EX_CHOICES];
static u32 choices, prefix; /* made in this run; given */
static u32 preempt_left, stale_left, preempt_given, stale_given;
static size_t arena_used;

/* Who may go on instead, for the chooser. */
static u32 other[EX_THREADS], others;

static u64 rng;
static u32 change_at[4], changes, longest = 100;

static u32 rnd(u32 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)((rng >> 11) % n);
}

u32 ex_self(void)
{
	return self;
}

void *ex_alloc(size_t size)
{
	void *p = ex_arena + arena_used;

	size = ALIGN_UP(size, (size_t)64);
	if (size >= PAGE_SIZE) {
		arena_used = ALIGN_UP(arena_used, PAGE_SIZE);
		p = ex_arena + arena_used;
	}
	if (arena_used + size > EX_ARENA)
		ex_fail("the arena is full");
	arena_used += size;
	memset(p, 0, size);
	mem_alloc(p, size);
	return p;
}

void ex_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(result.why, sizeof(result.why), fmt, ap);
	va_end(ap);
	result.failed = true;
	self = 0;
	longjmp(home, 1);
}

/* Choices. */

static u32 best(bool with_self)
{
	u32 at = 0, top = with_self ? thread[self].priority : 0;

	for (u32 i = 0; i < others; i++)
		if (thread[other[i]].priority > top) {
			top = thread[other[i]].priority;
			at = i + with_self;
		}
	return at;
}

static u32 random_choice(u32 n, enum ex_kind kind)
{
	bool forced = n == others; /* a switch that must be made */

	if (kind != EX_SWITCH)
		return rnd(3) ? 0 : rnd(n);
	if (plan.seed % 2 == 0)
		return best(!forced);
	return forced || rnd(6) == 0 ? rnd(n) : 0;
}

u32 ex_choose(u32 n, enum ex_kind kind)
{
	struct choice *c = &choice[choices];

	if (n < 2)
		return 0;
	if (choices == EX_CHOICES)
		ex_fail("too many choices");
	if (choices >= prefix)
		c->got = (u16)(plan.mode == EX_RANDOM ? random_choice(n, kind) : 0);
	else if (c->got >= n)
		ex_fail("choice %u: %u of %u: not a run of this program", choices, c->got, n);
	c->n = (u16)n;
	choices++;
	if (kind == EX_STALE && c->got)
		stale_left--;
	return c->got;
}

u32 ex_choose_free(u32 n)
{
	return ex_choose(n, EX_FREE);
}

bool ex_may_stale(void)
{
	return self && stale_left && !thread[self].fresh;
}

void ex_bounded(bool on)
{
	thread[self].bounded = on;
}

/* Switching. */

static bool enabled(u32 t)
{
	const struct thread *x = &thread[t];

	return !x->done && !x->stopped && !x->asleep && (x->idle < 2 || x->bounded || mem_stores_but(t) != x->mark);
}

static void list_others(void)
{
	others = 0;
	for (u32 i = 1; i < threads; i++) {
		u32 t = 1 + (self - 1 + i) % threads;

		if (t != self && enabled(t))
			other[others++] = t;
	}
}

static _Noreturn void resume(u32 t)
{
	self = t;
	if (thread[t].started)
		longjmp(thread[t].at, 1);
	thread[t].started = true;
	setcontext(&thread[t].first);
	__builtin_unreachable();
}

static void switch_to(u32 t)
{
	if (t != self && !setjmp(thread[self].at))
		resume(t);
}

/* Everybody else stands still because of the stopped one: note whom it delays, and let it go. */
static void release_stopped(void)
{
	struct thread *x = &thread[plan.stop_thread];

	for (u32 t = 1; t <= threads; t++)
		if (!thread[t].done && t != plan.stop_thread)
			result.delayed |= 1u << t;
	x->stopped = false;
	plan.stop_at = 0;
	switch_to(plan.stop_thread);
}

static bool all_done(void)
{
	for (u32 t = 1; t <= threads; t++)
		if (!thread[t].done)
			return false;
	return true;
}

static bool may_release(void)
{
	return plan.mode == EX_STOP && plan.stop_at && thread[plan.stop_thread].stopped;
}

static void entry(void)
{
	scenario->body[self - 1]();
	thread[self].done = true;
	list_others();
	if (others)
		resume(other[ex_choose(others, EX_SWITCH)]);
	if (may_release())
		release_stopped();
	if (!all_done())
		ex_fail("thread %u has ended and none of the others can move", self);
	self = 0;
	longjmp(home, 2);
}

/* Too many steps: while one stands still, the others only go round and round, waiting for him. */
static void count_step(void)
{
	if (++steps <= EX_STEPS)
		return;
	if (!may_release())
		ex_fail("no end after %u steps", steps);
	steps = 0;
	release_stopped();
}

static void give_way(void)
{
	list_others();
	if (others)
		switch_to(other[ex_choose(others, EX_SWITCH)]);
	else if (!enabled(self) && may_release())
		release_stopped();
	else if (!enabled(self))
		ex_fail("all threads wait and none can move (thread %u at @%p)", self, thread[self].site);
}

/* Threads whose waits end by themselves (ex_bounded) may pass turns to each other for ever, past one of low priority for whom
 * all of them wait: that is not the schedule's to do. */
static void draw_again(void)
{
	if (++waits % 256 == 0)
		for (u32 t = 1; t <= threads; t++)
			thread[t].priority = 100 + rnd(1000);
}

void ex_wait(void)
{
	struct thread *x = &thread[self];

	if (!self)
		ex_fail("waiting while no other thread runs");
	count_step();
	if (x->mark == mem_stores_but(self))
		x->idle++;
	else
		x->idle = 0;
	x->mark = mem_stores_but(self);
	x->fresh = x->idle > 0;
	x->priority = rnd(1000) + 1;
	draw_again();
	give_way();
}

void ex_sleep(const void *word, u32 value, const void *site)
{
	u32 at;

	ex_step(site);
	memcpy(&at, word, sizeof(at));
	if (at != value)
		return;
	thread[self].asleep = word;
	thread[self].fresh = false;
	give_way();
}

void ex_wake(const void *word, const void *site)
{
	ex_step(site);
	for (u32 t = 1; t <= threads; t++)
		if (thread[t].asleep == word) {
			thread[t].asleep = NULL;
			thread[t].idle = 0;
			break;
		}
}

static void maybe_stop(void)
{
	struct thread *x = &thread[self];

	if (plan.mode != EX_STOP || !plan.stop_at || self != plan.stop_thread || x->steps != plan.stop_at)
		return;
	result.stop_site = x->site;
	x->stopped = true;
	list_others();
	if (others)
		switch_to(other[0]);
	else
		release_stopped();
}

void ex_step(const void *site)
{
	struct thread *x = &thread[self];
	u32 c;

	if (!self)
		return;
	x->site = site;
	x->steps++;
	count_step();
	for (u32 i = 0; plan.mode == EX_RANDOM && i < changes; i++)
		if (change_at[i] == steps)
			x->priority = i + 1;
	maybe_stop();
	if (!preempt_left)
		return;
	list_others();
	c = ex_choose(others + 1, EX_SWITCH);
	if (!c)
		return;
	preempt_left--;
	switch_to(other[c - 1]);
}

/* Runs. */

static void make_thread(u32 t)
{
	struct thread *x = &thread[t];

	getcontext(&x->first);
	x->first.uc_stack.ss_sp = ex_arena + (t - 1) * EX_STACK;
	x->first.uc_stack.ss_size = EX_STACK;
	x->first.uc_link = NULL;
	makecontext(&x->first, entry, 0);
	x->priority = 100 + rnd(1000);
	mem_start_thread(t);
}

static void begin_random(u64 run)
{
	plan.seed += run > 0;
	rng = plan.seed * 0x9e3779b97f4a7c15ull + 12345;
	rnd(2);
	changes = plan.seed % 2 ? 0 : plan.seed / 2 % 4 + 1;
	for (u32 i = 0; i < changes; i++)
		change_at[i] = rnd(longest) + 1;
	preempt_left = plan.seed % 2 ? 12 : 1000000;
	stale_left = plan.seed / 8 % 4;
}

static void reset(u64 run)
{
	preempt_left = plan.preempt;
	stale_left = plan.stale;
	if (plan.mode == EX_RANDOM)
		begin_random(run);
	preempt_given = preempt_left;
	stale_given = stale_left;
	threads = scenario->threads;
	memset(thread, 0, sizeof(thread));
	self = steps = waits = choices = 0;
	arena_used = EX_THREADS * EX_STACK;
	ex_begin_port();
	mem_begin_run(threads + 1);
}

static void run_threads(void)
{
	int how = setjmp(home);

	if (how == 1)
		return;
	if (how == 0) {
		scenario->setup();
		for (u32 t = 1; t <= threads; t++)
			make_thread(t);
		self = plan.mode == EX_STOP ? plan.stop_thread : 1 + ex_choose(threads, EX_FREE);
		thread[self].started = true;
		setcontext(&thread[self].first);
	}
	for (u32 t = 1; t <= threads; t++) {
		if (!thread[t].done)
			ex_fail("thread %u never ended", t);
		mem_end_thread(t);
	}
	scenario->check();
}

static void run_once(u64 run)
{
	reset(run);
	run_threads();
	result.runs++;
	longest = MAX(steps, 10u);
	result.steps = MAX(result.steps, steps);
}

/* The next run of a depth-first search: false if there is none. */
static bool next_prefix(void)
{
	for (prefix = choices; prefix; prefix--) {
		struct choice *c = &choice[prefix - 1];

		if (c->got + 1u < c->n) {
			c->got++;
			return true;
		}
	}
	return false;
}

static void begin(const struct ex_scenario *s, const struct ex_plan *p)
{
	scenario = s;
	plan = *p;
	rng = 88172645463325252ull;
	prefix = 0;
	memset(&result, 0, sizeof(result));
}

struct ex_result ex_explore(const struct ex_scenario *s, const struct ex_plan *p)
{
	begin(s, p);
	for (u64 run = 0; run < p->runs && !result.failed && !result.whole; run++) {
		run_once(run);
		if (!result.failed && plan.mode == EX_DFS)
			result.whole = !next_prefix();
	}
	return result;
}

void ex_print_choices(FILE *out)
{
	fprintf(out, "%u,%u", preempt_given, stale_given);
	for (u32 i = 0; i < choices; i++)
		if (choice[i].got)
			fprintf(out, ",%u:%u", i, choice[i].got);
}

struct ex_result ex_replay(const struct ex_scenario *s, const char *list)
{
	struct ex_plan p = { .mode = EX_REPLAY, .runs = 1 };
	unsigned at, got;
	int n = 0;

	memset(choice, 0, sizeof(choice));
	if (sscanf(list, "%u,%u%n", &p.preempt, &p.stale, &n) != 2)
		return (struct ex_result){ .failed = true, .why = "not a list of choices" };
	begin(s, &p);
	for (list += n; sscanf(list, ",%u:%u%n", &at, &got, &n) == 2 && at < EX_CHOICES; list += n) {
		choice[at].got = (u16)got;
		prefix = at + 1;
	}
	run_once(0);
	return result;
}
