/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* abi_shm: System V shared memory: keys, rights, who is attached through fork, exec and exit, and each errno. Passes on Linux. */
#include "tap.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define PAGE 4096UL
#define KEY 0x5eed0001
#define FAILED ((void *)-1)

static sigjmp_buf out;

static void caught(int sig)
{
	siglongjmp(out, sig);
}

static int fault(volatile char *p, bool write)
{
	int sig = sigsetjmp(out, 1);

	if (sig)
		return sig;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds d;

	memset(&d, 0xff, sizeof(d));
	if (shmctl(id, IPC_STAT, &d))
		d.shm_nattch = 999;
	return d;
}

static unsigned long attached(int id)
{
	return stat_of(id).shm_nattch;
}

static void test_get(void)
{
	int id = GOOD(shmget(KEY, 3 * PAGE - 5, IPC_CREAT | IPC_EXCL | 0640)), other, again;
	struct shmid_ds d = stat_of(id);

	CHECK(d.shm_perm.__ipc_perm_key == KEY && d.shm_segsz == 3 * PAGE - 5 && (d.shm_perm.mode & 07777) == 0640);
	CHECK(d.shm_cpid == getpid() && d.shm_lpid == 0 && d.shm_atime == 0 && d.shm_dtime == 0 && d.shm_ctime > 0);
	CHECK(d.shm_perm.uid == geteuid() && d.shm_perm.cgid == getegid() && d.shm_nattch == 0);
	IS(id, shmget(KEY, 0, 0));
	IS(id, shmget(KEY, PAGE, IPC_CREAT | 0600));
	FAILS(EEXIST, shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	FAILS(EEXIST, shmget(KEY, 9 * PAGE, IPC_CREAT | IPC_EXCL | 0600));
	FAILS(EINVAL, shmget(KEY, 3 * PAGE, 0));
	FAILS(ENOENT, shmget(KEY + 1, PAGE, 0600));
	FAILS(ENOENT, shmget(KEY + 1, 0, IPC_EXCL));
	FAILS(EINVAL, shmget(KEY + 1, 0, IPC_CREAT | 0600));
	FAILS(EINVAL, shmget(IPC_PRIVATE, 0, 0600));
	FAILS(EINVAL, shmget(IPC_PRIVATE, -1UL, 0600));
	FAILS(ENOMEM, shmget(IPC_PRIVATE, 1UL << 46, 0600));
	FAILS(ENOMEM, shmget(IPC_PRIVATE, 2UL << 20, 0600 | 04000)); /* huge pages */
	other = GOOD(shmget(IPC_PRIVATE, PAGE, 0600));
	CHECK(other != id && stat_of(other).shm_perm.__ipc_perm_key == 0);
	GOOD(shmctl(other, IPC_RMID, NULL));
	FAILS(EINVAL, shmctl(other, IPC_RMID, NULL));
	FAILS(EINVAL, shmctl(other, IPC_STAT, &d));
	again = GOOD(shmget(IPC_PRIVATE, PAGE, 0600));
	CHECK(again != other); /* a number does not come back at once */
	GOOD(shmctl(again, IPC_RMID, NULL));
	GOOD(shmctl(id, IPC_RMID, NULL));
	FAILS(ENOENT, shmget(KEY, 0, 0));
}

static void test_attach(void)
{
	int id = GOOD(shmget(IPC_PRIVATE, 2 * PAGE + 1, 0600));
	char *p = shmat(id, NULL, 0), *q = shmat(id, NULL, SHM_RDONLY), *x, *spot;
	struct shmid_ds d = stat_of(id);

	CHECK(p != FAILED && q != FAILED && p != q && d.shm_nattch == 2);
	CHECK(d.shm_lpid == getpid() && d.shm_atime > 0 && d.shm_dtime == 0);
	CHECK(p[0] == 0 && p[3 * PAGE - 1] == 0);
	strcpy(p + PAGE, "seen by both");
	CHECK(!strcmp(q + PAGE, "seen by both"));
	CHECK(fault(q, true) == SIGSEGV && fault(q + 3 * PAGE - 1, false) == 0);
	FAILS(EACCES, mprotect(q, PAGE, PROT_READ | PROT_WRITE));
	x = shmat(id, NULL, SHM_EXEC);
	CHECK(x != FAILED && attached(id) == 3);
	FAILS(EINVAL, shmdt(p + PAGE));
	FAILS(EINVAL, shmdt(p + 1));
	FAILS(EINVAL, shmdt(&id));
	GOOD(shmdt(p));
	FAILS(EINVAL, shmdt(p));
	CHECK(fault(p, false) == SIGSEGV && attached(id) == 2 && stat_of(id).shm_dtime > 0);
	GOOD(shmdt(x));
	CHECK(!strcmp(q + PAGE, "seen by both"));
	GOOD(munmap(q, 3 * PAGE));
	CHECK(attached(id) == 0);

	spot = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FAILS(EINVAL, shmat(id, spot, 0));
	FAILS(EINVAL, shmat(id, spot + 5, SHM_REMAP));
	FAILS(EINVAL, shmat(id, NULL, SHM_REMAP));
	FAILS(EINVAL, shmat(id, BAD, SHM_RND | SHM_REMAP));
	CHECK(shmat(id, spot + PAGE + 77, SHM_RND | SHM_REMAP) == spot + PAGE);
	CHECK(!strcmp(spot + 2 * PAGE, "seen by both") && fault(spot, false) == SIGSEGV);
	GOOD(munmap(spot + 2 * PAGE, PAGE)); /* shmdt takes what is left of it */
	GOOD(shmdt(spot + PAGE));
	CHECK(attached(id) == 0 && fault(spot + PAGE, false) == SIGSEGV && fault(spot + 3 * PAGE, false) == SIGSEGV);
	GOOD(munmap(spot, 16 * PAGE));
	CHECK(shmat(id, spot, 0) == spot);
	GOOD(shmdt(spot));

	FAILS(EINVAL, shmat(-1, NULL, 0));
	FAILS(EINVAL, shmat(id + 1000, NULL, 0));
	FAILS(EINVAL, shmat(id + 32768, NULL, 0));
	GOOD(shmctl(id, IPC_RMID, NULL));
	FAILS(EINVAL, shmat(id, NULL, 0));
}

/* Removed while attached, it lives until the last one leaves, has no key, and may be attached by its number. */
static void test_removed(void)
{
	int id = GOOD(shmget(KEY, PAGE, IPC_CREAT | 0600)), again;
	char *p = shmat(id, NULL, 0), *q;

	strcpy(p, "still here");
	GOOD(shmctl(id, IPC_RMID, NULL));
	CHECK((stat_of(id).shm_perm.mode & 01777) == 01600 && stat_of(id).shm_perm.__ipc_perm_key == 0);
	FAILS(ENOENT, shmget(KEY, 0, 0));
	again = GOOD(shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600));
	CHECK(again != id);
	q = shmat(id, NULL, 0);
	CHECK(q != FAILED && !strcmp(q, "still here"));
	GOOD(shmctl(id, IPC_RMID, NULL));
	GOOD(shmdt(p));
	CHECK(!strcmp(q, "still here") && attached(id) == 1);
	GOOD(shmdt(q));
	FAILS(EINVAL, shmctl(id, IPC_STAT, (struct shmid_ds *)BAD));
	GOOD(shmctl(again, IPC_RMID, NULL));
}

