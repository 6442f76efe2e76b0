/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where the compiled code comes in: the calls that -fsanitize=thread makes, and the port of nr.
 *
 * Memory outside the arena (constants, the explorer's own) is nobody's business. Copies arrive as ex_memcpy and
 * ex_memset: the compiler's own would be expanded in place, unseen.
 */
#include "nr/port.h"
#include "test/nr/explore/explore.h"

#include <string.h>

#define SITE __builtin_return_address(0)

void __tsan_init(void) {}
void __tsan_func_entry(void *pc) { (void)pc; }
void __tsan_func_exit(void) {}

#define PLAIN(n)                                                                                                       \
	void __tsan_read##n(void *p) { if (mem_watched(p)) mem_plain(p, n, false, SITE); }                             \
	void __tsan_write##n(void *p) { if (mem_watched(p)) mem_plain(p, n, true, SITE); }                             \
	void __tsan_unaligned_read##n(void *p) { if (mem_watched(p)) mem_plain(p, n, false, SITE); }                   \
	void __tsan_unaligned_write##n(void *p) { if (mem_watched(p)) mem_plain(p, n, true, SITE); }
PLAIN(1) PLAIN(2) PLAIN(4) PLAIN(8) PLAIN(16)

void __tsan_read_range(void *p, size_t n) { if (mem_watched(p)) mem_plain(p, n, false, SITE); }
void __tsan_write_range(void *p, size_t n) { if (mem_watched(p)) mem_plain(p, n, true, SITE); }

#define RMW(bits, name, op)                                                                                            \
	u##bits __tsan_atomic##bits##_##name(u##bits *p, u##bits v, int order)                                         \
	{ return (u##bits)mem_rmw(p, sizeof(*p), op, v, order, SITE); }
#define CAS(bits, name)                                                                                                \
	int __tsan_atomic##bits##_compare_exchange_##name(u##bits *p, u##bits *e, u##bits v, int good, int bad)        \
	{ u64 old = *e; bool done = mem_cas(p, sizeof(*p), &old, v, (struct ex_order){ good, bad }, SITE);             \
	  if (!done) *e = (u##bits)old;                                                                                \
	  return done; }
#define ATOMIC(bits)                                                                                                   \
	u##bits __tsan_atomic##bits##_load(const u##bits *p, int order)                                                \
	{ return (u##bits)mem_load(p, sizeof(*p), order, SITE); }                                                      \
	void __tsan_atomic##bits##_store(u##bits *p, u##bits v, int order)                                             \
	{ mem_store(p, sizeof(*p), v, order, SITE); }                                                                  \
	RMW(bits, exchange, MEM_XCHG) RMW(bits, fetch_add, MEM_ADD) RMW(bits, fetch_sub, MEM_SUB)                      \
	RMW(bits, fetch_and, MEM_AND) RMW(bits, fetch_or, MEM_OR) RMW(bits, fetch_xor, MEM_XOR)                        \
	CAS(bits, strong) CAS(bits, weak)
ATOMIC(8) ATOMIC(16) ATOMIC(32) ATOMIC(64)

void __tsan_atomic_thread_fence(int order) { mem_fence(order); }
void __tsan_atomic_signal_fence(int order) { (void)order; }

void *ex_memcpy(void *to, const void *from, size_t n)
{
	if (mem_watched(from))
		mem_plain(from, n, false, SITE);
	if (mem_watched(to))
		mem_plain(to, n, true, SITE);
	return memcpy(to, from, n);
}

void *ex_memset(void *to, int c, size_t n)
{
	if (mem_watched(to))
		mem_plain(to, n, true, SITE);
	return memset(to, c, n);
}

void ex_here(void) { ex_step(SITE); }

/* The port. */

static bool may_fail;
static s64 lent;

void ex_fail_alloc(bool on)
{
	may_fail = on;
}

s64 ex_lent(void)
{
	return lent;
}

void ex_begin_port(void)
{
	may_fail = false;
	lent = 0;
}

static void *give(size_t size)
{
	if (may_fail && ex_choose_free(2))
		return NULL;
	lent += (s64)size;
	return ex_alloc(size);
}

static void take(void *p, size_t size, const void *site)
{
	if (!p)
		return;
	lent -= (s64)size;
	mem_free(p, size, site);
}

u32 nr_port_spins = 1;
u32 nr_port_away;
void nr_port_relax(void) { ex_wait(); }
void nr_port_wait(_Atomic u32 *word, u32 value) { ex_sleep(word, value, SITE); }
void nr_port_wake(_Atomic u32 *word) { ex_wake(word, SITE); }
void *nr_port_pages(size_t n, u32 node) { (void)node; return give(n * PAGE_SIZE); }
void nr_port_pages_free(void *p, size_t n) { take(p, n * PAGE_SIZE, SITE); }
void *nr_port_alloc(size_t size, u32 node) { (void)node; return give(size); }
void nr_port_free(void *p, size_t size) { take(p, size, SITE); }
u64 (*nr_port_clock)(void);
u32 nr_port_node(void) { return 0; }
void nr_port_panic(const char *what) { ex_fail("panic: %s", what); }
