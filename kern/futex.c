/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Futexes: see futex.h. A sleeper is on one bucket's list, under its lock; requeue moves it with both locked. */
#include "kern/futex.h"
#include "arch/user.h"
#include "base/abi.h"
#include "kern/body.h"
#include "kern/process.h"
#include "kern/space.h"

#define BUCKETS 1024

struct futex_key {
	u64 object, offset; /* a space and an address, or a body and an offset */
};

struct sleeper {
	TAILQ_ENTRY(sleeper) link;
	struct futex_key key;
	struct thread *thread;
	u32 bits;
	_Atomic bool woken;
	struct bucket *_Atomic bucket;
};

struct bucket {
	struct lock lock;
	TAILQ_HEAD(, sleeper) list;
};

static struct bucket buckets[BUCKETS];

void futex_start(void)
{
	u32 i;

	for (i = 0; i < BUCKETS; i++) {
		lock_init(&buckets[i].lock);
		TAILQ_INIT(&buckets[i].list);
	}
}

static bool key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

static struct bucket *bucket_of(const struct futex_key *k)
{
	u64 h = (k->object ^ k->offset * 0x9e3779b97f4a7c15ul) * 0xbf58476d1ce4e5b9ul;

	return &buckets[h >> 54];
}

/* A word in a shared mapping is named by its object, whatever the space. */
static int key_make(struct space *s, u64 addr, bool private_key, struct futex_key *k)
{
	struct region r;

	if (addr & 3)
		return -EINVAL;
	if (addr >= USER_END)
		return -EFAULT;
	*k = (struct futex_key){ (u64)s, addr };
	if (private_key)
		return 0;
	if (!space_find(s, addr, &r))
		return -EFAULT;
	if ((r.flags & REGIONS_SHARED) && r.object)
		*k = (struct futex_key){ r.object, addr - r.start + r.offset };
	return 0;
}

static u32 bucket_wake_locked(struct bucket *b, const struct futex_key *k, u32 n, u32 bits)
{
	struct sleeper *s, *next;
	u32 woken = 0;

	for (s = TAILQ_FIRST(&b->list); s && woken < n; s = next) {
		next = TAILQ_NEXT(s, link);
		if (!key_equal(&s->key, k) || !(s->bits & bits))
			continue;
		TAILQ_REMOVE(&b->list, s, link);
		/* First the reason, then the wake-up, or it looks, sleeps again, and nobody wakes it. It cannot leave
		 * before the bucket is unlocked. */
		atomic_store(&s->woken, true);
		thread_wake_for(s->thread, n == 1 ? WAKE_SYNC : 0); /* one: often a reply. Many are for all cores */
		woken++;
	}
	return woken;
}

static u32 bucket_wake(struct bucket *b, const struct futex_key *k, u32 n, u32 bits)
{
	u32 woken;

	lock_acquire(&b->lock);
	woken = bucket_wake_locked(b, k, n, bits);
	lock_release(&b->lock);
	return woken;
}

int futex_wake_address(struct space *s, u64 addr, u32 n)
{
	struct futex_key k;
	u32 woken;

	if (key_make(s, addr, true, &k))
		return 0;
	woken = bucket_wake(bucket_of(&k), &k, n, ~0u);
	if (!key_make(s, addr, false, &k) && k.object != (u64)s)
		woken += bucket_wake(bucket_of(&k), &k, n, ~0u);
	return woken;
}

long futex_wake(u64 addr, u32 n, u32 bits, bool private_key)
{
	struct futex_key k;
	int err = key_make(process_current()->space, addr, private_key, &k);

	if (!bits)
		return -EINVAL;
	return err ? err : (long)bucket_wake(bucket_of(&k), &k, n, bits);
}

/* The bucket a sleeper is on may change by requeue: lock it and look again. */
static void sleeper_leave(struct sleeper *s)
{
	struct bucket *b;

	for (;;) {
		b = atomic_load(&s->bucket);
		lock_acquire(&b->lock);
		if (b == atomic_load(&s->bucket))
			break;
		lock_release(&b->lock);
	}
	if (!atomic_load(&s->woken))
		TAILQ_REMOVE(&b->list, s, link);
	lock_release(&b->lock);
}

/* ---- the second word of futex_wake_op */

/* op:4 compare:4 operand:12 comparand:12, both signed. */
static bool word_op(u32 encoded, u32 old, u32 *new)
{
	u32 op = encoded >> 28 & 7, operand = (s32)(encoded << 8) >> 20;

	operand = encoded >> 31 ? 1u << (operand & 31) : operand;
	*new = op == 0 ? operand : op == 1 ? old + operand : op == 2 ? old | operand : op == 3 ? old & ~operand : old ^ operand;
	return op <= 4;
}

static bool word_compare(u32 encoded, u32 old, bool *holds)
{
	s32 a = (s32)old, b = (s32)(encoded << 20) >> 20;
	u32 how = encoded >> 24 & 15;
	bool answer[6] = { a == b, a != b, a < b, a <= b, a > b, a >= b };

	*holds = how < 6 && answer[how];
	return how < 6;
}

/* The word as it was; faults are off. */
static int word_change(u64 addr, u32 encoded, u32 *old)
{
	u32 seen, new;
	int err;

	do {
		err = user_load32(old, (u32 __user *)addr);
		if (err)
			return err;
		word_op(encoded, *old, &new);
		seen = *old;
		err = user_cas32((u32 __user *)addr, &seen, new);
	} while (!err && seen != *old);
	return err;
}

