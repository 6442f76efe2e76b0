/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * handover: threads are woken, taken over, moved and interrupted all the time, and every byte and register must survive.
 *
 *	handover [ROUNDS [SEED]]	messages per pair (default 300)
 *
 * Two partners send messages to and fro through two pipes: one asks, the other answers with every byte inverted. As they
 * sleep in turn, each wake-up may hand the sleeper over to the waker's core. What gets in its way differs by pair: the
 * partners move themselves, the test moves them, they sleep with a deadline (poll), they are signalled, they
 * are threads of one process. Messages come in pieces, a random while apart: so the next piece may meet a
 * reader that is just falling asleep. There are no more pairs at a time than leave cores idle: on a busy core nobody is handed over.
 *
 *	asker --- question[] ---> answerer	a message of 1 to 9,000 bytes that (seed, pair, round) determine
 *	      <--- answer[] -----
 */
#include "tap.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

enum { MOVES_ITSELF = 1, IS_MOVED = 2, POLLS = 4, SIGNALLED = 8, THREADS = 16, KINDS = 32, LONGEST = 9000 };

struct pair {
	int number, kind;
	int question[2], answer[2];
	pid_t asker;
};

static int rounds = 300, cores;
static unsigned seed = 1;
static volatile sig_atomic_t signals;

static unsigned mix(unsigned a, unsigned b)
{
	a = (a ^ b) * 0x9e3779b1u;
	a ^= a >> 15;
	return a * 0x85ebca77u ^ a >> 13;
}

static void move(pid_t who, unsigned random)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (random % 4 == 0) {
		for (int i = 0; i < cores; i++)
			CPU_SET(i, &set);
	} else {
		CPU_SET((int)(random / 4 % (unsigned)cores), &set);
	}
	sched_setaffinity(who, sizeof(set), &set); /* of a process that has ended: ESRCH */
}

/* A read or write (it may sleep) with values in registers that only the kernel's switches can spoil. */
static long transfer(long number, int fd, void *data, size_t n, unsigned token)
{
	register unsigned long r15 __asm__("r15") = token * 0x100000001ul, rbx __asm__("rbx") = ~r15;
	unsigned long vector = r15 ^ 0x5555, back;
	long result;

	__asm__ volatile("movq %[vector], %%xmm7\n\tsyscall\n\tmovq %%xmm7, %[back]"
			 : "=a"(result), [back] "=&r"(back), "+r"(r15), "+r"(rbx)
			 : "a"(number), "D"((long)fd), "S"(data), "d"(n), [vector] "r"(vector)
			 : "rcx", "r11", "xmm7", "memory");
	if (back != vector || r15 != token * 0x100000001ul || rbx != ~r15) {
		dprintf(1, "# token %u: a register changed\n", token);
		_exit(3);
	}
	return result;
}

static bool ready(const struct pair *p, int fd, unsigned token)
{
	struct pollfd on = { .fd = fd, .events = POLLIN };

	if (!(p->kind & POLLS))
		return true;
	while (poll(&on, 1, (int)(token % 3)) <= 0)
		;
	return true;
}

/* All n bytes, however many calls and signals that takes. */
static bool send_piece(int fd, unsigned char *data, size_t n, unsigned token)
{
	while (n) {
		long done = transfer(SYS_write, fd, data, n, token);

		if (done < 0 && done != -EINTR)
			return false;
		data += done < 0 ? 0 : done;
		n -= done < 0 ? 0 : (size_t)done;
	}
	return true;
}

static bool send_all(int fd, unsigned char *data, size_t n, unsigned token)
{
	size_t piece = n / (token % 3 + 1) + 1;

	for (; n > piece; data += piece, n -= piece) {
		if (!send_piece(fd, data, piece, token))
			return false;
		token = mix(token, 5);
		for (volatile unsigned i = 0; i < token % 1024; i++)
			;
	}
	return send_piece(fd, data, n, token);
}

static bool receive_all(const struct pair *p, int fd, unsigned char *data, size_t n, unsigned token)
{
	while (n && ready(p, fd, token)) {
		long done = transfer(SYS_read, fd, data, n, token);

		if (done == 0 || (done < 0 && done != -EINTR))
			return false;
		data += done < 0 ? 0 : done;
		n -= done < 0 ? 0 : (size_t)done;
	}
	return true;
}

static size_t message_size(unsigned token)
{
	return token % 4 ? token / 4 % 64 + 1 : token / 4 % LONGEST + 1;
}

