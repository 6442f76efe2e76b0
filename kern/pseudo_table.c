/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pseudo file systems as tables: see pseudo_table.h. */
#include "kern/pseudo_table.h"
#include "base/print.h"
#include "base/string.h"

/* Positions in a directory: ".", "..", the children, and from MEMBERS on the members by number. */
#define CHILDREN 2ul
#define MEMBERS 4096ul

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ul;
	return h ^ h >> 29;
}

static void number_node(struct pseudo_node *n)
{
	n->ino = mix(mix(mix(mix(0, n->data), n->pid), n->arg), n->kind) >> 24 | 1ul << 39;
}

static void key_set(struct pseudo_node *n, enum pseudo_key key, u64 v)
{
	if (key == KEY_PID)
		n->pid = v;
	else if (key == KEY_ARG)
		n->arg = v;
	else if (key == KEY_KIND)
		n->kind = v;
}

static u64 key_get(const struct pseudo_node *n, enum pseudo_key key)
{
	return key == KEY_PID ? n->pid : key == KEY_ARG ? n->arg : n->kind;
}

void table_root(struct pseudo_node *out, u32 fs, const struct pseudo_entry *root)
{
	*out = (struct pseudo_node){ .fs = fs, .mode = root->mode, .ino = 1, .data = (u64)root };
}

static void child_node(const struct pseudo_node *dir, const struct pseudo_entry *e, struct pseudo_node *out)
{
	*out = *dir;
	out->data = (u64)e;
	out->mode = e->mode;
	out->size = dir->fs == PSEUDO_SYS && (e->mode & S_IFMT) == S_IFREG ? PAGE_SIZE : 0;
	out->rdev = e->rdev;
	number_node(out);
}

/* 0 or -ENOENT. */
static int member_node(const struct pseudo_node *dir, u64 number, struct pseudo_node *out)
{
	const struct pseudo_entry *m = pseudo_entry(dir)->member;

	*out = *dir;
	out->data = (u64)m;
	out->mode = m->mode;
	out->size = 0;
	key_set(out, m->key, number);
	number_node(out);
	if (m->make ? !m->make(out) : m->next(dir, number) != number)
		return -ENOENT;
	return 0;
}

/* The number behind `prefix`: decimal, no leading zero. */
static bool member_number(const char *prefix, const char *name, size_t len, u64 *out)
{
	size_t at = strlen(prefix);

	if (len <= at || len - at > 9 || memcmp(name, prefix, at) || (name[at] == '0' && len - at > 1))
		return false;
	for (*out = 0; at < len; at++) {
		if (name[at] < '0' || name[at] > '9')
			return false;
		*out = *out * 10 + name[at] - '0';
	}
	return true;
}

static bool still_there(const struct pseudo_node *n)
{
	struct pseudo_node copy = *n;
	const struct pseudo_entry *e = pseudo_entry(n);

	return !e->make || e->make(&copy);
}

int table_lookup(const struct pseudo_node *dir, const char *name, size_t len, struct pseudo_node *out)
{
	const struct pseudo_entry *d = pseudo_entry(dir), *e;
	struct pseudo_node at = *dir; /* out may be dir */
	u64 number;

	if (!still_there(&at))
		return d->key == KEY_PID ? -ESRCH : -ENOENT; /* as Linux: its permission check looks for the process */
	for (e = d->children; e && e->name; e++) {
		if (strlen(e->name) == len && !memcmp(e->name, name, len)) {
			child_node(&at, e, out);
			return 0;
		}
	}
	if (d->member && member_number(d->member->name, name, len, &number))
		return member_node(&at, number, out);
	return -ENOENT;
}

/* The directory entry above `e`, searched from `from` down; NULL if it is not below. */
static const struct pseudo_entry *entry_above(const struct pseudo_entry *from, const struct pseudo_entry *e)
{
	const struct pseudo_entry *c, *found;

	if (from->member) {
		if (from->member == e)
			return from;
		found = entry_above(from->member, e);
		if (found)
			return found;
	}
	for (c = from->children; c && c->name; c++) {
		found = c == e ? from : entry_above(c, e);
		if (found)
			return found;
	}
	return NULL;
}

void table_parent(const struct pseudo_node *dir, struct pseudo_node *out)
{
	const struct pseudo_entry *e = pseudo_entry(dir), *up;
	struct pseudo_node root;

	*out = *dir;
	pseudo_fs_of(dir->fs)->root(&root);
	up = entry_above(pseudo_entry(&root), e);
	if (!up)
		return;
	key_set(out, e->key, 0);
	out->data = (u64)up;
	out->mode = up->mode;
	number_node(out);
	if (up == pseudo_entry(&root))
		*out = root;
}

static bool emit_node(const struct pseudo_node *n, const char *name, u64 *cookie, u64 next, dir_emit emit, void *ctx)
{
	if (!emit(ctx, name, strlen(name), n->ino, next, n->mode & S_IFMT))
		return false;
	*cookie = next;
	return true;
}

