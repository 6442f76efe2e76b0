/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Replicas on demand: see replica.h. A clone that fails for memory is simply tried again after as many uses. */
#include "kern/replica.h"
#include "base/errno.h"
#include "kern/space.h"

void replica_buy(struct nr *nr, u32 *uses)
{
	*uses = 0;
	nr_replica_add(nr, nr_me(), core_node());
}

/* Nodes with a core that is running s. An idle core may still have it loaded: it leaves when it is asked to flush, or
 * loads the right root when it runs s again. */
static u64 space_nodes(struct space *s)
{
	u32 c, n = cores_count();
	u64 nodes = 0;

	for (c = 0; c < n; c++) {
		struct percore *pc = percore_of(c);

		if (pc && atomic_load(&pc->loaded) == s && !atomic_load(&pc->idling))
			nodes |= 1ull << pc->nr.node;
	}
	return nodes;
}

void space_shed(struct space *s)
{
	u64 used, drop = 0;
	u32 node, n = nodes_count();

	if (atomic_load(&s->users) != 1 || (nr_replicas(s->nr) < 2 && !atomic_load(&s->pages.copies)))
		return;
	used = space_nodes(s);
	for (node = 0; node < n; node++) {
		if (used >> node & 1)
			continue;
		drop |= pagemap_has_copy(&s->pages, node) ? 1ull << node : 0;
		nr_replica_drop(s->nr, nr_me(), node); /* the last one stays */
	}
	if (drop)
		space_prune(s, drop);
}

/* A space that runs threads here: its regions get a replica, its pages a table, and this core loads it. */
void space_join(struct space *s)
{
	u32 node = core_node();

	if (node == s->pages.home || pagemap_has_copy(&s->pages, node) || space_alone(s))
		return;
	if (atomic_fetch_add_explicit(&s->remote_faults[node], 1, memory_order_relaxed) < REPLICA_USES)
		return;
	atomic_store_explicit(&s->remote_faults[node], 0, memory_order_relaxed);
	if (!nr_has_replica(s->nr, node) && nr_replica_add(s->nr, nr_me(), node) == -ENOMEM)
		return;
	if (!pagemap_node_add(&s->pages, node) && atomic_load(&percore()->loaded) == s)
		space_switch(s);
}
