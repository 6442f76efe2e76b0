/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* /proc/PID: what lies in its address space. See proc_internal.h. */
#include "kern/proc_internal.h"
#include "kern/segments.h"
#include "kern/space.h"
#include "mem/slab.h"

/* The process's space with a reference if the caller may look into it; NULL with *err (0: it has none any more). */
static struct space *look_into(const struct pseudo_node *n, int *err)
{
	struct space *s = NULL;
	struct who w;

	*err = who_get(n, &w);
	if (*err)
		return NULL;
	*err = who_look(&w);
	if (!*err)
		s = space_of(w.p);
	who_put(&w);
	return s;
}

/* ---- strings on the stack */

static void text_memory(struct text *t, struct space *s, u64 start, u64 end)
{
	char buf[256];
	size_t n;

	for (; start < end; start += n) {
		n = space_read(s, start, buf, MIN(sizeof(buf), end - start));
		if (!n)
			return;
		text_add(t, buf, n);
	}
}

/* A program may have overwritten its arguments beyond their end (setproctitle): then up to the next NUL. */
static void text_title(struct text *t, struct space *s)
{
	char c = 0;
	u64 at;

	text_memory(t, s, s->arg_start, s->arg_end);
	if (s->arg_end <= s->arg_start || !space_read(s, s->arg_end - 1, &c, 1) || !c)
		return;
	for (at = s->arg_end; at < s->env_end && space_read(s, at, &c, 1) && c; at++)
		text_add(t, &c, 1);
}

int proc_cmdline(const struct pseudo_node *n, struct text *t)
{
	struct space *s;
	struct who w;
	int err = who_get(n, &w);

	if (err)
		return err;
	s = space_of(w.p);
	who_put(&w);
	if (!s)
		return 0;
	text_title(t, s);
	space_put(s);
	return 0;
}

int proc_environ(const struct pseudo_node *n, struct text *t)
{
	int err;
	struct space *s = look_into(n, &err);

	if (!s)
		return err;
	text_memory(t, s, s->env_start, s->env_end);
	space_put(s);
	return 0;
}

int proc_auxv(const struct pseudo_node *n, struct text *t)
{
	int err;
	struct space *s = look_into(n, &err);

	if (!s)
		return err;
	text_add(t, (const char *)s->auxv, MIN(s->auxv_len * sizeof(u64), sizeof(s->auxv)));
	space_put(s);
	return 0;
}

int proc_statm(const struct pseudo_node *n, struct text *t)
{
	struct space_usage u = { 0 };
	struct space *s;
	struct who w;
	u64 code = 0;
	int err = who_get(n, &w);

	if (err)
		return err;
	s = space_of(w.p);
	who_put(&w);
	if (s) {
		space_usage(s, &u);
		code = (ALIGN_UP(s->code_end, PAGE_SIZE) - ALIGN_DOWN(s->code_start, PAGE_SIZE)) >> PAGE_SHIFT;
		space_put(s);
	}
	text_printf(t, "%lu %lu %lu %lu 0 %lu 0\n", u.pages, u.resident, 0ul, code, u.data_pages + u.stack_pages);
	return 0;
}

/* ---- maps */

static const char *region_special(const struct region *r)
{
	switch (r->what) {
	case REGIONS_HEAP: return "[heap]";
	case REGIONS_STACK: return "[stack]";
	case REGIONS_VDSO: return "[vdso]";
	case REGIONS_VVAR: return "[vvar]";
	default: return NULL;
	}
}

static int ino_name(u64 ino, char *buf, size_t size)
{
	u64 root = fs_place(process_current()->fs).root;
	const struct tree *tree = nr_read_begin(fs_tree(), nr_me(), 0);
	int n = tree_path_of(tree, root, ino, 0, "", 0, buf, size);

	nr_read_end(fs_tree(), nr_me(), 0);
	return n;
}

static void shared_name(const struct region *r, char *name)
{
	s32 key;

	if (segment_size(r->object, &key))
		snprintf(name, PAGE_SIZE, "/SYSV%08x (deleted)", (u32)key);
	else
		strlcpy(name, "/dev/zero (deleted)", PAGE_SIZE);
}

static void maps_line(struct text *t, const struct region *r, char *name)
{
	const char *special = region_special(r);
	size_t start = t->len;
	int n = 0;

	text_printf(t, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", r->start, r->end, r->prot & REGIONS_R ? 'r' : '-',
		    r->prot & REGIONS_W ? 'w' : '-', r->prot & REGIONS_X ? 'x' : '-', r->flags & REGIONS_SHARED ? 's' : 'p',
		    r->ino ? r->offset : 0, r->dev >> 8, r->dev & 255, r->ino);
	if (special)
		strlcpy(name, special, PAGE_SIZE);
	else if (r->ino)
		n = ino_name(r->ino, name, PAGE_SIZE);
	else if ((r->flags & (REGIONS_SHARED | REGIONS_ANON)) == (REGIONS_SHARED | REGIONS_ANON))
		shared_name(r, name);
	else
		n = -ENOENT;
	if (n >= 0) {
		while (!t->failed && t->len < start + 73)
			text_add(t, " ", 1);
		text_add(t, name, strlen(name));
	}
	text_add(t, "\n", 1);
}

static void smaps_body(struct text *t, struct space *s, const struct region *r)
{
	u64 rss = space_resident(s, r->start, r->end) * 4;

	text_printf(t, "Size:           %8lu kB\nKernelPageSize: %8lu kB\nMMUPageSize:    %8lu kB\nRss:            %8lu kB\n",
		    (r->end - r->start) >> 10, 4ul, 4ul, rss);
	text_printf(t, "Anonymous:      %8lu kB\nLocked:         %8lu kB\n", r->ino ? 0ul : rss,
		    r->flags & REGIONS_LOCKED ? rss : 0ul);
}

static int maps_show(const struct pseudo_node *n, struct text *t, bool smaps)
{
	struct region r;
	int err;
	struct space *s = look_into(n, &err);
	char *name;
	u64 at;

	if (!s)
		return err;
	name = kmalloc(PAGE_SIZE);
	err = name ? 0 : -ENOMEM;
	for (at = 0; name && space_next(s, at, &r); at = r.end) {
		maps_line(t, &r, name);
		if (smaps)
			smaps_body(t, s, &r);
	}
	kfree(name);
	space_put(s);
	return err;
}

int proc_maps(const struct pseudo_node *n, struct text *t)
{
	return maps_show(n, t, false);
}

int proc_smaps(const struct pseudo_node *n, struct text *t)
{
	return maps_show(n, t, true);
}

/* ---- exe */

static struct file *exe_of(const struct pseudo_node *n, int *err)
{
	struct space *s = look_into(n, err);
	struct file *f = s ? s->exe : NULL;

	if (f)
		file_get(f);
	else if (!*err)
		*err = -ENOENT;
	if (s)
		space_put(s);
	return f;
}

int proc_exe_readlink(const struct pseudo_node *n, char *buf, size_t size)
{
	int r;
	struct file *f = exe_of(n, &r);

	if (!f)
		return r;
	r = fs_name_of(f, buf, size);
	file_put(f);
	return r;
}

int proc_exe_follow(const struct pseudo_node *n, struct path *out)
{
	int err;
	struct file *f = exe_of(n, &err);

	if (!f)
		return err;
	err = fs_attr(f->ino, &out->at);
	if (!err) {
		out->body = f->body;
		body_get(out->body);
		out->dir = f->dir_ino;
		strlcpy(out->last, f->name, sizeof(out->last));
	}
	file_put(f);
	return err;
}
