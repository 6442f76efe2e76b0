/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where a cache line is, and what it costs to get it.
 *
 * Each vCPU has one private cache (L1 and L2 taken together), set-associative with least-recently-used replacement; a
 * hit in it is part of the instruction's cost. Each node has a last-level cache of limited size. A directory knows for
 * each line of memory who has it:
 *
 *	sharers   the vCPUs whose private caches hold it
 *	owner     the one that has it exclusive or modified (its sharer bit is set, too)
 *	llc       the nodes whose last-level caches hold it
 *
 *	          load, others have it      load, nobody has it
 *	Invalid ----------------> Shared   Invalid ----------> Exclusive --store--> Modified
 *	   ^                         |  store: invalidate the others                   ^  |
 *	   +--- another's store -----+---------------------------------------------------+  | another's load: Shared
 *
 * Transactions on one line follow each other: a line is not free again before the transfer that moves it has ended. This
 * is what makes a contended line slow, more than the transfers themselves. A line's node is the one whose memory its
 * physical address belongs to.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum state { INVALID, SHARED, EXCLUSIVE, MODIFIED };

struct way {
	uint32_t line;
	uint8_t state;
};

struct entry {
	uint64_t sharers[MAX_VCPUS / 64];
	uint64_t free_at;
	uint16_t owner; /* vCPU + 1 */
	uint8_t llc, spare;
	uint32_t spare2;
};

/* The last-level caches' tags are only needed for replacement: whether a line is there, the directory says. */
struct llc {
	uint32_t *line; /* sets * ways, line + 1 */
	uint8_t *next;	/* per set: the way that is replaced next */
};

static struct entry *directory;
static uint64_t lines;
static uint64_t node_vcpus[MAX_NODES][MAX_VCPUS / 64];
static uint32_t private_sets, llc_sets;
static struct llc llcs[MAX_NODES];
static uint64_t low_memory;	/* bytes below 4 GiB; the rest begins there */
static uint32_t random_state, regions;

#define GIB4 (4ull << 30)
#define MAX_WAIT 25600	/* a vCPU that fell far behind does not wait for the whole past of a line */

/* --- places --- */

int cache_home(uint64_t physical)
{
	uint64_t memory = profile.memory_mib << 20, at = physical, node;

	if (at >= GIB4)
		at = at - GIB4 + low_memory;
	node = at * profile.nodes / memory;
	return node < profile.nodes ? (int)node : (int)profile.nodes - 1;
}

bool cache_covers(uint64_t physical)
{
	return physical >> LINE_SHIFT < lines;
}

static uint32_t power_of_two(uint64_t n)
{
	return n < 2 ? 1 : 1u << (63 - __builtin_clzll(n));
}

static int setup_llc(struct llc *c)
{
	c->line = calloc(llc_sets, profile.llc_ways * sizeof(uint32_t));
	c->next = calloc(llc_sets, 1);
	return c->line && c->next ? 0 : -1;
}

