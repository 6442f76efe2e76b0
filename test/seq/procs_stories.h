/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The deterministic half of procs_test.c: numbers, and stories with the answers that Linux gives. */
#ifndef TEST_SEQ_PROCS_STORIES_H
#define TEST_SEQ_PROCS_STORIES_H

static struct pool story_pool;
static struct procs story;

#define DO(k, p, ...) apply(&story, (struct procs_op){ .kind = (k), .pid = (p), __VA_ARGS__ })
#define EXIT(p, st) DO(PROCS_EXIT, p, .status = (st))
#define WAIT(p, who, fl) DO(PROCS_WAIT, p, .target = (who), .flags = (fl))
#define TTY(k, p, t, ...) DO(k, p, .tty = { .tty = (t), __VA_ARGS__ })

static s32 story_fork(s32 parent)
{
	return DO(PROCS_FORK, parent, .fork = { .handle = 500 + story.last, .thread = 900 + story.last, .exit_signal = 17 }).pid;
}

static s32 set_group(s32 caller, s32 pid, s32 pgid)
{
	return DO(PROCS_SETPGID, caller, .target = pid, .pgid = pgid).err;
}

static void begin(u32 pid_max)
{
	struct procs_config cfg = { .pid_max = pid_max };

	test_pool(&story_pool);
	procs_init(&story, &story_pool, &cfg);
	story_fork(0);
}

static void end(void)
{
	ok(!procs_check(&story), "the table is sound");
	pool_drop(&story_pool);
}

static struct procs_info get(s32 pid)
{
	struct procs_info i = { 0 };

	procs_get(&story, pid, &i);
	return i;
}

static void test_numbers(void)
{
	s32 pid, i;

	begin(310);
	ok(get(1).pid == 1 && get(1).ppid == 0 && get(1).pgid == 0 && get(1).sid == 0, "pid 1 in group 0, session 0");
	ok(DO(PROCS_FORK, 0).err == -EEXIST, "there is one pid 1");
	ok(story_fork(1) == 2 && story_fork(1) == 3, "numbers count up");
	DO(PROCS_SETSID, 2);
	pid = story_fork(2);
	EXIT(2, 0);
	WAIT(1, 2, PROCS_WEXITED);
	ok(pid == 4 && get(4).sid == 2 && get(4).pgid == 2 && get(4).ppid == 1, "its session outlives process 2");
	for (i = 5; i < 310; i++)
		story_fork(1);
	ok(story.last == 309 && DO(PROCS_FORK, 1).err == -EAGAIN, "all numbers from 300 on in use: -EAGAIN");
	EXIT(305, 0);
	ok(DO(PROCS_FORK, 1).err == -EAGAIN, "a zombie keeps its number");
	WAIT(1, 305, PROCS_WEXITED);
	ok(story_fork(1) == 305, "after wait it is free");
	EXIT(3, 0);
	WAIT(1, 3, PROCS_WEXITED);
	ok(DO(PROCS_FORK, 1).err == -EAGAIN, "below 300 nothing is given out twice");
	end();

	begin(303);
	story.last = 299;
	pid = story_fork(1);
	DO(PROCS_SETSID, pid);
	i = story_fork(pid);
	set_group(i, 0, 0);
	EXIT(pid, 0);
	WAIT(1, pid, PROCS_WEXITED);
	ok(story_fork(1) == 302 && DO(PROCS_FORK, 1).err == -EAGAIN, "a number that only a session bears is in use");
	EXIT(i, 0);
	WAIT(1, i, PROCS_WEXITED);
	ok(story_fork(1) == 300 && story_fork(1) == 301, "until the session is empty");
	end();
}

