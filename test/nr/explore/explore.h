/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * explore: runs the real, unchanged C of nr under a scheduler and a memory model of its own.
 *
 * The sources are compiled with -fsanitize=thread and linked with hooks.c instead of the sanitizer's runtime: so every
 * plain access, every atomic operation and its memory order arrives here, whoever wrote it and however. Threads
 * are coroutines of one process; a run is a function of the choices made in it, and each of them goes through
 * ex_choose: which thread goes on (sched.c), and which of the stores that C11 allows a load returns (memory.c).
 *
 *   scenario ── setup, bodies of 2 to 4 threads, check ──► sched.c ──► run, run, run ... until one fails
 *                                                             │
 *      mode   dfs      all runs with at most P preemptions and S stale reads
 *             random   priorities that change at a few points (PCT), or coins; stale reads by coin
 *             replay   the choices of a run that failed
 *             stop     one thread stands still from its n-th step on: whom does that delay?
 *
 * A run fails by: a data race on plain memory (also use after free), ex_fail and ex_check of the scenario, a panic of nr,
 * a state in which all threads wait and none can move, too many steps.
 *
 * What the model knows of C11: modification orders (equal to the order of execution), coherence in all four forms, release
 * and acquire with release sequences, fences, seq_cst (one order, which seq_cst loads respect). It does not know load
 * buffering, nor modification orders that contradict execution.
 */
#ifndef TEST_NR_EXPLORE_H
#define TEST_NR_EXPLORE_H

#include "base/types.h"

#define EX_THREADS 7 /* thread 0 sets up and checks, while no other runs */
#define EX_ARENA ((size_t)1 << 20)
#define EX_STACK ((size_t)48 << 10)

struct ex_clock { /* per thread: what of it has happened before */
	u32 of[EX_THREADS];
};

struct ex_scenario {
	const char *name, *about;
	u32 threads;
	void (*setup)(void);
	void (*body[EX_THREADS - 1])(void); /* of threads 1.. */
	void (*check)(void);                /* after all have ended */
};

/* Sets of scenarios; sets end with NULL, and so do these. */
extern const struct ex_scenario *const *const ex_scenarios[];
extern const struct ex_scenario *const *const ex_stands[]; /* for --stop: thread 1 stands, the others show whom it delays */

/* For scenarios. */
void *ex_alloc(size_t size); /* watched memory, zeroed, gone after the run */
_Noreturn void ex_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define ex_check(cond) ((cond) ? (void)0 : ex_fail("%s:%d: %s", __FILE__, __LINE__, #cond))
u32 ex_self(void); /* 0: setup or check */
const struct ex_clock *ex_now(void);
bool ex_before(u32 thread, u32 time); /* has that happened before the caller's next step? */
void ex_here(void); /* a step in plain code: one may be stopped or overtaken here */
void ex_wait(void); /* in every waiting loop; the port's relax */
void ex_bounded(bool on); /* the caller's waits end by themselves: run him though nothing has changed */
/* As a futex: sleeps if the newest value of *word is `value`, until a wake; never wakes for no reason. */
void ex_sleep(const void *word, u32 value, const void *site);
void ex_wake(const void *word, const void *site);
u32 ex_choose_free(u32 n); /* the scenario's own choice */
void ex_fail_alloc(bool on); /* each allocation may fail, by choice */
s64 ex_lent(void); /* bytes that nr has and did not give back */

/* Between sched.c, memory.c and hooks.c. */
enum ex_kind { EX_SWITCH, EX_STALE, EX_FREE };
void ex_begin_port(void);
u32 ex_choose(u32 n, enum ex_kind kind);
void ex_step(const void *site);
bool ex_may_stale(void); /* may this load return an old store? */

struct ex_order {
	int success, failure;
};
void mem_begin_run(u32 threads);
void mem_start_thread(u32 t);
void mem_end_thread(u32 t);
bool mem_watched(const void *p);
void mem_plain(const void *p, size_t n, bool write, const void *site);
void mem_alloc(const void *p, size_t n);
void mem_free(const void *p, size_t n, const void *site);
u64 mem_load(const void *p, u32 size, int order, const void *site);
void mem_store(void *p, u32 size, u64 v, int order, const void *site);
enum mem_op { MEM_XCHG, MEM_ADD, MEM_SUB, MEM_AND, MEM_OR, MEM_XOR };
u64 mem_rmw(void *p, u32 size, enum mem_op op, u64 v, int order, const void *site);
bool mem_cas(void *p, u32 size, u64 *expected, u64 v, struct ex_order order, const void *site);
void mem_fence(int order);
u32 mem_stores_but(u32 t); /* so far in this run, by all others */

extern u8 ex_arena[EX_ARENA];
u32 ex_weaken_of(const void *site); /* 0: it keeps its order; 1: one step weaker; 2: relaxed */

#endif