static bool message_is(const unsigned char *data, size_t n, unsigned token, unsigned char inverted)
{
	for (size_t i = 0; i < n; i++)
		if ((data[i] ^ inverted) != (unsigned char)(token + i * 7))
			return false;
	return true;
}

static bool one_round(struct pair *p, bool asks, unsigned token)
{
	unsigned char data[LONGEST];
	size_t n = message_size(token), i;

	if ((p->kind & MOVES_ITSELF) && mix(token, asks) % 8 == 0)
		move(0, mix(token, 2 + asks));
	if (asks) {
		for (i = 0; i < n; i++)
			data[i] = (unsigned char)(token + i * 7);
		return send_all(p->question[1], data, n, token) && receive_all(p, p->answer[0], data, n, ~token) &&
		       message_is(data, n, token, 0xff);
	}
	if (!receive_all(p, p->question[0], data, n, token) || !message_is(data, n, token, 0))
		return false;
	for (i = 0; i < n; i++)
		data[i] ^= 0xff;
	if ((p->kind & SIGNALLED) && token % 8 == 0)
		kill(p->asker, SIGUSR1);
	return send_all(p->answer[1], data, n, token);
}

static bool play(struct pair *p, bool asks)
{
	for (int i = 0; i < rounds; i++)
		if (!one_round(p, asks, mix(mix(seed, (unsigned)p->number), (unsigned)i))) {
			dprintf(1, "# pair %d, round %d, %s: wrong bytes or errno %d\n", p->number, i, asks ? "asker" : "answerer", errno);
			return false;
		}
	return true;
}

static void *play_answers(void *pair)
{
	return play(pair, false) ? pair : NULL;
}

/* Both partners; ends with the process. */
static _Noreturn void play_both(struct pair *p)
{
	pthread_t thread;
	void *good = NULL;
	pid_t child;

	p->asker = getpid();
	if (p->kind & THREADS) {
		if (pthread_create(&thread, NULL, play_answers, p))
			_exit(2);
		if (!play(p, true))
			_exit(1);
		pthread_join(thread, &good);
		_exit(good == p ? 0 : 1);
	}
	child = fork();
	if (child == 0)
		_exit(play(p, false) ? 0 : 1);
	if (child < 0 || !play(p, true))
		_exit(1);
	_exit(tap_wait(child) == 0 ? 0 : 1);
}

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static pid_t start(struct pair *p, int number)
{
	*p = (struct pair){ .number = number, .kind = number };
	if (pipe(p->question) || pipe(p->answer))
		return -1;
	pid_t pid = fork();

	if (pid == 0)
		play_both(p);
	for (int i = 0; i < 2; i++) {
		close(p->question[i]);
		close(p->answer[i]);
	}
	return pid;
}

/* Moves the pairs that want it about until one has ended; its wait status goes to `status`. */
static void attend(struct pair *pair, pid_t *pid, int *status)
{
	static unsigned random;

	for (;; poll(NULL, 0, 1))
		for (int i = 0; i < KINDS; i++) {
			random = mix(random, seed);
			if (pid[i] > 0 && (pair[i].kind & IS_MOVED))
				move(pid[i], random);
			if (pid[i] > 0 && waitpid(pid[i], &status[i], WNOHANG) == pid[i]) {
				pid[i] = 0;
				return;
			}
		}
}

int main(int argc, char **argv)
{
	static struct pair pair[KINDS];
	pid_t pid[KINDS] = { 0 };
	int status[KINDS] = { 0 }, running = 0, at_once;
	cpu_set_t set;
	struct sigaction action = { .sa_handler = count_signal };

	rounds = argc > 1 ? atoi(argv[1]) : rounds;
	seed = argc > 2 ? (unsigned)atoi(argv[2]) : seed;
	cores = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
	at_once = cores > 3 ? cores / 2 : 1;
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < KINDS; i++, running++) {
		for (; running == at_once; running--)
			attend(pair, pid, status);
		pid[i] = start(&pair[i], i);
		if (pid[i] < 0)
			return 2;
	}
	for (; running; running--)
		attend(pair, pid, status);
	for (int i = 0; i < KINDS; i++) {
		char name[96], note[40];

		snprintf(name, sizeof(name), "pair %d:%s%s%s%s%s", i, i & MOVES_ITSELF ? " moves itself" : "", i & IS_MOVED ? " is moved" : "",
			 i & POLLS ? " polls" : "", i & SIGNALLED ? " signalled" : "", i & THREADS ? " threads" : " processes");
		snprintf(note, sizeof(note), "wait status %#x", status[i]);
		tap_result(status[i] == 0, __LINE__, name, note);
	}
	return tap_end();
}
