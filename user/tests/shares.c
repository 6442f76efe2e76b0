/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * shares: who gets how much of one processor. All threads are pinned to processor 0, and all is measured in the processor time
 * that they were given. A host that stops the processor for a while gives all that time to whoever computes just then, so
 * on a busy one its clock should count instructions (`./nros run --icount`). And the calls that set policies. Passes on Linux, as root.
 *
 * A thread computes in pieces of a few microseconds and notes its processor time after each; a round ends when both have had
 * so much together. The bounds are loose: they tell a fair processor from one that is not.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "tap.h"

#define MS 1000000ull
#define TOTAL (400 * MS)

struct runner {
	int nice, policy, priority;
	uint64_t burst;            /* computes for so long, then sleeps until the other has computed a little; 0: computes on */
	uint64_t late;             /* sleeps first, until the other has had so much */
	_Atomic uint64_t cpu;
	uint64_t other_at_start;   /* what the other had had when this one came; of a late one */
	_Atomic uint32_t asleep;   /* the word it sleeps on */
};

static struct runner runner[2];
static _Atomic bool over;
static _Atomic uint32_t started;

static struct runner *other_of(const struct runner *r)
{
	return &runner[r == &runner[0]];
}

static void wake(struct runner *r)
{
	if (atomic_exchange(&r->asleep, 0))
		syscall(SYS_futex, &r->asleep, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0);
}

static void sleep_now(struct runner *r)
{
	atomic_store(&r->asleep, 1);
	while (atomic_load(&r->asleep) && !over)
		syscall(SYS_futex, &r->asleep, 0 /* FUTEX_WAIT */, 1, NULL, NULL, 0);
}

/* A piece of work. */
static void compute(struct runner *r)
{
	struct timespec t;

	for (volatile int i = 0; i < 5000; i++)
		;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	r->cpu = (uint64_t)t.tv_sec * 1000 * MS + (uint64_t)t.tv_nsec;
	if (runner[0].cpu + runner[1].cpu >= TOTAL)
		over = true;
}

static void meet(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		exit(1);
	atomic_fetch_add(&started, 1);
	while (started < 2)
		sched_yield();
}

static void take_place(const struct runner *r)
{
	struct sched_param param = { .sched_priority = r->priority };

	if ((r->nice && setpriority(PRIO_PROCESS, 0, r->nice)) || syscall(SYS_sched_setscheduler, 0, r->policy, &param))
		exit(1);
}

static void *run(void *arg)
{
	struct runner *r = arg, *other = other_of(r);
	uint64_t began;

	meet();
	while (other->late && !other->asleep)
		sched_yield();
	take_place(r);
	if (r->late)
		sleep_now(r);
	r->other_at_start = other->cpu;
	began = r->cpu;
	while (!over) {
		compute(r);
		if (other->asleep && r->cpu >= other->late)
			wake(other);
		if (r->burst && r->cpu - began >= r->burst) {
			sleep_now(r);
			began = r->cpu;
		}
	}
	wake(other);
	return NULL;
}

/* One round; per cent of the time that went to the first of the two. */
static unsigned round_of(struct runner a, struct runner b)
{
	pthread_t id[2];

	runner[0] = a;
	runner[1] = b;
	over = false;
	started = 0;
	for (int i = 0; i < 2; i++)
		if (pthread_create(&id[i], NULL, run, &runner[i]))
			exit(1);
	for (int i = 0; i < 2; i++)
		pthread_join(id[i], NULL);
	return (unsigned)(runner[0].cpu * 100 / (runner[0].cpu + runner[1].cpu));
}

/* The share of the first lies between the two. */
static void share(const char *what, unsigned low, unsigned high, struct runner a, struct runner b)
{
	unsigned percent = round_of(a, b);

	dprintf(1, "# %s: %u %%\n", what, percent);
	tap_result(percent >= low && percent <= high, __LINE__, what, "");
	CHECK(runner[0].other_at_start >= a.late);
}

static void test_weights(void)
{
	struct runner usual = { .nice = 0 };

	share("nice 0 beside nice 0", 35, 65, usual, usual);
	share("nice 0 beside nice 10", 70, 99, usual, (struct runner){ .nice = 10 });
	share("nice -10 beside nice 0", 70, 99, (struct runner){ .nice = -10 }, usual);
	share("SCHED_IDLE beside nice 0", 0, 15, (struct runner){ .policy = SCHED_IDLE }, usual);
}

