/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_files: each call about files, directories, descriptors and pipes: its good use, and each errno that a
 * program can provoke. Passes on Linux; runs as root in a scratch directory that it makes and leaves behind.
 */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/time.h>
#include <termios.h>
#include <time.h>

static char page[4096], name256[260], path4096[4200];
static struct stat st;

static int make(const char *name, const char *content)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (content && write(fd, content, strlen(content)) < 0)
		return -1;
	return fd;
}

static mode_t mode_of(const char *name)
{
	return lstat(name, &st) ? (mode_t)-1 : st.st_mode;
}

static void test_open(void)
{
	int fd, lowest;

	FAILS(ENOENT, open("none", O_RDONLY));
	FAILS(ENOENT, open("", O_RDONLY));
	FAILS(ENOENT, open("no/file", O_RDONLY | O_CREAT, 0600));
	FAILS(EFAULT, open(BAD, O_RDONLY));
	FAILS(EFAULT, open(BAD_HIGH, O_RDONLY));
	FAILS(EFAULT, open(BAD_KERNEL, O_RDONLY));
	fd = GOOD(open("file", O_RDWR | O_CREAT | O_EXCL, 0640));
	FAILS(EEXIST, open("file", O_RDWR | O_CREAT | O_EXCL, 0640));
	CHECK(mode_of("file") == (S_IFREG | 0640));
	FAILS(ENOTDIR, open("file/x", O_RDONLY));
	FAILS(ENOTDIR, open("file/", O_RDONLY));
	FAILS(ENOTDIR, open("file", O_RDONLY | O_DIRECTORY));
	FAILS(EISDIR, open(".", O_WRONLY));
	FAILS(EISDIR, open(".", O_RDWR | O_CREAT, 0600));
	FAILS(ENAMETOOLONG, open(name256, O_RDONLY));
	FAILS(ENAMETOOLONG, open(path4096, O_RDONLY));
	FAILS(EBADF, openat(99, "file", O_RDONLY));
	FAILS(ENOTDIR, openat(fd, "file", O_RDONLY));
	lowest = GOOD(open("/", O_RDONLY | O_DIRECTORY));
	close(lowest);
	IS(lowest, openat(AT_FDCWD, "file", O_RDONLY | O_CLOEXEC));
	CHECK(fcntl(lowest, F_GETFD) == FD_CLOEXEC);
	close(lowest);
	close(fd);
	GOOD(symlink("loop", "loop"));
	FAILS(ELOOP, open("loop", O_RDONLY));
	GOOD(symlink("file", "link"));
	FAILS(ELOOP, open("link", O_RDONLY | O_NOFOLLOW));
	FAILS(EEXIST, open("link", O_RDONLY | O_CREAT | O_EXCL, 0600));
	FAILS(EBADF, close(99));
	FAILS(EBADF, close(-1));
	FAILS(ENXIO, open("/dev/tty", O_RDWR));
}

