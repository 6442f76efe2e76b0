/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The replicated test structure, its model and its judge. See test/nr/ledger.h. */
#include "test/nr/ledger.h"
#include "base/errno.h"
#include "nr/port.h"
#include "nr/port_host.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HANG 30000000 /* relax calls; each 64th yields */
#define HANG_SECONDS 120 /* a busy machine may spend many relax calls on nothing */

void (*ledger_in_apply)(const struct ledger_op *op, bool own);
void (*ledger_half_way)(void);
void (*ledger_in_read)(void);
_Atomic u64 ledger_broken;

static size_t entry_size(u32 blob)
{
	return sizeof(struct ledger_entry) + blob;
}

static u8 blob_byte(u32 value, u32 i)
{
	return (u8)(value * 7 + i * 3 + (i >> 8));
}

static bool blob_good(u32 value, const u8 *data, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (data[i] != blob_byte(value, i))
			return false;
	return true;
}

size_t ledger_make(struct ledger_op *op, u32 kind, u32 key, u32 value, u32 blob)
{
	op->kind = kind;
	op->key = key;
	op->value = value;
	op->blob = blob;
	for (u32 i = 0; i < blob; i++)
		op->data[i] = blob_byte(value, i);
	return offsetof(struct ledger_op, data) + blob;
}

static struct ledger_entry **find(struct ledger_entry **p, u32 key)
{
	while (*p && (*p)->key != key)
		p = &(*p)->next;
	return p;
}

u64 ledger_get(const struct ledger *l, u32 key)
{
	const struct ledger_entry *e = l->bucket[key % 8];

	while (e && e->key != key)
		e = e->next;
	return e ? e->value : 0;
}

bool ledger_even(const struct ledger *l)
{
	for (int i = 1; i < LEDGER_EVEN; i++)
		if (l->even[i] != l->even[0])
			return false;
	return true;
}

static void remove_entry(struct ledger *l, struct ledger_entry **p)
{
	struct ledger_entry *e = *p;

	*p = e->next;
	pool_free(l->mem, e, entry_size(e->blob));
}

static struct ledger_entry *new_entry(struct pool *mem, u32 key, u32 value, u32 blob, const u8 *data)
{
	struct ledger_entry *e = pool_alloc(mem, entry_size(blob));

	if (!e)
		return NULL;
	*e = (struct ledger_entry){ .key = key, .value = value, .blob = blob };
	memcpy(e->data, data, blob);
	return e;
}

static void put(struct ledger *l, const struct ledger_op *op)
{
	struct ledger_entry **p = find(&l->bucket[op->key % 8], op->key);
	struct ledger_entry *e = new_entry(l->mem, op->key, op->value, op->blob, op->data);

	if (!e)
		return; /* never: it was promised. The judge would see the value missing. */
	e->next = *p;
	*p = e;
	if (e->next && e->next->key == op->key)
		remove_entry(l, &e->next);
}

static void bump(struct ledger *l)
{
	for (int i = 0; i < LEDGER_EVEN; i++) {
		l->even[i]++;
		if (i == LEDGER_EVEN / 2 && ledger_half_way)
			ledger_half_way();
	}
}

static void apply(void *state, unsigned shard, const void *bytes, size_t len, void *ret)
{
	const struct ledger_op *op = bytes;
	struct ledger *l = state;
	u64 old = ledger_get(l, op->key);
	struct ledger_entry **p;

	(void)shard;
	if (ledger_in_apply)
		ledger_in_apply(op, ret != NULL);
	if (len != offsetof(struct ledger_op, data) + op->blob || !blob_good(op->value, op->data, op->blob))
		atomic_fetch_add(&ledger_broken, 1);
	if (op->kind == LEDGER_PUT) {
		put(l, op);
	} else if (op->kind == LEDGER_DEL) {
		p = find(&l->bucket[op->key % 8], op->key);
		if (*p)
			remove_entry(l, p);
	} else {
		bump(l);
		old = l->even[0];
	}
	l->version++;
	if (ret)
		*(struct ledger_ret *)ret = (struct ledger_ret){ l->version, old };
}

static size_t op_mem(const void *bytes, size_t len)
{
	const struct ledger_op *op = bytes;

	(void)len;
	return op->kind == LEDGER_PUT ? pool_rounded(entry_size(op->blob)) : 0;
}

