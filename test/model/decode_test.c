/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* bench/model/decode.c: the bytes of instructions as an assembler writes them. */
#include "bench/model/decode.h"

#include <stdio.h>
#include <string.h>

static int count, failed;

struct example {
	const char *name;
	enum decode kind;
	const char *bytes;
	size_t length;
};

#define EXAMPLE(name, kind, bytes) { name, kind, bytes, sizeof(bytes) - 1 }

static const struct example examples[] = {
	EXAMPLE("lock incq (%rax)", DECODE_LOCKED, "\xf0\x48\xff\x00"),
	EXAMPLE("xchg %rax,(%rbx)", DECODE_LOCKED, "\x48\x87\x03"),
	EXAMPLE("xchg %rax,%rbx", DECODE_PLAIN, "\x48\x87\xd8"),
	EXAMPLE("data16 lock cmpxchg %ecx,(%rdi)", DECODE_LOCKED, "\x66\xf0\x0f\xb1\x0f"),
	EXAMPLE("pause", DECODE_PAUSE, "\xf3\x90"),
	EXAMPLE("nop", DECODE_PLAIN, "\x90"),
	EXAMPLE("hlt", DECODE_HLT, "\xf4"),
	EXAMPLE("rdtsc", DECODE_RDTSC, "\x0f\x31"),
	EXAMPLE("rdtscp", DECODE_RDTSC, "\x0f\x01\xf9"),
	EXAMPLE("wrmsr", DECODE_WRMSR, "\x0f\x30"),
	EXAMPLE("swapgs", DECODE_PLAIN, "\x0f\x01\xf8"),
	EXAMPLE("lidt (%rax)", DECODE_LIDT, "\x0f\x01\x18"),
	EXAMPLE("lgdt (%rax)", DECODE_PLAIN, "\x0f\x01\x10"),
	EXAMPLE("mov %rax,%cr3", DECODE_CR3, "\x0f\x22\xd8"),
	EXAMPLE("mov %rax,%cr4", DECODE_CR4, "\x0f\x22\xe0"),
	EXAMPLE("mov %rax,%cr0", DECODE_PLAIN, "\x0f\x22\xc0"),
	EXAMPLE("mov %cr3,%rax", DECODE_PLAIN, "\x0f\x20\xd8"),
	EXAMPLE("invpcid (%rax),%rcx", DECODE_CR4, "\x66\x0f\x38\x82\x08"),
	EXAMPLE("iretq", DECODE_IRET, "\x48\xcf"),
	EXAMPLE("syscall", DECODE_SYSCALL, "\x0f\x05"),
	EXAMPLE("sysretq", DECODE_SYSCALL, "\x48\x0f\x07"),
	EXAMPLE("nopl 0x0(%rax)", DECODE_PLAIN, "\x0f\x1f\x80\x00\x00\x00\x00"),
	EXAMPLE("a lone prefix", DECODE_PLAIN, "\x66"),
	EXAMPLE("nothing", DECODE_PLAIN, ""),
};

static void result(int good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++count, name);
	failed += !good;
}

static void check_invlpg(const char *name, const char *bytes, size_t length, int base, int displacement)
{
	struct decoded d = decode((const uint8_t *)bytes, length);

	result(d.kind == DECODE_INVLPG && d.operand.base == base && d.operand.displacement == displacement, name);
}

int main(void)
{
	struct decoded d = decode((const uint8_t *)"\x0f\x1f\x80\x02MSN", 7);

	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		const struct example *e = &examples[i];

		result(decode((const uint8_t *)e->bytes, e->length).kind == e->kind, e->name);
	}
	result(d.kind == DECODE_TRIGGER && d.command == TRIGGER_END, "the trigger");
	check_invlpg("invlpg (%rdi)", "\x0f\x01\x3f", 3, 7, 0);
	check_invlpg("invlpg (%r9)", "\x41\x0f\x01\x39", 4, 9, 0);
	check_invlpg("invlpg -8(%rax)", "\x0f\x01\x78\xf8", 4, 0, -8);
	check_invlpg("invlpg 0x1000(%rcx)", "\x0f\x01\xb9\x00\x10\x00\x00", 7, 1, 0x1000);
	check_invlpg("invlpg (%rsp)", "\x0f\x01\x3c\x24", 4, -1, 0);
	printf("1..%d\n", count);
	return failed != 0;
}