static void test_read_write(void)
{
	int fd = make("rw", "0123456789"), wo = open("rw", O_WRONLY), dir = open(".", O_RDONLY);
	char buf[32] = "";
	struct iovec iov[2] = { { buf, 4 }, { buf + 8, 4 } };

	IS(0, read(fd, buf, sizeof(buf)));
	IS(0, lseek(fd, 0, SEEK_SET));
	IS(10, read(fd, buf, sizeof(buf)));
	CHECK(memcmp(buf, "0123456789", 10) == 0);
	FAILS(EBADF, read(wo, buf, 1));
	FAILS(EBADF, read(99, buf, 1));
	FAILS(EISDIR, read(dir, buf, 1));
	FAILS(EBADF, write(dir, buf, 1));
	lseek(fd, 0, SEEK_SET);
	FAILS(EFAULT, read(fd, BAD, 4));
	FAILS(EFAULT, read(fd, BAD_KERNEL, 4));
	FAILS(EFAULT, write(fd, BAD, 4));
	FAILS(EFAULT, write(fd, BAD_KERNEL, 4));
	IS(0, lseek(fd, 0, SEEK_CUR));
	IS(0, read(fd, buf, 0));
	IS(4, pread(fd, buf, 4, 3));
	CHECK(memcmp(buf, "3456", 4) == 0);
	FAILS(EINVAL, pread(fd, buf, 4, -1));
	IS(2, pwrite(fd, "ab", 2, 20));
	fstat(fd, &st);
	CHECK(st.st_size == 22);
	IS(22, lseek(fd, 0, SEEK_END));
	IS(12, lseek(fd, -10, SEEK_CUR));
	FAILS(EINVAL, lseek(fd, -100, SEEK_CUR));
	FAILS(EINVAL, lseek(fd, 0, 77));
	FAILS(EBADF, lseek(99, 0, SEEK_SET));
	lseek(fd, 0, SEEK_SET);
	IS(8, readv(fd, iov, 2));
	CHECK(memcmp(buf, "0123", 4) == 0 && memcmp(buf + 8, "4567", 4) == 0);
	IS(8, writev(fd, iov, 2));
	FAILS(EINVAL, readv(fd, iov, -1));
	FAILS(EFAULT, writev(fd, BAD, 1));
	close(wo);
	wo = open("rw", O_WRONLY | O_APPEND);
	IS(3, write(wo, "end", 3));
	fstat(fd, &st);
	CHECK(st.st_size == 25);
	close(wo);
	close(dir);
	close(fd);
}

static void test_edges(void)
{
	char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = make("edge", NULL), p[2];

	munmap(two + 4096, 4096);
	IS(4096, write(fd, two, 4096));
	IS(100, write(fd, two + 3996, 200));
	lseek(fd, 0, SEEK_SET);
	IS(100, read(fd, two + 3996, 200));
	FAILS(EFAULT, read(fd, two + 4096, 200));
	GOOD(pipe2(p, 0));
	FAILS(EFAULT, write(p[1], two + 4096, 100));
	FAILS(EFAULT, open(two + 4096, O_RDONLY));
	memset(two, 'a', 4096);
	FAILS(EFAULT, open(two + 4000, O_RDONLY));
	two[4095] = 0;
	FAILS(ENOENT, open(two + 4000, O_RDONLY));
	close(p[0]);
	close(p[1]);
	close(fd);
	munmap(two, 4096);
}

static void test_sizes(void)
{
	int fd = make("size", "hello"), ro = open("size", O_RDONLY);

	GOOD(ftruncate(fd, 2));
	GOOD(ftruncate(fd, 5000));
	fstat(fd, &st);
	CHECK(st.st_size == 5000);
	IS(4096, pread(fd, page, 4096, 0));
	CHECK(memcmp(page, "he\0\0\0\0", 6) == 0);
	FAILS(EINVAL, ftruncate(fd, -1));
	FAILS(EINVAL, ftruncate(ro, 1));
	FAILS(EBADF, ftruncate(99, 1));
	GOOD(truncate("size", 10));
	FAILS(EISDIR, truncate(".", 10));
	FAILS(ENOENT, truncate("none", 10));
	FAILS(EINVAL, truncate("size", -1));
	GOOD(fsync(fd));
	FAILS(EBADF, fsync(99));
	sync();
	GOOD(lseek(fd, 1L << 40, SEEK_SET));
	IS(1, write(fd, "x", 1));
	fstat(fd, &st);
	CHECK(st.st_size == (1L << 40) + 1);
	GOOD(ftruncate(fd, 0));
	close(fd);
	close(ro);
}

