/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The line discipline N_TTY: what happens to characters between the line and the program. Everything here runs under
 * the terminal's lock and only moves state; see tty_internal.h. Behaviour: termios(3), drivers/tty/n_tty.c.
 */
#include "base/string.h"
#include "kern/tty_internal.h"

static bool lflag(const struct tty *tty, u32 bit) { return tty->t.lflag & bit; }
static bool iflag(const struct tty *tty, u32 bit) { return tty->t.iflag & bit; }
static bool is_control(u8 c) { return c < 32 || c == 127; }
static bool is_continuation(const struct tty *tty, u8 c) { return iflag(tty, T_IUTF8) && (c & 0xc0) == 0x80; }

/* Is c this control character? NUL means the function is switched off. */
static bool is_cc(const struct tty *tty, u8 c, unsigned which)
{
	return c && tty->t.cc[which] == c;
}

void tty_reset(struct tty *tty)
{
	static const u8 cc[] = "\003\034\177\025\004\0\1\0\021\023\032\0\022\017\027\026";

	memset(&tty->t, 0, sizeof(tty->t));
	tty->t.iflag = T_ICRNL | T_IXON;
	tty->t.oflag = T_OPOST | T_ONLCR;
	tty->t.cflag = 0x1002 | 0x30 | 0x80 | 0x400 | 0x800; /* B115200 CS8 CREAD HUPCL CLOCAL */
	tty->t.lflag = T_ISIG | T_ICANON | T_ECHO | T_ECHOE | T_ECHOK | T_ECHOCTL | T_ECHOKE | T_IEXTEN;
	memcpy(tty->t.cc, cc, sizeof(cc));
}

/* ---- output */

static u32 out_room(const struct tty *tty)
{
	return TTY_OUT - tty_out_count(tty);
}

void tty_out_raw(struct tty *tty, u8 c)
{
	if (out_room(tty))
		tty->out[tty->out_head++ % TTY_OUT] = c;
}

static void output_newline(struct tty *tty)
{
	if (tty->t.oflag & T_ONLCR)
		tty_out_raw(tty, '\r');
	tty_out_raw(tty, '\n');
	if (tty->t.oflag & (T_ONLCR | T_ONLRET))
		tty->column = 0;
}

static void output_return(struct tty *tty)
{
	if ((tty->t.oflag & T_ONOCR) && !tty->column)
		return;
	if (tty->t.oflag & T_OCRNL) {
		tty_out_raw(tty, '\n');
		if (tty->t.oflag & T_ONLRET)
			tty->column = 0;
		return;
	}
	tty_out_raw(tty, '\r');
	tty->column = 0;
}

static void output_tab(struct tty *tty)
{
	u32 n = 8 - (tty->column & 7);

	tty->column += n;
	if ((tty->t.oflag & T_TABDLY) != T_TABDLY) {
		tty_out_raw(tty, '\t');
		return;
	}
	while (n--)
		tty_out_raw(tty, ' ');
}

