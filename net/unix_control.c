/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What goes with a message besides its bytes: open files (SCM_RIGHTS) and who sent it (SCM_CREDENTIALS). See unix.h.
 *
 * A file in a message may be the last use of a socket with messages in its queue, and so on, as deep as somebody likes. So
 * the messages of a socket that ends go to a list, which one thread at a time empties in a loop. Files on their way are counted
 * in unix_flight.c.
 */
#include "base/string.h"
#include "mem/slab.h"
#include "net/unix.h"

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS };

struct control { u64 len; s32 level, type; }; /* struct cmsghdr; data follow, and the next begins at a multiple of 8 */

struct unix_cred unix_cred_self(void)
{
	struct process *p = process_current();

	return (struct unix_cred){ p->pid, p->cred.euid, p->cred.egid };
}

/* ---- sending */

static int rights_in(struct unix_files *to, const u8 *data, size_t bytes)
{
	u32 n = bytes / sizeof(s32), i;
	struct file **all;
	s32 fd;

	if (to->n + n > UNIX_FILES)
		return -EINVAL;
	if (!n)
		return 0;
	all = kmalloc((to->n + n) * sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (to->n)
		memcpy(all, to->file, to->n * sizeof(*all));
	kfree(to->file);
	to->file = all;
	for (i = 0; i < n; i++) {
		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		all[to->n] = file_of_fd_path(fd);
		if (!all[to->n])
			return -EBADF;
		to->n++;
	}
	return 0;
}

static int credentials_in(struct unix_cred *to, const u8 *data, size_t bytes)
{
	struct process *p = process_current();
	const struct cred *c = &p->cred;
	struct unix_cred says;

	if (bytes != sizeof(says))
		return -EINVAL;
	memcpy(&says, data, sizeof(says));
	if (!cred_capable(c) && (says.pid != p->pid || (says.uid != c->uid && says.uid != c->euid && says.uid != c->suid) ||
				 (says.gid != c->gid && says.gid != c->egid && says.gid != c->sgid)))
		return -EPERM;
	*to = says;
	return 0;
}

int unix_control_in(struct unix_message *x, const struct socket_msg *m)
{
	struct control c;
	size_t at = 0;
	int err = 0;

	while (m->control && !err && at + sizeof(c) <= m->control_len) {
		memcpy(&c, m->control + at, sizeof(c));
		if (c.len < sizeof(c) || c.len > m->control_len - at)
			return -EINVAL;
		if (c.level == SOL_SOCKET && c.type == SCM_RIGHTS)
			err = rights_in(&x->files, m->control + at + sizeof(c), c.len - sizeof(c));
		else if (c.level == SOL_SOCKET && c.type == SCM_CREDENTIALS)
			err = credentials_in(&x->from, m->control + at + sizeof(c), c.len - sizeof(c));
		else if (c.level == SOL_SOCKET)
			err = -EINVAL;
		at += ALIGN_UP(c.len, 8);
	}
	return !err && x->files.n ? unix_flight_begin(&x->files) : err;
}

/* ---- receiving */

/* One more piece behind what is there; what does not fit is cut. */
static void control_add(struct socket_msg *m, size_t *used, s32 type, const void *data, size_t bytes)
{
	struct control c = { sizeof(c) + bytes, SOL_SOCKET, type };
	size_t room = m->control && m->control_len > *used ? m->control_len - *used : 0;

	if (room < sizeof(c)) {
		m->out_flags |= MSG_CTRUNC;
		return;
	}
	if (room < c.len) {
		m->out_flags |= MSG_CTRUNC;
		c.len = room;
	}
	memcpy(m->control + *used, &c, sizeof(c));
	memcpy(m->control + *used + sizeof(c), data, c.len - sizeof(c));
	*used = MIN(*used + ALIGN_UP(c.len, 8), m->control_len);
}

static void rights_out(struct socket_msg *m, size_t *used, const struct unix_files *files)
{
	size_t room = m->control && m->control_len > *used + sizeof(struct control) ?
		      (m->control_len - *used - sizeof(struct control)) / sizeof(s32) : 0;
	s32 fd[UNIX_FILES];
	u32 n;

	for (n = 0; n < files->n && n < room; n++) {
		file_get(files->file[n]);
		fd[n] = fd_install(files->file[n], 0, m->flags & MSG_CMSG_CLOEXEC);
		if (fd[n] < 0) {
			file_put(files->file[n]);
			break;
		}
	}
	if (n < files->n)
		m->out_flags |= MSG_CTRUNC;
	if (n)
		control_add(m, used, SCM_RIGHTS, fd, n * sizeof(*fd));
}

void unix_control_out(struct unix_sock *s, const struct unix_cred *from, struct unix_files *files, struct socket_msg *m)
{
	size_t used = 0;

	if (!(m->flags & MSG_PEEK))
		unix_flight_end(files);
	if (s->passcred)
		control_add(m, &used, SCM_CREDENTIALS, from, sizeof(*from));
	if (files->n && (m->flags & MSG_PEEK)) {
		unix_flight_hold();
		rights_out(m, &used, files);
		unix_flight_release();
	} else if (files->n) {
		rights_out(m, &used, files);
	}
	m->control_len = used;
}

/* ---- ends */

void unix_files_free(struct unix_files *files)
{
	unix_flight_end(files);
	while (files->n)
		file_put(files->file[--files->n]);
	kfree(files->file);
	files->file = NULL;
}

void unix_message_free(struct unix_message *x)
{
	unix_files_free(&x->files);
	unix_name_put(x->name);
	kfree(x);
}

static struct { struct lock lock; struct unix_message *first; bool busy; } dead;

static void dead_add(struct unix_message *first)
{
	struct unix_message *last = first;

	while (last->next)
		last = last->next;
	lock_acquire(&dead.lock);
	last->next = dead.first;
	dead.first = first;
	lock_release(&dead.lock);
}

/* NULL: none is left, or somebody else is at it; `mine`: the caller is. */
static struct unix_message *dead_take(bool mine)
{
	struct unix_message *x = NULL;

	lock_acquire(&dead.lock);
	if (mine || !dead.busy) {
		x = dead.first;
		dead.first = x ? x->next : NULL;
		dead.busy = x;
	}
	lock_release(&dead.lock);
	return x;
}

void unix_messages_free(struct unix_message *first)
{
	struct unix_message *x;

	if (!first)
		return;
	dead_add(first);
	for (x = dead_take(false); x; x = dead_take(true))
		unix_message_free(x);
}