static void test_stat(void)
{
	struct statfs fs;
	int fd = make("stat", "12345");

	GOOD(stat("stat", &st));
	CHECK(S_ISREG(st.st_mode) && st.st_size == 5 && st.st_nlink == 1 && st.st_uid == 0 && st.st_ino != 0);
	GOOD(symlink("stat", "stlink"));
	GOOD(lstat("stlink", &st));
	CHECK(S_ISLNK(st.st_mode) && st.st_size == 4);
	GOOD(stat("stlink", &st));
	CHECK(S_ISREG(st.st_mode));
	GOOD(fstatat(fd, "", &st, AT_EMPTY_PATH));
	FAILS(ENOENT, fstatat(AT_FDCWD, "", &st, 0));
	FAILS(ENOENT, stat("none", &st));
	FAILS(ENOTDIR, stat("stat/x", &st));
	FAILS(EFAULT, syscall(SYS_newfstatat, AT_FDCWD, BAD, &st, 0));
	FAILS(EFAULT, syscall(SYS_newfstatat, AT_FDCWD, "stat", BAD, 0));
	FAILS(EFAULT, syscall(SYS_newfstatat, AT_FDCWD, "stat", BAD_KERNEL, 0));
	FAILS(EINVAL, syscall(SYS_newfstatat, AT_FDCWD, "stat", &st, 0x40000000));
	FAILS(EBADF, syscall(SYS_newfstatat, 99, "stat", &st, 0));
	FAILS(EBADF, fstat(99, &st));
	GOOD(stat("/dev/null", &st));
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == 0x103);
	GOOD(statfs("/", &fs));
	CHECK(fs.f_bsize > 0 && fs.f_namelen == 255);
	FAILS(ENOENT, statfs("none", &fs));
	FAILS(EFAULT, syscall(SYS_statfs, "/", BAD));
	GOOD(fstatfs(fd, &fs));
	GOOD(access("stat", F_OK));
	GOOD(access("stat", R_OK | W_OK));
	FAILS(EACCES, access("stat", X_OK));
	FAILS(ENOENT, access("none", F_OK));
	FAILS(EINVAL, access("stat", 64));
	FAILS(EFAULT, access(BAD, F_OK));
	close(fd);
}

static void test_modes(void)
{
	int fd = make("mode", NULL);
	mode_t old = umask(027);

	CHECK(umask(old) == 027);
	GOOD(chmod("mode", 04751));
	CHECK(mode_of("mode") == (S_IFREG | 04751));
	GOOD(fchmod(fd, 0600));
	CHECK(mode_of("mode") == (S_IFREG | 0600));
	FAILS(ENOENT, chmod("none", 0600));
	FAILS(EFAULT, chmod(BAD, 0600));
	FAILS(EBADF, fchmod(99, 0600));
	GOOD(fchmodat(AT_FDCWD, "mode", 06755, 0));
	GOOD(chown("mode", 1000, 1001));
	CHECK(mode_of("mode") == (S_IFREG | 0755) && st.st_uid == 1000 && st.st_gid == 1001);
	GOOD(chown("mode", -1, -1));
	CHECK(mode_of("mode") == (S_IFREG | 0755) && st.st_uid == 1000 && st.st_gid == 1001);
	GOOD(fchown(fd, 0, -1));
	GOOD(symlink("mode", "ml"));
	GOOD(lchown("ml", 7, 8));
	CHECK(S_ISLNK(mode_of("ml")) && st.st_uid == 7 && st.st_gid == 8);
	FAILS(ENOENT, chown("none", 0, 0));
	FAILS(EFAULT, chown(BAD, 0, 0));
	FAILS(EBADF, fchown(99, 0, 0));
	IN_CHILD("chmod and chown by another user", {
		GOOD(setgid(1000));
		GOOD(setuid(1000));
		FAILS(EPERM, chmod("mode", 0777));
		FAILS(EPERM, chown("mode", 1000, -1));
		FAILS(EACCES, open("mode", O_WRONLY));
		FAILS(EACCES, mkdir("newdir", 0755));
		FAILS(EACCES, unlink("mode"));
	});
	close(fd);
}

