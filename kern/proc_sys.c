/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc/sys: what the kernel lets itself be asked and told. See proc_internal.h. */
#include "kern/proc_internal.h"
#include "dev/rng.h"

const struct pseudo_entry proc_sys_children[] = {
	{ 0 },
};
