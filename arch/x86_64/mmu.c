/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Kernel space: the upper half of every root.
 *
 *   DIRECT_BASE         all RAM, the largest pages that fit, never executable; the image's text and constants
 *                       are read-only here too
 *   VMAP_BASE           windows made at run time (mmu_vmap), 4 KiB pages
 *   KERNEL_OFFSET       the image: text r-x, constants r--, data rw-; a hole under the boot stack
 *
 * Every top-level entry of these areas exists before the first root is copied and never changes. Lower tables
 * are linked by compare-exchange, so mapping needs no lock: two callers never own the same address, and one who
 * loses a race for a table gives its own back. Table pages come from the boot ranges until kmain, then from
 * frame_alloc.
 */
#include "arch/mmu.h"

#include "arch/boot.h"
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/errno.h"
#include "base/print.h"
#include "base/string.h"

#define TABLE (PTE_P | PTE_W)
#define GIB (1ul << 30)
#define VMAP_SLOTS 4

extern char kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[], boot_stack_guard[];

static pte_t *kernel_root, *start_root_table;
static bool booted;
static u64 device_next = VMAP_DEVICE;

/* The last page of the highest range below 4 GiB: what the boot page tables reach. Aligned ranges stay so. */
static void *boot_page(void)
{
	struct boot_range *best = NULL;

	for (u32 i = 0; i < boot_info.nranges; i++) {
		struct boot_range *r = &boot_info.range[i];
		if (r->end <= 4 * GIB && r->end > r->start && (!best || r->end > best->end))
			best = r;
	}
	if (!best)
		panic("no memory below 4 GiB for page tables");
	best->end -= PAGE_SIZE;
	return memset(phys_to_virt(best->end), 0, PAGE_SIZE);
}

static void *table_page(void)
{
	if (!booted)
		return boot_page();
	paddr_t p = frame_alloc_zero(core_node());
	return p ? phys_to_virt(p) : NULL;
}

void mmu_boot_done(void)
{
	booted = true;
}

