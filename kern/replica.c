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
