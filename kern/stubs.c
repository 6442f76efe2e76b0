/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stand-ins until proc, sys and the terminal are here: /proc/self/exe alone. */
#include "base/string.h"
#include "kern/fs.h"
#include "kern/process.h"
#include "kern/space.h"
#include "kern/tty.h"

struct file *tty_open(u32 rdev, u32 flags, int *err) { (void)rdev; (void)flags; *err = -ENXIO; return NULL; }
void tty_session_ended(u64 tty) { (void)tty; }
void tty_start(void) {}

static void st_root(struct pseudo_node *n) { *n = (struct pseudo_node){ .fs = PSEUDO_PROC, .mode = S_IFDIR | 0555, .ino = 1 }; }
static int st_lookup(const struct pseudo_node *d, const char *name, size_t len, struct pseudo_node *out)
{
	if (d->ino == 1 && len == 4 && !memcmp(name, "self", 4)) { *out = (struct pseudo_node){ .fs = d->fs, .mode = S_IFDIR | 0555, .ino = 2 }; return 0; }
	if (d->ino == 2 && len == 3 && !memcmp(name, "exe", 3)) { *out = (struct pseudo_node){ .fs = d->fs, .mode = S_IFLNK | 0777, .ino = 3 }; return 0; }
	return -ENOENT;
}
static void st_parent(const struct pseudo_node *d, struct pseudo_node *out) { (void)d; st_root(out); }
static int st_readdir(const struct pseudo_node *d, u64 *c, dir_emit e, void *x) { (void)d; (void)c; (void)e; (void)x; return 0; }
static int st_show(const struct pseudo_node *n, struct text *t) { (void)n; (void)t; return 0; }
static int st_readlink(const struct pseudo_node *n, char *b, size_t s) { (void)n; return fs_name_of(process_current()->space->exe, b, s); }
static int st_follow(const struct pseudo_node *n, struct path *out)
{
	struct file *f = process_current()->space->exe;
	(void)n;
	out->body = f->body; body_get(f->body);
	return fs_attr(f->ino, &out->at);
}
static int st_path(const struct pseudo_node *d, char *b, size_t s) { (void)d; (void)b; (void)s; return 0; }
const struct pseudo_fs proc_fs = { .name = "proc", .root = st_root, .lookup = st_lookup, .parent = st_parent, .readdir = st_readdir,
	.show = st_show, .readlink = st_readlink, .follow = st_follow, .path = st_path };
const struct pseudo_fs sys_fs = { .name = "sysfs", .root = st_root, .lookup = st_lookup, .parent = st_parent, .readdir = st_readdir,
	.show = st_show, .readlink = st_readlink, .follow = st_follow, .path = st_path };
