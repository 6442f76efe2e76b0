/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc/nros: what only this kernel has to tell: its replicas and its memory. See proc_internal.h. */
#include "kern/proc_internal.h"

int proc_nros_pid_nr(const struct pseudo_node *n, struct text *t)
{
	(void)n;
	(void)t;
	return 0;
}

const struct pseudo_entry proc_nros_children[] = {
	{ 0 },
};
