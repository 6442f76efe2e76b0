/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The contract of arch/user.h on top of user_copy.S: range checks, error numbers, and the fix-up table. */
#include "arch/user.h"

#include "arch/trap.h"
#include "arch/x86_64/cpu.h"
#include "base/errno.h"

size_t user_raw_copy(void *dst, const void *src, size_t len);
size_t user_raw_zero(void *dst, size_t len);
long user_raw_string(char *dst, const char *src, size_t size);
int user_raw_cas32(u32 *p, u32 *expected, u32 desired);
int user_raw_load32(u32 *value, const u32 *p);
int user_raw_touch(const void *p, bool write);

struct fixup {
	u64 at, fix;
};
extern const struct fixup user_table[], user_table_end[];

bool user_range_ok(const void __user *p, size_t len)
{
	u64 start = (u64)(const void __force *)p;

	return len <= USER_END && start <= USER_END - len;
}

size_t user_copy_in_partial(void *dst, const void __user *src, size_t len)
{
	return user_range_ok(src, len) ? user_raw_copy(dst, (const void __force *)src, len) : len;
}

size_t user_copy_out_partial(void __user *dst, const void *src, size_t len)
{
	return user_range_ok(dst, len) ? user_raw_copy((void __force *)dst, src, len) : len;
}

int user_copy_in(void *dst, const void __user *src, size_t len)
{
	return user_copy_in_partial(dst, src, len) ? -EFAULT : 0;
}

int user_copy_out(void __user *dst, const void *src, size_t len)
{
	return user_copy_out_partial(dst, src, len) ? -EFAULT : 0;
}

int user_zero(void __user *dst, size_t len)
{
	return user_range_ok(dst, len) && !user_raw_zero((void __force *)dst, len) ? 0 : -EFAULT;
}

long user_copy_string(char *dst, const char __user *src, size_t size)
{
	u64 start = (u64)(const char __force *)src;

	if (start >= USER_END)
		return -EFAULT;
	size_t room = MIN(size, USER_END - start);
	long n = user_raw_string(dst, (const char __force *)src, room);
	if (n == -2)
		return room < size ? -EFAULT : -ENAMETOOLONG;
	return n < 0 ? -EFAULT : n;
}

int user_cas32(u32 __user *p, u32 *expected, u32 desired)
{
	return user_range_ok(p, 4) && !user_raw_cas32((u32 __force *)p, expected, desired) ? 0 : -EFAULT;
}

int user_load32(u32 *value, const u32 __user *p)
{
	return user_range_ok(p, 4) && !user_raw_load32(value, (const u32 __force *)p) ? 0 : -EFAULT;
}

void user_nofault_begin(void)
{
	cpu_this()->nofault++;
}

void user_nofault_end(void)
{
	cpu_this()->nofault--;
}

bool user_nofault(void)
{
	return cpu_this()->nofault != 0;
}

int user_fault_in(const void __user *p, size_t len, bool write)
{
	u64 start = (u64)(const void __force *)p, end = start + len;

	if (!user_range_ok(p, len))
		return -EFAULT;
	for (u64 at = start; at < end; at = ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE)
		if (user_raw_touch((const void *)at, write))
			return -EFAULT;
	return 0;
}

/* The table is in text order, so in address order. */
bool user_fixup(struct trapframe *f)
{
	const struct fixup *low = user_table, *high = user_table_end;

	while (low < high) {
		const struct fixup *mid = low + (high - low) / 2;
		if (mid->at == f->ip) {
			f->ip = mid->fix;
			return true;
		}
		if (mid->at < f->ip)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}