/* The entry for va at `level`, making the tables above it; NULL if memory is out. */
static pte_t *entry_at(pte_t *root, u64 va, int level)
{
	pte_t *table = root;

	for (int l = MMU_LEVELS - 1; l > level; l--) {
		pte_t *e = &table[mmu_index(va, l)], old = __atomic_load_n(e, __ATOMIC_ACQUIRE);
		if (!(old & PTE_P)) {
			void *page = table_page();
			if (!page)
				return NULL;
			pte_t fresh = virt_to_phys(page) | TABLE;
			old = 0;
			if (__atomic_compare_exchange_n(e, &old, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
				old = fresh;
			else
				frame_put(fresh & PTE_FRAME);
		}
		if (old & PTE_HUGE)
			panic("kernel address 0x%lx is mapped twice", (unsigned long)va);
		table = phys_to_virt(old & PTE_FRAME);
	}
	return &table[mmu_index(va, level)];
}

static int level_for(u64 va, paddr_t pa, u64 len)
{
	if (cpu_features.gb_pages && !((va | pa) & (mmu_span(2) - 1)) && len >= mmu_span(2))
		return 2;
	return !((va | pa) & (mmu_span(1) - 1)) && len >= mmu_span(1) ? 1 : 0;
}

static int map(pte_t *root, u64 va, paddr_t pa, u64 len, pte_t flags, bool large)
{
	for (u64 done = 0, step; done < len; done += step) {
		int level = large ? level_for(va + done, pa + done, len - done) : 0;
		pte_t *e = entry_at(root, va + done, level);
		if (!e)
			return -ENOMEM;
		__atomic_store_n(e, (pa + done) | flags | (level ? PTE_HUGE : 0), __ATOMIC_RELEASE);
		step = mmu_span(level);
	}
	return 0;
}

static void map_direct(u64 start, u64 end, pte_t flags)
{
	if (start < end)
		map(kernel_root, DIRECT_BASE + start, start, end - start, flags | PTE_P | PTE_NX | PTE_G, true);
}

/* [start, end) with the read-only part of the image cut out and mapped as such. */
static void map_ram(u64 start, u64 end)
{
	u64 ro_start = image_to_phys(kernel_start), ro_end = image_to_phys(kernel_rodata_end);

	map_direct(start, MIN(end, ro_start), PTE_W);
	map_direct(MAX(start, ro_start), MIN(end, ro_end), 0);
	map_direct(MAX(start, ro_end), end, PTE_W);
}

static void map_image(char *start, char *end, pte_t flags)
{
	if (start < end)
		map(kernel_root, (u64)start, image_to_phys(start), (u64)(end - start), flags | PTE_P | PTE_G, false);
}

void mmu_init(const struct mmu_range *range, u32 n)
{
	u64 top = 0;

	kernel_root = boot_page();
	for (u32 i = 0; i < n; i++)
		top = MAX(top, range[i].end);
	for (u64 va = DIRECT_BASE; va < DIRECT_BASE + top; va += mmu_span(3))
		entry_at(kernel_root, va, 2);
	for (u64 i = 0; i < VMAP_SLOTS; i++)
		entry_at(kernel_root, VMAP_BASE + i * mmu_span(3), 2);
	for (u32 i = 0; i < n; i++)
		map_ram(ALIGN_DOWN(range[i].start, PAGE_SIZE), ALIGN_UP(range[i].end, PAGE_SIZE));
	map_image(kernel_start, kernel_text_end, 0);
	map_image(kernel_text_end, kernel_rodata_end, PTE_NX);
	map_image(kernel_rodata_end, boot_stack_guard, PTE_NX | PTE_W);
	map_image(boot_stack_guard + PAGE_SIZE, kernel_end, PTE_NX | PTE_W);

	start_root_table = boot_page();
	memcpy(start_root_table, kernel_root, PAGE_SIZE);
	*entry_at(start_root_table, 0, 1) = PTE_P | PTE_W | PTE_HUGE;
	write_cr3(virt_to_phys(kernel_root));
}

paddr_t mmu_start_root(void)
{
	return virt_to_phys(start_root_table);
}

paddr_t mmu_kernel_root(void)
{
	return virt_to_phys(kernel_root);
}

void mmu_root_init(void *page)
{
	memset(page, 0, PAGE_SIZE / 2);
	memcpy((u8 *)page + PAGE_SIZE / 2, (u8 *)kernel_root + PAGE_SIZE / 2, PAGE_SIZE / 2);
}

void mmu_load(paddr_t root)
{
	write_cr3(root);
}

paddr_t mmu_loaded(void)
{
	return read_cr3() & PTE_FRAME;
}

void mmu_flush_page(u64 va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void mmu_flush_all(void)
{
	write_cr3(read_cr3());
}

void mmu_flush_global(void)
{
	u64 cr4 = read_cr4();

	if (!(cr4 & CR4_PGE)) {
		mmu_flush_all();
		return;
	}
	write_cr4(cr4 & ~(u64)CR4_PGE);
	write_cr4(cr4);
}

int mmu_vmap(u64 va, paddr_t pa, size_t len, unsigned prot)
{
	pte_t flags = PTE_P | PTE_G;

	flags |= prot & MMU_W ? PTE_W : 0;
	flags |= prot & MMU_X ? 0 : PTE_NX;
	flags |= prot & MMU_UNCACHED ? PTE_PCD | PTE_PWT : 0;
	return map(kernel_root, va, pa, ALIGN_UP(len, PAGE_SIZE), flags, false);
}

void mmu_vunmap(u64 va, size_t len)
{
	for (u64 at = va; at < va + len; at += PAGE_SIZE) {
		pte_t *e = entry_at(kernel_root, at, 0);
		if (e)
			__atomic_store_n(e, 0, __ATOMIC_RELEASE);
	}
}

void *mmu_map_device(paddr_t pa, size_t len)
{
	paddr_t first = ALIGN_DOWN(pa, PAGE_SIZE);
	u64 size = ALIGN_UP(pa + len, PAGE_SIZE) - first;
	u64 va = __atomic_fetch_add(&device_next, size + PAGE_SIZE, __ATOMIC_RELAXED);

	if (va + size > VMAP_DEVICE_END || mmu_vmap(va, first, size, MMU_R | MMU_W | MMU_UNCACHED))
		return NULL;
	return (void *)(va + (pa - first));
}

bool mmu_kernel_readable(u64 va, size_t len)
{
	for (u64 at = ALIGN_DOWN(va, PAGE_SIZE); at < va + len; at += PAGE_SIZE) {
		pte_t *table = kernel_root, e;
		if (!table || at < DIRECT_BASE)
			return false;
		for (int l = MMU_LEVELS - 1;; l--) {
			e = table[mmu_index(at, l)];
			if (!(e & PTE_P))
				return false;
			if (!l || e & PTE_HUGE)
				break;
			table = phys_to_virt(e & PTE_FRAME);
		}
	}
	return true;
}
