/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * writerace: what write(2) promises, where many threads write to one file at once.
 *
 *	same    all overwrite the same bytes of one page, each with its own letter: in the end they are one writer's
 *	mixed   each overwrites blocks of its own, inside a page and across, from memory that is there and that is not, in a file
 *	        that begins as one hole; and all append records. No byte is anybody else's; no record is torn, lost or late
 *	cut     the same overwrites while somebody makes the file empty and long again: a block has its writer's letter or zeros, what
 *	        lies behind the end stays zeros, and memory that the pages went to afterwards is left alone
 *	odd     beside such a crowd: bad buffers, limits, times
 *
 *	writerace [ROUNDS]
 */
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { THREADS = 4, PAGE = 4096, BLOCKS = 4, BLOCK = 2 * PAGE, SIZE = THREADS * BLOCKS * BLOCK, OTHERS = 64 };

struct record { uint32_t magic, writer, number, length; };
enum { MAGIC = 0x7ec02d, RECORD_MOST = 3 * PAGE };

static int fd, end_fd, letters_fd, rounds = 200;
static atomic_bool over;
static atomic_long mishaps;
static pthread_barrier_t barrier;

#define EXPECT(condition) do { if (!(condition)) { atomic_fetch_add(&mishaps, 1); \
	dprintf(1, "# line %d: %s (%s)\n", __LINE__, #condition, strerror(errno)); } } while (0)

static unsigned random_of(unsigned *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static char letter_of(long id) { return (char)('A' + id); }

static bool all(const char *p, size_t n, char c)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != c)
			return false;
	return true;
}

static void together(void *(*body)(void *))
{
	pthread_t t[THREADS];

	over = false;
	mishaps = 0;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, body, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&barrier);
}

/* ---- same */

enum { AT = PAGE + 100, LENGTH = 3001 };