/* q35 puts 2 GiB below 4 GiB if there are 2.75 or more, else all. */
int cache_setup(void)
{
	uint64_t memory = profile.memory_mib << 20, end;

	low_memory = memory >= 0xb0000000 ? 0x80000000 : memory;
	end = memory > low_memory ? GIB4 + memory - low_memory : memory;
	lines = end >> LINE_SHIFT;
	directory = mmap(NULL, lines * sizeof(*directory), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (directory == MAP_FAILED)
		return -1;
	private_sets = power_of_two((profile.private_kib << 10 >> LINE_SHIFT) / profile.private_ways);
	llc_sets = power_of_two((profile.llc_kib << 10 >> LINE_SHIFT) / profile.llc_ways);
	for (uint64_t i = 0; i < profile.nodes; i++) {
		if (setup_llc(&llcs[i]) != 0)
			return -1;
	}
	return 0;
}

/* All caches are empty, and chance is another than in the region before. */
void cache_begin(void)
{
	madvise(directory, lines * sizeof(*directory), MADV_DONTNEED);
	memset(node_vcpus, 0, sizeof(node_vcpus));
	for (int i = 0; i < vcpu_count; i++) {
		struct vcpu *v = &vcpus[i];

		free(v->cache);
		v->cache = calloc(private_sets, profile.private_ways * sizeof(struct way));
		if (!v->cache)
			abort();
		node_vcpus[v->node][i >> 6] |= 1ull << (i & 63);
	}
	for (uint64_t i = 0; i < profile.nodes; i++) {
		memset(llcs[i].line, 0, llc_sets * profile.llc_ways * sizeof(uint32_t));
		memset(llcs[i].next, 0, llc_sets);
	}
	random_state = 2463534242u ^ ((uint32_t)profile.seed * 1000 + ++regions) * 2654435761u;
}

/* --- private caches --- */

static struct way *set_of(struct vcpu *v, uint32_t line)
{
	return v->cache + (line & (private_sets - 1)) * profile.private_ways;
}

/* The line's way, moved to the front of its set; if it is not there, the least recently used way is, still as it was. */
static struct way *find_way(struct vcpu *v, uint32_t line)
{
	struct way *set = set_of(v, line), found;
	uint64_t i = 0;

	if (set->line == line && set->state != INVALID)
		return set;
	while (i < profile.private_ways - 1 && (set[i].line != line || set[i].state == INVALID))
		i++;
	found = set[i];
	for (; i > 0; i--)
		set[i] = set[i - 1];
	set[0] = found;
	return set;
}

/* Another vCPU's copy of a line changes its state. */
static void set_state(int vcpu, uint32_t line, enum state state)
{
	struct way *w = set_of(&vcpus[vcpu], line);

	for (uint64_t i = 0; i < profile.private_ways; i++, w++) {
		if (w->line == line && w->state != INVALID) {
			w->state = state;
			vcpus[vcpu].n.received_invalidations += state == INVALID;
			return;
		}
	}
}

/* --- last-level caches --- */

static void llc_put(int node, uint32_t line)
{
	struct llc *c = &llcs[node];
	uint32_t set = line & (llc_sets - 1);
	uint32_t *victim = &c->line[set * profile.llc_ways + c->next[set]];

	if (directory[line].llc >> node & 1)
		return;
	if (*victim)
		directory[*victim - 1].llc &= ~(1u << node);
	*victim = line + 1;
	c->next[set] = (c->next[set] + 1) % profile.llc_ways;
	directory[line].llc |= 1u << node;
}

/* --- the directory --- */

static bool shared_by(const struct entry *d, int node)
{
	return (d->sharers[0] & node_vcpus[node][0]) || (d->sharers[1] & node_vcpus[node][1]);
}

static void remove_sharer(struct entry *d, int vcpu)
{
	d->sharers[vcpu >> 6] &= ~(1ull << (vcpu & 63));
	if (d->owner == vcpu + 1)
		d->owner = 0;
}

static void evict(struct vcpu *v, struct way *w)
{
	if (w->state == INVALID)
		return;
	remove_sharer(&directory[w->line], (int)(v - vcpus));
	llc_put(v->node, w->line);
	w->state = INVALID;
}

/* How a miss is going. */
struct miss {
	uint64_t cost;
	bool moved;	/* the line changed hands, which others have to wait for */
	bool remote;
};

static uint64_t traffic(struct vcpu *v, int home, bool memory)
{
	uint64_t wait = traffic_wait(home, v->node, memory, clock_of(v));

	v->n.traffic_cycles += wait;
	return wait;
}

static void from_owner(struct vcpu *v, struct entry *d, uint32_t line, bool store, struct miss *m)
{
	int owner = d->owner - 1;

	if (vcpus[owner].node == v->node) {
		m->cost += profile.local_transfer;
		v->n.transfer_local++;
	} else {
		m->cost += profile.remote_transfer + traffic(v, vcpus[owner].node, false);
		v->n.transfer_remote++;
		m->remote = true;
	}
	m->moved = true;
	set_state(owner, line, store ? INVALID : SHARED);
	if (store)
		remove_sharer(d, owner);
	else
		llc_put(vcpus[owner].node, line);
	d->owner = 0;
}

/* Memory of the line's home; a home that is elsewhere looks into its own caches first. */
static void from_home(struct vcpu *v, const struct entry *d, int home, struct miss *m)
{
	bool cached = d->sharers[0] || d->sharers[1] || d->llc;

	if (home == v->node) {
		m->cost += profile.local_memory + traffic(v, home, true);
		v->n.memory_local++;
	} else if (cached) {
		m->cost += profile.remote_llc + traffic(v, home, false);
		v->n.llc_remote++;
		m->remote = true;
	} else {
		m->cost += profile.remote_memory + traffic(v, home, true);
		v->n.memory_remote++;
		m->remote = true;
	}
}

static void fetch(struct vcpu *v, struct entry *d, uint32_t line, bool store, struct miss *m)
{
	if (d->owner && d->owner != v - vcpus + 1) {
		from_owner(v, d, line, store, m);
	} else if (shared_by(d, v->node) || d->llc >> v->node & 1) {
		m->cost += profile.llc_hit;
		v->n.llc_local++;
	} else {
		from_home(v, d, cache_home((uint64_t)line << LINE_SHIFT), m);
	}
}

/* A store: nobody else keeps a copy. The farthest copy decides how long that takes. */
static void invalidate(struct vcpu *v, struct entry *d, uint32_t line, bool upgrade, struct miss *m)
{
	bool near = false, far = (d->llc & ~(1u << v->node)) != 0;

	remove_sharer(d, (int)(v - vcpus));
	for (int word = 0; word < MAX_VCPUS / 64; word++) {
		for (uint64_t bits = d->sharers[word]; bits; bits &= bits - 1) {
			int other = word * 64 + __builtin_ctzll(bits);

			set_state(other, line, INVALID);
			near |= vcpus[other].node == v->node;
			far |= vcpus[other].node != v->node;
		}
		d->sharers[word] = 0;
	}
	d->llc = 0;
	d->owner = 0;
	if (far) {
		m->cost += profile.remote_invalidate;
		v->n.invalidate_remote++;
		m->remote = true;
	} else if (near || upgrade) {
		bool home_near = near || cache_home((uint64_t)line << LINE_SHIFT) == v->node;

		m->cost += home_near ? profile.local_invalidate : profile.remote_invalidate;
		v->n.invalidate_local++;
	}
	m->moved |= near || far;
}

static void take(struct vcpu *v, struct entry *d, struct way *w, uint32_t line, bool store)
{
	int vcpu = (int)(v - vcpus);
	bool alone = !d->sharers[0] && !d->sharers[1];

	d->sharers[vcpu >> 6] |= 1ull << (vcpu & 63);
	w->line = line;
	w->state = store ? MODIFIED : alone ? EXCLUSIVE : SHARED;
	if (store || alone)
		d->owner = (uint16_t)(vcpu + 1);
}

/* A miss takes up to jitter_percent longer or shorter, by chance: else vCPUs in step fall into patterns no machine has. */
static uint64_t with_jitter(uint64_t cost)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return cost + (int64_t)(cost * profile.jitter_percent) * ((int32_t)random_state >> 16) / (100 << 15);
}

