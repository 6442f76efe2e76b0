/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When a node gets a replica of its own: once its cores have used an instance that lives elsewhere often enough.
 * Looking from afar (ps, kill) stays below the threshold; running work does not.
 */
#ifndef KERN_REPLICA_H
#define KERN_REPLICA_H

#include "kern/percore.h"

#define REPLICA_USES 32 /* uses by one core, without a replica on its node, that buy one */

void replica_buy(struct nr *nr, u32 *uses);

/* Call before taking a guard or submitting an update; no lock or guard held. `uses` is a counter of this core. */
static inline void replica_note(struct nr *nr, u32 *uses)
{
	if (unlikely(!nr_has_replica(nr, core_node())) && ++*uses >= REPLICA_USES)
		replica_buy(nr, uses);
}

#endif
