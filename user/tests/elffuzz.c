/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * elffuzz: runs malformed programs. Each is a small valid ELF file with some of its bytes, fields or its length
 * changed; the kernel must refuse it with an errno of execve, or run it to whatever end it comes to, and live.
 *
 * What is changed, by the round's number: a field of the file header or of a program header gets an extreme value;
 * random bytes of the headers change; the file is cut; fields of several segments change at once; the interpreter's
 * name is odd. The unchanged file must exit with 42. A program that does not end in time is killed by the parent.
 *
 *	elffuzz [--seed S] [--rounds N]
 */
#include "tap.h"

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

enum { SEGMENTS = 4, CODE_AT = 4096, SIZE = 3 * 4096, LOOPS_MS = 300 }; /* what runs longer is taken for a loop, unless it must end */

static unsigned char image[SIZE];
static uint64_t state;

static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15UL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
	return z ^ z >> 31;
}

/* A static program of two segments that exits with 42, with room for two more headers. */
static void make_valid(void)
{
	static const unsigned char code[] = { 0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05 };
	Elf64_Ehdr *h = (Elf64_Ehdr *)image;
	Elf64_Phdr *p = (Elf64_Phdr *)(image + sizeof(*h));

	memset(image, 0, SIZE);
	memcpy(h->e_ident, ELFMAG "\2\1\1", 7);
	*h = (Elf64_Ehdr){ .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = 1, .e_entry = 0x401000,
		.e_phoff = sizeof(*h), .e_ehsize = sizeof(*h), .e_phentsize = sizeof(*p), .e_phnum = 2 };
	memcpy(h->e_ident, ELFMAG "\2\1\1", 7);
	p[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = CODE_AT, .p_vaddr = 0x401000,
		.p_filesz = sizeof(code), .p_memsz = sizeof(code), .p_align = 4096 };
	p[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 8192, .p_vaddr = 0x403000,
		.p_filesz = 100, .p_memsz = 10000, .p_align = 4096 };
	memcpy(image + CODE_AT, code, sizeof(code));
}

static uint64_t extreme(void)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 4095, 4096, 4097, 0x401000, 0x402fff, 0x7fff, 0xffff, 0x10000,
		0x7fffffff, 0xffffffff, 0x7fffffffffff, 0x7fffffffe000, 0x800000000000, 0xffff800000000000,
		0xfffffffffffff000, 0xffffffffffffffff, 0x8000000000000000, 0x7fffffffffffffff, 56, 64, 0x10000000000 };

	return next() % 4 ? values[next() % (sizeof(values) / sizeof(*values))] : next() >> next() % 64;
}

static void change_program_header(int n)
{
	Elf64_Phdr *p = (Elf64_Phdr *)(image + sizeof(Elf64_Ehdr)) + n;

	switch (next() % 8) {
	case 0: p->p_type = next() % 4 ? next() % 8 : extreme(); break;
	case 1: p->p_flags = extreme(); break;
	case 2: p->p_offset = extreme(); break;
	case 3: p->p_vaddr = extreme(); break;
	case 4: p->p_filesz = extreme(); break;
	case 5: p->p_memsz = extreme(); break;
	case 6: p->p_align = extreme(); break;
	default: p->p_offset += 1 + next() % 4095;
	}
}

static void change_file_header(void)
{
	Elf64_Ehdr *h = (Elf64_Ehdr *)image;

	switch (next() % 9) {
	case 0: h->e_ident[next() % 16] = next(); break;
	case 1: h->e_type = next() % 2 ? next() % 6 : extreme(); break;
	case 2: h->e_machine = extreme(); break;
	case 3: h->e_entry = extreme(); break;
	case 4: h->e_phoff = extreme(); break;
	case 5: h->e_phentsize = extreme(); break;
	case 6: h->e_phnum = extreme(); break;
	case 7: h->e_type = ET_DYN; break;
	default: h->e_version = extreme();
	}
}

