/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The ACPI power button: process 1 gets SIGTERM, and decides what stopping means. Without such a
 * button there is nothing to do.
 *
 *   pressed --interrupt: a word, a wake-up--> powerd, a kernel thread --SIGTERM--> process 1
 *
 * The interrupt may not send the signal itself: that takes locks which the interrupted code may hold.
 */
#include "kern/power.h"
#include "arch/core.h"
#include "base/print.h"
#include "kern/process.h"
#include "kern/signal.h"
#include "kern/wait.h"

static struct waitq powerd_wait;
static volatile u32 presses;         /* written by the interrupt, on one core */

static void button_pressed(void)
{
	presses = presses + 1;
	waitq_wake(&powerd_wait);
}

static void powerd(void *arg)
{
	struct siginfo info = { .signo = SIGTERM, .code = SI_KERNEL };
	struct process *init = arg;
	u32 seen = 0;

	for (;;) {
		WAIT_KILLABLE_NOT(&powerd_wait, FOREVER, presses != seen);
		seen = presses;
		signal_process(init, &info);
	}
}

void power_start(struct process *init)
{
	struct thread *t = thread_new(NULL);
	u32 i;

	if (!t)
		panic("no memory for powerd");
	waitq_init(&powerd_wait);
	process_get(init);           /* for ever, as process 1 is there for ever */
	for (i = 0; i < cores_count(); i++)
		cpuset_add(&t->affinity, i);
	thread_prepare(t, powerd, init);
	thread_start(t);
	if (machine_power_button(button_pressed))
		kprintf("no power button");
}