static uint64_t wait_for_line(struct vcpu *v, struct entry *d, const struct miss *m)
{
	uint64_t now = clock_of(v), wait = d->free_at > now ? d->free_at - now : 0;

	if (wait > MAX_WAIT)
		wait = MAX_WAIT;
	d->free_at = now + wait + (m->moved ? m->cost : profile.occupancy);
	v->n.line_wait_cycles += wait;
	return wait;
}

static void miss(struct vcpu *v, struct way *w, uint32_t line, const struct access *a)
{
	struct entry *d = &directory[line];
	bool store = a->store || a->locked, upgrade = w->line == line && w->state == SHARED;
	struct miss m = { 0, false, false };
	uint64_t wait;

	if (!upgrade) {
		evict(v, w);
		fetch(v, d, line, store, &m);
	}
	if (store)
		invalidate(v, d, line, upgrade, &m);
	take(v, d, w, line, store);
	m.cost = with_jitter(m.cost);
	wait = wait_for_line(v, d, &m);
	charge(v, m.cost + wait);
	v->n.miss_cycles += m.cost;
	lines_add(a, m.cost + wait, m.remote);
	if (m.moved)
		clock_sync_point(v);
}

void cache_access(struct vcpu *v, const struct access *a)
{
	uint32_t line = (uint32_t)(a->physical >> LINE_SHIFT);
	struct way *w = find_way(v, line);
	bool here = w->line == line && w->state != INVALID, store = a->store || a->locked;

	v->n.accesses++;
	if (here && (!store || w->state >= EXCLUSIVE)) {
		v->n.private_hits++;
		if (store)
			w->state = MODIFIED;
	} else {
		miss(v, w, line, a);
	}
	if (a->locked)
		clock_sync_point(v);
}