static void test_setpgid(void)
{
	s32 sh, a, b, other, t;

	begin(0);
	sh = story_fork(1);
	DO(PROCS_SETSID, sh);
	a = story_fork(sh);
	b = story_fork(sh);
	other = story_fork(1);
	t = DO(PROCS_CLONE_THREAD, a, .handle = { .handle = 5 }).pid;
	ok(set_group(sh, a, -1) == -EINVAL, "negative group: EINVAL");
	ok(set_group(sh, 999, 0) == -ESRCH, "no such process: ESRCH");
	ok(set_group(sh, t, 0) == -EINVAL, "a thread: EINVAL");
	ok(set_group(sh, other, 0) == -ESRCH, "not a child: ESRCH");
	ok(set_group(a, sh, 0) == -ESRCH, "the parent: ESRCH");
	ok(set_group(sh, 0, 0) == -EPERM, "a session leader: EPERM");
	ok(set_group(1, sh, 0) == -EPERM, "a child in another session: EPERM");
	ok(set_group(sh, a, b) == -EPERM, "a group that does not exist: EPERM");
	ok(set_group(sh, a, 0) == 0 && get(a).pgid == a, "a child to a group of its own");
	ok(set_group(sh, b, a) == 0 && get(b).pgid == a, "another child joins");
	ok(set_group(sh, b, 0) == 0 && set_group(b, 0, a) == 0, "and again by itself");
	ok(set_group(other, 0, a) == -EPERM, "a group of another session: EPERM");
	DO(PROCS_EXEC, b, .target = b);
	ok(set_group(sh, b, 0) == -EACCES, "a child that has called exec: EACCES");
	ok(set_group(b, 0, 0) == 0, "itself it may");
	ok(DO(PROCS_SETSID, sh).err == -EPERM && DO(PROCS_SETSID, a).err == -EPERM, "setsid of a leader: EPERM");
	set_group(b, 0, a);
	set_group(a, 0, sh);
	ok(get(a).pgid == sh && DO(PROCS_SETSID, a).err == -EPERM, "setsid while its group lives on: EPERM");
	EXIT(b, 0);
	WAIT(sh, b, PROCS_WEXITED);
	ok(DO(PROCS_SETSID, a).pid == a && get(a).sid == a && get(a).pgid == a, "setsid once it is gone");
	end();
}

static void test_wait(void)
{
	struct procs_ret r;
	s32 sh, a, b;

	begin(0);
	sh = story_fork(1);
	ok(WAIT(sh, -1, PROCS_WEXITED).err == -ECHILD, "no children: ECHILD");
	a = story_fork(sh);
	b = story_fork(sh);
	ok(WAIT(sh, -1, 0).err == -EINVAL, "nothing to wait for: EINVAL");
	r = WAIT(sh, -1, PROCS_WEXITED);
	ok(r.err == 0 && r.pid == 0, "children, but nothing to tell");
	ok(WAIT(sh, 1, PROCS_WEXITED).err == -ECHILD && WAIT(sh, -77, PROCS_WEXITED).err == -ECHILD, "not its children: ECHILD");
	ok(DO(PROCS_STOP, a, .status = 19).count == 1 && DO(PROCS_STOP, a, .status = 20).count == 0, "stopped once");
	ok(WAIT(sh, -1, PROCS_WEXITED).pid == 0, "not told without WUNTRACED");
	r = WAIT(sh, 0, PROCS_WEXITED | PROCS_WSTOPPED | PROCS_WNOWAIT);
	ok(r.pid == a && r.status == (19 << 8 | 0x7f) && r.event == PROCS_DID_STOP && !r.reaped, "stopped by 19");
	ok(WAIT(sh, a, PROCS_WSTOPPED).pid == a && WAIT(sh, a, PROCS_WSTOPPED).pid == 0, "WNOWAIT left it, the next took it");
	DO(PROCS_CONTINUE, a);
	r = WAIT(sh, -1, PROCS_WCONTINUED);
	ok(r.pid == a && r.status == 0xffff, "continued");
	r = EXIT(b, 3 << 8);
	ok(r.parent == sh && r.exit_signal == 17 && !r.reaped && r.parent_handle == get(sh).handle, "exit names the parent");
	EXIT(a, 9);
	ok(WAIT(sh, -1, PROCS_WSTOPPED).err == -ECHILD, "only zombies and no WEXITED: ECHILD");
	r = WAIT(sh, -1, PROCS_WEXITED);
	ok(r.pid == a && r.status == 9 && r.reaped, "lowest number first: killed by 9");
	r = WAIT(sh, -1, PROCS_WEXITED);
	ok(r.pid == b && r.status == 3 << 8 && WAIT(sh, -1, PROCS_WEXITED).err == -ECHILD, "then exit status 3, then ECHILD");
	a = DO(PROCS_FORK, sh, .fork = { .handle = 1, .thread = 1, .exit_signal = 0 }).pid;
	EXIT(a, 0);
	ok(WAIT(sh, -1, PROCS_WEXITED).err == -ECHILD, "a clone child is not seen");
	ok(WAIT(sh, -1, PROCS_WEXITED | PROCS_WCLONE | PROCS_WNOWAIT).pid == a && WAIT(sh, -1, PROCS_WEXITED | PROCS_WALL).pid == a, "but by __WCLONE and __WALL");
	end();
}

