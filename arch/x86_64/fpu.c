/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * FPU and vector registers: saved whole at each switch of threads that use ring 3, in XSAVE's standard format
 * (Intel SDM vol. 1, 13.4) or FXSAVE's. The kernel itself never touches them.
 *
 * The signal frame is the same image with a few words of Linux's in the part that software may use: a magic
 * number, the sizes and the components in bytes 464-511, and a second magic number behind the image, so that a
 * program (and we) can tell an extended image from a plain one. Linux: arch/x86/include/uapi/asm/sigcontext.h.
 */
#include "arch/thread.h"
#include "arch/user.h"
#include "arch/x86_64/asm.h"
#include "arch/x86_64/cpu.h"
#include "base/errno.h"
#include "base/string.h"

#define FX_SIZE 512u
#define FX_SOFTWARE 464
#define HEADER_SIZE 64
#define MXCSR_START 0x1f80
#define MXCSR_MASK_OLD 0xffbf
#define MAGIC1 0x46505853u
#define MAGIC2 0x46505845u
#define XCR0_BASE 3ul    /* x87, SSE */
#define XCR0_AVX 4ul
#define XCR0_AVX512 0xe0ul

struct fx {
	u16 control, status;
	u8 tags, reserved;
	u16 opcode;
	u64 ip, dp;
	u32 mxcsr, mxcsr_mask;
	u8 registers[FX_SOFTWARE - 32];
	struct {
		u32 magic1, extended_size;
		u64 features;
		u32 size, padding[7];
	} software;
};
_Static_assert(sizeof(struct fx) == FX_SIZE, "FXSAVE's layout");

struct xheader {
	u64 present, compact, reserved[6];
};

static u64 xcr0;
static u32 size = FX_SIZE;
static u32 mxcsr_mask = MXCSR_MASK_OLD;

void fpu_core_init(void)
{
	if (cpu_features.xsave)
		xsetbv(0, xcr0);
	__asm__ volatile("fninit");
}

void fpu_detect(void)
{
	static struct fx fx __attribute__((aligned(64)));

	if (cpu_features.xsave) {
		struct cpuid r = cpuid(0xd, 0);
		u64 has = (u64)r.d << 32 | r.a;
		xcr0 = XCR0_BASE | (has & XCR0_AVX);
		if ((has & (XCR0_AVX | XCR0_AVX512)) == (XCR0_AVX | XCR0_AVX512))
			xcr0 |= XCR0_AVX512;
	}
	fpu_core_init();
	if (cpu_features.xsave)
		size = cpuid(0xd, 0).b;
	__asm__ volatile("fxsave64 %0" : "=m"(fx));
	if (fx.mxcsr_mask)
		mxcsr_mask = fx.mxcsr_mask;
}

size_t fpu_size(void)
{
	return size;
}

void fpu_init(void *area)
{
	struct fx *fx = memset(area, 0, size);

	fx->control = 0x37f;
	fx->mxcsr = MXCSR_START;
	fx->mxcsr_mask = mxcsr_mask;
}

void fpu_save(void *area)
{
	if (cpu_features.xsave)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void fpu_restore(const void *area)
{
	if (cpu_features.xsave)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

size_t fpu_user_size(void)
{
	return cpu_features.xsave ? size + sizeof(u32) : FX_SIZE;
}

int fpu_to_user(void __user *dst, const void *area)
{
	u8 __user *to = dst;
	const u8 *from = area;
	struct fx fx;
	struct xheader header;
	u32 magic2 = MAGIC2;

	memcpy(&fx, from, FX_SIZE);
	memset(&fx.software, 0, sizeof(fx.software));
	if (!cpu_features.xsave)
		return user_copy_out(to, &fx, FX_SIZE);
	fx.software.magic1 = MAGIC1;
	fx.software.extended_size = size + sizeof(magic2);
	fx.software.features = xcr0;
	fx.software.size = size;
	memcpy(&header, from + FX_SIZE, sizeof(header));
	header.present |= XCR0_BASE; /* a handler may change the legacy part without knowing of the header */
	int err = user_copy_out(to, &fx, FX_SIZE);
	if (!err)
		err = user_copy_out(to + FX_SIZE, &header, HEADER_SIZE);
	if (!err)
		err = user_copy_out(to + FX_SIZE + HEADER_SIZE, from + FX_SIZE + HEADER_SIZE, size - FX_SIZE - HEADER_SIZE);
	return err ? err : user_copy_out(to + size, &magic2, sizeof(magic2));
}

/* Whether the image behind the legacy part is really there, as Linux decides it. */
static bool image_extended(const struct fx *fx, const u8 __user *src)
{
	u32 magic2 = 0;

	return fx->software.magic1 == MAGIC1 && fx->software.size >= FX_SIZE + HEADER_SIZE && fx->software.size <= size &&
		fx->software.extended_size >= fx->software.size + sizeof(magic2) &&
		!user_copy_in(&magic2, src + fx->software.size, sizeof(magic2)) && magic2 == MAGIC2;
}

/* The hardware refuses reserved bits with a fault in ring 0: none may be left. */
int fpu_from_user(void *area, const void __user *src)
{
	const u8 __user *from = src;
	struct fx *fx = area;
	struct xheader *header = (struct xheader *)(fx + 1);

	fpu_init(area);
	if (user_copy_in(fx, from, FX_SIZE)) {
		fpu_init(area);
		return -EFAULT;
	}
	fx->mxcsr &= mxcsr_mask;
	if (!cpu_features.xsave)
		return 0;
	if (!image_extended(fx, from)) {
		header->present = XCR0_BASE;
		return 0;
	}
	if (user_copy_in(header, from + FX_SIZE, fx->software.size - FX_SIZE)) {
		fpu_init(area);
		return -EFAULT;
	}
	u64 present = header->present & xcr0 & fx->software.features;
	memset(header, 0, sizeof(*header));
	header->present = present;
	return 0;
}
