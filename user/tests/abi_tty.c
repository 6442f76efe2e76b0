/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * abi_tty: the line discipline, job control and pseudo terminals, seen from both ends of a pseudo terminal. Linux 6.12
 * passes all of it.
 */
#include "tap.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static int master, slave;
static char name[64];
static volatile sig_atomic_t caught;

static void catch(int signo)
{
	caught = signo;
}

static int open_slave(int flags)
{
	return open(name, O_RDWR | flags);
}

/* A fresh pair, without a controlling terminal. */
static void pair(void)
{
	int number, zero = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	ioctl(master, TIOCGPTN, &number);
	ioctl(master, TIOCSPTLCK, &zero);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	slave = open_slave(O_NOCTTY);
}

static void unpair(void)
{
	close(slave);
	close(master);
}

static void type(const char *text)
{
	if (write(master, text, strlen(text)) < 0)
		perror("type");
}

/* Is this what comes out of fd? */
static bool gives(int fd, const char *want)
{
	char got[512];
	size_t n = 0, len = strlen(want);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (n < len && poll(&p, 1, PATIENCE) > 0) {
		ssize_t r = read(fd, got + n, len - n);
		if (r <= 0)
			break;
		n += r;
	}
	if (n == len && !memcmp(got, want, n))
		return true;
	dprintf(1, "# got %zu:", n);
	for (size_t i = 0; i < n; i++)
		dprintf(1, " %02x", (unsigned char)got[i]);
	dprintf(1, "\n");
	return false;
}

/* One read that returns exactly this. */
static bool reads(int fd, const char *want)
{
	char got[512];
	ssize_t n = read(fd, got, sizeof(got));

	return n == (ssize_t)strlen(want) && !memcmp(got, want, n);
}

/* What was typed takes its time to the other end (on Linux): until there are so many bytes to read. */
static bool arrives(int fd, int bytes)
{
	int n = 0;

	for (int tries = 0; tries < PATIENCE && !ioctl(fd, FIONREAD, &n) && n < bytes; tries++)
		usleep(1000);
	return n == bytes;
}

static bool silent(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 50) == 0;
}

static void mode(unsigned clear_l, unsigned set_l, int vmin, int vtime)
{
	struct termios t;

	tcgetattr(slave, &t);
	t.c_lflag &= ~clear_l;
	t.c_lflag |= set_l;
	if (vmin >= 0) {
		t.c_cc[VMIN] = vmin;
		t.c_cc[VTIME] = vtime;
	}
	tcsetattr(slave, TCSANOW, &t);
}

static void input_mode(unsigned clear, unsigned set)
{
	struct termios t;

	tcgetattr(slave, &t);
	t.c_iflag &= ~clear;
	t.c_iflag |= set;
	tcsetattr(slave, TCSANOW, &t);
}

static void output_mode(unsigned clear, unsigned set)
{
	struct termios t;

	tcgetattr(slave, &t);
	t.c_oflag &= ~clear;
	t.c_oflag |= set;
	tcsetattr(slave, TCSANOW, &t);
}

/* --- the pair itself --- */

static void test_open(void)
{
	int fd = GOOD(open("/dev/ptmx", O_RDWR | O_NOCTTY)), number = -1, locked = 0, zero = 0;
	struct stat st;

	GOOD(ioctl(fd, TIOCGPTN, &number));
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	GOOD(ioctl(fd, TIOCGPTLCK, &locked));
	CHECK(locked == 1);
	FAILS(EIO, open_slave(O_NOCTTY));
	GOOD(ioctl(fd, TIOCSPTLCK, &zero));
	slave = GOOD(open_slave(O_NOCTTY));
	GOOD(fstat(slave, &st));
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == (dev_t)(136 << 8 | number));
	CHECK(isatty(slave) && isatty(fd));
	CHECK(ttyname(slave) && !strcmp(ttyname(slave), name));
	FAILS(ESPIPE, lseek(slave, 0, SEEK_SET));
	close(slave);
	close(fd);
	FAILS(ENOENT, open_slave(O_NOCTTY));
}

