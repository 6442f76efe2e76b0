/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The file system: fxmark's seven workloads (Min et al., ATC'16; names as there), and open and stat in one directory or
 * in many. Workers are threads of one process.
 *
 *	drbl  read the block of one's own file		drbh  all read the same block of one file
 *	dwol  overwrite the block of one's own file	dwom  overwrite one's own block of one file
 *	mwrl  rename one's own file in one's own folder	mwrm  rename one's own file into a common folder, and back
 *	mix   read or overwrite a random block of one of so many files
 */
#define _GNU_SOURCE
#include "scale.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOP "/tmp/scale"

enum { BLOCKS = 64, NAME = 64 };

static __thread char buffer[PAGE];

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		scale_fail("mkdir");
}

static void make_file(const char *path, int blocks)
{
	int fd = (int)scale_check(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644), "create");

	for (int i = 0; i < blocks; i++)
		scale_check(write(fd, buffer, PAGE), "write");
	close(fd);
}

static void top_prepare(const struct worker *w)
{
	(void)w;
	make_directory(TOP);
	make_directory(TOP "/common");
}

static void common_prepare(const struct worker *w)
{
	top_prepare(w);
	make_file(TOP "/common/file", MAX_WORKERS);
}

static void mix_prepare(const struct worker *w)
{
	top_prepare(w);
	for (long i = 0; i < w->param[1]; i++) {
		char path[NAME];

		snprintf(path, NAME, TOP "/mix%ld", i);
		make_file(path, BLOCKS);
	}
}

static const char *own(char *path, const struct worker *w, const char *name)
{
	snprintf(path, NAME, TOP "/own%d/%s", w->id, name);
	return path;
}

static void own_start(struct worker *w)
{
	char path[NAME];

	make_directory(own(path, w, ""));
	make_file(own(path, w, "file"), 1);
}

static void own_open(struct worker *w)
{
	char path[NAME];

	own_start(w);
	w->fd = scale_check(open(own(path, w, "file"), O_RDWR), "open");
}

static void common_open(struct worker *w)
{
	w->fd = scale_check(open(TOP "/common/file", O_RDWR), "open");
}

static void mix_open(struct worker *w)
{
	char path[NAME];

	snprintf(path, NAME, TOP "/mix%ld", w->id % w->param[1]);
	w->fd = scale_check(open(path, O_RDWR), "open");
}

static void read_first(struct worker *w)
{
	scale_check(pread((int)w->fd, buffer, PAGE, 0), "pread");
}

static void write_first(struct worker *w)
{
	scale_check(pwrite((int)w->fd, buffer, PAGE, 0), "pwrite");
}

static void write_mine(struct worker *w)
{
	scale_check(pwrite((int)w->fd, buffer, PAGE, (off_t)w->id * PAGE), "pwrite");
}

static void mix_op(struct worker *w)
{
	uint64_t random = scale_random(w);
	off_t at = (off_t)(random % BLOCKS) * PAGE;

	if ((long)((random >> 32) % 100) < w->param[0])
		scale_check(pwrite((int)w->fd, buffer, PAGE, at), "pwrite");
	else
		scale_check(pread((int)w->fd, buffer, PAGE, at), "pread");
}

static void rename_own(struct worker *w)
{
	char from[NAME], to[NAME];
	bool odd = w->turn++ & 1;

	scale_check(rename(own(from, w, odd ? "other" : "file"), own(to, w, odd ? "file" : "other")), "rename");
}

static void rename_common(struct worker *w)
{
	char mine[NAME], common[NAME];

	own(mine, w, "file");
	snprintf(common, NAME, TOP "/common/%d", w->id);
	if (w->turn++ & 1)
		scale_check(rename(common, mine), "rename");
	else
		scale_check(rename(mine, common), "rename");
}

/* --- names only --- */

static void many_start(struct worker *w)
{
	own_start(w);
	w->memory = strdup(own((char[NAME]){ 0 }, w, "file"));
}

static void one_start(struct worker *w)
{
	char path[NAME];

	snprintf(path, NAME, TOP "/common/name%d", w->id);
	make_file(path, 1);
	w->memory = strdup(path);
}

static void open_op(struct worker *w)
{
	close((int)scale_check(open(w->memory, O_RDONLY), "open"));
}

static void stat_op(struct worker *w)
{
	struct stat st;

	scale_check(stat(w->memory, &st), "stat");
}

#define THREADS(n, w, prep, begin, operation) \
	{ .name = n, .what = w, .batch = 1, .prepare = prep, .start = begin, .op = operation }

const struct bench file_benches[] = {
	THREADS("drbl", "read a block of one's own file", top_prepare, own_open, read_first),
	THREADS("drbh", "read the same block of one file", common_prepare, common_open, read_first),
	THREADS("dwol", "overwrite a block of one's own file", top_prepare, own_open, write_first),
	THREADS("dwom", "overwrite one's own block of one file", common_prepare, common_open, write_mine),
	THREADS("mwrl", "rename a file in one's own directory", top_prepare, own_start, rename_own),
	THREADS("mwrm", "rename a file into a common directory, and back", top_prepare, own_start, rename_common),
	{ .name = "mix", .what = "/PERCENT/FILES: read or overwrite a random block", .batch = 1, .params = 2,
	  .prepare = mix_prepare, .start = mix_open, .op = mix_op },
	THREADS("open-many", "open and close, each in a directory of its own", top_prepare, many_start, open_op),
	THREADS("open-one", "open and close of files in one directory", top_prepare, one_start, open_op),
	THREADS("stat-many", "stat, each in a directory of its own", top_prepare, many_start, stat_op),
	THREADS("stat-one", "stat of files in one directory", top_prepare, one_start, stat_op),
	{ 0 },
};