static void add_interpreter(void)
{
	static const char *const names[] = { "", "/none", "/", "./self", "/dev/null", "/proc/self/mem", "relative", "/proc" };
	Elf64_Phdr *p = (Elf64_Phdr *)(image + sizeof(Elf64_Ehdr)) + 2;
	const char *name = names[next() % 8];

	((Elf64_Ehdr *)image)->e_phnum = 3 + next() % 2;
	memcpy(image + 2048, name, strlen(name) + 1);
	*p = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = next() % 4 ? 2048 : extreme(),
		.p_filesz = next() % 4 ? strlen(name) + 1 : extreme() };
	p[1] = p[0];
}

/* Changes the image as the round wants; returns the file's length. */
static size_t mutate(int round)
{
	make_valid();
	switch (round % 6) {
	case 0: change_file_header(); break;
	case 1: change_program_header(next() % 2); break;
	case 2:
		for (int i = next() % 8; i >= 0; i--)
			image[next() % 256] = next();
		break;
	case 3: return next() % SIZE;
	case 4:
		((Elf64_Ehdr *)image)->e_phnum = 2 + next() % 3;
		for (int i = 1 + next() % 5; i > 0; i--)
			change_program_header(next() % SEGMENTS);
		break;
	default: add_interpreter();
	}
	return SIZE;
}

/* Runs the file, for so long at most; returns the wait status, or minus the errno of execve. */
static int run(size_t length, int patience_ms)
{
	int fd, status = 0, told[2], error = 0;
	pid_t pid;

	unlink("program");
	fd = open("program", O_CREAT | O_WRONLY, 0755);
	if (fd < 0 || write(fd, image, length) != (ssize_t)length || close(fd) || pipe2(told, O_CLOEXEC))
		return -EIO;
	pid = fork();
	if (pid == 0) {
		static char *const args[] = { "program", NULL }, *const env[] = { NULL };

		execve("./program", args, env);
		error = errno;
		_exit(write(told[1], &error, sizeof(error)) != sizeof(error));
	}
	close(told[1]);
	for (int waited = 0; pid > 0 && waitpid(pid, &status, WNOHANG) == 0; waited++) {
		if (waited == patience_ms)
			kill(pid, SIGKILL);
		usleep(1000);
	}
	if (read(told[0], &error, sizeof(error)) == sizeof(error))
		status = -error;
	close(told[0]);
	return pid < 0 ? -EAGAIN : status;
}

static bool expected(int status)
{
	static const int errors[] = { ENOEXEC, EINVAL, ENOMEM, EFAULT, ENOENT, EACCES, ELIBBAD, EIO, EPERM, ENOTDIR, EISDIR,
		ENAMETOOLONG, ELOOP, E2BIG, EOVERFLOW, EEXIST };

	if (status >= 0)
		return true;	/* it ran, to some end: an exit or a signal */
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (errors[i] == -status)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL);
	int rounds = 1000, unexpected = 0, refused = 0, signalled = 0;
	char dir[] = "/tmp/elf.XXXXXX";

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--rounds"))
			rounds = atoi(argv[i + 1]);
	}
	if (!mkdtemp(dir) || chdir(dir))
		return 2;
	printf("# elffuzz: seed %lu, %d rounds\n", seed, rounds);
	fflush(stdout);
	make_valid();
	IS(42 << 8, run(SIZE, PATIENCE));
	for (int i = 0; i < rounds; i++) {
		int status;

		state = seed ^ (uint64_t)i << 32;
		status = run(mutate(i), LOOPS_MS);
		if (!expected(status) && unexpected++ < 5)
			dprintf(1, "# round %d: errno %d (%s)\n", i, -status, strerror(-status));
		refused += status < 0;
		signalled += status > 0 && WIFSIGNALED(status);
	}
	dprintf(1, "# %d refused, %d ended by a signal\n", refused, signalled);
	CHECK(unexpected == 0);
	make_valid();
	IS(42 << 8, run(SIZE, PATIENCE));
	return tap_end();
}
