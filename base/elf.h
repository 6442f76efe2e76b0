/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ELF-64 as far as a program loader reads it. (System V ABI, chapters 4 and 5; AMD64 supplement.) */
#ifndef BASE_ELF_H
#define BASE_ELF_H

#include "base/types.h"

struct elf64_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf64_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

enum { ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62, PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_PHDR = 6,
       PT_GNU_STACK = 0x6474e551, PF_X = 1, PF_W = 2, PF_R = 4 };

#endif