static void test_defaults(void)
{
	struct termios t;

	pair();
	GOOD(tcgetattr(slave, &t));
	CHECK(t.c_iflag == (ICRNL | IXON));
	CHECK(t.c_oflag == (OPOST | ONLCR));
	CHECK(t.c_lflag == (ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN));
	CHECK(t.c_cc[VINTR] == 3 && t.c_cc[VERASE] == 127 && t.c_cc[VEOF] == 4 && t.c_cc[VMIN] == 1 && t.c_cc[VSUSP] == 26);
	unpair();
}

static void test_ends(void)
{
	char c;
	struct pollfd p;

	pair();
	close(slave);
	FAILS(EIO, read(master, &c, 1));
	p = (struct pollfd){ .fd = master, .events = POLLIN };
	IS(1, poll(&p, 1, 0));
	CHECK(p.revents & POLLHUP);
	slave = open_slave(O_NOCTTY);
	GOOD(write(slave, "x", 1));
	CHECK(gives(master, "x"));
	close(master);
	IS(0, read(slave, &c, 1));
	FAILS(EIO, write(slave, "x", 1));
	p = (struct pollfd){ .fd = slave, .events = POLLIN | POLLOUT };
	IS(1, poll(&p, 1, 0));
	CHECK((p.revents & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP));
	close(slave);
}

/* --- canonical mode --- */

static void test_editing(void)
{
	pair();
	type("ab\177c\r");
	CHECK(gives(master, "ab\b \bc\r\n"));
	CHECK(reads(slave, "ac\n"));
	type("one two\027three\r"); /* ^W */
	CHECK(gives(master, "one two\b \b\b \b\b \bthree\r\n"));
	CHECK(reads(slave, "one three\n"));
	type("gone\025kept\r"); /* ^U */
	CHECK(gives(master, "gone\b \b\b \b\b \b\b \bkept\r\n"));
	CHECK(reads(slave, "kept\n"));
	type("a\026\003b\r"); /* ^V ^C: data */
	CHECK(gives(master, "a^\b^Cb\r\n"));
	CHECK(reads(slave, "a\003b\n"));
	type("\001\177x\r"); /* a control character takes two columns */
	CHECK(gives(master, "^A\b \b\b \bx\r\n"));
	CHECK(reads(slave, "x\n"));
	type("re\022do\r"); /* ^R */
	CHECK(gives(master, "re^R\r\nredo\r\n"));
	CHECK(reads(slave, "redo\n"));
	type("\tx\177\177y\r"); /* erasing a tab */
	CHECK(gives(master, "\tx\b \b\b\b\b\b\b\b\b\by\r\n"));
	CHECK(reads(slave, "y\n"));
	unpair();
}

static void test_eof(void)
{
	char c[8];

	pair();
	mode(ECHO, 0, -1, 0);
	type("abc\004");
	CHECK(reads(slave, "abc"));
	type("\004");
	IS(0, read(slave, c, sizeof(c)));
	type("abc\004def\r");
	IS(2, read(slave, c, 2));
	IS(1, read(slave, c, 8)); /* the mark behind "abc" is no end of file */
	CHECK(reads(slave, "def\n"));
	type("abc\004\004");
	IS(3, read(slave, c, 3));
	type("z\r");
	IS(0, read(slave, c, 8)); /* the second mark is one */
	CHECK(reads(slave, "z\n"));
	type("line1\rli");
	CHECK(arrives(slave, 6));
	CHECK(reads(slave, "line1\n"));
	CHECK(silent(slave));
	type("ne2\r");
	CHECK(reads(slave, "line2\n"));
	unpair();
}

static void test_input_modes(void)
{
	pair();
	mode(ECHO, 0, -1, 0);
	input_mode(ICRNL, INLCR);
	type("a\nb\004"); /* no line: \n became \r */
	CHECK(reads(slave, "a\rb"));
	input_mode(INLCR, IGNCR);
	type("a\rb\n");
	CHECK(reads(slave, "ab\n"));
	input_mode(IGNCR, ICRNL | ISTRIP);
	type("\341\r");
	CHECK(reads(slave, "a\n"));
	input_mode(ISTRIP, IUCLC);
	type("QUIET\r");
	CHECK(reads(slave, "quiet\n"));
	input_mode(IUCLC, IUTF8);
	mode(0, ECHO, -1, 0);
	type("\303\244\177b\r"); /* an umlaut is one column, two bytes */
	CHECK(gives(master, "\303\244\b \bb\r\n"));
	CHECK(reads(slave, "b\n"));
	unpair();
}

