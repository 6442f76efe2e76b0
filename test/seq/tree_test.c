/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Random operation programs against the naive model. Two replicas with different memory histories run along; from time
 * to time one of them is thrown away and cloned from the other. After every operation the results are compared, after every
 * few the whole state, the invariants, the hashes, walks, paths and listings.
 *
 *   tree_test [SEED [ROUNDS]]     the seed of a failing program is printed with it
 */
#include "test/seq/tree_common.h"
#include "test/seq/tree_model.h"

static struct replica A, B;
static struct model M;
static struct command C;
static struct tree_attr attr_a, attr_m;

#define must(cond) do { if (!(cond)) { printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); return false; } } while (0)

/* ---- a random command ---- */

static const struct tree_cred *some_cred(void)
{
	static const struct tree_cred chowner = { .uid = 30, .gid = 50, .caps = TREE_CAP_CHOWN };

	switch (below(8)) {
	case 0:
		return &ann;
	case 1:
		return &bob;
	case 2:
		return &chowner;
	default:
		return &root_cred;
	}
}

static void some_name(char *out)
{
	if (below(50) == 0) {
		size_t len = 250 + below(10);

		memset(out, 'a' + (int)below(2), len);
		out[len] = 0;
		return;
	}
	sprintf(out, "%c", 'a' + (int)below(6));
	if (below(6) == 0)
		strcat(out, "x");
}

static u64 some_ino(void)
{
	u64 span = below(4) ? MIN(M.next, (u64)40) : M.next + 2;

	return below(3) == 0 ? 1 + below(span) : M.next > 40 ? M.next - below(40) : 1 + below(span);
}

/* Mostly a live directory. */
static u64 some_dir(void)
{
	for (int tries = 0; tries < 20; tries++) {
		u64 ino = some_ino();

		if (below(30) == 0)
			return ino;
		if (ino < M.next && M.inode[ino].live && (M.inode[ino].mode & TREE_IFMT) == TREE_IFDIR)
			return ino;
	}
	return TREE_ROOT;
}

static void some_text(char *out) /* a path */
{
	static const char *const pieces[] = { "a", "b", "c", "d", "e", "f", "ax", "..", "..", ".", "bx", "a" };
	unsigned n = (unsigned)below(6);

	strcpy(out, below(3) ? "" : below(4) ? "/" : "//");
	if (below(60) == 0)
		return;
	for (unsigned k = 0; k <= n; k++) {
		strcat(out, pieces[below(ARRAY_SIZE(pieces))]);
		if (k < n || below(5) == 0)
			strcat(out, below(6) ? "/" : "///");
	}
	if (below(60) == 0)
		memset(out + strlen(out), 'z', 257), out[300] = 0;
}

static u32 some_mode(void)
{
	static const u32 types[] = { TREE_IFREG, TREE_IFREG, TREE_IFDIR, TREE_IFDIR, TREE_IFDIR, TREE_IFIFO, TREE_IFCHR };

	return types[below(ARRAY_SIZE(types))] | (below(3) ? 0777 : (u32)below(010000));
}

static u32 some_id(void)
{
	static const u32 ids[] = { 0, 10, 20, 30, 50, 60, TREE_KEEP };

	return ids[below(ARRAY_SIZE(ids))];
}

static void some_command(u64 body)
{
	static const enum verb often[] = {
		CREATE, CREATE, CREATE, CREATE, SYMLINK, LINK, UNLINK, UNLINK, RMDIR, RENAME, RENAME, RENAME, FREE, FREE,
	};

	memset(&C, 0, sizeof(C));
	C.verb = below(3) ? often[below(ARRAY_SIZE(often))] : (enum verb)below(VERBS);
	C.cred = some_cred();
	C.dir = some_dir();
	C.dir2 = some_dir();
	C.ino = some_ino();
	C.body = body;
	C.mode = some_mode();
	C.rdev = (u32)below(5);
	C.uid = some_id();
	C.gid = some_id();
	some_name(C.name);
	some_name(C.name2);
	if (C.verb == CREATE || C.verb == SYMLINK)
		C.flags = (below(2) ? TREE_EXCL : 0) | (below(10) ? 0 : TREE_UNNAMED);
	if (C.verb == RENAME)
		C.flags = below(3) ? 0 : (unsigned)below(16);
	if (C.verb == SYMLINK || C.verb == TARGET)
		some_text(C.name2);
	if (C.verb == MOUNT) {
		C.mount = below(2) ? 0 : 1 + (u32)below(3);
		C.ino = below(8) ? C.ino : 0;
		if (C.mount)
			C.ino = below(10) ? 0 : C.ino;
		for (int tries = 0; !C.mount && tries < 300 && !(C.ino < M.next && M.inode[C.ino].is_root); tries++)
			C.ino = 2 + below(M.next);
	}
}