static void test_names(void)
{
	char buf[64];
	int fd = make("n", "n");

	GOOD(link("n", "n2"));
	fstat(fd, &st);
	CHECK(st.st_nlink == 2);
	FAILS(EEXIST, link("n", "n2"));
	FAILS(ENOENT, link("none", "x"));
	FAILS(ENOENT, link("n", "no/x"));
	FAILS(EPERM, link(".", "dirlink"));
	FAILS(EFAULT, link("n", BAD));
	GOOD(unlink("n"));
	FAILS(ENOENT, unlink("n"));
	FAILS(EISDIR, unlink("."));
	FAILS(EFAULT, unlink(BAD));
	FAILS(ENOENT, unlink(""));
	FAILS(EEXIST, symlink("x", "n2"));
	FAILS(ENOENT, symlink("", "es"));
	FAILS(EFAULT, symlink(BAD, "es"));
	FAILS(ENAMETOOLONG, symlink("x", name256));
	GOOD(symlink("target text", "s"));
	IS(11, readlink("s", buf, sizeof(buf)));
	CHECK(memcmp(buf, "target text", 11) == 0);
	IS(6, readlink("s", buf, 6));
	FAILS(EINVAL, readlink("n2", buf, sizeof(buf)));
	FAILS(EINVAL, syscall(SYS_readlink, "s", buf, 0));
	FAILS(ENOENT, readlink("none", buf, sizeof(buf)));
	FAILS(EFAULT, syscall(SYS_readlink, "s", BAD, 10));
	IS(11, readlinkat(AT_FDCWD, "s", buf, sizeof(buf)));
	GOOD(mkdir("md", 0700));
	FAILS(EEXIST, mkdir("md", 0700));
	FAILS(EEXIST, mkdir("n2", 0700));
	FAILS(EEXIST, mkdir("/", 0700));
	FAILS(ENOENT, mkdir("no/x", 0700));
	FAILS(ENOTDIR, mkdir("n2/x", 0700));
	FAILS(EFAULT, mkdir(BAD, 0700));
	FAILS(ENAMETOOLONG, mkdir(name256, 0700));
	GOOD(mkdir("md/sub", 0700));
	CHECK(mode_of("md") == (S_IFDIR | 0700) && st.st_nlink == 3);
	FAILS(ENOTEMPTY, rmdir("md"));
	FAILS(ENOTDIR, rmdir("n2"));
	FAILS(ENOENT, rmdir("none"));
	FAILS(EINVAL, rmdir("md/sub/."));
	FAILS(ENOTEMPTY, rmdir("md/sub/.."));
	FAILS(EBUSY, rmdir("/"));
	GOOD(unlinkat(AT_FDCWD, "md/sub", AT_REMOVEDIR));
	FAILS(EINVAL, unlinkat(AT_FDCWD, "md", 0x10000000));
	GOOD(rmdir("md"));
	GOOD(mknod("fifo", S_IFIFO | 0600, 0));
	FAILS(EEXIST, mknod("fifo", S_IFIFO | 0600, 0));
	FAILS(EINVAL, mknod("bad", 0170000 | 0600, 0));
	GOOD(mknodat(AT_FDCWD, "null", S_IFCHR | 0600, 0x103));
	close(fd);
	fd = GOOD(open("null", O_RDWR));
	IS(0, read(fd, buf, 1));
	close(fd);
}

static void test_rename(void)
{
	int a = make("ra", "a"), b = make("rb", "b");

	GOOD(rename("ra", "rb"));
	FAILS(ENOENT, rename("ra", "rc"));
	fstat(b, &st);
	CHECK(st.st_nlink == 0);
	IS(1, pread(b, page, 1, 0));
	GOOD(mkdir("rd", 0755));
	GOOD(mkdir("re", 0755));
	FAILS(EISDIR, rename("rb", "rd"));
	FAILS(ENOTDIR, rename("rd", "rb"));
	GOOD(rename("rb", "rd/rb"));
	FAILS(ENOTEMPTY, rename("re", "rd"));
	GOOD(rename("rd", "re"));
	FAILS(ENOENT, rename("rd", "x"));
	FAILS(EINVAL, rename("re", "re/inside"));
	FAILS(EBUSY, rename(".", "x"));
	FAILS(EBUSY, rename("re/..", "x"));
	FAILS(ENOENT, rename("re/rb", "no/x"));
	FAILS(ENOENT, rename("re/rb", ""));
	FAILS(EFAULT, rename(BAD, "x"));
	FAILS(EFAULT, rename("re", BAD));
	FAILS(ENAMETOOLONG, rename("re", name256));
	GOOD(link("re/rb", "rl"));
	GOOD(rename("re/rb", "rl"));
	GOOD(access("re/rb", F_OK));
	GOOD(syscall(SYS_renameat2, AT_FDCWD, "rl", AT_FDCWD, "rm", 1));
	FAILS(EEXIST, syscall(SYS_renameat2, AT_FDCWD, "rm", AT_FDCWD, "re", 1));
	close(a);
	close(b);
}