static void test_exit(void)
{
	struct procs_ret r;
	s32 sh, a, i;

	begin(0);
	ok(EXIT(1, 0).err == -EPERM && EXIT(9, 0).err == -ESRCH, "pid 1 never exits here; nobody else is there");
	sh = story_fork(1);
	for (i = 0; i < 20; i++)
		a = story_fork(sh);
	EXIT(a, 0);
	r = EXIT(sh, 0);
	ok(r.more && r.inherited == 8 && !r.wake_init && get(sh).children == 12 && get(sh).state == PROCS_RUNNING, "20 children: first 8");
	r = EXIT(sh, 0);
	ok(r.more && get(sh).children == 4, "then 8");
	r = EXIT(sh, 5 << 8);
	ok(!r.more && r.inherited == 4 && r.wake_init && r.init_handle == get(1).handle && r.parent == 1, "then 4, and pid 1 hears of a zombie");
	ok(get(sh).state == PROCS_ZOMBIE && get(a).ppid == 1 && get(1).children == 21, "all of them are its children");
	a = story_fork(1);
	i = story_fork(a);
	EXIT(i, 0);
	ok(DO(PROCS_EXIT, a, .target = 77).err == -EAGAIN, "the parent has changed: EAGAIN");
	r = DO(PROCS_EXIT, a, .target = 1, .flags = PROCS_F_AUTOREAP | PROCS_F_INIT_AUTOREAP);
	ok(r.reaped && get(a).pid == 0 && r.ndropped == 1 && get(i).pid == 0 && r.handle, "no zombies where nobody wants them");
	end();

	begin(0); /* session: shell (tied to nobody), job of two, one stopped */
	sh = story_fork(1);
	DO(PROCS_SETSID, sh);
	a = story_fork(sh);
	set_group(sh, a, 0);
	i = story_fork(a);
	DO(PROCS_STOP, i, .status = 20);
	ok(!procs_group_orphaned(&story, a) && procs_group_orphaned(&story, sh), "a job is not orphaned, the shell's own group is");
	r = EXIT(sh, 0);
	ok(r.norphans == 1 && r.orphans[0] == a && procs_group_orphaned(&story, a), "the shell exits: the stopped job gets SIGHUP");
	end();

	begin(0); /* the tied member itself exits */
	sh = story_fork(1);
	DO(PROCS_SETSID, sh);
	a = story_fork(sh);
	set_group(sh, a, 0);
	i = story_fork(a);
	ok(EXIT(story_fork(a), 0).norphans == 0, "somebody else exits: nothing");
	DO(PROCS_STOP, i, .status = 20);
	r = EXIT(a, 0);
	ok(r.norphans == 1 && r.orphans[0] == a, "the last tie of the job exits: SIGHUP");
	end();
}

