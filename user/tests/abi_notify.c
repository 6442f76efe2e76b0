/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_notify: inotify: what is told of which call, in which order, and each errno. Passes on Linux.
 *
 * SAYS(fd, text) reads all notices and compares them with a text: for each the number of the watch, what happened, and the
 * name if there is one, as "1 CREATE a, 1 OPEN a".
 */
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define ALL IN_ALL_EVENTS

static const struct { uint32_t bit; const char *name; } bits[] = {
	{ IN_ACCESS, "ACCESS" }, { IN_MODIFY, "MODIFY" }, { IN_ATTRIB, "ATTRIB" }, { IN_CLOSE_WRITE, "CLOSE_WRITE" },
	{ IN_CLOSE_NOWRITE, "CLOSE" }, { IN_OPEN, "OPEN" }, { IN_MOVED_FROM, "FROM" }, { IN_MOVED_TO, "TO" },
	{ IN_CREATE, "CREATE" }, { IN_DELETE, "DELETE" }, { IN_DELETE_SELF, "GONE" }, { IN_MOVE_SELF, "MOVED" },
	{ IN_Q_OVERFLOW, "OVERFLOW" }, { IN_IGNORED, "IGNORED" }, { IN_ISDIR, "dir" },
};
static uint32_t cookie; /* of the last notice that had one */

static char *add(char *at, char *end, const struct inotify_event *e)
{
	uint32_t mask = e->mask;
	size_t i;

	at += snprintf(at, end - at, "%d", e->wd);
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (mask & bits[i].bit)
			at += snprintf(at, end - at, " %s", bits[i].name);
		mask &= ~bits[i].bit;
	}
	if (mask)
		at += snprintf(at, end - at, " %#x", mask);
	if (e->len)
		at += snprintf(at, end - at, " %s", e->name);
	if (e->cookie)
		cookie = e->cookie;
	return at + snprintf(at, end - at, ", ");
}

/* All notices that are there; the file is non-blocking. */
static const char *said(int fd)
{
	static char text[4096];
	char buffer[4096] __attribute__((aligned(8))), *at = text, *p;
	long n;

	text[0] = 0;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		for (p = buffer; p < buffer + n; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len)
			at = add(at, text + sizeof(text), (struct inotify_event *)p);
	}
	if (at > text)
		at[-2] = 0;
	return text;
}

#define SAYS(fd, want) do { \
	const char *says_got = said(fd); \
	tap_result(!strcmp(says_got, (want)), __LINE__, "says " want, says_got); \
} while (0)

static void put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);

	write(fd, text, strlen(text));
	close(fd);
}

static void test_files(void)
{
	int n = GOOD(inotify_init1(IN_NONBLOCK)), fd;
	char c[8];

	mkdir("d", 0755);
	IS(1, inotify_add_watch(n, "d", ALL));
	put("d/a", "text");
	SAYS(n, "1 CREATE a, 1 OPEN a, 1 MODIFY a, 1 CLOSE_WRITE a");
	IS(2, inotify_add_watch(n, "d/a", ALL));
	put("d/a", "more");
	SAYS(n, "1 OPEN a, 2 OPEN, 1 MODIFY a, 2 MODIFY, 1 CLOSE_WRITE a, 2 CLOSE_WRITE");
	fd = open("d/a", O_RDONLY);
	read(fd, c, 2);
	read(fd, c, 2);
	pread(fd, c, 8, 100); /* nothing is read */
	close(fd);
	SAYS(n, "1 OPEN a, 2 OPEN, 1 ACCESS a, 2 ACCESS, 1 ACCESS a, 2 ACCESS, 1 CLOSE a, 2 CLOSE");
	fd = open("d/a", O_RDWR | O_TRUNC);
	ftruncate(fd, 100);
	close(fd);
	SAYS(n, "1 OPEN a, 2 OPEN, 1 MODIFY a, 2 MODIFY, 1 MODIFY a, 2 MODIFY, 1 CLOSE_WRITE a, 2 CLOSE_WRITE");
	truncate("d/a", 7);
	chmod("d/a", 0600);
	chown("d/a", 0, 0);
	utimensat(AT_FDCWD, "d/a", NULL, 0);
	SAYS(n, "1 MODIFY a, 2 MODIFY, 1 ATTRIB a, 2 ATTRIB, 1 ATTRIB a, 2 ATTRIB, 1 ATTRIB a, 2 ATTRIB");
	link("d/a", "d/b");
	SAYS(n, "2 ATTRIB, 1 CREATE b");
	unlink("d/a");
	SAYS(n, "2 ATTRIB, 1 DELETE a");
	unlink("d/b");
	SAYS(n, "2 ATTRIB, 2 GONE, 2 IGNORED, 1 DELETE b");
	FAILS(EINVAL, inotify_rm_watch(n, 2));
	GOOD(inotify_rm_watch(n, 1));
	put("d/c", "x");
	SAYS(n, "1 IGNORED");
	close(n);
	unlink("d/c");
	rmdir("d");
}

