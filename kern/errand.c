/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Errands: see errand.h. */
#include "kern/errand.h"
#include "kern/account.h"

void errand_post(struct errand *e)
{
	struct percore *pc = percore();

	if (e->posted)
		return;
	e->posted = true;
	e->next = pc->errands;
	pc->errands = e;
}

/* What an errand posts runs the next time. The time is charged to the core, not to whom the interrupt hit. */
void errands_run_all(struct percore *pc)
{
	struct errand *e = pc->errands, *next;

	account_now();
	pc->errands = NULL;
	pc->on_errand = true;
	for (; e; e = next) {
		next = e->next;
		e->posted = false;
		e->run(e);
	}
	pc->on_errand = false;
	account_aside();
}
