/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_memory: brk, mmap, munmap, mprotect, madvise, mremap and the faults they cause: which access gives which
 * signal, what fork copies and what it shares, what a file's mapping shows. Passes on Linux.
 */
#include "tap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE 4096UL
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static sigjmp_buf out;
static volatile siginfo_t got;

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	got = *info;
	siglongjmp(out, 1);
}

/* The signal that reading (or writing) the byte at p causes, 0 if none. */
static int fault(volatile char *p, bool write)
{
	if (sigsetjmp(out, 1))
		return got.si_signo;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static char *map(size_t pages, int prot, int flags)
{
	return mmap(NULL, pages * PAGE, prot, flags, -1, 0);
}

static void test_brk(void)
{
	char *start = (char *)syscall(SYS_brk, 0), *grown;

	CHECK(start != NULL);
	grown = (char *)syscall(SYS_brk, start + 3 * PAGE);
	CHECK(grown == start + 3 * PAGE);
	CHECK(start[0] == 0 && start[3 * PAGE - 1] == 0);
	start[2 * PAGE] = 7;
	CHECK((char *)syscall(SYS_brk, start + PAGE) == start + PAGE);
	CHECK((char *)syscall(SYS_brk, start + 3 * PAGE) == start + 3 * PAGE);
	CHECK(start[2 * PAGE] == 0);
	CHECK((char *)syscall(SYS_brk, BAD) == start + 3 * PAGE);
	CHECK((char *)syscall(SYS_brk, 1UL << 62) == start + 3 * PAGE);
	CHECK((char *)syscall(SYS_brk, start) == start);
	CHECK(fault(start + 2 * PAGE, false) == SIGSEGV);
}

static void test_mmap(void)
{
	char *p = map(4, RW, ANON), *fixed;
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600), ro = open("f", O_RDONLY), wo = open("f", O_WRONLY);
	int p2[2];

	CHECK(p != MAP_FAILED && (uintptr_t)p % PAGE == 0 && p[0] == 0 && p[4 * PAGE - 1] == 0);
	p[PAGE] = 1;
	fixed = mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	CHECK(fixed == p + PAGE && *fixed == 0);
	FAILS(EINVAL, mmap(NULL, 0, RW, ANON, -1, 0));
	FAILS(EINVAL, mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
	FAILS(EINVAL, syscall(SYS_mmap, p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	FAILS(EINVAL, syscall(SYS_mmap, NULL, PAGE, RW, MAP_PRIVATE, fd, 1));
	FAILS(EBADF, mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0));
	FAILS(EBADF, mmap(NULL, PAGE, RW, MAP_PRIVATE, 99, 0));
	FAILS(ENOMEM, syscall(SYS_mmap, NULL, 1UL << 60, RW, ANON, -1, 0));
	FAILS(ENOMEM, syscall(SYS_mmap, NULL, -PAGE, RW, ANON, -1, 0));
	FAILS(ENOMEM, syscall(SYS_mmap, BAD_HIGH, PAGE, RW, ANON | MAP_FIXED, -1, 0));
	FAILS(EACCES, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0));
	FAILS(EACCES, mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0));
	GOOD(pipe(p2));
	FAILS(ENODEV, mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, p2[0], 0));
	FAILS(EEXIST, mmap(p, PAGE, RW, ANON | 0x100000, -1, 0));
	GOOD(munmap(p, 4 * PAGE));
	GOOD(munmap(p, 4 * PAGE));
	CHECK(mmap(p, PAGE, RW, ANON, -1, 0) == p);
	GOOD(munmap(p, PAGE));
	FAILS(EINVAL, munmap(p + 1, PAGE));
	FAILS(EINVAL, munmap(p, 0));
	FAILS(EINVAL, munmap(BAD_HIGH, PAGE));
	close(fd);
	close(ro);
	close(wo);
}