static void test_names(void)
{
	int n = GOOD(inotify_init1(IN_NONBLOCK)), fd;
	uint32_t first;

	mkdir("d", 0755);
	mkdir("e", 0755);
	inotify_add_watch(n, "d", ALL);
	inotify_add_watch(n, "e", ALL);
	mkdir("d/sub", 0755);
	symlink("nowhere", "d/link");
	mkfifo("d/pipe", 0600);
	SAYS(n, "1 CREATE dir sub, 1 CREATE link, 1 CREATE pipe");
	put("d/f", "x");
	said(n);
	IS(3, inotify_add_watch(n, "d/f", ALL));
	rename("d/f", "e/g");
	SAYS(n, "1 FROM f, 2 TO g, 3 MOVED");
	first = cookie;
	put("d/old", "y");
	said(n);
	rename("d/old", "e/g"); /* whoever was g loses its name */
	SAYS(n, "1 FROM old, 2 TO g, 3 ATTRIB, 3 GONE, 3 IGNORED");
	CHECK(cookie != first && cookie && first);
	rename("d/sub", "d/sub2");
	SAYS(n, "1 FROM dir sub, 1 TO dir sub2");
	rename("e/g", "e/g");
	SAYS(n, "");
	IS(4, inotify_add_watch(n, "d/sub2", ALL));
	fd = open("d/sub2", O_RDONLY | O_DIRECTORY);
	fchmod(fd, 0700);
	close(fd);
	SAYS(n, "1 OPEN dir sub2, 4 OPEN dir, 1 ATTRIB dir sub2, 4 ATTRIB dir, 1 CLOSE dir sub2, 4 CLOSE dir");
	rename("d/sub2", "e/sub3");
	SAYS(n, "1 FROM dir sub2, 2 TO dir sub3, 4 MOVED");
	rmdir("e/sub3");
	SAYS(n, "4 GONE, 4 IGNORED, 2 DELETE dir sub3");
	unlink("d/link");
	unlink("d/pipe");
	SAYS(n, "1 DELETE link, 1 DELETE pipe");
	close(open("d/none", O_RDONLY)); /* what fails is not told */
	mkdir("d", 0755);
	rmdir("e");
	fd = open("e", O_PATH);
	close(fd);
	SAYS(n, "");
	unlink("e/g");
	said(n);
	rmdir("d");
	rmdir("e");
	SAYS(n, "1 GONE, 1 IGNORED, 2 GONE, 2 IGNORED");
	close(n);
}

static void test_open_and_gone(void)
{
	int n = GOOD(inotify_init1(IN_NONBLOCK)), fd;

	mkdir("d", 0755);
	put("d/f", "x");
	inotify_add_watch(n, "d", ALL | IN_EXCL_UNLINK);
	inotify_add_watch(n, "d/f", ALL);
	fd = open("d/f", O_WRONLY);
	said(n);
	unlink("d/f");
	SAYS(n, "2 ATTRIB, 1 DELETE f");
	write(fd, "y", 1);
	SAYS(n, "2 MODIFY");
	close(fd);
	SAYS(n, "2 CLOSE_WRITE, 2 GONE, 2 IGNORED");
	close(n);
	rmdir("d");
}

static void test_masks(void)
{
	int n = GOOD(inotify_init1(IN_NONBLOCK)), other = GOOD(inotify_init1(IN_NONBLOCK));

	put("f", "x");
	IS(1, inotify_add_watch(n, "f", IN_MODIFY));
	IS(1, inotify_add_watch(other, "f", IN_OPEN | IN_ONESHOT));
	put("f", "y");
	put("f", "z");
	SAYS(n, "1 MODIFY"); /* two in a row are one */
	SAYS(other, "1 OPEN, 1 IGNORED");
	IS(1, inotify_add_watch(n, "./f", IN_OPEN));
	put("f", "y");
	SAYS(n, "1 OPEN");
	IS(1, inotify_add_watch(n, "f", IN_CLOSE | IN_MASK_ADD));
	put("f", "y");
	SAYS(n, "1 OPEN, 1 CLOSE_WRITE");
	FAILS(EEXIST, inotify_add_watch(n, "f", IN_OPEN | IN_MASK_CREATE));
	symlink("f", "l");
	IS(1, inotify_add_watch(n, "l", IN_OPEN));
	IS(2, inotify_add_watch(n, "l", IN_ATTRIB | IN_DONT_FOLLOW));
	IS(3, inotify_add_watch(n, ".", IN_ONLYDIR));
	lchown("l", 0, 0);
	SAYS(n, "2 ATTRIB");
	unlink("l");
	SAYS(n, "2 ATTRIB, 2 IGNORED");
	close(other);
	close(n);
	unlink("f");
}

