/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bare port, run: a program without libc, which asks its host for nothing but writing one line and ending. Replicas come
 * and go and are forked in 1 MiB; a leak would use it up.
 */
#include "nr/nr.h"
#include "nr/port.h"
#include "nr/port_bare.h"

enum { ROUNDS = 50, ADDS = 40, WRITE = 1, EXIT = 60 };

static u8 memory[1 << 20];

static long call(long n, long a, long b, long c)
{
	__asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return n;
}

static _Noreturn void leave(const char *line, size_t len, int status)
{
	call(WRITE, 1, (long)line, (long)len);
	for (;;)
		call(EXIT, status, 0, 0);
}

void nr_port_panic(const char *what)
{
	(void)what;
	leave("not ok - a panic\n", 17, 1);
}

void *memcpy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((u8 *)to)[i] = ((const u8 *)from)[i];
		__asm__ volatile("" ::: "memory"); /* or the compiler calls memcpy */
	}
	return to;
}

void *memset(void *to, int c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((u8 *)to)[i] = (u8)c;
		__asm__ volatile("" ::: "memory");
	}
	return to;
}

static int init(void *state, struct pool *mem, const void *arg)
{
	(void)state;
	(void)mem;
	(void)arg;
	return 0;
}

static int clone(void *dst, struct pool *mem, const void *src)
{
	(void)mem;
	*(u64 *)dst = *(const u64 *)src;
	return 0;
}

static void apply(void *state, unsigned shard, const void *op, size_t len, void *ret)
{
	(void)shard;
	(void)len;
	*(u64 *)state += *(const u64 *)op;
	if (ret)
		*(u64 *)ret = *(u64 *)state;
}

static const struct nr_type sum_type = { .name = "sum", .state_size = 8, .init = init, .clone = clone, .apply = apply };

static bool round(struct nr *nr, struct nr_self *self, u64 expect)
{
	struct nr *child;
	u64 one = 1, sum = 0;

	if (nr_replica_add(nr, self, 1))
		return false;
	for (u32 i = 0; i < ADDS; i++) {
		self->node = i % 2;
		nr_update(nr, self, 0, &one, sizeof(one), &sum, NULL);
	}
	if (sum != expect)
		return false;
	child = nr_fork(nr, self, 0, NULL, NULL);
	if (!child)
		return false;
	sum = *(const u64 *)nr_read_begin(child, self, 0);
	nr_read_end(child, self, 0);
	nr_destroy(child);
	return sum == expect && nr_replica_drop(nr, self, 1) == 0;
}

void _start(void);
__attribute__((force_align_arg_pointer)) void _start(void)
{
	static struct nr_self self;
	static const struct nr_config cfg = { .threads = 4 };
	struct nr *nr;
	bool good;

	nr_bare_memory(memory, sizeof(memory));
	nr = nr_create(&sum_type, &cfg, NULL);
	good = nr && nr_widen(nr, &self) == 0;
	for (u32 i = 1; good && i <= ROUNDS; i++)
		good = round(nr, &self, i * ADDS);
	if (good)
		leave("ok 1 - without libc: 50 replicas in 1 MiB\n1..1\n", 47, 0);
	leave("not ok 1 - without libc\n1..1\n", 29, 1);
}