static void *write_same(void *arg)
{
	char mine[LENGTH], seen[LENGTH];

	memset(mine, letter_of((long)arg), LENGTH);
	for (int i = 0; i < rounds; i++) {
		for (int k = 0; k < 8; k++)
			EXPECT(pwrite(fd, mine, LENGTH, AT) == LENGTH);
		pthread_barrier_wait(&barrier);
		if (arg == 0) {
			EXPECT(pread(fd, seen, LENGTH, AT) == LENGTH);
			EXPECT(all(seen, LENGTH, seen[0]) && seen[0] >= 'A');
		}
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void same(void)
{
	char edge[2];

	GOOD(ftruncate(fd, 0));
	GOOD(ftruncate(fd, SIZE));
	together(write_same);
	IS(0, mishaps);
	CHECK(pread(fd, edge, 1, AT - 1) == 1 && pread(fd, edge + 1, 1, AT + LENGTH) == 1 && !edge[0] && !edge[1]);
}

/* ---- mixed */

static long block_of(long id, int n) { return (n * (long)THREADS + id) * BLOCK; }

/* A piece of one's own block, often inside a page; now and then from memory that nobody has touched. */
static void overwrite(long id, unsigned *state, const char *mine)
{
	unsigned how = random_of(state) % 16;
	long at = block_of(id, (int)(random_of(state) % BLOCKS));
	long from = how ? random_of(state) % 2 * PAGE + random_of(state) % 64 : random_of(state) % PAGE;
	long n = how ? PAGE - 64 - (long)(random_of(state) % 64) : PAGE + 1;
	char *fresh = NULL;

	if (how == 1) {
		fresh = mmap(NULL, BLOCK, PROT_READ, MAP_PRIVATE, letters_fd, id * BLOCK);
		EXPECT(fresh != MAP_FAILED);
	}
	EXPECT(pwrite(fd, fresh ? fresh + 50 : mine, (size_t)n, at + from) == n);
	if (fresh)
		munmap(fresh, BLOCK);
}

static void append(long id, uint32_t number, unsigned *state, char *text)
{
	uint32_t n = sizeof(struct record) + random_of(state) % (RECORD_MOST - sizeof(struct record));
	struct record r = { MAGIC, (uint32_t)id, number, n };

	memcpy(text, &r, sizeof(r));
	memset(text + sizeof(r), letter_of(id), n - sizeof(r));
	EXPECT(write(end_fd, text, n) == (ssize_t)n);
}

static void *write_mixed(void *arg)
{
	static __thread char mine[BLOCK], text[RECORD_MOST];
	long id = (long)arg;
	unsigned state = (unsigned)id + 1;
	uint32_t number = 0;

	memset(mine, letter_of(id), BLOCK);
	for (int i = 0; i < rounds * 8; i++)
		if (random_of(&state) % 32)
			overwrite(id, &state, mine);
		else
			append(id, number++, &state, text);
	for (int n = 0; n < BLOCKS; n++)
		for (int half = 0; half < 2; half++)
			EXPECT(pwrite(fd, mine, PAGE, block_of(id, n) + half * PAGE) == PAGE);
	return (void *)(long)number;
}

static bool blocks_are(bool zeros)
{
	static char block[BLOCK];
	bool good = true;

	for (long id = 0; id < THREADS; id++)
		for (int n = 0; n < BLOCKS; n++) {
			ssize_t got = pread(fd, block, BLOCK, block_of(id, n));

			for (ssize_t i = 0; i < got; i++)
				good = good && (block[i] == letter_of(id) || (zeros && !block[i]));
		}
	return good;
}

static bool records_are_whole(void)
{
	static char text[RECORD_MOST];
	uint32_t next[THREADS] = { 0 };
	off_t at = SIZE, end = lseek(fd, 0, SEEK_END);
	struct record r;

	while (at < end) {
		if (pread(fd, &r, sizeof(r), at) != sizeof(r) || r.magic != MAGIC || r.writer >= THREADS ||
		    r.number != next[r.writer]++ || r.length > RECORD_MOST)
			return false;
		r.length -= sizeof(r);
		if (pread(fd, text, r.length, at + (off_t)sizeof(r)) != (ssize_t)r.length ||
		    !all(text, r.length, letter_of(r.writer)))
			return false;
		at += (off_t)sizeof(r) + r.length;
	}
	return at == end && end > SIZE;
}

static void mixed(void)
{
	GOOD(ftruncate(fd, 0));
	GOOD(ftruncate(fd, SIZE));
	together(write_mixed);
	IS(0, mishaps);
	CHECK(blocks_are(false));
	CHECK(records_are_whole());
}

/* ---- cut */

static void *overwrite_until(void *arg)
{
	static __thread char mine[BLOCK];
	unsigned state = (unsigned)(long)arg + 77;

	memset(mine, letter_of((long)arg), BLOCK);
	while (!over)
		overwrite((long)arg, &state, mine);
	return NULL;
}

/* Memory that likes to use the frames that just came free. */
static void scribble(void)
{
	char *p = mmap(NULL, OTHERS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(p != MAP_FAILED);
	memset(p, 'x', OTHERS * PAGE);
	EXPECT(all(p, OTHERS * PAGE, 'x'));
	munmap(p, OTHERS * PAGE);
}

static void *cut_file(void *arg)
{
	if (arg)
		return overwrite_until(arg);
	for (int i = 0; i < rounds; i++) {
		if (i % 2)
			EXPECT(ftruncate(fd, i % 4 == 1 ? 0 : PAGE + 10) == 0);
		else
			EXPECT(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, i % 3 * 100, SIZE / 2) == 0);
		scribble();
		EXPECT(ftruncate(fd, SIZE) == 0);
		EXPECT(blocks_are(true));
	}
	over = true;
	return NULL;
}

static void cut(void)
{
	static char rest[SIZE];

	GOOD(ftruncate(fd, SIZE));
	together(cut_file);
	IS(0, mishaps);
	GOOD(ftruncate(fd, 100));
	GOOD(ftruncate(fd, SIZE));
	IS(SIZE, pread(fd, rest, SIZE, 0));
	CHECK(all(rest + 100, SIZE - 100, 0));
}

/* ---- odd */

static void odd_buffers(void)
{
	char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct timespec old[2] = { { 1, 0 }, { 1, 0 } };
	char got[200];
	struct stat st;

	GOOD(munmap(two + PAGE, PAGE));
	memset(two, 'o', PAGE);
	FAILS(EFAULT, pwrite(fd, BAD, 100, block_of(0, 1)));
	FAILS(EFAULT, pwrite(fd, BAD_KERNEL, 100, block_of(0, 1)));
	FAILS(EFAULT, pwrite(fd, two + PAGE, 100, block_of(0, 1)));
	IS(200, pread(fd, got, 200, block_of(0, 1)));
	CHECK(all(got, 200, 0));
	IS(50, pwrite(fd, two + PAGE - 50, 100, block_of(0, 1)));
	IS(200, pread(fd, got, 200, block_of(0, 1)));
	CHECK(all(got, 50, 'o') && all(got + 50, 150, 0));
	GOOD(futimens(fd, old));
	IS(10, pwrite(fd, two, 10, block_of(0, 2)));
	GOOD(fstat(fd, &st));
	CHECK(st.st_atim.tv_sec == 1 && st.st_mtim.tv_sec > 1 && st.st_ctim.tv_sec > 1);
}

static void odd_limits(void)
{
	struct rlimit limit = { PAGE, PAGE };
	char text[PAGE] = "limited";

	signal(SIGXFSZ, SIG_IGN);
	GOOD(setrlimit(RLIMIT_FSIZE, &limit));
	FAILS(EFBIG, pwrite(fd, text, 100, block_of(0, 1)));
	IS(60, pwrite(fd, text, 100, PAGE - 60));
	IS(0, pwrite(fd, text, 0, block_of(0, 1)));
}

/* Thread 0 keeps off, so that its blocks stay as they are. */
static void *odd_in_crowd(void *arg)
{
	if (arg)
		return overwrite_until(arg);
	for (int i = 0; i < 20; i++)
		sched_yield();
	odd_buffers();
	IN_CHILD("limits", odd_limits());
	over = true;
	return NULL;
}

static void odd(void)
{
	GOOD(ftruncate(fd, 0));
	GOOD(ftruncate(fd, SIZE));
	together(odd_in_crowd);
	IS(0, mishaps);
}

int main(int argc, char **argv)
{
	const char *path = "/tmp/writerace", *letters = "/tmp/writerace.letters";
	char text[BLOCK];

	if (argc > 1)
		rounds = atoi(argv[1]);
	fd = (int)GOOD(open(path, O_CREAT | O_RDWR | O_TRUNC, 0600));
	end_fd = (int)GOOD(open(path, O_WRONLY | O_APPEND));
	letters_fd = (int)GOOD(open(letters, O_CREAT | O_RDWR | O_TRUNC, 0600));
	for (int id = 0; id < THREADS; id++) {
		memset(text, letter_of(id), BLOCK);
		IS(BLOCK, write(letters_fd, text, BLOCK));
	}
	same();
	mixed();
	cut();
	odd();
	unlink(path);
	unlink(letters);
	return tap_end();
}