static void test_echo_modes(void)
{
	pair();
	mode(ECHO, ECHONL, -1, 0);
	type("secret\r");
	CHECK(gives(master, "\r\n"));
	CHECK(reads(slave, "secret\n"));
	mode(ECHONL | ECHOCTL, ECHO, -1, 0);
	type("\001\r");
	CHECK(gives(master, "\001\r\n"));
	CHECK(reads(slave, "\001\n"));
	mode(ECHOE, ECHOCTL, -1, 0);
	type("a\177b\r");
	CHECK(gives(master, "a^?b\r\n"));
	CHECK(reads(slave, "b\n"));
	mode(ECHOKE, ECHOE, -1, 0);
	type("a\025b\r");
	CHECK(gives(master, "a^U\r\nb\r\n"));
	CHECK(reads(slave, "b\n"));
	unpair();
}

/* A line longer than the buffer is cut; its end still arrives. */
static void test_long_line(void)
{
	static char text[5001], got[6000];
	ssize_t n;

	pair();
	mode(ECHO, 0, -1, 0);
	memset(text, 'x', 5000);
	type(text);
	type("\r");
	n = read(slave, got, sizeof(got));
	CHECK(n == 4095 + 1 || n == 4095);
	CHECK(got[n - 1] == '\n' && got[0] == 'x');
	unpair();
}

/* --- raw mode --- */

static void test_raw(void)
{
	char c[16];

	pair();
	mode(ICANON | ECHO | ISIG, 0, 0, 0);
	IS(0, read(slave, c, 4));
	type("ab\003");
	CHECK(arrives(slave, 3));
	IS(3, read(slave, c, 16));
	CHECK(c[2] == 3);
	mode(0, 0, 0, 1); /* a tenth of a second */
	IS(0, read(slave, c, 4));
	mode(0, 0, 3, 0);
	type("ab");
	CHECK(silent(slave)); /* poll asks for VMIN as well */
	type("c");
	IS(3, read(slave, c, 16));
	mode(0, 0, 5, 1); /* the time runs from the first byte on */
	type("xy");
	IS(2, read(slave, c, 16));
	mode(0, 0, 4, 0);
	type("pq");
	IS(2, read(slave, c, 2)); /* no more than asked for */
	type("typed");
	CHECK(arrives(slave, 5));
	mode(0, ICANON, -1, 0); /* what came in becomes a line */
	IS(5, read(slave, c, 16));
	type("partial");
	usleep(10000);
	mode(ICANON, 0, 1, 0); /* and what was typed of a line is there */
	IS(7, read(slave, c, 16));
	unpair();
}

static void test_nonblocking(void)
{
	static char much[65536];
	char c;
	long n, total = 0;

	pair();
	fcntl(slave, F_SETFL, O_NONBLOCK);
	fcntl(master, F_SETFL, O_NONBLOCK);
	FAILS(EAGAIN, read(slave, &c, 1));
	FAILS(EAGAIN, read(master, &c, 1));
	while ((n = write(slave, much, sizeof(much))) > 0)
		total += n;
	CHECK(errno == EAGAIN && total > 1000);
	while ((n = read(master, much, sizeof(much))) > 0)
		total -= n;
	CHECK(errno == EAGAIN && total == 0);
	unpair();
}

/* --- output --- */

static void test_output(void)
{
	pair();
	GOOD(write(slave, "a\nb\tc\r", 6));
	CHECK(gives(master, "a\r\nb\tc\r"));
	output_mode(0, XTABS);
	GOOD(write(slave, "\rab\tc\n", 6));
	CHECK(gives(master, "\rab      c\r\n"));
	output_mode(XTABS, OCRNL | OLCUC);
	GOOD(write(slave, "up\r", 3));
	CHECK(gives(master, "UP\n"));
	output_mode(OCRNL | OLCUC, ONOCR);
	GOOD(write(slave, "\n\r\rx\r", 5));
	CHECK(gives(master, "\r\nx\r"));
	output_mode(OPOST, 0);
	GOOD(write(slave, "\n", 1));
	CHECK(gives(master, "\n"));
	GOOD(write(slave, "abc", 3));
	CHECK(arrives(master, 3));
	CHECK(gives(master, "abc"));
	unpair();
}