/* ---- locking, together with what is done to the word in user memory */

static void lock_two(struct bucket *a, struct bucket *b)
{
	lock_acquire(a < b ? &a->lock : &b->lock);
	if (a != b)
		lock_acquire(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
	lock_release(&a->lock);
	if (a != b)
		lock_release(&b->lock);
}

/* With faults off. The word, as it was, in *old. */
typedef int (*word_fn)(u64 addr, u32 how, u32 *old);

static int word_read(u64 addr, u32 how, u32 *old)
{
	(void)how;
	return user_load32(old, (u32 __user *)addr);
}

static int word_leave(u64 addr, u32 how, u32 *old)
{
	(void)addr;
	(void)how;
	(void)old;
	return 0;
}

/* Both buckets locked (they may be one), and fn done on the word meanwhile. On a miss its page is brought in with no lock
 * held, and all is tried again. -EFAULT: neither is locked. */
static int lock_two_and(struct bucket *a, struct bucket *b, word_fn fn, u64 addr, u32 how, u32 *old)
{
	int err;

	for (;;) {
		lock_two(a, b);
		user_nofault_begin();
		err = fn(addr, how, old);
		user_nofault_end();
		if (!err)
			return 0;
		unlock_two(a, b);
		err = user_fault_in((void __user *)addr, 4, fn == word_change);
		if (err)
			return err;
	}
}

/* Enqueues if the word still has the value. */
static int futex_enqueue(struct sleeper *s, u64 addr, u32 value)
{
	struct bucket *b = bucket_of(&s->key);
	u32 now;
	int err = lock_two_and(b, b, word_read, addr, 0, &now);

	if (err)
		return err;
	if (now == value) {
		atomic_store(&s->bucket, b);
		TAILQ_INSERT_TAIL(&b->list, s, link);
	}
	unlock_two(b, b);
	return now == value ? 0 : -EAGAIN;
}

long futex_wait(u64 addr, u32 value, u64 deadline, u32 bits, bool private_key)
{
	struct sleeper s = { .thread = thread_current(), .bits = bits };
	bool late = false;
	int err;

	if (!bits)
		return -EINVAL;
	err = key_make(process_current()->space, addr, private_key, &s.key);
	if (!err)
		err = futex_enqueue(&s, addr, value);
	if (err)
		return err;
	while (!atomic_load(&s.woken) && !late && !signal_pending_current())
		late = sched_sleep(deadline);
	sleeper_leave(&s);
	if (atomic_load(&s.woken))
		return 0;
	return late ? -ETIMEDOUT : -ERESTARTSYS;
}

static long requeue_locked(struct bucket *a, struct bucket *b, const struct futex_key *from, const struct futex_key *to,
			   u32 wake, u32 move)
{
	struct sleeper *s, *next;
	long done = 0;
	u32 woken = 0, moved = 0;

	for (s = TAILQ_FIRST(&a->list); s; s = next) {
		next = TAILQ_NEXT(s, link);
		if (!key_equal(&s->key, from))
			continue;
		if (woken < wake) {
			TAILQ_REMOVE(&a->list, s, link);
			atomic_store(&s->woken, true);
			thread_wake(s->thread);
			woken++;
		} else if (moved < move) {
			TAILQ_REMOVE(&a->list, s, link);
			s->key = *to;
			TAILQ_INSERT_TAIL(&b->list, s, link);
			atomic_store(&s->bucket, b);
			moved++;
		} else {
			break;
		}
		done++;
	}
	return done;
}

long futex_requeue(u64 from, u64 to, u32 wake, u32 move, bool compare, u32 value, bool private_key)
{
	struct space *sp = process_current()->space;
	struct futex_key a, b;
	struct bucket *ba, *bb;
	u32 now;
	long r;
	int err = key_make(sp, from, private_key, &a);

	if (!err)
		err = key_make(sp, to, private_key, &b);
	if (err)
		return err;
	ba = bucket_of(&a);
	bb = bucket_of(&b);
	err = lock_two_and(ba, bb, compare ? word_read : word_leave, from, 0, &now);
	if (err)
		return err;
	r = compare && now != value ? -EAGAIN : requeue_locked(ba, bb, &a, &b, wake, move);
	unlock_two(ba, bb);
	return r;
}

/* Wake, and change a second word on the way: what an unlock and a signal have in common. */
long futex_wake_op(u64 first, u32 n, u64 second, u32 n_second, u32 encoded, bool private_key)
{
	struct space *sp = process_current()->space;
	struct futex_key a, b;
	struct bucket *ba, *bb;
	u32 old = 0, woken;
	bool holds;
	int err = !word_op(encoded, 0, &old) || !word_compare(encoded, 0, &holds) ? -ENOSYS : key_make(sp, first, private_key, &a);

	if (!err)
		err = key_make(sp, second, private_key, &b);
	if (err)
		return err;
	ba = bucket_of(&a);
	bb = bucket_of(&b);
	err = lock_two_and(ba, bb, word_change, second, encoded, &old);
	if (err)
		return err;
	woken = bucket_wake_locked(ba, &a, n, ~0u);
	word_compare(encoded, old, &holds);
	if (holds)
		woken += bucket_wake_locked(bb, &b, n_second, ~0u);
	unlock_two(ba, bb);
	return woken;
}