static void child_of(int id, char *p, int up, int down)
{
	char byte;

	p[1] = 'c';
	CHECK(attached(id) == 2);
	write(up, "x", 1);
	read(down, &byte, 1);
	_exit(tap_failed ? 1 : 0);
}

static void test_fork(void)
{
	int id = GOOD(shmget(IPC_PRIVATE, 300 * PAGE, 0600)), up[2], down[2];
	char *p = shmat(id, NULL, 0), byte;
	pid_t pid;

	pipe(up);
	pipe(down);
	p[0] = 'p';
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child_of(id, p, up[1], down[0]);
	IS(1, read(up[0], &byte, 1));
	CHECK(p[0] == 'p' && p[1] == 'c' && attached(id) == 2);
	GOOD(shmctl(id, IPC_RMID, NULL));
	GOOD(shmdt(p));
	CHECK(attached(id) == 1);
	write(down[1], "x", 1);
	CHECK(tap_wait(pid) == 0);
	FAILS(EINVAL, shmctl(id, IPC_RMID, NULL));
}

static void test_exec(const char *self)
{
	int id = GOOD(shmget(IPC_PRIVATE, PAGE, 0600));
	char number[16], *p = shmat(id, NULL, 0);
	pid_t pid;

	snprintf(number, sizeof(number), "%d", id);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		execl(self, self, number, NULL);
		_exit(99);
	}
	CHECK(tap_wait(pid) == 0); /* main: one is attached, the parent */
	CHECK(stat_of(id).shm_lpid == pid && attached(id) == 1);
	shmctl(id, IPC_RMID, NULL);
	shmdt(p);
}