static void readdir_members(const struct pseudo_node *dir, u64 *cookie, dir_emit emit, void *ctx)
{
	const struct pseudo_entry *m = pseudo_entry(dir)->member;
	u64 number = *cookie - MEMBERS;
	struct pseudo_node n;
	char name[32];

	while ((number = m->next(dir, number)) != PSEUDO_END) {
		if (!member_node(dir, number, &n)) {
			snprintf(name, sizeof(name), "%s%lu", m->name, number);
			if (!emit_node(&n, name, cookie, MEMBERS + number + 1, emit, ctx))
				return;
		}
		number++;
	}
}

int table_readdir(const struct pseudo_node *dir, u64 *cookie, dir_emit emit, void *ctx)
{
	const struct pseudo_entry *d = pseudo_entry(dir), *e;
	struct pseudo_node n;
	u64 at = CHILDREN;

	if (!still_there(dir))
		return -ENOENT;
	table_parent(dir, &n);
	if (*cookie == 0 && !emit_node(dir, ".", cookie, 1, emit, ctx))
		return 0;
	if (*cookie == 1 && !emit_node(&n, "..", cookie, CHILDREN, emit, ctx))
		return 0;
	for (e = d->children; e && e->name; e++, at++) {
		if (at < *cookie)
			continue;
		child_node(dir, e, &n);
		if (!emit_node(&n, e->name, cookie, at + 1, emit, ctx))
			return 0;
	}
	if (!d->member)
		return 0;
	if (*cookie < MEMBERS)
		*cookie = MEMBERS;
	readdir_members(dir, cookie, emit, ctx);
	return 0;
}

int table_show(const struct pseudo_node *n, struct text *t)
{
	const struct pseudo_entry *e = pseudo_entry(n);

	if (e->show)
		return e->show(n, t);
	if (!e->text)
		return -EINVAL;
	text_add(t, e->text, strlen(e->text));
	return 0;
}

long table_store(const struct pseudo_node *n, const char *buf, size_t len)
{
	const struct pseudo_entry *e = pseudo_entry(n);

	return e->store ? e->store(n, buf, len) : n->pid ? -EINVAL : -EIO;
}

int table_readlink(const struct pseudo_node *n, char *buf, size_t size)
{
	const struct pseudo_entry *e = pseudo_entry(n);
	size_t len;

	if (e->readlink)
		return e->readlink(n, buf, size);
	len = MIN(strlen(e->text), size);
	memcpy(buf, e->text, len);
	return len;
}

int table_follow(const struct pseudo_node *n, struct path *out)
{
	const struct pseudo_entry *e = pseudo_entry(n);

	return e->follow ? e->follow(n, out) : 1;
}

struct file *table_open(const struct pseudo_node *n, u32 flags, int *err)
{
	const struct pseudo_entry *e = pseudo_entry(n);

	*err = 0;
	if (e->open)
		return e->open(n, flags, err);
	if ((flags & O_ACCMODE) != O_WRONLY && !e->show && !e->text)
		*err = -EACCES;
	if ((flags & O_ACCMODE) != O_RDONLY && !e->store && n->fs == PSEUDO_SYS)
		*err = -EACCES;
	return NULL;
}

/* Names from the end of the buffer towards its start, then moved to the front. */
int table_path(const struct pseudo_node *n, char *buf, size_t size)
{
	struct pseudo_node at = *n, up;
	size_t from = size, len;
	char name[64];

	for (; at.ino != 1; at = up) {
		const struct pseudo_entry *e = pseudo_entry(&at);

		if (e->key)
			len = snprintf(name, sizeof(name), "/%s%lu", e->name, key_get(&at, e->key));
		else
			len = snprintf(name, sizeof(name), "/%s", e->name);
		if (len + 1 > from)
			return -ERANGE;
		from -= len;
		memcpy(buf + from, name, len);
		table_parent(&at, &up);
		if (up.data == at.data)
			break;
	}
	if (!size)
		return -ERANGE;
	memmove(buf, buf + from, size - from);
	buf[size - from] = 0;
	return size - from;
}

int text_number(const char *buf, size_t len, u64 *out)
{
	size_t i = 0;

	*out = 0;
	while (i < len && buf[i] >= '0' && buf[i] <= '9')
		*out = *out * 10 + buf[i++] - '0';
	if (!i)
		return -EINVAL;
	while (i < len && (buf[i] == '\n' || buf[i] == ' ' || buf[i] == '\t' || !buf[i]))
		i++;
	return i == len ? 0 : -EINVAL;
}

void text_list(struct text *t, u32 n, bool (*has)(u32 i, u64 arg), u64 arg)
{
	const char *comma = "";
	u32 i, end;

	for (i = 0; i < n; i = end) {
		end = i + 1;
		if (!has(i, arg))
			continue;
		while (end < n && has(end, arg))
			end++;
		text_printf(t, "%s%u", comma, i);
		if (end > i + 1)
			text_printf(t, "-%u", end - 1);
		comma = ",";
	}
	text_add(t, "\n", 1);
}