static void test_terminal(void)
{
	struct procs_ret r;
	s32 sh, job, other, sid, pgid;

	begin(0);
	sh = story_fork(1);
	ok(TTY(PROCS_TTY_ATTACH, sh, 7).err == -EPERM, "not a session leader: EPERM");
	DO(PROCS_SETSID, sh);
	ok(TTY(PROCS_TTY_ATTACH, sh, 7).err == 0 && TTY(PROCS_TTY_ATTACH, sh, 7).err == 0, "a leader may, again too");
	ok(TTY(PROCS_TTY_ATTACH, sh, 8).err == -EPERM, "not a second one: EPERM");
	ok(procs_tty(&story, 7, &sid, &pgid) == 0 && sid == sh && pgid == sh && get(sh).tty == 7, "its group is in the foreground");
	job = story_fork(sh);
	set_group(sh, job, 0);
	other = story_fork(1);
	ok(TTY(PROCS_TCSETPGRP, sh, 8, .arg = job).err == -ENOTTY, "another terminal: ENOTTY");
	ok(TTY(PROCS_TCSETPGRP, other, 7, .arg = job).err == -ENOTTY, "another session: ENOTTY");
	ok(TTY(PROCS_TCSETPGRP, sh, 7, .arg = -4).err == -EINVAL, "negative: EINVAL");
	ok(TTY(PROCS_TCSETPGRP, sh, 7, .arg = 4000).err == -ESRCH, "nobody's number: ESRCH");
	ok(TTY(PROCS_TCSETPGRP, sh, 7, .arg = other).err == -EPERM, "a group of another session: EPERM");
	ok(TTY(PROCS_TCSETPGRP, sh, 7, .arg = job).err == 0 && get(sh).tty_pgid == job, "the job to the foreground");
	DO(PROCS_SETSID, other);
	ok(TTY(PROCS_TTY_ATTACH, other, 7).err == -EPERM, "somebody else's terminal: EPERM");
	ok(TTY(PROCS_TTY_DETACH, job, 0).err == 0 && get(job).tty == 0 && get(sh).tty == 7, "a member gives it up for itself");
	ok(TTY(PROCS_TTY_DETACH, job, 0).err == -ENOTTY && get(story_fork(job)).tty == 0, "once; its children have none either");
	r = EXIT(sh, 0);
	ok(r.hup_pgid == job && r.tty == 7 && procs_tty(&story, 7, &sid, &pgid) == -ENOTTY, "the leader exits: SIGHUP to the foreground");
	TTY(PROCS_TTY_ATTACH, other, 7);
	sh = story_fork(1);
	DO(PROCS_SETSID, sh);
	ok(DO(PROCS_TTY_ATTACH, sh, .flags = PROCS_F_STEAL, .tty = { .tty = 7 }).err == 0 && get(other).tty == 0 && get(sh).tty == 7, "stolen");
	r = TTY(PROCS_TTY_HANGUP, 0, 7);
	ok(r.pid == sh && r.hup_pgid == sh && TTY(PROCS_TTY_HANGUP, 0, 7).err == -ENOTTY, "hung up");
	end();
}

static void test_threads(void)
{
	struct procs_brief b[8];
	struct procs_info i;
	struct procs_ret r;
	s32 a, t;
	u64 h;

	begin(0);
	a = story_fork(1);
	t = DO(PROCS_CLONE_THREAD, a, .handle = { .handle = 55 }).pid;
	ok(t == a + 1 && procs_by_tid(&story, t, &i, &h) == 0 && i.pid == a && h == 55 && i.threads == 2, "a thread");
	ok(procs_list(&story, PROCS_THREADS, a, 0, b, 8) == 2 && b[1].pid == t, "listed");
	ok(EXIT(a, 0).err == -EBUSY && DO(PROCS_EXEC, a, .target = t).err == -EBUSY, "no exit, no exec before the others are gone");
	r = DO(PROCS_THREAD_EXIT, a);
	ok(r.pid == a && r.count == 1 && get(a).state == PROCS_RUNNING, "the first thread may leave; the process stays");
	r = DO(PROCS_EXEC, a, .target = t);
	ok(r.pid == a && r.handle == 55 && procs_by_tid(&story, a, &i, &h) == 0 && h == 55 && procs_by_tid(&story, t, &i, &h) == -ESRCH,
	   "exec in another thread: it takes the process's number");
	ok(DO(PROCS_CLONE_THREAD, a, .handle = { .handle = 1, .max_threads = 2 }).err == -EAGAIN, "threads-max: EAGAIN");
	ok(DO(PROCS_THREAD_EXIT, a).count == 0 && EXIT(a, 0).err == 0 && DO(PROCS_CLONE_THREAD, a).err == -ESRCH, "the last one out");
	end();
}

static void test_kill(void)
{
	s32 a, b, c;

	begin(0);
	a = story_fork(1);
	b = story_fork(1);
	ok(procs_may_kill(&story, a, b, 15) == 0, "root may");
	DO(PROCS_CREDS, a, .creds = { 1000, 1000, 1000 });
	ok(procs_may_kill(&story, a, b, 15) == -EPERM && procs_may_kill(&story, a, 1, 15) == -EPERM, "a user may not kill root's");
	ok(procs_may_kill(&story, a, b, 18) == 0, "but continue it in the same session");
	DO(PROCS_SETSID, b);
	ok(procs_may_kill(&story, a, b, 18) == -EPERM, "not in another");
	DO(PROCS_CREDS, b, .creds = { 1000, 0, 0 });
	ok(procs_may_kill(&story, a, b, 15) == 0, "one's own set-uid program");
	c = story_fork(a);
	ok(get(c).euid == 1000 && procs_may_kill(&story, c, a, 9) == 0 && procs_may_kill(&story, c, 77, 9) == -ESRCH, "inherited by fork");
	end();
}

#endif