static void test_errors(void)
{
	int n = GOOD(inotify_init()), fd = open(".", O_RDONLY);
	char c[64];

	FAILS(EINVAL, inotify_init1(1));
	FAILS(EINVAL, inotify_add_watch(n, ".", 0));
	FAILS(EBADF, inotify_add_watch(99, ".", ALL));
	FAILS(EINVAL, inotify_add_watch(99, ".", 0));
	FAILS(EINVAL, inotify_add_watch(fd, ".", ALL));
	FAILS(EINVAL, inotify_add_watch(n, ".", ALL | IN_MASK_ADD | IN_MASK_CREATE));
	FAILS(ENOENT, inotify_add_watch(n, "none", ALL));
	FAILS(ENOENT, inotify_add_watch(n, "", ALL));
	FAILS(EFAULT, inotify_add_watch(n, BAD, ALL));
	put("f", "x");
	FAILS(ENOTDIR, inotify_add_watch(n, "f", ALL | IN_ONLYDIR));
	chmod("f", 0200);
	IN_CHILD("no right to read it", {
		setuid(1234);
		FAILS(EACCES, inotify_add_watch(n, "f", ALL));
	});
	FAILS(EBADF, inotify_rm_watch(99, 1));
	FAILS(EINVAL, inotify_rm_watch(fd, 1));
	FAILS(EINVAL, inotify_rm_watch(n, 1));
	IS(1, inotify_add_watch(n, "f", IN_ATTRIB));
	chmod("f", 0600);
	FAILS(EINVAL, read(n, c, 15));
	FAILS(EFAULT, read(n, BAD, 64));
	chmod("f", 0600);
	IS(16, read(n, c, 16));
	FAILS(EBADF, write(n, c, 16));
	CHECK(fcntl(n, F_GETFD) == 0 && (fcntl(n, F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == 0);
	close(n);
	close(fd);
	unlink("f");
	n = GOOD(inotify_init1(IN_CLOEXEC));
	CHECK(fcntl(n, F_GETFD) == FD_CLOEXEC);
	c[readlink("/proc/self/fd/3", c, sizeof(c) - 1)] = 0;
	CHECK(n == 3 && !strcmp(c, "anon_inode:inotify"));
	close(n);
}

static void *writer(void *unused)
{
	usleep(20000);
	put("f", "x");
	return unused;
}

static void test_waiting(void)
{
	int n = GOOD(inotify_init()), bytes = -1;
	struct pollfd p = { .fd = n, .events = POLLIN };
	char buffer[256];
	pthread_t thread;

	put("f", "");
	inotify_add_watch(n, ".", IN_MODIFY);
	IS(0, poll(&p, 1, 0));
	pthread_create(&thread, NULL, writer, NULL);
	IS(1, poll(&p, 1, PATIENCE));
	CHECK(p.revents == POLLIN);
	pthread_join(thread, NULL);
	GOOD(ioctl(n, FIONREAD, &bytes));
	CHECK(bytes == 32);
	IS(32, read(n, buffer, sizeof(buffer)));
	pthread_create(&thread, NULL, writer, NULL);
	IS(32, read(n, buffer, sizeof(buffer)));
	pthread_join(thread, NULL);
	close(n);
	unlink("f");
}

/* A long name, and many notices: more than there may be, and then what is left out is said once. */
static void test_many(void)
{
	int n = GOOD(inotify_init1(IN_NONBLOCK)), i, got = 0, overflows = 0;
	char name[201], buffer[65536] __attribute__((aligned(8))), *p;
	long r;

	memset(name, 'n', 200);
	name[200] = 0;
	inotify_add_watch(n, ".", IN_OPEN);
	close(open(name, O_CREAT | O_RDWR, 0600));
	r = read(n, buffer, sizeof(buffer));
	CHECK(r == 16 + 208 && !strcmp(((struct inotify_event *)buffer)->name, name) && ((struct inotify_event *)buffer)->len == 208);
	unlink(name);
	close(open("a", O_CREAT | O_RDWR, 0600));
	close(open("b", O_CREAT | O_RDWR, 0600));
	for (i = 0; i < 10000; i++) {
		close(open("a", O_RDONLY));
		close(open("b", O_RDONLY));
	}
	while ((r = read(n, buffer, sizeof(buffer))) > 0) {
		for (p = buffer; p < buffer + r; p += 16 + ((struct inotify_event *)p)->len) {
			got++;
			overflows += ((struct inotify_event *)p)->mask == IN_Q_OVERFLOW && ((struct inotify_event *)p)->wd == -1;
		}
	}
	CHECK(got == 16385 && overflows == 1);
	close(open("a", O_RDONLY));
	SAYS(n, "1 OPEN a");
	close(n);
	unlink("a");
	unlink("b");
}

int main(void)
{
	mkdir("/tmp/abi_notify", 0755);
	if (chdir("/tmp/abi_notify"))
		return 1;
	test_files();
	test_names();
	test_open_and_gone();
	test_masks();
	test_errors();
	test_waiting();
	test_many();
	chdir("/");
	rmdir("/tmp/abi_notify");
	return tap_end();
}