static int count_names(int fd, const char *want)
{
	char buf[300];
	long n, seen = 0;

	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n;) {
			struct dirent *d = (struct dirent *)(buf + at);

			seen += strcmp(d->d_name, want) == 0;
			at += d->d_reclen;
		}
	return n < 0 ? -1 : seen;
}

static void test_directories(void)
{
	char buf[300];
	int fd, file = make("plain", NULL);

	GOOD(mkdir("dir", 0755));
	for (int i = 0; i < 60; i++) {
		snprintf(buf, sizeof(buf), "dir/name%d", i);
		close(make(buf, NULL));
	}
	fd = GOOD(open("dir", O_RDONLY));
	IS(1, count_names(fd, "name59"));
	IS(0, count_names(fd, "name0"));
	lseek(fd, 0, SEEK_SET);
	IS(1, count_names(fd, ".."));
	lseek(fd, 0, SEEK_SET);
	FAILS(EINVAL, syscall(SYS_getdents64, fd, buf, 5));
	FAILS(EFAULT, syscall(SYS_getdents64, fd, BAD, 300));
	FAILS(ENOTDIR, syscall(SYS_getdents64, file, buf, 300));
	FAILS(EBADF, syscall(SYS_getdents64, 99, buf, 300));
	GOOD(chdir("dir"));
	GOOD(access("name3", F_OK));
	GOOD(syscall(SYS_getcwd, buf, sizeof(buf)));
	CHECK(strlen(buf) > 4 && strcmp(buf + strlen(buf) - 4, "/dir") == 0);
	FAILS(ERANGE, syscall(SYS_getcwd, buf, 3));
	FAILS(EFAULT, syscall(SYS_getcwd, BAD, 300));
	GOOD(chdir(".."));
	GOOD(fchdir(fd));
	GOOD(chdir(".."));
	FAILS(ENOENT, chdir("none"));
	FAILS(ENOTDIR, chdir("plain"));
	FAILS(EFAULT, chdir(BAD));
	FAILS(ENOTDIR, fchdir(file));
	FAILS(EBADF, fchdir(99));
	IN_CHILD("chroot", {
		FAILS(ENOENT, chroot("none"));
		FAILS(ENOTDIR, chroot("plain"));
		FAILS(EFAULT, chroot(BAD));
		GOOD(chroot("dir"));
		GOOD(chdir("/.."));
		GOOD(access("/name3", F_OK));
		FAILS(ENOENT, access("/proc", F_OK));
		GOOD(setuid(1000));
		FAILS(EPERM, chroot("/"));
	});
	close(fd);
	close(file);
}

