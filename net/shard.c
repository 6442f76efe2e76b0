/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Shards: who is in a stack, and the mail for it. See shard.h; packets are in frames.c, birth in shard_start.c. */
#include "net/shard.h"
#include "arch/clock.h"
#include "net/sock.h"

#define MS 1000000ul

/* ---- entering and leaving the stack */

/* Any core may set the timer, as timer_arm moves it, and the lock is held. */
static void shard_time(struct shard *s)
{
	u64 next = s->stack->tick(clock_ns() / MS), at = next == ~0ul ? ~0ul : next * MS;

	/* One that is set earlier may fire: setting it anew with each packet costs more. */
	if (at < s->timer_at) {
		s->timer_at = at;
		timer_arm(&s->timer, at);
	}
}

struct shard *shard_inside(void) { return shard_here()->inside; }

static void shard_enter(struct shard *s)
{
	lock_acquire(&s->lock);
	shard_here()->inside = s;
}

static u32 shard_mail(struct shard *s)
{
	struct mpsc_node *n = mpsc_take_all(&s->mail), *next;
	u32 count = 0;

	for (; n; n = next) {
		struct net_msg *m = container_of(n, struct net_msg, node);

		next = n->next;
		m->run(s, m);
		count++;
	}
	s->messages += count;
	return count;
}

/* Does what lies there, and leaves. Mail that came while somebody was inside is his business: its sender found the lock
 * taken. The fence is the other half of the one in shard_post: either he sees the mail, or the sender sees the lock free. */
static void shard_leave(struct shard *s)
{
	struct sock *gone;
	u32 n = 0, more = 1;
	bool left;

	for (; more && n < SHARD_BATCH; n += more)
		more = shard_mail(s) + frames_loop(s);
	shard_time(s);
	frames_kick(s);
	gone = s->gone;
	s->gone = NULL;
	left = s->loop_first;
	shard_here()->inside = NULL;
	lock_release(&s->lock);
	sock_drop_gone(gone);
	atomic_thread_fence(memory_order_seq_cst);
	if (left || !mpsc_empty(&s->mail))
		waitq_wake(&s->wait);
}

/* Does what lies in its mail, unless somebody is inside, or this core in another stack: then they see to it. */
void shard_visit(struct shard *s)
{
	struct shard *here = shard_here();

	if (here->inside && here->inside != s) {
		waitq_wake(&s->wait);
		return;
	}
	atomic_thread_fence(memory_order_seq_cst);
	if (!lock_try(&s->lock))
		return;
	here->inside = s;
	shard_leave(s);
}

void shard_post(struct shard *s, struct net_msg *m)
{
	mpsc_push(&s->mail, &m->node);
	shard_visit(s);
}

/* ---- calls */

struct call {
	struct net_msg msg;
	long (*fn)(struct shard *s, void *arg);
	void *arg;
	long result;
	struct thread *caller;
	struct lock lock;    /* held while the caller is told: it may not leave before */
	volatile bool done;
};

static void call_run(struct shard *s, struct net_msg *m)
{
	struct call *c = container_of(m, struct call, msg);

	c->result = c->fn(s, c->arg);
	lock_acquire(&c->lock);
	c->done = true;
	thread_wake(c->caller);
	lock_release(&c->lock);
}

long shard_call(struct shard *s, long (*fn)(struct shard *s, void *arg), void *arg)
{
	struct call c = { .msg.run = call_run, .fn = fn, .arg = arg, .caller = thread_current() };

	lock_init(&c.lock);
	shard_post(s, &c.msg);
	while (!c.done)
		sched_sleep(FOREVER);
	lock_acquire(&c.lock);
	lock_release(&c.lock);
	return c.result;
}

/* ---- the thread */

static bool shard_has_work(struct shard *s)
{
	return s->due || s->arrived || s->loop_first || !mpsc_empty(&s->mail);
}

void shard_thread(void *arg)
{
	struct shard *s = arg;

	for (;;) {
		if (s->arrived)
			frames_receive(s);
		shard_enter(s);
		if (s->due) {
			s->due = 0;
			s->timer_at = ~0ul;
		}
		shard_leave(s);
		core_window();
		errands_run(percore());
		if (percore()->resched)
			sched_yield_now();
		WAIT_KILLABLE_NOT(&s->wait, FOREVER, shard_has_work(s));
	}
}

void shard_timer(struct timer *t)
{
	struct shard *s = container_of(t, struct shard, timer);

	s->due = 1;
	waitq_wake(&s->wait);
}