bool tty_output(struct tty *tty, u8 c, u32 reserve)
{
	if (out_room(tty) < 8 + reserve)
		return false;
	if (!(tty->t.oflag & T_OPOST)) {
		tty_out_raw(tty, c);
		return true;
	}
	switch (c) {
	case '\n':
		output_newline(tty);
		return true;
	case '\r':
		output_return(tty);
		return true;
	case '\t':
		output_tab(tty);
		return true;
	case '\b':
		if (tty->column)
			tty->column--;
		break;
	default:
		if ((tty->t.oflag & T_OLCUC) && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (!is_control(c) && !is_continuation(tty, c))
			tty->column++;
	}
	tty_out_raw(tty, c);
	return true;
}

/* ---- echo */

static void echo_string(struct tty *tty, const char *s)
{
	while (*s)
		tty_output(tty, *s++, 0);
}

static void echo_char(struct tty *tty, u8 c)
{
	if (lflag(tty, T_ECHOCTL) && is_control(c) && c != '\t') {
		tty_output(tty, '^', 0);
		c ^= 0100;
	}
	tty_output(tty, c, 0);
}

static u32 echo_width(const struct tty *tty, u8 c, u32 column)
{
	if (c == '\t')
		return 8 - (column & 7);
	if (is_control(c))
		return lflag(tty, T_ECHOCTL) ? 2 : 0;
	return !is_continuation(tty, c);
}

/* How many columns the last character of the line being edited takes. */
static u32 last_width(const struct tty *tty)
{
	u32 column = tty->canon_column, width = 0, i;

	for (i = tty->canon; i != tty->head; i++) {
		width = echo_width(tty, tty->in[i % TTY_IN], column);
		column += width;
	}
	return width;
}

/* ---- editing */

static void in_put(struct tty *tty, u16 v)
{
	tty->in[tty->head++ % TTY_IN] = v;
}

static bool in_full(const struct tty *tty)
{
	return tty->head - tty->tail >= TTY_IN - 1;
}

/* Takes back the last character (with UTF-8, all its bytes). */
static void erase_one(struct tty *tty, bool echo)
{
	u32 width = last_width(tty);
	bool tab = tty->head != tty->canon && (tty->in[(tty->head - 1) % TTY_IN] & IN_CHAR) == '\t';

	while (tty->head != tty->canon && is_continuation(tty, tty->in[(tty->head - 1) % TTY_IN])) {
		tty->head--;
		if (tty->head != tty->canon)
			width = last_width(tty);
	}
	if (tty->head != tty->canon)
		tty->head--;
	while (echo && width--)
		echo_string(tty, tab ? "\b" : "\b \b");
}

static void erase_line(struct tty *tty)
{
	bool all = lflag(tty, T_ECHO) && lflag(tty, T_ECHOK) && lflag(tty, T_ECHOKE) && lflag(tty, T_ECHOE);

	while (tty->head != tty->canon)
		erase_one(tty, all);
	if (lflag(tty, T_ECHO) && !all) {
		echo_char(tty, tty->t.cc[V_KILL]);
		if (lflag(tty, T_ECHOK))
			tty_output(tty, '\n', 0);
	}
}

static bool is_word(u8 c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128;
}

static void erase_word(struct tty *tty)
{
	bool seen = false;

	while (tty->head != tty->canon) {
		bool word = is_word(tty->in[(tty->head - 1) % TTY_IN]);

		if (!word && seen)
			return;
		seen |= word;
		erase_one(tty, lflag(tty, T_ECHO) && lflag(tty, T_ECHOE));
	}
}

static void erase(struct tty *tty, u8 c)
{
	if (tty->head == tty->canon)
		return;
	if (is_cc(tty, c, V_KILL)) {
		erase_line(tty);
	} else if (is_cc(tty, c, V_WERASE)) {
		erase_word(tty);
	} else {
		erase_one(tty, lflag(tty, T_ECHO) && lflag(tty, T_ECHOE));
		if (lflag(tty, T_ECHO) && !lflag(tty, T_ECHOE))
			echo_char(tty, c);
	}
}

static void reprint(struct tty *tty, u8 c)
{
	u32 i;

	echo_char(tty, c);
	tty_output(tty, '\n', 0);
	for (i = tty->canon; i != tty->head; i++)
		echo_char(tty, tty->in[i % TTY_IN]);
}

/* ---- flow control and signals */

static void flow_start(struct tty *tty)
{
	tty->stopped = false;
}

static bool input_flow(struct tty *tty, u8 c)
{
	if (!iflag(tty, T_IXON))
		return false;
	if (is_cc(tty, c, V_START)) {
		flow_start(tty);
		return true;
	}
	if (is_cc(tty, c, V_STOP)) {
		tty->stopped = true;
		return true;
	}
	return false;
}

static bool input_signal(struct tty *tty, u8 c)
{
	int signo = is_cc(tty, c, V_INTR) ? SIGINT : is_cc(tty, c, V_QUIT) ? SIGQUIT : is_cc(tty, c, V_SUSP) ? SIGTSTP : 0;

	if (!signo || !lflag(tty, T_ISIG))
		return false;
	if (!lflag(tty, T_NOFLSH)) {
		tty_flush_input(tty);
		tty_flush_output(tty);
	}
	if (iflag(tty, T_IXON))
		flow_start(tty);
	if (lflag(tty, T_ECHO))
		echo_char(tty, c);
	tty->signals |= 1u << signo;
	return true;
}

static void throttle(struct tty *tty)
{
	if (!iflag(tty, T_IXOFF) || tty->throttled || tty->head - tty->tail < TTY_IN * 3 / 4)
		return;
	tty->throttled = true;
	tty_out_raw(tty, tty->t.cc[V_STOP]);
}

void tty_unthrottle(struct tty *tty)
{
	if (!tty->throttled || tty->head - tty->tail > TTY_IN / 4)
		return;
	tty->throttled = false;
	tty_out_raw(tty, tty->t.cc[V_START]);
}

/* ---- input */

static void line_end(struct tty *tty, u16 v)
{
	in_put(tty, v);
	tty->canon = tty->head;
}

/* Characters with a meaning in canonical mode. True: done with it. */
static bool input_canon(struct tty *tty, u8 c)
{
	bool extended = lflag(tty, T_IEXTEN);

	if (is_cc(tty, c, V_ERASE) || is_cc(tty, c, V_KILL) || (extended && is_cc(tty, c, V_WERASE))) {
		erase(tty, c);
	} else if (extended && is_cc(tty, c, V_LNEXT)) {
		tty->lnext = true;
		if (lflag(tty, T_ECHO) && lflag(tty, T_ECHOCTL))
			echo_string(tty, "^\b");
	} else if (extended && lflag(tty, T_ECHO) && is_cc(tty, c, V_REPRINT)) {
		reprint(tty, c);
	} else if (c == '\n') {
		if (lflag(tty, T_ECHO | T_ECHONL))
			tty_output(tty, '\n', 0);
		line_end(tty, '\n' | IN_LINE);
	} else if (is_cc(tty, c, V_EOF)) {
		line_end(tty, IN_LINE | IN_EOF);
	} else if (is_cc(tty, c, V_EOL) || (extended && is_cc(tty, c, V_EOL2))) {
		if (lflag(tty, T_ECHO))
			echo_char(tty, c);
		line_end(tty, c | IN_LINE);
	} else {
		return false;
	}
	return true;
}

static void input_data(struct tty *tty, u8 c)
{
	bool canon = lflag(tty, T_ICANON);

	/* One place stays free for the end of a line. */
	if (in_full(tty) || (canon && tty->head - tty->tail >= TTY_IN - 2)) {
		if (iflag(tty, T_IMAXBEL))
			tty_out_raw(tty, '\a');
		return;
	}
	if (lflag(tty, T_ECHO)) {
		if (tty->head == tty->canon)
			tty->canon_column = tty->column;
		if (c == '\n')
			tty_output(tty, c, 0);
		else
			echo_char(tty, c);
	}
	in_put(tty, c);
}

void tty_input(struct tty *tty, u8 c)
{
	if (iflag(tty, T_ISTRIP))
		c &= 0x7f;
	if (iflag(tty, T_IUCLC) && lflag(tty, T_IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (tty->lnext) {
		tty->lnext = false;
		input_data(tty, c);
		return;
	}
	if (tty->stopped && iflag(tty, T_IXON) && iflag(tty, T_IXANY) && !is_cc(tty, c, V_STOP))
		flow_start(tty);
	if (input_flow(tty, c) || input_signal(tty, c))
		return;
	if (c == '\r') {
		if (iflag(tty, T_IGNCR))
			return;
		if (iflag(tty, T_ICRNL))
			c = '\n';
	} else if (c == '\n' && iflag(tty, T_INLCR)) {
		c = '\r';
	}
	if (lflag(tty, T_ICANON) && !(in_full(tty) && c == '\n') && input_canon(tty, c))
		return;
	input_data(tty, c);
	throttle(tty);
}

void tty_flush_input(struct tty *tty)
{
	tty->tail = tty->canon = tty->head;
	tty->partial = tty->lnext = false;
	tty_unthrottle(tty);
}

void tty_flush_output(struct tty *tty)
{
	tty->out_tail = tty->out_head;
}

/* What was typed for one mode, read in the other: marks go; towards canonical mode it becomes a line. */
void tty_mode_changed(struct tty *tty, u32 old_lflag)
{
	u32 i;

	if (!((old_lflag ^ tty->t.lflag) & T_ICANON))
		return;
	tty->lnext = tty->partial = false;
	for (i = tty->tail; i != tty->head; i++)
		tty->in[i % TTY_IN] &= IN_CHAR;
	tty->canon = tty->head;
	if (tty->head != tty->tail && lflag(tty, T_ICANON))
		tty->in[(tty->head - 1) % TTY_IN] |= IN_LINE;
	tty->canon_column = tty->column;
}

/* ---- for readers */

u32 tty_in_count(const struct tty *tty)
{
	u32 i, n = 0;

	if (!lflag(tty, T_ICANON))
		return tty->head - tty->tail;
	for (i = tty->tail; i != tty->canon; i++)
		n += !(tty->in[i % TTY_IN] & IN_EOF);
	return n;
}

bool tty_has_input(const struct tty *tty, u32 min)
{
	return lflag(tty, T_ICANON) ? tty->canon != tty->tail : tty->head - tty->tail >= min;
}

/*
 * Up to the end of the line. `first`: this read has returned nothing yet; then an EOF mark that follows what an
 * earlier read took of the same line is no end of file.
 */
size_t tty_take_line(struct tty *tty, u8 *buf, size_t max, bool first, bool *end)
{
	size_t n = 0;

	*end = false;
	while (n < max && tty->tail != tty->canon && !*end) {
		u16 v = tty->in[tty->tail++ % TTY_IN];
		bool skip = (v & IN_EOF) && first && !n && tty->partial;

		if (!(v & IN_EOF))
			buf[n++] = v;
		*end = (v & IN_LINE) && !skip;
		tty->partial = !(v & IN_LINE);
	}
	tty_unthrottle(tty);
	return n;
}

size_t tty_take_raw(struct tty *tty, u8 *buf, size_t max)
{
	size_t n = 0;

	while (n < max && tty->tail != tty->head)
		buf[n++] = tty->in[tty->tail++ % TTY_IN];
	tty->canon = tty->tail; /* nothing is edited in this mode; a later change finds the rest */
	tty_unthrottle(tty);
	return n;
}
