/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * readrace: what read(2) gives is the file's, also while its pages are taken away.
 *
 * Readers read a file of a few pages of A, over and over. One changer makes it empty (or punches a hole), fills memory of
 * his own with another byte, which likes to use the very frames that just came free, and writes the As again. A reader
 * may find the file short, and zeros or As in it; nothing else.
 *
 *	readrace [ROUNDS]
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { READERS = 3, PAGES = 4, PAGE = 4096, SIZE = PAGES * PAGE, OTHERS = 64 };

static volatile int *over;

static int reader(int fd)
{
	static unsigned char buffer[SIZE];

	memset(buffer, 0, SIZE);
	while (!*over) {
		ssize_t n = pread(fd, buffer, SIZE, 0);

		if (n < 0)
			return 2;
		for (ssize_t i = 0; i < n; i++)
			if (buffer[i] && buffer[i] != 'A')
				return 1;
	}
	return 0;
}

static bool scribble(void)
{
	void *p = mmap(NULL, OTHERS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	memset(p, 0x55, OTHERS * PAGE);
	return munmap(p, OTHERS * PAGE) == 0;
}

static bool change(int fd, int round, const char *text)
{
	int err;

	if (round % 2)
		err = ftruncate(fd, 0);
	else
		err = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE);
	return err == 0 && scribble() && pwrite(fd, text, SIZE, 0) == SIZE;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 300, fd = open("/tmp/readrace", O_CREAT | O_RDWR | O_TRUNC, 0600), i;
	static char text[SIZE];
	pid_t child[READERS];
	bool good = true;

	over = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!CHECK(fd >= 0 && (void *)over != MAP_FAILED))
		return tap_end();
	memset(text, 'A', SIZE);
	for (i = 0; i < READERS; i++)
		if ((child[i] = fork()) == 0)
			_exit(reader(fd));
	for (i = 0; i < rounds && good; i++)
		good = change(fd, i, text);
	*over = 1;
	CHECK(good);
	for (i = 0; i < READERS; i++)
		IS(0, tap_wait(child[i]));
	unlink("/tmp/readrace");
	return tap_end();
}
