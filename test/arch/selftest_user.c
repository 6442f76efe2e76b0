/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ring 3 on one core: a page of code, a page of stack, and everything that program does in ring3.S. */
#include "arch/core.h"
#include "arch/mmu.h"
#include "arch/thread.h"
#include "arch/user.h"
#include "arch/x86_64/cpu.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"
#include "test/arch/selftest.h"
#include "test/arch/selftest_user.h"

#define USER_CODE 0x400000ul
#define USER_STACK 0x7ffffff00000ul
#define LAZY 0x666000ul
#define REGISTER_SUM (0x1111 + 0x2222 + 0x3333 + 0x4444 + 0x5555 + 0x6666 + 0x7777 + 0x8888 + 0x9999 + 0xaaaa + 0xbbbb)
#define NOTES 8

extern const u8 ring3_start[], ring3_end[];

struct run {
	struct context main, program;
	u64 note[NOTES];
	u32 nnotes;
	u64 vector[NOTES]; /* faults in order */
	u32 nvectors;
	paddr_t root;
	u8 *stack;
};
static struct run runs[CORES_MAX];

static struct run *run_this(void) { return &runs[core_id()]; }

static pte_t *user_entry(pte_t *root, u64 va)
{
	pte_t *table = root;

	for (int l = MMU_LEVELS - 1; l > 0; l--) {
		pte_t *e = &table[mmu_index(va, l)];
		if (!(*e & PTE_P))
			*e = frame_alloc_zero(core_node()) | PTE_P | PTE_W | PTE_U;
		table = phys_to_virt(*e & PTE_FRAME);
	}
	return &table[mmu_index(va, 0)];
}

static void *user_map(u64 va, pte_t rights)
{
	paddr_t p = frame_alloc_zero(core_node());

	*user_entry(phys_to_virt(run_this()->root), va) = p | rights | PTE_P | PTE_U;
	return phys_to_virt(p);
}

bool user_test_resolve(u64 address)
{
	if (ALIGN_DOWN(address, PAGE_SIZE) != LAZY || *user_entry(phys_to_virt(run_this()->root), LAZY) & PTE_P)
		return false;
	user_map(LAZY, PTE_W | PTE_NX);
	return true;
}

void user_test_syscall(struct trapframe *f)
{
	struct run *r = run_this();

	switch (f->ax) {
	case 1:
		if (r->nnotes < NOTES)
			r->note[r->nnotes++] = f->di;
		break;
	case 2:
		f->cx = 0;
		break;
	case 3:
		context_switch(&r->program, &r->main);
		break;
	case 4:
		f->r9 = f->ip;
		f->ip = 0x8000000000000000ul;
		break;
	}
	f->ax = 0;
}

void user_test_fault(struct trapframe *f, u64 address)
{
	struct run *r = run_this();

	if (r->nvectors < NOTES)
		r->vector[r->nvectors++] = f->vector;
	if (f->vector == TRAP_PAGE && user_test_resolve(address))
		return;
	if (f->vector == TRAP_OPCODE)
		f->ip += 2;
	else if (f->vector == TRAP_DEBUG)
		f->flags &= ~0x100ul;
	else if (f->vector == TRAP_PROTECTION && f->ip >> 63)
		f->ip = f->r9;
	else if (f->vector == TRAP_PROTECTION)
		f->ip += 1;
	else if (f->vector != TRAP_BREAK)
		panic("ring 3: fault %lu at 0x%lx, address 0x%lx", (unsigned long)f->vector, (unsigned long)f->ip,
		      (unsigned long)address);
}

/* Once a core: the program's page tables and kernel stack. */
static void program_make(struct run *r)
{
	r->root = frame_alloc_zero(core_node());
	mmu_root_init(phys_to_virt(r->root));
	memcpy(user_map(USER_CODE, 0), ring3_start, (size_t)(ring3_end - ring3_start));
	user_map(USER_STACK, PTE_W | PTE_NX);
	r->stack = (u8 *)VMAP_KERNEL + (u64)core_id() * 2 * KSTACK_SIZE;
	for (u64 off = 0; off < KSTACK_SIZE; off += PAGE_SIZE)
		mmu_vmap((u64)r->stack + off, frame_alloc(core_node()), PAGE_SIZE, MMU_R | MMU_W);
}

static void program_start(void *arg)
{
	struct run *r = arg;
	struct trapframe *f = kstack_frame(r->stack + KSTACK_SIZE);

	memset(f, 0, sizeof(*f));
	f->ip = USER_CODE;
	f->sp = USER_STACK + PAGE_SIZE - 64;
	thread_enter(f);
}

#define USER_GS 0xffffffff80000000ul /* looks like the kernel's */

static bool program_run(void)
{
	static const u64 faults[] = { TRAP_PAGE, TRAP_OPCODE, TRAP_BREAK, TRAP_PROTECTION, TRAP_DEBUG, TRAP_PROTECTION };
	static const u64 notes[] = { 1, REGISTER_SUM, REGISTER_SUM, 77, 0x123456789 };
	struct run *r = run_this();
	void *old_top = (void *)core_this()->kernel_sp;

	if (!r->root)
		program_make(r);
	r->nnotes = r->nvectors = 0;
	mmu_load(r->root);
	*user_entry(phys_to_virt(r->root), LAZY) = 0;
	mmu_flush_page(LAZY);
	user_gs_set(USER_GS);
	user_fs_set(0x1234000);
	context_new(&r->program, r->stack + KSTACK_SIZE, program_start, r);
	core_set_kstack(r->stack + KSTACK_SIZE);
	context_switch(&r->main, &r->program);
	core_set_kstack(old_top);
	bool ok = r->nnotes == ARRAY_SIZE(notes) && r->nvectors == ARRAY_SIZE(faults) &&
		!memcmp(r->note, notes, sizeof(notes)) && !memcmp(r->vector, faults, sizeof(faults));
	for (u32 i = 0; !ok && i < NOTES; i++)
		kprintf("core %u: note 0x%lx vector %lu", core_id(), (unsigned long)r->note[i], (unsigned long)r->vector[i]);
	return ok && user_gs_get() == USER_GS && user_fs_get() == 0x1234000;
}