static void test_rights(void)
{
	int mine = shmget(IPC_PRIVATE, PAGE, 0600), readable = shmget(KEY, PAGE, IPC_CREAT | 0604);
	struct shmid_ds d = stat_of(mine);

	IN_CHILD("a stranger", {
		GOOD(setgid(1234));
		GOOD(setuid(1234));
		FAILS(EACCES, shmctl(mine, IPC_STAT, &d));
		FAILS(EACCES, shmat(mine, NULL, 0));
		FAILS(EACCES, shmat(readable, NULL, 0));
		FAILS(EACCES, shmat(readable, NULL, SHM_RDONLY | SHM_EXEC));
		CHECK(shmat(readable, NULL, SHM_RDONLY) != FAILED);
		FAILS(EACCES, shmget(KEY, PAGE, 0600));
		IS(readable, shmget(KEY, PAGE, 0400));
		IS(readable, shmget(KEY, PAGE, 0));
		FAILS(EPERM, shmctl(readable, IPC_RMID, NULL));
		FAILS(EPERM, shmctl(readable, SHM_LOCK, NULL));
		FAILS(EPERM, shmctl(readable, IPC_SET, &d));
		FAILS(EPERM, shmget(IPC_PRIVATE, 2UL << 20, 0600 | 04000));
	});
	d.shm_perm.uid = 1234;
	d.shm_perm.gid = 77;
	d.shm_perm.mode = 07620;
	GOOD(shmctl(mine, IPC_SET, &d));
	d = stat_of(mine);
	CHECK(d.shm_perm.uid == 1234 && d.shm_perm.gid == 77 && d.shm_perm.cuid == 0 && (d.shm_perm.mode & 07777) == 0620);
	IN_CHILD("who was given it", {
		setuid(1234);
		CHECK(shmat(mine, NULL, 0) != FAILED);
		GOOD(shmctl(mine, IPC_RMID, NULL));
	});
	FAILS(EINVAL, shmctl(mine, IPC_STAT, &d));
	d.shm_perm.uid = -1;
	FAILS(EINVAL, shmctl(readable, IPC_SET, &d));
	GOOD(shmctl(readable, SHM_LOCK, NULL));
	CHECK(stat_of(readable).shm_perm.mode & 02000);
	GOOD(shmctl(readable, SHM_UNLOCK, NULL));
	CHECK((stat_of(readable).shm_perm.mode & 07777) == 0604);
	GOOD(shmctl(readable, IPC_RMID, NULL));
}

static void test_lists(void)
{
	int id = GOOD(shmget(KEY, 5 * PAGE, IPC_CREAT | 0644)), top, i, found = 0;
	char *p = shmat(id, NULL, 0), line[512], want[64], name[64];
	struct shmid_ds d;
	struct { int used; unsigned long pages, resident, rest[3]; } usage;
	struct { unsigned long max, min, segments, per_process, all, rest[4]; } limits;
	FILE *f;

	p[0] = p[4 * PAGE] = 1;
	top = GOOD(shmctl(0, SHM_INFO, (void *)&usage));
	CHECK(usage.used >= 1 && usage.pages >= 5 && usage.resident >= 2 && usage.resident < usage.pages);
	IS(top, shmctl(0, IPC_INFO, (void *)&limits));
	CHECK(limits.max == -1UL - (1UL << 24) && limits.min == 1 && limits.segments == 4096);
	for (i = 0; i <= top; i++)
		found += shmctl(i, SHM_STAT, &d) == id && d.shm_segsz == 5 * PAGE && d.shm_nattch == 1;
	CHECK(found == 1);
	snprintf(want, sizeof(want), "%10d %10d  %4o %21lu %5u", KEY, id, 0644, 5 * PAGE, getpid());
	f = fopen("/proc/sysvipc/shm", "r");
	for (found = 0; f && fgets(line, sizeof(line), f);)
		found += !strncmp(line, want, strlen(want));
	CHECK(found == 1);
	snprintf(name, sizeof(name), "/SYSV%08x (deleted)\n", KEY);
	f = fopen("/proc/self/maps", "r");
	for (found = 0; f && fgets(line, sizeof(line), f);)
		found += strstr(line, name) != NULL && strtoul(line, NULL, 16) == (unsigned long)p;
	CHECK(found == 1);
	FAILS(EINVAL, shmctl(id, 77, NULL));
	FAILS(EINVAL, shmctl(-1, IPC_INFO, (void *)&limits));
	FAILS(EINVAL, shmctl(id, -1, NULL));
	FAILS(EFAULT, shmctl(id, IPC_STAT, BAD));
	FAILS(EFAULT, shmctl(id, IPC_SET, BAD));
	FAILS(EFAULT, shmctl(0, SHM_INFO, BAD));
	FAILS(EFAULT, shmctl(0, IPC_INFO, BAD));
	shmdt(p);
	shmctl(id, IPC_RMID, NULL);
}

/* As many as there may be; one more is refused, and all can go again. */
static void test_many(void)
{
	static int ids[5000];
	int n = 0, gone = 0, i;

	while (n < 5000 && (ids[n] = shmget(IPC_PRIVATE, PAGE, 0600)) >= 0)
		n++;
	CHECK(errno == ENOSPC && n > 4000 && n <= 4096);
	for (i = 0; i < n; i++)
		gone += !shmctl(ids[i], IPC_RMID, NULL);
	CHECK(gone == n);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = caught };

	if (argc == 2)
		return attached(atoi(argv[1])) == 1 ? 0 : 1;
	sigaction(SIGSEGV, &action, NULL);
	test_get();
	test_attach();
	test_removed();
	test_fork();
	test_exec(argv[0]);
	test_rights();
	test_lists();
	test_many();
	return tap_end();
}