/* A stopped terminal may block its writer (Linux) or keep what was written. */
static pid_t write_in_child(const char *text)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(master);
		_exit(write(slave, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : 1);
	}
	return pid;
}

static void test_flow(void)
{
	pid_t pid;

	pair();
	mode(ECHO, 0, -1, 0);
	type("\023"); /* ^S */
	usleep(10000);
	pid = write_in_child("held");
	CHECK(silent(master));
	type("\021"); /* ^Q */
	CHECK(gives(master, "held"));
	IS(0, tap_wait(pid));
	GOOD(tcflow(slave, TCOOFF));
	pid = write_in_child("held");
	CHECK(silent(master));
	GOOD(tcflow(slave, TCOON));
	CHECK(gives(master, "held"));
	IS(0, tap_wait(pid));
	unpair();
}

static void test_flush(void)
{
	pair();
	mode(ECHO, 0, -1, 0);
	type("old\r");
	CHECK(arrives(slave, 4));
	GOOD(tcflush(slave, TCIFLUSH));
	CHECK(silent(slave));
	type("new\r");
	CHECK(reads(slave, "new\n"));
	FAILS(EINVAL, ioctl(slave, TCFLSH, 3));
	FAILS(ENOTTY, ioctl(slave, 0x5499, 0));
	unpair();
}

/* --- sessions --- */

/* Runs body in a child that leads a session of its own whose terminal is the pair's. */
#define IN_SESSION(body)                                                    \
	do {                                                                \
		pair();                                                     \
		pid_t session_pid = fork();                                 \
		if (session_pid == 0) {                                     \
			tap_failed = 0;                                     \
			close(slave);                                       \
			setsid();                                           \
			slave = open_slave(0);                              \
			body;                                               \
			_exit(tap_failed ? 1 : 0);                          \
		}                                                           \
		int session_status = 0;                                     \
		waitpid(session_pid, &session_status, 0);                   \
		CHECK(session_status == 0);                                 \
		unpair();                                                   \
	} while (0)

static void session_basic(void)
{
	int sid = 0, fd;

	CHECK(tcgetpgrp(slave) == getpid());
	GOOD(ioctl(slave, TIOCGSID, &sid));
	CHECK(sid == getpid());
	fd = GOOD(open("/dev/tty", O_RDWR));
	GOOD(write(fd, "x", 1));
	CHECK(gives(master, "x"));
	close(fd);
	GOOD(ioctl(slave, TIOCSCTTY, 0));
	FAILS(EPERM, tcsetpgrp(slave, 1));
	FAILS(EINVAL, tcsetpgrp(slave, -1));
	signal(SIGHUP, catch);
	signal(SIGCONT, SIG_IGN);
	GOOD(ioctl(slave, TIOCNOTTY));
	CHECK(caught == SIGHUP);
	FAILS(ENXIO, open("/dev/tty", O_RDWR));
	FAILS(ENOTTY, tcgetpgrp(slave));
}

static void session_signals(void)
{
	static const struct { const char *key; int signo; } keys[] = { { "\003", SIGINT }, { "\034", SIGQUIT }, { "\032", SIGTSTP } };
	unsigned i;

	for (i = 0; i < 3; i++) {
		caught = 0;
		signal(keys[i].signo, catch);
		type("lost");
		type(keys[i].key);
		for (int tries = 0; !caught && tries < PATIENCE; tries++)
			usleep(1000);
		CHECK(caught == keys[i].signo);
		CHECK(silent(slave)); /* what was typed is flushed */
	}
	mode(ISIG, 0, -1, 0);
	caught = 0;
	type("\003\r");
	CHECK(reads(slave, "\003\n"));
	CHECK(!caught);
}

static void session_window(void)
{
	struct winsize w = { 33, 99, 0, 0 }, got = { 0 };

	signal(SIGWINCH, catch);
	GOOD(ioctl(master, TIOCSWINSZ, &w));
	GOOD(ioctl(slave, TIOCGWINSZ, &got));
	CHECK(got.ws_row == 33 && got.ws_col == 99);
	for (int tries = 0; !caught && tries < PATIENCE; tries++)
		usleep(1000);
	CHECK(caught == SIGWINCH);
	caught = 0;
	GOOD(ioctl(slave, TIOCSWINSZ, &w)); /* no change, no signal */
	usleep(20000);
	CHECK(!caught);
}