static int init(void *state, struct pool *mem, const void *arg)
{
	struct ledger *l = state;
	bool zero = l->version == 0;

	(void)arg;
	l->mem = mem;
	return zero ? 0 : -EINVAL; /* state comes zeroed */
}

static int clone(void *dst, struct pool *mem, const void *src)
{
	const struct ledger *from = src;
	struct ledger *to = dst;

	to->mem = mem;
	to->version = from->version;
	memcpy(to->even, from->even, sizeof(to->even));
	for (int b = 0; b < 8; b++) {
		struct ledger_entry **tail = &to->bucket[b];

		for (const struct ledger_entry *e = from->bucket[b]; e; e = e->next) {
			*tail = new_entry(mem, e->key, e->value, e->blob, e->data);
			if (!*tail)
				return -ENOMEM;
			tail = &(*tail)->next;
		}
	}
	return 0;
}

static u64 hash(const void *state)
{
	const struct ledger *l = state;
	u64 h = l->version * 0x9e3779b97f4a7c15ull + l->even[0];

	for (int b = 0; b < 8; b++)
		for (const struct ledger_entry *e = l->bucket[b]; e; e = e->next)
			h = (h ^ ((u64)e->key << 32 | e->value)) * 0x100000001b3ull + e->blob;
	return h;
}

static int check(const void *state)
{
	const struct ledger *l = state;

	for (int b = 0; b < 8; b++)
		for (const struct ledger_entry *e = l->bucket[b]; e; e = e->next)
			if (e->key % 8 != (u32)b || !blob_good(e->value, e->data, e->blob))
				return -EINVAL;
	return ledger_even(l) ? 0 : -EINVAL;
}

const struct nr_type ledger_type = {
	.name = "ledger", .state_size = sizeof(struct ledger), .op_mem_max = POOL_MAX, .init = init, .clone = clone,
	.apply = apply, .op_mem = op_mem, .hash = hash, .check = check,
};

_Atomic u64 ledger_batches, ledger_batched, ledger_released;

static void apply_batch(void *state, const struct nr_call *call, size_t n)
{
	atomic_fetch_add(&ledger_batches, 1);
	atomic_fetch_add(&ledger_batched, n);
	for (size_t i = 0; i < n; i++)
		apply(state, call[i].shard, call[i].op, call[i].len, call[i].ret);
}

static void op_release(const void *bytes, size_t len)
{
	const struct ledger_op *op = bytes;

	if (len != offsetof(struct ledger_op, data) + op->blob || !blob_good(op->value, op->data, op->blob))
		atomic_fetch_add(&ledger_broken, 1);
	atomic_fetch_add(&ledger_released, 1);
}

const struct nr_type ledger_batch_type = {
	.name = "ledger", .state_size = sizeof(struct ledger), .op_mem_max = POOL_MAX, .init = init, .clone = clone,
	.apply = apply, .op_mem = op_mem, .hash = hash, .check = check, .apply_batch = apply_batch, .op_release = op_release,
};

/* The judge. */

static _Atomic u64 clock_now = 1;

/* Relaxed on purpose: it must not order anything that nr should. */
u64 stamp(void)
{
	return atomic_fetch_add_explicit(&clock_now, 1, memory_order_relaxed);
}

void history_add(struct history *h, const struct event *e)
{
	if (h->n == h->max) {
		h->max = h->max ? h->max * 2 : 1024;
		h->e = realloc(h->e, h->max * sizeof(*h->e));
	}
	h->e[h->n++] = *e;
}

static int by_version(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	return (x->kind == LEDGER_READ) - (y->kind == LEDGER_READ); /* the update, then who saw it */
}

static int by_start(const void *a, const void *b)
{
	const struct event *const *x = a, *const *y = b;

	return (*x)->start < (*y)->start ? -1 : 1;
}

static int by_end(const void *a, const void *b)
{
	const struct event *const *x = a, *const *y = b;

	return (*x)->end < (*y)->end ? -1 : 1;
}

static const char *judge_results(const struct event *e, size_t n, u64 *model)
{
	u64 version = 0, bumps = 0;

	for (size_t i = 0; i < n; i++, e++) {
		if (e->kind == LEDGER_READ) {
			if (e->version != version || e->result != model[e->key])
				return "a read saw what never was";
			continue;
		}
		if (e->version != ++version)
			return e->version < version ? "an operation was done twice" : "an operation was lost";
		if (e->kind == LEDGER_BUMP) {
			if (e->result != ++bumps)
				return "a wrong result (bump)";
			continue;
		}
		if (e->result != model[e->key])
			return "a wrong result";
		model[e->key] = e->kind == LEDGER_PUT ? e->value : 0;
	}
	return NULL;
}

