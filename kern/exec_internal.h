/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * exec's parts: what exec_find.c decides, exec_image.c and exec_stack.c build, and exec.c commits.
 * Thread context, of the process that executes; all may sleep.
 */
#ifndef KERN_EXEC_INTERNAL_H
#define KERN_EXEC_INTERNAL_H

#include "base/elf.h"
#include "kern/process.h"
#include "kern/space.h"

#define NAME_SIZE 4096
#define PERSONALITY_SETID 0x0f40000u /* what a set-id program does not inherit: no random layout, page zero, compatibility */

/* An ELF file, and where it lies once it is mapped. Holds the file; all zero is an image of nothing. */
struct image {
	struct file *file;
	struct elf64_header head;
	struct elf64_segment *seg;
	u64 bias, low, high;        /* where it lies; high: end of bss */
	u64 code_start, code_end, data_start, data_end;
	u64 entry, phdr;
	char *interp;               /* what PT_INTERP names; NULL: nothing */
	bool exec_stack;
};

/* Where the parts of the program go, drawn at random unless the machine or the personality forbids it; in pages as many
 * bits as Linux draws (arch/x86/mm/mmap.c, fs/binfmt_elf.c). */
struct layout {
	u64 stack_top, mmap_base, dyn_base, brk_gap, stack_pad;
};

/* What becomes of one exec. */
struct program {
	struct image main, interp;
	struct layout layout;
	struct space *space;
	u64 sp, entry, vdso;
	u32 uid, gid;               /* after set-id bits */
	bool setid;
	char execfn[NAME_SIZE];     /* what was asked for; not cleared beyond its end, nor is the next */
	char name[NAME_SIZE];       /* what is looked at: execfn, or a script's interpreter */
};

/* exec_find.c: the file that a name leads to, through "#!" lines: pr->main is open and checked, pr->name and uid, gid are set,
 * argv is what the program will see. Else an errno of execve(2). */
int exec_find(struct program *pr, int dirfd, const char *path, u32 at_flags, struct strings *argv);
/* A file to execute, with its attributes: nobody can write to it until it is put. NULL: *err says why. */
struct file *exec_open(int dirfd, const char *name, u32 at_flags, struct tree_attr *at, int *err);

/* exec_image.c: checks what is in f, which it takes over, whatever comes of it. 0, -ENOEXEC, -ENOMEM or what reading says. */
int image_open(struct image *im, struct file *f);
int image_map(struct space *s, struct image *im, u64 base);
void image_drop(struct image *im);
/* Bytes of a file from `off` on, as pread. */
long image_read(struct file *f, u64 off, void *buf, size_t len);

/* exec_stack.c: where things go, the stack's room for `args` bytes of strings and pointers, and what stands on it at the start. */
void layout_choose(struct layout *l, const struct process *p, bool setid);
void layout_fix(bool fixed); /* nothing is drawn at random from here on: boot option norandmaps */
bool layout_fixed(void);
int stack_map(struct program *pr, u64 args);
int stack_build(struct program *pr, const struct strings *argv, const struct strings *envp);

#endif