/* It sleeps for a moment, over and over: that costs it nothing of its share. */
static void test_pauses(void)
{
	struct runner usual = { .nice = 0 };

	share("0.5 ms between short sleeps, beside one that computes", 44, 65, (struct runner){ .burst = MS / 2 }, usual);
	share("2 ms between short sleeps", 44, 65, (struct runner){ .burst = 2 * MS }, usual);
}

/* It slept for long, while another had the processor alone: it has not saved that up. */
static void test_credit(void)
{
	share("asleep for the first half", 15, 35, (struct runner){ .late = TOTAL / 2 }, (struct runner){ .nice = 0 });
}

static void test_ranks(void)
{
	share("SCHED_FIFO of a higher priority, after 50 ms", 80, 100,
	      (struct runner){ .policy = SCHED_FIFO, .priority = 2, .late = 50 * MS },
	      (struct runner){ .policy = SCHED_RR, .priority = 1 });
	share("SCHED_FIFO beside nice -20, after 50 ms", 80, 100,
	      (struct runner){ .policy = SCHED_FIFO, .priority = 1, .late = 50 * MS }, (struct runner){ .nice = -20 });
}

/* A policy that children do not inherit. */
static void test_reset(void)
{
	struct sched_param one = { .sched_priority = 1 };

	IN_CHILD("SCHED_RESET_ON_FORK", {
		GOOD(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | 0x40000000, &one));
		IS(SCHED_FIFO | 0x40000000, syscall(SYS_sched_getscheduler, 0));
		IN_CHILD("its child", {
			IS(SCHED_OTHER, syscall(SYS_sched_getscheduler, 0));
		});
		GOOD(syscall(SYS_sched_setparam, 0, &one));
		IS(SCHED_FIFO | 0x40000000, syscall(SYS_sched_getscheduler, 0));
	});
}

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static long set_attr(struct attr a)
{
	return syscall(SYS_sched_setattr, 0, &a, 0);
}

static void test_attr(void)
{
	struct attr a = { .size = 20 };

	FAILS(E2BIG, syscall(SYS_sched_setattr, 0, &a, 0));
	CHECK(a.size >= sizeof(a));
	FAILS(EINVAL, syscall(SYS_sched_setattr, 0, NULL, 0));
	FAILS(EINVAL, syscall(SYS_sched_setattr, 0, &a, 1));
	FAILS(EFAULT, syscall(SYS_sched_setattr, 0, BAD, 0));
	FAILS(EINVAL, set_attr((struct attr){ .policy = 4 }));
	FAILS(EINVAL, set_attr((struct attr){ .policy = SCHED_FIFO | 0x40000000, .priority = 1 }));
	FAILS(EINVAL, set_attr((struct attr){ .policy = SCHED_FIFO }));
	FAILS(EINVAL, set_attr((struct attr){ .flags = 1ull << 40 }));
	FAILS(EINVAL, syscall(SYS_sched_getattr, 0, &a, sizeof(a) - 1, 0));
	FAILS(EINVAL, syscall(SYS_sched_getattr, 0, &a, sizeof(a), 1));
	FAILS(ESRCH, syscall(SYS_sched_getattr, 999999, &a, sizeof(a), 0));
	IN_CHILD("sched_setattr", {
		GOOD(set_attr((struct attr){ .size = 48, .policy = SCHED_BATCH, .flags = 1, .nice = 5 }));
		IS(SCHED_BATCH | 0x40000000, syscall(SYS_sched_getscheduler, 0));
		IS(15, syscall(SYS_getpriority, PRIO_PROCESS, 0));
		GOOD(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0));
		CHECK(a.size == 48 && a.policy == SCHED_BATCH && a.flags == 1 && a.nice == 5 && a.priority == 0);
		GOOD(set_attr((struct attr){ .flags = 8, .nice = 7 }));
		IS(SCHED_BATCH | 0x40000000, syscall(SYS_sched_getscheduler, 0));
		IS(13, syscall(SYS_getpriority, PRIO_PROCESS, 0));
		GOOD(setuid(1000));
		FAILS(EPERM, set_attr((struct attr){ .policy = SCHED_BATCH, .nice = 0 }));
		FAILS(EPERM, set_attr((struct attr){ .policy = SCHED_FIFO, .priority = 1 }));
		FAILS(EPERM, set_attr((struct attr){ .policy = SCHED_BATCH, .nice = 9 }));
		GOOD(set_attr((struct attr){ .policy = SCHED_BATCH, .flags = 1, .nice = 9 }));
	});
}

int main(void)
{
	test_weights();
	test_pauses();
	test_credit();
	test_ranks();
	test_reset();
	test_attr();
	return tap_end();
}
