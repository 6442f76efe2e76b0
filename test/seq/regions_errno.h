/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The deterministic half of regions_test.c: errno table, placement, limits, claims, many regions. */
#ifndef TEST_SEQ_REGIONS_ERRNO_H
#define TEST_SEQ_REGIONS_ERRNO_H

#pragma GCC diagnostic ignored "-Woverride-init" /* a limit given after LIMITS counts */

#define LIMITS .limit_as = NOLIMIT, .limit_data = NOLIMIT, .limit_locked = NOLIMIT, .limit_stack = NOLIMIT
#define MAPOP(at, n, ...) ((struct regions_op){ .kind = REGIONS_MAP, .len = (n) * P, LIMITS, .r = { .start = (at), .prot = 3, .flags = REGIONS_ANON }, __VA_ARGS__ })
#define RANGE(k, page, n, ...) ((struct regions_op){ .kind = (k), .addr = addr_of(page), .len = (n) * P, LIMITS, __VA_ARGS__ })

static struct regions_ret apply(struct regions *s, struct regions_op op)
{
	struct regions_ret r;

	one_step(s, &op, &r);
	return r;
}

/* pages 100-109 rw, 110-119 read only forever (object 5), 130-139 rw, 300-309 stack */
static void build(struct regions *s, struct pool *p)
{
	test_pool(p);
	regions_init(s, p, &config);
	apply(s, MAPOP(addr_of(100), 10, .how = REGIONS_FIXED));
	apply(s, (struct regions_op){ .kind = REGIONS_MAP, .len = 10 * P, .how = REGIONS_FIXED, LIMITS,
		.r = { .start = addr_of(110), .prot = 1, .flags = REGIONS_SHARED | REGIONS_NOWRITE, .object = 5, .ino = 9 } });
	apply(s, MAPOP(addr_of(130), 10, .how = REGIONS_FIXED));
	apply(s, (struct regions_op){ .kind = REGIONS_MAP, .len = 10 * P, .how = REGIONS_FIXED, LIMITS,
		.r = { .start = addr_of(700), .prot = 3, .flags = REGIONS_ANON | REGIONS_GROWSDOWN, .what = REGIONS_STACK } });
}