static int encode(void *op)
{
	size_t len = strlen(C.name), len2 = strlen(C.name2);

	switch (C.verb) {
	case CREATE:
		return tree_op_create(op, C.cred, C.dir, C.name, len, C.mode, C.rdev, C.body, C.flags);
	case SYMLINK:
		C.rdev = 0;
		return tree_op_symlink(op, C.cred, C.dir, C.name, len, C.name2, len2, C.body, C.flags);
	case TARGET:
		return tree_op_target(op, C.ino, C.name2, len2);
	case LINK:
		return tree_op_link(op, C.cred, C.ino, C.dir, C.name, len);
	case UNLINK:
		return tree_op_unlink(op, C.cred, C.dir, C.name, len);
	case RMDIR:
		return tree_op_rmdir(op, C.cred, C.dir, C.name, len);
	case RENAME:
		return tree_op_rename(op, C.cred, C.dir, C.name, len, C.dir2, C.name2, len2, C.flags);
	case CHMOD:
		return tree_op_chmod(op, C.cred, C.ino, C.mode);
	case CHOWN:
		return tree_op_chown(op, C.cred, C.ino, C.uid, C.gid);
	case KILLPRIV:
		return tree_op_killpriv(op, C.cred, C.ino);
	case FREE:
		return tree_op_free(op, C.ino);
	case ROOT:
		return tree_op_root(op, C.mode, C.uid, C.gid, C.body);
	case MOUNT:
		return tree_op_mount(op, C.dir, C.mount, C.ino);
	case UMOUNT:
		return tree_op_umount(op, C.dir);
	default:
		return -EINVAL;
	}
}

/* ---- comparing ---- */

static bool same_attr(const struct tree_attr *a, const struct tree_attr *b)
{
	return a->ino == b->ino && a->fs == b->fs && a->parent == b->parent && a->body == b->body &&
	       a->mounted_root == b->mounted_root && a->covers == b->covers && a->mount == b->mount &&
	       a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && a->nlink == b->nlink &&
	       a->rdev == b->rdev && a->size == b->size;
}

static bool same_ret(const struct tree_ret *a, const struct tree_ret *b)
{
	if (a->err != b->err)
		printf("# verb %d: error %d, expected %d\n", C.verb, a->err, b->err);
	if (a->err || b->err)
		return a->err == b->err;
	return a->existed == b->existed && same_attr(&a->at, &b->at) && a->mount == b->mount &&
	       a->mounted_root == b->mounted_root && a->victim.ino == b->victim.ino &&
	       a->victim.body == b->victim.body && a->victim.nlink == b->victim.nlink && a->victim.mode == b->victim.mode;
}

static bool one_operation(u64 body)
{
	u64 op[TREE_OP_MAX / 8];
	struct tree_ret a, b, m;
	int len;

	some_command(body);
	len = encode(op);
	if (len < 0) /* the builders are tested elsewhere */
		return true;
	apply(&A, op, len, &a);
	apply(&B, op, len, &b);
	model_apply(&M, &C, &m);
	must(same_ret(&a, &m));
	must(same_ret(&b, &a));
	return true;
}

struct scan {
	u64 dir;
	unsigned at, seen, stop;
	u64 cookie;
	bool bad;
};

/* Entries must be those of the model, newest first; the scan stops now and then and goes on by its cookie. */
static bool scan_one(void *ctx, const struct tree_dirent *e)
{
	struct scan *s = ctx;

	if (s->seen >= 2) {
		const struct model_name *n;

		while (s->at > 0 && M.name[s->at - 1].dir != s->dir)
			s->at--;
		n = s->at > 0 ? &M.name[--s->at] : NULL;
		if (!n || strlen(n->name) != e->len || memcmp(n->name, e->name, e->len) || n->ino != e->ino ||
		    e->type != (M.inode[e->ino].mode & TREE_IFMT)) {
			s->bad = true;
			return false;
		}
	}
	s->seen++;
	s->cookie = e->cookie;
	return --s->stop;
}

static bool same_listing(u64 dir, u32 entries)
{
	struct scan s = { .dir = dir, .at = M.names };
	unsigned before;

	do {
		before = s.seen;
		s.stop = 1 + (unsigned)below(5);
		must(tree_readdir(&A.tree, dir, s.cookie, scan_one, &s) == 0);
	} while (!s.bad && s.seen > before);
	must(!s.bad && s.seen == entries + 2 && s.cookie == TREE_COOKIE_END);
	return true;
}

static bool same_path(u64 dir)
{
	static char want[100000], got[TREE_PATH_MAX];
	u64 root = below(3) ? TREE_ROOT : some_dir();
	int err, n;

	if (tree_attr(&A.tree, root, &attr_a) || (attr_a.mode & TREE_IFMT) != TREE_IFDIR)
		return true;
	err = model_path(&M, root, dir, want);
	n = tree_path(&A.tree, root, dir, got, sizeof(got));
	if (!err && strlen(want) >= sizeof(got))
		err = -ERANGE;
	must(err ? n == err : n == (int)strlen(want) && !strcmp(got, want));
	return true;
}

