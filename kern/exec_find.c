/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which program a name means: the file must be regular and executable by the caller, and stays closed to writers while it is
 * executed; "#!" lines lead on to an interpreter, SCRIPTS_MAX times at most; set-id bits count on the first file only.
 */
#include "base/print.h"
#include "base/string.h"
#include "kern/exec_internal.h"
#include "kern/file.h"
#include "kern/fs.h"
#include "kern/notify.h"
#include "mem/slab.h"

#define SCRIPTS_MAX 5             /* interpreters that are scripts themselves */
#define SCRIPT_LINE 255           /* bytes of a script's first line that count */

extern const struct file_ops exec_file_ops;

static int exec_may(struct path *p)
{
	struct tree_cred cred;

	if (path_pseudo(p) || p->file || (p->at.mode & S_IFMT) != S_IFREG)
		return -EACCES;
	fs_cred(process_current(), &cred);
	if (tree_may(&p->at, &cred, 1))
		return -EACCES;
	return 0;
}

struct file *exec_open(int dirfd, const char *name, u32 at_flags, struct tree_attr *at, int *err)
{
	unsigned flags = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : TREE_FOLLOW) | (at_flags & AT_EMPTY_PATH ? TREE_EMPTY : 0);
	struct path p;
	struct file *f;

	*err = path_walk(dirfd, name, flags, &p);
	if (*err)
		return NULL;
	*at = p.at;
	*err = (p.at.mode & S_IFMT) == S_IFLNK ? -ELOOP : exec_may(&p);
	if (!*err)
		*err = body_exec_begin(p.body);
	if (*err) {
		path_drop(&p);
		return NULL;
	}
	f = file_new(&exec_file_ops, O_RDONLY);
	if (!f) {
		body_exec_end(p.body);
		path_drop(&p);
		*err = -ENOMEM;
		return NULL;
	}
	f->body = p.body;
	f->ino = p.at.ino;
	f->dir_ino = p.dir;
	strlcpy(f->name, p.last, sizeof(f->name));
	notify_file(f, IN_OPEN);
	notify_file(f, IN_ACCESS); /* its first bytes are read next */
	return f;
}

static void exec_file_release(struct file *f)
{
	body_exec_end(f->body);
}

const struct file_ops exec_file_ops = { .kind = "exe", .release = exec_file_release };

/* Puts `head` (one or two strings) in place of argv[0]. */
static int argv_prepend(struct strings *argv, const char *interp, const char *arg, const char *script)
{
	size_t first = argv->count ? strlen(argv->text) + 1 : 0;
	size_t add = strlen(interp) + 1 + (arg ? strlen(arg) + 1 : 0) + strlen(script) + 1;
	char *text = kmalloc(argv->size - first + add), *t = text;

	if (!text)
		return -ENOMEM;
	t += strlcpy(t, interp, add) + 1;
	if (arg)
		t += strlcpy(t, arg, add) + 1;
	t += strlcpy(t, script, add) + 1;
	memcpy(t, argv->text + first, argv->size - first);
	argv->size = argv->size - first + add;
	argv->count += (argv->count ? 0 : 1) + 1 + !!arg;
	kfree(argv->text);
	argv->text = text;
	return 0;
}

static char *skip_blanks(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static char *skip_word(char *s)
{
	while (*s && *s != ' ' && *s != '\t')
		s++;
	return s;
}

/* "#! interpreter [one argument]". A line longer than we look at is cut, unless that might cut the interpreter's name.
 * (Linux: fs/binfmt_script.c.) Cuts the text in place; NULL if it names nothing. */
static char *script_parse(char *line, size_t n, char **arg)
{
	char *end = strchr(line, '\n'), *interp;
	bool newline = end;

	if (newline)
		*end = 0;
	else if (n == SCRIPT_LINE && !*skip_word(skip_blanks(line + 2)))
		return NULL;
	for (end = line + strlen(line); end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = 0;
	interp = skip_blanks(line + 2);
	end = skip_word(interp);
	*arg = skip_blanks(end);
	if (!**arg)
		*arg = NULL;
	*end = 0;
	return *interp || !newline ? interp : NULL;
}

/* 0: not a script. 1: pr->name is the interpreter now, and argv says so. */
static int exec_script(struct file *f, struct program *pr, struct strings *argv)
{
	char line[SCRIPT_LINE + 1], *interp, *arg;
	long n = image_read(f, 0, line, SCRIPT_LINE);
	int err;

	if (n < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = 0;
	interp = script_parse(line, n, &arg);
	if (!interp)
		return -ENOEXEC;
	if (!*interp)
		return -EACCES; /* "" would be the working directory */
	err = argv_prepend(argv, interp, arg, pr->name);
	strlcpy(pr->name, interp, sizeof(pr->name));
	return err ? err : 1;
}

/* What argv[0] of a script, AT_EXECFN and the name in ps are made of. */
static int exec_name(struct program *pr, int dirfd, const char *path)
{
	size_t n;

	if (dirfd == AT_FDCWD || path[0] == '/')
		n = strlcpy(pr->execfn, path, sizeof(pr->execfn));
	else
		n = snprintf(pr->execfn, sizeof(pr->execfn), path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, path);
	if (n >= sizeof(pr->execfn))
		return -ENAMETOOLONG;
	memcpy(pr->name, pr->execfn, n + 1);
	return 0;
}

/* The identity that the file's set-id bits give, where they may. */
static void exec_identity(struct program *pr, const struct tree_attr *at)
{
	const struct process *p = process_current();

	pr->uid = p->cred.euid;
	pr->gid = p->cred.egid;
	if (!at || p->no_new_privs)
		return;
	if (at->mode & S_ISUID)
		pr->uid = at->uid;
	if ((at->mode & (S_ISGID | 010)) == (S_ISGID | 010))
		pr->gid = at->gid;
}

int exec_find(struct program *pr, int dirfd, const char *path, u32 at_flags, struct strings *argv)
{
	int depth, err = exec_name(pr, dirfd, path);
	struct tree_attr at;

	for (depth = 0; !err && depth <= SCRIPTS_MAX; depth++) {
		struct file *f = depth ? exec_open(AT_FDCWD, pr->name, 0, &at, &err) :
					 exec_open(dirfd, path, at_flags, &at, &err);

		if (!f)
			return err;
		exec_identity(pr, depth ? NULL : &at);
		err = exec_script(f, pr, argv);
		if (err != 1) {
			pr->main.file = f;
			return err ? err : image_open(&pr->main, f);
		}
		err = 0;
		file_put(f);
	}
	return err ? err : -ELOOP;
}
