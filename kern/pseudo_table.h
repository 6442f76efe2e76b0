/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pseudo file systems as tables: /proc and /sys are constant trees of entries; what is dynamic in them are numbers.
 *
 *   directory --children--> entries with a name          /proc/meminfo, /proc/PID/stat
 *             \-member----> one entry for many numbers   /proc/PID, /proc/PID/fd/N, /sys/devices/system/cpu/cpuN
 *
 * A node (kern/pseudo.h) is an entry plus the numbers met on the way to it, so it stays meaningful, or is found to be
 * gone, however long it is kept. Cost: a lookup compares the names of one directory; going up searches the tables.
 */
#ifndef KERN_PSEUDO_TABLE_H
#define KERN_PSEUDO_TABLE_H

#include "kern/pseudo.h"

/* Which field of the node holds a member's number. */
enum pseudo_key { KEY_NONE, KEY_PID, KEY_ARG, KEY_KIND };

#define PSEUDO_END (~0ul)

struct pseudo_entry {
	const char *name;                     /* of a member: what stands before its number ("cpu"), or "" */
	u32 mode;                             /* S_IF* and permissions */
	const struct pseudo_entry *children;  /* ends with an entry without a name */
	const struct pseudo_entry *member;
	/* members only */
	enum pseudo_key key;
	u64 (*next)(const struct pseudo_node *dir, u64 from); /* the lowest number >= from that exists, or PSEUDO_END */
	bool (*make)(struct pseudo_node *n);  /* does it exist? sets owner and mode; NULL: ask next */
	/* files and links */
	int (*show)(const struct pseudo_node *n, struct text *t);
	long (*store)(const struct pseudo_node *n, const char *buf, size_t len);
	int (*readlink)(const struct pseudo_node *n, char *buf, size_t size);
	int (*follow)(const struct pseudo_node *n, struct path *out);
	struct file *(*open)(const struct pseudo_node *n, u32 flags, int *err);
	u32 rdev;                             /* of devices */
	const char *text;                     /* without show: the contents; of a link without readlink: the target */
};

static inline const struct pseudo_entry *pseudo_entry(const struct pseudo_node *n)
{
	return (const struct pseudo_entry *)n->data;
}

#define PSEUDO_FILE(label, fn) { .name = label, .mode = S_IFREG | 0444, .show = fn }
#define PSEUDO_TEXT(label, s) { .name = label, .mode = S_IFREG | 0444, .text = s }
#define PSEUDO_LINK(label, target) { .name = label, .mode = S_IFLNK | 0777, .text = target }
#define PSEUDO_DIR(label, entries) { .name = label, .mode = S_IFDIR | 0555, .children = entries }

/* The functions of struct pseudo_fs, for a tree of entries. */
void table_root(struct pseudo_node *out, u32 fs, const struct pseudo_entry *root);
int table_lookup(const struct pseudo_node *dir, const char *name, size_t len, struct pseudo_node *out);
void table_parent(const struct pseudo_node *dir, struct pseudo_node *out);
int table_readdir(const struct pseudo_node *dir, u64 *cookie, dir_emit emit, void *ctx);
int table_show(const struct pseudo_node *n, struct text *t);
long table_store(const struct pseudo_node *n, const char *buf, size_t len);
int table_readlink(const struct pseudo_node *n, char *buf, size_t size);
int table_follow(const struct pseudo_node *n, struct path *out);
int table_path(const struct pseudo_node *n, char *buf, size_t size);
struct file *table_open(const struct pseudo_node *n, u32 flags, int *err);

/* Helpers for show and store. */
int text_number(const char *buf, size_t len, u64 *out);   /* a decimal number and white space; 0 or -EINVAL */
/* "0-3,8\n": the numbers that `has` is true for, below n. */
void text_list(struct text *t, u32 n, bool (*has)(u32 i, u64 arg), u64 arg);

#endif