/* A background child: waits until the parent has set its group, then acts. */
static pid_t background(void (*act)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		tap_failed = 0;
		act();
		_exit(tap_failed ? 1 : 0);
	}
	setpgid(pid, pid);
	return pid;
}

static void act_read(void)
{
	char c;

	read(slave, &c, 1);
}

static void act_read_ignoring(void)
{
	char c;

	signal(SIGTTIN, SIG_IGN);
	FAILS(EIO, read(slave, &c, 1));
}

static void act_write(void)
{
	GOOD(write(slave, "b", 1));
}

static void act_modes(void)
{
	struct termios t;

	tcgetattr(slave, &t);
	tcsetattr(slave, TCSANOW, &t);
}

static void act_foreground_blocked(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, NULL);
	GOOD(tcsetpgrp(slave, getpgrp()));
	CHECK(tcgetpgrp(slave) == getpgrp());
}

static int stops(void (*act)(void))
{
	int status = 0;
	pid_t pid = background(act);

	waitpid(pid, &status, WUNTRACED);
	if (!WIFSTOPPED(status))
		return status ? -1 : 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return WSTOPSIG(status);
}

static void session_background(void)
{
	IS(SIGTTIN, stops(act_read));
	IS(0, stops(act_read_ignoring));
	IS(0, stops(act_write));
	CHECK(gives(master, "b"));
	IS(SIGTTOU, stops(act_modes));
	mode(0, TOSTOP, -1, 0);
	IS(SIGTTOU, stops(act_write));
	IS(0, stops(act_foreground_blocked));
	signal(SIGTTOU, SIG_IGN);
	GOOD(tcsetpgrp(slave, getpgrp()));
}

/* In an orphaned group nobody could continue it: an error instead of a stop. */
static void session_orphan(void)
{
	int ends[2], status;
	char result = 'x';
	pid_t pid;

	pipe(ends);
	pid = fork();
	if (pid == 0) {
		if (fork() == 0) {
			setpgid(0, 0);
			while (getppid() == pid || kill(getppid(), 0) < 0 || getppid() != 1)
				usleep(1000);
			result = read(slave, &result, 1) < 0 && errno == EIO ? 'e' : 'n';
			write(ends[1], &result, 1);
			_exit(0);
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	IS(1, read(ends[0], &result, 1));
	CHECK(result == 'e');
}

static void test_hangup(void)
{
	int ready[2], status;
	char c;
	pid_t pid;

	pair();
	pipe(ready);
	pid = fork();
	if (pid == 0) {
		close(master);
		close(slave);
		setsid();
		slave = open_slave(0);
		signal(SIGHUP, catch);
		write(ready[1], "r", 1);
		while (!caught)
			usleep(1000);
		_exit(read(slave, &c, 1) == 0 && open("/dev/tty", O_RDWR) < 0 ? 0 : 1);
	}
	read(ready[0], &c, 1);
	close(slave);
	close(master);
	waitpid(pid, &status, 0);
	CHECK(status == 0);
}

/* After the leader's end the terminal is nobody's, and another session may have it. */
static void test_leader_exit(void)
{
	pid_t pid;
	int sid;

	pair();
	for (int i = 0; i < 2; i++) {
		pid = fork();
		if (pid == 0) {
			setsid();
			_exit(open_slave(0) >= 0 && ioctl(slave, TIOCGSID, &sid) == 0 && sid == getpid() ? 0 : 1);
		}
		IS(0, tap_wait(pid));
		FAILS(ENOTTY, ioctl(slave, TIOCGSID, &sid));
	}
	GOOD(write(slave, "y", 1));
	CHECK(gives(master, "y"));
	unpair();
}

int main(void)
{
	test_open();
	test_defaults();
	test_ends();
	test_editing();
	test_eof();
	test_input_modes();
	test_echo_modes();
	test_long_line();
	test_raw();
	test_nonblocking();
	test_output();
	test_flow();
	test_flush();
	IN_SESSION(session_basic());
	IN_SESSION(session_signals());
	IN_SESSION(session_window());
	IN_SESSION(session_background());
	IN_SESSION(session_orphan());
	test_hangup();
	test_leader_exit();
	return tap_end();
}