static void test_faults(void)
{
	char *p = map(8, RW, ANON), *none = map(1, PROT_NONE, ANON), *ro = map(1, PROT_READ, ANON);

	CHECK(fault(p, true) == 0);
	CHECK(fault(none, false) == SIGSEGV && got.si_code == SEGV_ACCERR && got.si_addr == none);
	CHECK(fault(ro, false) == 0 && *ro == 0);
	CHECK(fault(ro + 5, true) == SIGSEGV && got.si_code == SEGV_ACCERR && got.si_addr == ro + 5);
	munmap(p + 3 * PAGE, PAGE);
	CHECK(fault(p + 3 * PAGE, false) == SIGSEGV && got.si_code == SEGV_MAPERR);
	CHECK(fault(p + 2 * PAGE, true) == 0 && fault(p + 4 * PAGE, true) == 0);
	CHECK(fault(BAD, true) == SIGSEGV && got.si_code == SEGV_MAPERR && got.si_addr == BAD);
	CHECK(fault(BAD_KERNEL, false) == SIGSEGV);
	CHECK(fault((char *)0xffffffff81000000UL, false) == SIGSEGV);
	CHECK(fault((char *)0x0123456789abcdefUL, false) == SIGSEGV);
	CHECK(fault((char *)(uintptr_t)test_faults, true) == SIGSEGV);
	munmap(p, 8 * PAGE);
	munmap(none, PAGE);
	munmap(ro, PAGE);
}