static bool same_inode(u64 ino)
{
	static char target[TREE_TARGET_MAX + 1];
	int n;

	model_attr(&M, ino, &attr_m);
	must((tree_attr(&A.tree, ino, &attr_a) == 0) == (attr_m.ino != 0));
	if (!attr_m.ino)
		return true;
	must(same_attr(&attr_a, &attr_m));
	if ((attr_m.mode & TREE_IFMT) == TREE_IFLNK) {
		n = tree_readlink(&A.tree, ino, target, sizeof(target));
		must(n == (int)strlen(M.inode[ino].target) && !memcmp(target, M.inode[ino].target, (size_t)n));
	}
	if ((attr_m.mode & TREE_IFMT) == TREE_IFDIR)
		return (!attr_m.nlink || same_listing(ino, attr_m.size)) && same_path(ino);
	return true;
}

static bool same_state(void)
{
	must(checks(&A) && checks(&B));
	must(tree_hash(&A.tree) == tree_hash(&B.tree));
	for (u64 ino = 1; ino < M.next + 1; ino++)
		if (!same_inode(ino)) {
			printf("# inode %llu\n", (unsigned long long)ino);
			return false;
		}
	return true;
}

static bool one_walk(void)
{
	static char rest[100000], buf[TREE_PATH_MAX], path[2000];
	const struct tree_cred *cred = some_cred();
	u64 root = below(3) ? TREE_ROOT : some_dir(), cwd = some_dir();
	unsigned flags = (unsigned)below(16);
	struct tree_walk a = { .buf = buf, .size = sizeof(buf) }, m;
	int err, want;

	if (!M.inode[root < M.next ? root : 0].live || (M.inode[root].mode & TREE_IFMT) != TREE_IFDIR)
		root = TREE_ROOT;
	some_text(path);
	err = tree_walk(&A.tree, cred, root, cwd, path, strlen(path), flags, &a);
	want = model_walk(&M, cred, root, cwd, path, flags, &m, rest);
	if (err != want)
		printf("# walk \"%s\" flags %u root %llu cwd %llu: %d, expected %d\n", path, flags,
		       (unsigned long long)root, (unsigned long long)cwd, err, want);
	must(err == want);
	if (err)
		return true;
	must(same_attr(&a.at, &m.at) && a.kind == m.kind && a.slash == m.slash && a.links == m.links);
	must(a.mount == m.mount);
	if (a.mount) {
		must(a.rest_len == strlen(rest) && !memcmp(a.rest, rest, a.rest_len));
		return true;
	}
	must(same_attr(&a.dir, &m.dir));
	must(a.kind != TREE_LAST_NAME || !strcmp(a.last, m.last));
	return true;
}

/* Throws B away and makes it anew from A, in a pool with another past. */
static bool replace_b(void)
{
	must(close_replica(&B));
	open_pool(&B);
	give_history(&B, (unsigned)below(200));
	must(tree_clone(&B.tree, &B.pool, &A.tree) == 0);
	must(tree_hash(&A.tree) == tree_hash(&B.tree) && checks(&B));
	return true;
}

static bool run(u64 steps)
{
	for (u64 n = 1; n <= steps && M.next + 1 < MODEL_INODES && M.names + 1 < MODEL_NAMES; n++) {
		if (!one_operation(n))
			return false;
		for (unsigned k = 0; k < 3; k++)
			if (!one_walk())
				return false;
		if (n % 200 == 0 && !same_state())
			return false;
		if (below(700) == 0 && !replace_b())
			return false;
	}
	return same_state();
}

/* A change of one bit of one attribute must show in the hash: the hash sees what replicas compare. */
static bool hash_sees(void)
{
	u64 op[TREE_OP_MAX / 8], before = tree_hash(&A.tree);
	struct tree_ret ret;

	apply(&A, op, tree_op_chmod(op, &root_cred, TREE_ROOT, 0700), &ret);
	return tree_hash(&A.tree) != before && tree_hash(&A.tree) != tree_hash(&B.tree);
}

static bool program(u64 seed)
{
	bool good;

	rng_state = seed * 2 + 1;
	open_replica(&A);
	open_pool(&B);
	give_history(&B, 150);
	tree_init(&B.tree, &B.pool, NULL);
	model_init(&M);
	good = run(4000) && hash_sees();
	if (!good) {
		printf("# seed %llu\n", (unsigned long long)seed);
		return false;
	}
	return close_replica(&A) && close_replica(&B);
}

int main(int argc, char **argv)
{
	u64 seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 6;

	for (u64 n = seed; n < seed + rounds; n++)
		if (!ok(program(n), "random program, seed %llu", (unsigned long long)n))
			break;
	return tap_end();
}