/* Sweeps in order of starts; `seen` is the largest version of what had ended by then. */
static const char *judge_order(struct event *e, size_t n)
{
	struct event **start = malloc((n + 1) * sizeof(*start)), **end = malloc((n + 1) * sizeof(*end));
	const char *wrong = NULL;
	size_t ended = 0;
	u64 seen = 0;

	for (size_t i = 0; i < n; i++)
		start[i] = end[i] = &e[i];
	qsort(start, n, sizeof(*start), by_start);
	qsort(end, n, sizeof(*end), by_end);
	for (size_t i = 0; i < n && !wrong; i++) {
		for (; ended < n && end[ended]->end < start[i]->start; ended++)
			seen = MAX(seen, end[ended]->version);
		if (start[i]->version < seen)
			wrong = start[i]->kind == LEDGER_READ ? "a stale read" : "an update before its time";
	}
	free(start);
	free(end);
	return wrong;
}

const char *history_judge(struct history *h, size_t callers, u64 final[LEDGER_KEYS])
{
	struct history all = { 0 };
	const char *wrong;

	for (size_t c = 0; c < callers; c++) {
		for (size_t i = 0; i < h[c].n; i++)
			history_add(&all, &h[c].e[i]);
		free(h[c].e);
		h[c] = (struct history){ 0 };
	}
	memset(final, 0, LEDGER_KEYS * sizeof(*final));
	if (all.n)
		qsort(all.e, all.n, sizeof(*all.e), by_version);
	wrong = judge_results(all.e, all.n, final);
	if (!wrong)
		wrong = judge_order(all.e, all.n);
	free(all.e);
	return wrong;
}

int do_update(struct nr *nr, struct nr_self *self, struct history *h, u32 kind, u32 key, u32 value, u32 blob)
{
	struct event e = { .kind = kind, .key = key, .value = value };
	struct ledger_ret ret = { 0, 0 };
	struct ledger_op op;
	size_t len = ledger_make(&op, kind, key, value, blob);
	int err;

	watch_reset();
	e.start = stamp();
	err = nr_update(nr, self, 0, &op, len, &ret, NULL);
	e.end = stamp();
	e.version = ret.version;
	e.result = ret.old;
	if (!err && h)
		history_add(h, &e);
	return err;
}

void do_read(struct nr *nr, struct nr_self *self, struct history *h, u32 key)
{
	struct event e = { .kind = LEDGER_READ, .key = key };
	const struct ledger *l;

	watch_reset();
	e.start = stamp();
	l = nr_read_begin(nr, self, 0);
	e.version = l->version;
	if (ledger_in_read)
		ledger_in_read();
	e.result = ledger_get(l, key);
	nr_read_end(nr, self, 0);
	e.end = stamp();
	history_add(h, &e);
}

/* More threads than processors is what the tests want: who polls for long only keeps out the one he waits for. Not so little
 * that nobody looks away from a gate, or is answered before he sleeps. */
__attribute__((constructor)) static void poll_little(void)
{
	nr_port_spins = 64;
	nr_port_away = 5;
}

static _Thread_local const char *watch_what;
static _Thread_local u64 watch_from;
static _Thread_local time_t watch_since;

static void watch(void)
{
	if (nr_host_relaxed - watch_from < HANG || (nr_host_relaxed & 0xffff) || time(NULL) - watch_since < HANG_SECONDS)
		return;
	printf("not ok - %s: somebody waits for ever\n1..0\n", watch_what);
	fflush(stdout);
	_Exit(1);
}

void watch_start(const char *what)
{
	watch_what = what;
	nr_host_on_relax = watch;
	watch_reset();
}

void watch_reset(void)
{
	watch_from = nr_host_relaxed;
	watch_since = time(NULL);
}

void fact_make(_Atomic u32 *fact)
{
	atomic_store(fact, 1);
	syscall(SYS_futex, fact, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

void fact_await(_Atomic u32 *fact)
{
	while (!atomic_load(fact))
		syscall(SYS_futex, fact, FUTEX_WAIT_PRIVATE, 0, NULL);
}

u32 rnd(u32 *state)
{
	u32 x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}