static void test_mprotect(void)
{
	char *p = map(6, RW, ANON);
	static const unsigned char ret[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	int (*code)(void) = (int (*)(void))(uintptr_t)(p + 5 * PAGE);

	memset(p, 9, 6 * PAGE);
	GOOD(mprotect(p + PAGE, PAGE, PROT_READ));
	CHECK(p[PAGE] == 9 && fault(p + PAGE, true) == SIGSEGV && fault(p, true) == 0);
	GOOD(mprotect(p + PAGE, PAGE, PROT_NONE));
	CHECK(fault(p + PAGE, false) == SIGSEGV);
	GOOD(mprotect(p, 3 * PAGE, RW));
	CHECK(p[PAGE] == 9 && fault(p + PAGE, true) == 0);
	FAILS(EINVAL, syscall(SYS_mprotect, p + 1, PAGE, RW));
	FAILS(EINVAL, mprotect(p, PAGE, 0x1000));
	GOOD(mprotect(p, 0, RW));
	munmap(p + 3 * PAGE, PAGE);
	FAILS(ENOMEM, mprotect(p, 6 * PAGE, PROT_READ));
	CHECK(fault(p, true) == SIGSEGV);
	memcpy(p + 5 * PAGE, ret, sizeof(ret));
	GOOD(mprotect(p + 5 * PAGE, PAGE, PROT_READ | PROT_EXEC));
	CHECK(code() == 42);
	if (sigsetjmp(out, 1) == 0) {
		mprotect(p + 5 * PAGE, PAGE, RW);
		code();
		CHECK(!"a page without PROT_EXEC was executed");
	} else {
		CHECK(got.si_signo == SIGSEGV && got.si_addr == p + 5 * PAGE);
	}
	munmap(p, 6 * PAGE);
}

static void test_fork(void)
{
	char *private = map(3, RW, ANON), *shared = map(3, RW, MAP_SHARED | MAP_ANONYMOUS);

	private[0] = 1;
	shared[0] = 1;
	IN_CHILD("copy on write", {
		CHECK(private[0] == 1 && private[PAGE] == 0);
		private[0] = 2;
		private[PAGE] = 2;
		shared[0] = 2;
		shared[2 * PAGE] = 3;
		GOOD(munmap(shared + PAGE, PAGE));
		GOOD(mprotect(private, PAGE, PROT_NONE));
	});
	CHECK(private[0] == 1 && private[PAGE] == 0);
	CHECK(shared[0] == 2 && shared[PAGE] == 0 && shared[2 * PAGE] == 3);
	private[0] = 4;
	CHECK(private[0] == 4);
	GOOD(mprotect(private, PAGE, PROT_READ));
	IN_CHILD("protection is inherited", {
		CHECK(fault(private, true) == SIGSEGV);
		GOOD(mprotect(private, PAGE, RW));
		CHECK(fault(private, true) == 0);
	});
	CHECK(private[0] == 4 && fault(private, true) == SIGSEGV);
	munmap(private, 3 * PAGE);
	munmap(shared, 3 * PAGE);
}

static void test_files(void)
{
	char buf[8] = "";
	int fd = open("m", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *shared, *private;

	GOOD(ftruncate(fd, 3 * PAGE));
	pwrite(fd, "first", 5, 0);
	pwrite(fd, "second", 6, PAGE);
	shared = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
	private = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(memcmp(shared, "first", 5) == 0 && memcmp(private + PAGE, "second", 6) == 0);
	memcpy(shared, "FIRST", 5);
	pread(fd, buf, 5, 0);
	CHECK(strcmp(buf, "FIRST") == 0 && memcmp(private, "FIRST", 5) == 0);
	memcpy(private, "mine", 4);
	pwrite(fd, "disk", 4, 0);
	CHECK(memcmp(private, "mine", 4) == 0 && memcmp(shared, "disk", 4) == 0);
	GOOD(msync(shared, 3 * PAGE, MS_SYNC));
	FAILS(EINVAL, msync(shared + 1, PAGE, MS_SYNC));
	GOOD(ftruncate(fd, PAGE + 10));
	CHECK(shared[PAGE + 5] == 'd' && shared[PAGE + 100] == 0);
	CHECK(fault(shared + 2 * PAGE, false) == SIGBUS);
	GOOD(ftruncate(fd, 100));
	CHECK(fault(shared + PAGE, false) == SIGBUS && fault(private + PAGE, false) == SIGBUS);
	GOOD(ftruncate(fd, 3 * PAGE));
	CHECK(shared[PAGE] == 0);
	close(fd);
	unlink("m");
	shared[0] = 'x';
	CHECK(shared[0] == 'x');
	munmap(shared, 3 * PAGE);
	munmap(private, 3 * PAGE);
	fd = open("/proc/self/exe", O_RDONLY);
	private = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(memcmp(private, "\177ELF", 4) == 0);
	FAILS(EACCES, mprotect(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), PAGE, RW));
	close(fd);
}

static void test_advice(void)
{
	char *p = map(4, RW, ANON), *q;

	memset(p, 5, 4 * PAGE);
	GOOD(madvise(p, 2 * PAGE, MADV_DONTNEED));
	CHECK(p[0] == 0 && p[2 * PAGE] == 5);
	FAILS(EINVAL, madvise(p + 1, PAGE, MADV_DONTNEED));
	FAILS(EINVAL, madvise(p, PAGE, 9999));
	munmap(p + 3 * PAGE, PAGE);
	FAILS(ENOMEM, madvise(p, 4 * PAGE, MADV_DONTNEED));
	p[PAGE] = 6;
	q = mremap(p, 3 * PAGE, 2 * PAGE, 0);
	CHECK(q == p && fault(p + 2 * PAGE, false) == SIGSEGV);
	q = mremap(p, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q[PAGE] == 6 && q[99 * PAGE] == 0);
	if (q != p)
		CHECK(fault(p, false) == SIGSEGV);
	FAILS(EFAULT, mremap(BAD_HIGH - PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	FAILS(EINVAL, mremap(q + 1, PAGE, PAGE, 0));
	munmap(q, 100 * PAGE);
}

static void test_large(void)
{
	size_t pages = (1UL << 36) / PAGE;
	char *p = map(pages, PROT_NONE, ANON | MAP_NORESERVE);

	CHECK(p != MAP_FAILED);
	GOOD(mprotect(p + (1UL << 35), PAGE, RW));
	p[1UL << 35] = 1;
	CHECK(fault(p, false) == SIGSEGV);
	GOOD(munmap(p, pages * PAGE));
	CHECK(fault(p + (1UL << 35), false) == SIGSEGV);
	for (int i = 0; i < 200; i++) {
		p = map(64, RW, ANON);
		for (int j = 0; j < 64; j += 2)
			munmap(p + j * PAGE, PAGE);
		p[PAGE] = 1;
		munmap(p, 64 * PAGE);
	}
	CHECK(fault(p + PAGE, true) == SIGSEGV);
}

int main(void)
{
	char dir[] = "/tmp/abi.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 2;
	catch_faults();
	test_brk();
	test_mmap();
	test_faults();
	test_mprotect();
	test_fork();
	test_files();
	test_advice();
	test_large();
	return tap_end();
}