static void test_errors(void)
{
	const struct { const char *name; struct regions_op op; s32 err; bool changes; } table[] = {
		{ "mmap of nothing", MAPOP(0, 0), -EINVAL, false },
		{ "mmap too long", { .kind = REGIONS_MAP, .len = ~(u64)0, LIMITS }, -ENOMEM, false },
		{ "mmap longer than the space", MAPOP(0, NPAGES + 17), -ENOMEM, false },
		{ "mmap offset unaligned", { .kind = REGIONS_MAP, .len = P, LIMITS, .r = { .object = 1, .offset = 5 } }, -EINVAL, false },
		{ "mmap offset overflow", { .kind = REGIONS_MAP, .len = 2 * P, LIMITS, .r = { .object = 1, .offset = ~(u64)0 & PAGE_MASK } }, -EOVERFLOW, false },
		{ "mmap fixed unaligned", MAPOP(LOW + 5, 1, .how = REGIONS_FIXED), -EINVAL, false },
		{ "mmap fixed below the minimum", MAPOP(P, 1, .how = REGIONS_FIXED), -EPERM, false },
		{ "mmap fixed beyond the end", MAPOP(HIGH - P, 2, .how = REGIONS_FIXED), -ENOMEM, false },
		{ "mmap noreplace over something", MAPOP(addr_of(105), 1, .how = REGIONS_FIXED | REGIONS_NOREPLACE), -EEXIST, false },
		{ "mmap over RLIMIT_AS", MAPOP(0, 10, .limit_as = 45 * P), -ENOMEM, false },
		{ "mmap at RLIMIT_AS", MAPOP(0, 5, .limit_as = 45 * P), 0, true },
		{ "mmap over RLIMIT_DATA", MAPOP(0, 10, .limit_data = 25 * P), -ENOMEM, false },
		{ "mmap locked over RLIMIT_MEMLOCK", { .kind = REGIONS_MAP, .len = 2 * P, .limit_as = NOLIMIT, .limit_data = NOLIMIT, .limit_locked = P,
			.r = { .prot = 3, .flags = REGIONS_ANON | REGIONS_LOCKED } }, -EAGAIN, false },
		{ "munmap unaligned", { .kind = REGIONS_UNMAP, .addr = addr_of(100) + 1, .len = P }, -EINVAL, false },
		{ "munmap of nothing", RANGE(REGIONS_UNMAP, 100, 0), -EINVAL, false },
		{ "munmap beyond the end", RANGE(REGIONS_UNMAP, NPAGES - 1, 2), -EINVAL, false },
		{ "munmap overflow", { .kind = REGIONS_UNMAP, .addr = addr_of(100), .len = ~(u64)0 }, -EINVAL, false },
		{ "munmap of a hole", RANGE(REGIONS_UNMAP, 10, 5), 0, false },
		{ "mprotect unaligned", { .kind = REGIONS_PROTECT, .addr = addr_of(100) + 1, .len = P }, -EINVAL, false },
		{ "mprotect of nothing", RANGE(REGIONS_PROTECT, 10, 0), 0, false },
		{ "mprotect overflow", { .kind = REGIONS_PROTECT, .addr = addr_of(100), .len = ~(u64)0 }, -ENOMEM, false },
		{ "mprotect bad rights", RANGE(REGIONS_PROTECT, 100, 1, .set = 8), -EINVAL, false },
		{ "mprotect from a hole", RANGE(REGIONS_PROTECT, 99, 2, .set = 1), -ENOMEM, false },
		{ "mprotect up to a hole", RANGE(REGIONS_PROTECT, 130, 20, .set = 1), -ENOMEM, true },
		{ "mprotect write of a read-only file", RANGE(REGIONS_PROTECT, 110, 1, .set = 3), -EACCES, false },
		{ "mprotect up to a read-only file", RANGE(REGIONS_PROTECT, 105, 10, .set = 7), -EACCES, true },
		{ "mprotect to the same", RANGE(REGIONS_PROTECT, 100, 10, .set = 3), 0, false },
		{ "madvise unknown flag", RANGE(REGIONS_SETFLAGS, 100, 1, .set = REGIONS_SHARED), -EINVAL, false },
		{ "madvise of a hole", RANGE(REGIONS_SETFLAGS, 10, 5, .set = REGIONS_DONTDUMP), 0, false },
		{ "mlock of a hole", RANGE(REGIONS_SETFLAGS, 10, 5, .set = REGIONS_LOCKED, .how = REGIONS_STOP_AT_HOLE), -ENOMEM, false },
		{ "mlock over the limit", { .kind = REGIONS_SETFLAGS, .addr = addr_of(100), .len = 5 * P, .set = REGIONS_LOCKED, .limit_locked = 4 * P }, -ENOMEM, false },
		{ "mremap unaligned", { .kind = REGIONS_MREMAP, .addr = addr_of(100) + 1, .len = P, .new_len = P, LIMITS }, -EINVAL, false },
		{ "mremap to nothing", RANGE(REGIONS_MREMAP, 100, 1), -EINVAL, false },
		{ "mremap of a hole", RANGE(REGIONS_MREMAP, 10, 1, .new_len = 2 * P), -EFAULT, false },
		{ "mremap over two regions", RANGE(REGIONS_MREMAP, 105, 10, .new_len = 20 * P, .how = REGIONS_MAYMOVE), -EFAULT, false },
		{ "mremap cannot grow in place", RANGE(REGIONS_MREMAP, 100, 10, .new_len = 11 * P), -ENOMEM, false },
		{ "mremap fixed without maymove", RANGE(REGIONS_MREMAP, 100, 1, .new_len = P, .how = REGIONS_FIXED), -EINVAL, false },
		{ "mremap onto itself", RANGE(REGIONS_MREMAP, 100, 5, .new_len = 5 * P, .new_addr = addr_of(104), .how = REGIONS_FIXED | REGIONS_MAYMOVE), -EINVAL, false },
		{ "mremap to an unaligned place", RANGE(REGIONS_MREMAP, 100, 5, .new_len = 5 * P, .new_addr = addr_of(204) + 1, .how = REGIONS_FIXED | REGIONS_MAYMOVE), -EINVAL, false },
		{ "mremap whose tail leaves the space", RANGE(REGIONS_MREMAP, 130, NPAGES, .new_len = 10 * P), -EINVAL, false },
		{ "mremap fixed, the same", RANGE(REGIONS_MREMAP, 130, NPAGES, .new_len = P, .new_addr = addr_of(50), .how = REGIONS_FIXED | REGIONS_MAYMOVE), -EINVAL, false },
		{ "mremap over RLIMIT_AS", { .kind = REGIONS_MREMAP, .addr = addr_of(130), .len = 10 * P, .new_len = 20 * P, .limit_as = 45 * P,
			.limit_data = NOLIMIT, .limit_locked = NOLIMIT }, -ENOMEM, false },
		{ "stack: no region above", RANGE(REGIONS_GROW_STACK, 1900, 0), -EFAULT, false },
		{ "stack: region above does not grow", RANGE(REGIONS_GROW_STACK, 90, 0), -EFAULT, false },
		{ "stack: already there", RANGE(REGIONS_GROW_STACK, 705, 0), 0, false },
		{ "stack: over RLIMIT_STACK", { .kind = REGIONS_GROW_STACK, .addr = addr_of(695), .limit_stack = 14 * P, .limit_as = NOLIMIT }, -ENOMEM, false },
		{ "stack: too near to what is below", RANGE(REGIONS_GROW_STACK, 395, 0), -EFAULT, false },
		{ "stack: just far enough", RANGE(REGIONS_GROW_STACK, 396, 0), 0, true },
		{ "stack: at RLIMIT_STACK", { .kind = REGIONS_GROW_STACK, .addr = addr_of(695), .limit_stack = 15 * P, .limit_as = NOLIMIT }, 0, true },
		{ "unknown operation", { .kind = 77 }, -EINVAL, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct pool p;
		struct regions s;
		u64 hash;
		s32 err;

		build(&s, &p);
		hash = regions_hash(&s);
		err = apply(&s, table[i].op).err;
		ok(err == table[i].err && (regions_hash(&s) != hash) == table[i].changes && !regions_check(&s), "%s: %d", table[i].name, err);
		pool_drop(&p);
	}
}

static void test_placement(void)
{
	struct pool p;
	struct regions s;
	struct region r;
	u64 a, b;

	build(&s, &p);
	a = apply(&s, MAPOP(0, 3)).addr;
	b = apply(&s, MAPOP(0, 2)).addr;
	ok(a == addr_of(BASE_PAGE - 3) && b == a - 2 * P, "mappings go down from mmap_base");
	ok(regions_find(&s, a, &r) && r.start == b && r.end == a + 3 * P, "and merge");
	apply(&s, RANGE(REGIONS_UNMAP, BASE_PAGE - 3, 1));
	ok(apply(&s, MAPOP(0, 1)).addr == addr_of(BASE_PAGE - 3), "a hole is reused");
	ok(apply(&s, MAPOP(addr_of(200) + 7, 1)).addr == addr_of(200), "a hint is rounded down and taken");
	ok(apply(&s, MAPOP(addr_of(135), 1)).addr == addr_of(BASE_PAGE - 6), "an occupied hint is ignored");
	ok(apply(&s, MAPOP(addr_of(600), 1)).addr == addr_of(BASE_PAGE - 7), "a hint in the stack's guard is ignored");
	ok(apply(&s, MAPOP(1, 1)).addr == addr_of(BASE_PAGE - 8), "hint 1 is no hint");
	ok(apply(&s, MAPOP(P, 1)).addr == addr_of(0), "a hint below the minimum becomes the minimum");
	ok(regions_place(&s, 0, 900 * P) == 0, "nowhere for 900 pages");
	ok(regions_place(&s, 0, 790 * P) == 0 && regions_place(&s, 0, 500 * P) == addr_of(BASE_PAGE - 8 - 500), "500 pages fit above the stack");
	apply(&s, MAPOP(addr_of(710), BASE_PAGE - 710 - 8, .how = REGIONS_FIXED));
	ok(regions_place(&s, 0, 400 * P) == addr_of(NPAGES - 400), "then only above mmap_base");
	ok(regions_place(&s, 0, 244 * P) == addr_of(NPAGES - 244) && regions_place(&s, 0, 243 * P) == addr_of(201),
	   "243 pages, no more, fit between a mapping and the stack's guard");
	ok(regions_place(&s, 0, 500 * P) == addr_of(BASE_PAGE) && regions_place(&s, 0, 501 * P) == 0, "500 at the top, 501 nowhere");
	pool_drop(&p);
}

static void test_limits(void)
{
	struct regions_config cfg = config;
	struct pool p;
	struct regions s;
	s32 err;
	u32 i;

	cfg.max = 20;
	test_pool(&p);
	regions_init(&s, &p, &cfg);
	for (i = 0; i <= 20; i++)
		apply(&s, MAPOP(addr_of(3 * i), 2, .how = REGIONS_FIXED));
	ok(s.count == 21 && apply(&s, MAPOP(addr_of(90), 1, .how = REGIONS_FIXED)).err == -ENOMEM, "max_map_count: one more, as in Linux, then -ENOMEM");
	apply(&s, RANGE(REGIONS_UNMAP, 60, 2));
	apply(&s, RANGE(REGIONS_UNMAP, 57, 2));
	apply(&s, MAPOP(addr_of(100), 3, .how = REGIONS_FIXED));
	ok(s.count == 20 && apply(&s, RANGE(REGIONS_UNMAP, 101, 1)).err == -ENOMEM, "no split at the limit");
	err = apply(&s, RANGE(REGIONS_PROTECT, 101, 1, .set = 1)).err;
	ok(err == -ENOMEM && !regions_check(&s), "no split by mprotect either");
	ok(apply(&s, MAPOP(addr_of(101), 1, .how = REGIONS_FIXED)).err == -ENOMEM, "nor by a fixed mapping inside another");
	ok(apply(&s, RANGE(REGIONS_UNMAP, 100, 1)).err == 0, "but cutting an end is fine");
	pool_drop(&p);
}

/* A fixed mapping over many regions, seen half-way. */
static void test_claims(void)
{
	struct regions_op op = MAPOP(addr_of(100), 100, .how = REGIONS_FIXED, .r.prot = 1);
	struct regions_ret r;
	struct pool p, p2;
	struct regions s, copy;
	struct region at;
	u32 i;

	test_pool(&p2);
	test_pool(&p);
	regions_init(&s, &p, &config);
	for (i = 0; i < 20; i++)
		apply(&s, MAPOP(addr_of(100 + 5 * i), 2, .how = REGIONS_FIXED));
	apply(&s, MAPOP(addr_of(210), NPAGES - 210, .how = REGIONS_FIXED));
	r = apply(&s, op);
	ok(r.more && r.ngone == REGIONS_STEP && !regions_check(&s), "first step: %u regions gone, more to come", r.ngone);
	ok(s.nclaims == 1 && apply(&s, MAPOP(0, 10)).addr == addr_of(200), "nobody else is placed there");
	ok(apply(&s, MAPOP(addr_of(190), 1)).addr == addr_of(99), "not even by a hint");
	ok(apply(&s, MAPOP(addr_of(102), 1, .how = REGIONS_FIXED | REGIONS_NOREPLACE)).err == -EEXIST, "nor with MAP_FIXED_NOREPLACE");
	r = apply(&s, op);
	ok(r.more && r.ngone == REGIONS_STEP && s.nclaims == 1, "second step");
	r = apply(&s, op);
	ok(!r.more && r.addr == addr_of(100) && r.added == 100 && regions_find(&s, addr_of(150), &at) && at.what == REGIONS_PLAIN &&
	   at.start == addr_of(100) && at.end == addr_of(200), "third step: done");
	ok(s.nclaims == 0 && !regions_check(&s), "the claim is over");
	for (i = 0; i < 20; i++)
		apply(&s, MAPOP(addr_of(100 + 5 * i), 2, .how = REGIONS_FIXED));
	r = apply(&s, op);
	op.limit_as = P;
	r = apply(&s, op);
	ok(r.err == -ENOMEM && !regions_find(&s, addr_of(100), &at) && s.nclaims == 0, "a step that fails gives the claim up");
	for (i = 0; i < REGIONS_CLAIMS; i++)
		s.claim[i].start = s.claim[i].end = LOW;
	s.nclaims = REGIONS_CLAIMS;
	op.limit_as = NOLIMIT;
	regions_clone(&copy, &p2, &s);
	regions_after_fork(&copy);
	ok(copy.nclaims == 0, "a fork does not inherit claims");
	pool_drop(&p2);
	r = apply(&s, op);
	ok(r.more && !r.err && !r.ngone && !regions_check(&s), "too many claims: to be tried again");
	s.nclaims--;
	ok(apply(&s, op).ngone == REGIONS_STEP && s.nclaims == REGIONS_CLAIMS, "and then it goes on");
	pool_drop(&p);
}

static void test_many(void)
{
	struct regions_config cfg = { .low = LOW, .high = (u64)1 << 46, .mmap_base = (u64)1 << 45 };
	struct regions_op op = MAPOP(0, 1);
	struct regions_ret r;
	struct pool p;
	struct regions s;
	u32 i, n = 0;

	test_pool(&p);
	regions_init(&s, &p, &cfg);
	for (i = 0; i < 65531; i++) { /* alternating rights: nothing merges */
		op.r.prot = i & 1 ? 1 : 3;
		regions_apply(&s, &op, sizeof(op), NULL);
	}
	ok(s.count == 65531 && apply(&s, op).err == -ENOMEM && !regions_check(&s), "65531 regions, then -ENOMEM");
	ok(s.pool->used <= 65531 * 128, "%zu bytes each", s.pool->used / 65531);
	apply(&s, (struct regions_op){ .kind = REGIONS_UNMAP, .addr = cfg.mmap_base - 30000 * P, .len = P });
	op.r.prot = 4;
	ok(apply(&s, op).addr == cfg.mmap_base - 30000 * P, "the one gap among them is found");
	op = (struct regions_op){ .kind = REGIONS_UNMAP, .addr = LOW, .len = cfg.high - LOW };
	for (r.more = true; r.more; n++, op.len -= r.next - op.addr, op.addr = r.next)
		regions_apply(&s, &op, sizeof(op), &r);
	ok(s.count == 0 && s.pages == 0 && p.used == 0 && n == (65531 + 7) / 8, "one munmap in %u steps", n);
	pool_drop(&p);
}

#endif