void test_user(void)
{
	bool ok = program_run();

	if (!ok || core_id() == 0)
		check(ok, "ring 3: calls by SYSRET and IRETQ keep registers; faults arrive in order");
}

/* NMIs hit anywhere, also where %gs is not yet or no longer the kernel's. Core 0 sends, core 1 runs. */
bool test_nmi_run(void)
{
	bool ok = true;

	for (int i = 0; i < 200; i++)
		ok = ok && program_run();
	return ok;
}

static void test_copies(void)
{
	static char buf[64], text[] = "hello";
	u32 expected = 5;
	u8 __user *lazy = (u8 __user *)LAZY + 64, *wild = (u8 __user *)0x12345000;

	*user_entry(phys_to_virt(run_this()->root), LAZY) = 0;
	mmu_flush_page(LAZY);
	user_nofault_begin();
	check(user_copy_out(lazy, text, sizeof(text)) == -EFAULT, "copy: a missing page with faults off is EFAULT");
	user_nofault_end();
	check(!user_copy_out(lazy, text, sizeof(text)) && !user_copy_in(buf, lazy, sizeof(text)) && !strcmp(buf, text),
	      "copy: a missing page is resolved");
	check(user_copy_in(buf, wild, 1) == -EFAULT, "copy: an unmapped address is EFAULT");
	check(user_copy_in(buf, (u8 __user *)USER_END - 1, 2) == -EFAULT && user_copy_in(buf, (u8 __user *)text, 1) == -EFAULT,
	      "copy: kernel addresses are EFAULT");
	check(user_copy_out_partial((u8 __user *)LAZY + PAGE_SIZE - 100, ring3_start, 300) == 200,
	      "copy: the rest is counted exactly at a page border");
	check(user_copy_string(buf, (char __user *)lazy, sizeof(buf)) == 5 &&
	      user_copy_string(buf, (char __user *)lazy, 5) == -ENAMETOOLONG &&
	      user_copy_string(buf, (char __user *)wild, 5) == -EFAULT, "copy: strings");
	check(!user_zero(lazy, 100) && !user_load32(&expected, (u32 __user *)lazy) && !expected, "copy: zero, load");
	check(!user_cas32((u32 __user *)lazy, &expected, 9) && !expected && !user_cas32((u32 __user *)lazy, &expected, 3) &&
	      expected == 9 && user_cas32((u32 __user *)wild, &expected, 1) == -EFAULT, "copy: compare-exchange");
	check(user_fault_in(wild, 1, false) == -EFAULT && !user_fault_in(lazy, 8, true), "copy: fault in");
}

static void test_fpu(void)
{
	u8 *a = phys_to_virt(frame_alloc_zero(0)), *b = phys_to_virt(frame_alloc_zero(0));
	u8 __user *image = (u8 __user *)LAZY;
	u64 value = 0xfeedf00d, back = 0;
	u8 text_of_ones[64];

	memset(text_of_ones, 0xff, sizeof(text_of_ones));
	fpu_init(a);
	fpu_restore(a);
	__asm__ volatile("movq %0, %%xmm7" : : "r"(value));
	fpu_save(a);
	check(!fpu_to_user(image, a), "fpu: image to ring 3");
	fpu_init(b);
	fpu_restore(b);
	check(!fpu_from_user(b, image), "fpu: image back");
	fpu_restore(b);
	__asm__ volatile("movq %%xmm7, %0" : "=r"(back));
	check(back == value, "fpu: a register survives the image");
	u32 bad = ~0u;
	user_copy_out(image + 24, &bad, sizeof(bad));  /* mxcsr */
	user_copy_out(image + 512, text_of_ones, 64);  /* the header */
	check(!fpu_from_user(b, image) && !(((u32 *)b)[6] >> 16) && (fpu_size() == 512 || !((u64 *)b)[67]),
	      "fpu: an image full of reserved bits is sanitised");
	fpu_restore(b);
	check(fpu_from_user(b, (u8 __user *)USER_END) == -EFAULT, "fpu: an unmapped image is EFAULT");
}

/* With the processor's help the kernel cannot touch a program's page by mistake; without it, it can. */
static void test_smap(void)
{
	user_fault_in((u8 __user *)LAZY, 1, true);
	check(probe_write((u8 *)LAZY) == !cpu_features.smap, "the kernel writes a user page only where there is no SMAP");
	*(volatile u8 *)phys_to_virt(*user_entry(phys_to_virt(run_this()->root), USER_CODE) & PTE_FRAME) = 0xc3;
	check(probe_exec((void *)USER_CODE) == !cpu_features.smep, "the kernel runs a user page only where there is no SMEP");
}

void test_user_once(void)
{
	test_smap();
	test_copies();
	test_fpu();
}