static void test_descriptors(void)
{
	int fd = make("d", "abc"), other, p[2];
	struct rlimit_pair { uint64_t soft, hard; } old, few = { 20, 20 };

	other = GOOD(dup(fd));
	lseek(fd, 2, SEEK_SET);
	IS(2, lseek(other, 0, SEEK_CUR));
	IS(50, dup2(fd, 50));
	IS(50, dup2(50, 50));
	FAILS(EBADF, dup2(99, 50));
	FAILS(EBADF, dup2(fd, -1));
	FAILS(EBADF, dup2(fd, 1 << 30));
	FAILS(EINVAL, syscall(SYS_dup3, fd, fd, 0));
	FAILS(EINVAL, syscall(SYS_dup3, fd, 51, 1));
	IS(51, dup3(fd, 51, O_CLOEXEC));
	IS(FD_CLOEXEC, fcntl(51, F_GETFD));
	IS(0, fcntl(50, F_GETFD));
	IS(60, fcntl(fd, F_DUPFD, 60));
	IS(61, fcntl(fd, F_DUPFD_CLOEXEC, 60));
	FAILS(EINVAL, fcntl(fd, F_DUPFD, -1));
	FAILS(EINVAL, fcntl(fd, F_DUPFD, 1 << 30));
	GOOD(fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
	GOOD(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	CHECK((fcntl(other, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
	FAILS(EINVAL, fcntl(fd, 9999));
	FAILS(EBADF, fcntl(99, F_GETFD));
	GOOD(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	FAILS(EINVAL, pipe2(p, 1));
	FAILS(EFAULT, syscall(SYS_pipe2, BAD, 0));
	GOOD(syscall(SYS_prlimit64, 0, 7, NULL, &old));
	IN_CHILD("descriptor limit", {
		GOOD(syscall(SYS_prlimit64, 0, 7, &few, NULL));
		int last = 0;
		while (last >= 0)
			last = dup(fd);
		CHECK(errno == EMFILE);
		FAILS(EMFILE, open("d", O_RDONLY));
		FAILS(EMFILE, pipe2(p, 0));
	});
	for (int i = 50; i < 62; i++)
		close(i);
	close(other);
	close(fd);
	close(p[0]);
	close(p[1]);
}

static void test_pipes(void)
{
	static char big[65536];
	int p[2], ready;
	struct pollfd poll1 = { .events = POLLIN | POLLOUT };

	GOOD(pipe2(p, O_NONBLOCK));
	FAILS(EAGAIN, read(p[0], page, 1));
	IS(65536, write(p[1], big, sizeof(big)));
	FAILS(EAGAIN, write(p[1], big, 1));
	IS(4096, read(p[0], page, 4096));
	IS(4096, write(p[1], big, 8192));
	FAILS(EBADF, write(p[0], page, 1));
	FAILS(EBADF, read(p[1], page, 1));
	FAILS(ESPIPE, lseek(p[0], 0, SEEK_CUR));
	FAILS(ESPIPE, pread(p[0], page, 1, 0));
	GOOD(ioctl(p[0], FIONREAD, &ready));
	CHECK(ready == 65536);
	poll1.fd = p[0];
	IS(1, poll(&poll1, 1, 0));
	CHECK(poll1.revents == POLLIN);
	poll1.fd = p[1];
	IS(0, poll(&poll1, 1, 0));
	close(p[1]);
	while (read(p[0], big, sizeof(big)) > 0)
		;
	poll1.fd = p[0];
	IS(1, poll(&poll1, 1, -1));
	CHECK(poll1.revents == POLLHUP);
	IS(0, read(p[0], page, 1));
	close(p[0]);
	GOOD(pipe2(p, 0));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	FAILS(EPIPE, write(p[1], page, 1));
	poll1.fd = p[1];
	IS(1, poll(&poll1, 1, -1));
	CHECK(poll1.revents & POLLERR);
	close(p[1]);
	GOOD(mkfifo("pf", 0600));
	FAILS(ENXIO, open("pf", O_WRONLY | O_NONBLOCK));
	p[0] = GOOD(open("pf", O_RDONLY | O_NONBLOCK));
	p[1] = GOOD(open("pf", O_WRONLY | O_NONBLOCK));
	IS(3, write(p[1], "abc", 3));
	IS(3, read(p[0], page, 9));
	FAILS(EAGAIN, read(p[0], page, 9));
	close(p[1]);
	IS(0, read(p[0], page, 9));
	close(p[0]);
	signal(SIGPIPE, SIG_DFL);
}

static void test_poll(void)
{
	struct pollfd fds[3] = { { .fd = -1, .events = POLLIN }, { .fd = 99, .events = POLLIN }, { .fd = 0 } };
	struct timespec zero = { 0, 0 }, negative = { -1, 0 };
	int fd = make("pollfile", NULL);

	fds[2] = (struct pollfd){ .fd = fd, .events = POLLIN | POLLOUT };
	IS(2, poll(fds, 3, 0));
	CHECK(fds[0].revents == 0 && fds[1].revents == POLLNVAL && fds[2].revents == (POLLIN | POLLOUT));
	IS(0, poll(NULL, 0, 10));
	FAILS(EFAULT, syscall(SYS_poll, BAD, 1, 0));
	FAILS(EINVAL, syscall(SYS_poll, fds, 1UL << 31, 0));
	IS(2, ppoll(fds, 3, &zero, NULL));
	FAILS(EINVAL, ppoll(fds, 1, &negative, NULL));
	close(fd);
}

static void test_sendfile(void)
{
	int in = make("sf", "0123456789"), out = make("sfo", NULL), p[2];
	off_t at = 4;

	IS(6, sendfile(out, in, &at, 100));
	CHECK(at == 10);
	lseek(in, 0, SEEK_SET);
	IS(10, sendfile(out, in, NULL, 10));
	IS(0, sendfile(out, in, NULL, 10));
	fstat(out, &st);
	CHECK(st.st_size == 16);
	GOOD(pipe2(p, 0));
	at = 0;
	IS(10, sendfile(p[1], in, &at, 10));
	IS(10, read(p[0], page, 100));
	FAILS(EBADF, sendfile(out, 99, NULL, 1));
	FAILS(EBADF, sendfile(99, in, NULL, 1));
	FAILS(EBADF, sendfile(open("sf", O_RDONLY), in, NULL, 1));
	FAILS(EFAULT, syscall(SYS_sendfile, out, in, BAD, 1));
	at = -1;
	FAILS(EINVAL, sendfile(out, in, &at, 1));
	close(p[0]);
	close(p[1]);
	close(in);
	close(out);
}

static void test_times(void)
{
	struct timespec when[2] = { { 100, 5 }, { 200, 6 } }, bad[2] = { { 0, 2000000000 }, { 0, 0 } };
	struct timespec omit[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	int fd = make("times", NULL);

	GOOD(utimensat(AT_FDCWD, "times", when, 0));
	fstat(fd, &st);
	CHECK(st.st_atim.tv_sec == 100 && st.st_atim.tv_nsec == 5 && st.st_mtim.tv_sec == 200);
	GOOD(utimensat(AT_FDCWD, "times", omit, 0));
	fstat(fd, &st);
	CHECK(st.st_atim.tv_sec == 100 && st.st_mtim.tv_sec > 200);
	GOOD(futimens(fd, NULL));
	FAILS(EINVAL, utimensat(AT_FDCWD, "times", bad, 0));
	FAILS(ENOENT, utimensat(AT_FDCWD, "none", when, 0));
	FAILS(EFAULT, syscall(SYS_utimensat, AT_FDCWD, "times", BAD, 0));
	FAILS(EBADF, utimensat(99, "times", when, 0));
	close(fd);
}

static void test_ioctl(void)
{
	int fd = make("ioctl", NULL), null = open("/dev/null", O_RDWR), one = 1;
	struct termios t;
	struct winsize w;

	FAILS(ENOTTY, tcgetattr(fd, &t));
	FAILS(ENOTTY, ioctl(fd, TIOCGWINSZ, &w));
	FAILS(ENOTTY, ioctl(null, TCGETS, &t));
	FAILS(EBADF, ioctl(99, TCGETS, &t));
	FAILS(ENOTTY, ioctl(fd, 0xdeadbeef, 0));
	FAILS(EOPNOTSUPP, ioctl(fd, 0x40049409, fd)); /* FICLONE */
	FAILS(EBADF, ioctl(fd, 0x40049409, 99));
	FAILS(EXDEV, ioctl(fd, 0x40049409, null));
	GOOD(ioctl(fd, FIONBIO, &one));
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	GOOD(ioctl(fd, FIOCLEX, 0));
	IS(FD_CLOEXEC, fcntl(fd, F_GETFD));
	FAILS(EFAULT, ioctl(fd, FIONBIO, BAD));
	close(fd);
	close(null);
}

int main(void)
{
	char dir[] = "/tmp/abi.XXXXXX";

	umask(022);
	memset(name256, 'n', 256);
	memset(path4096, '/', 4100);
	if (!mkdtemp(dir) || chmod(dir, 0755) || chdir(dir))
		return 2;
	test_open();
	test_read_write();
	test_edges();
	test_sizes();
	test_stat();
	test_modes();
	test_names();
	test_rename();
	test_directories();
	test_descriptors();
	test_pipes();
	test_poll();
	test_sendfile();
	test_times();
	test_ioctl();
	return tap_end();
}
