/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A model of how updates wait, combine, help and sleep (nr/update.c, combine.c, gate.h, log.c), for liveness: under weak
 * fairness every update returns. Two replicas; CALLERS update the first, one thread updates the second once and
 * then never does anything again. The log has one entry of room, so the first replica's combiners have to move the second.
 *
 * Left out: readers, memory, what the operations do. One request per caller, one log entry per batch.
 *
 * -D NO_RETRY   a waiter does not try for the gate again (the reference's defect b)
 * -D NO_HELP    who needs room waits for the other replica's own threads
 * -D NO_WAKE    who releases the gate does not look for sleepers
 * -D LATE_FLAG  a sleeper looks at the gate before he says that he waits
 * With any of these the claim must fail.
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#define N (CALLERS + 1)
#define LOG 1

mtype = { EMPTY, PENDING, SLEEPS, DONE };

bool held[2], waited[2];
mtype state[N];
byte ltail[2], tail, finished;

#define REPLICA(t) (t < CALLERS -> 0 : 1)
#define MIN_TAIL (ltail[0] < ltail[1] -> ltail[0] : ltail[1])

inline try_gate(x, won) {
	atomic { won = !held[x]; held[x] = true }
}

/* Lets go, and lowers WAITED in the same step; if it was up, wakes one sleeper so that he tries. */
inline release(y) {
	atomic { held[y] = false; look = waited[y]; waited[y] = false }
#ifndef NO_WAKE
	if
	:: look ->
		i = 0;
		do
		:: i < N && REPLICA(i) == y && state[i] == SLEEPS -> atomic { if :: state[i] == SLEEPS -> state[i] = PENDING :: else fi }; break
		:: i < N && !(REPLICA(i) == y && state[i] == SLEEPS) -> i++
		:: i >= N -> break
		od
	:: else
	fi
#endif
}

/* Applies the log to a replica that the caller holds. */
inline advance(z) {
	ltail[z] = tail
}

/* Takes an entry of the log. */
inline find_room(own) {
	do
	:: atomic { tail - MIN_TAIL < LOG -> tail++ }; break
	:: else ->
		advance(own);
#ifndef NO_HELP
		try_gate(other, got);
		if
		:: got -> advance(other); release(other)
		:: else
		fi;
#endif
		skip
	od
}

/* A round. The caller holds the gate of r; his own request, if it lies in the slot, is collected like the others. */
inline combine(home) {
	waited[home] = false;
	batch = 0;
	i = 0;
	do
	:: i < N ->
		if
		:: REPLICA(i) == home && (state[i] == PENDING || state[i] == SLEEPS) -> batch = batch | (1 << i)
		:: else
		fi;
		i++
	:: else -> break
	od;
	find_room(home);
	assert(tail - MIN_TAIL <= LOG);
	advance(home);
	i = 0;
	do
	:: i < N -> if :: batch & (1 << i) -> state[i] = DONE :: else fi; i++
	:: else -> break
	od
}

inline sleep_on(bed) {
	atomic { if :: state[me] == PENDING -> state[me] = SLEEPS :: else -> goto poll fi }
#ifdef LATE_FLAG
	look = held[bed];
	waited[bed] = true;
#else
	atomic { look = held[bed]; waited[bed] = true }
#endif
	if
	:: look -> state[me] != SLEEPS /* the futex */
	:: else
	fi;
	atomic { if :: state[me] == SLEEPS -> state[me] = PENDING :: else fi }
}

proctype caller(byte me; byte r) {
	bool got, look;
	byte i, batch, other = 1 - r;

	try_gate(r, got);
	if
	:: got -> combine(r); release(r); goto end
	:: else
	fi;
	state[me] = PENDING;
poll:
	if
	:: state[me] == DONE -> goto end
	:: else
	fi;
#ifndef NO_RETRY
	try_gate(r, got);
	if
	:: got ->
		if
		:: state[me] != DONE -> combine(r)
		:: else
		fi;
		release(r);
		goto end
	:: else
	fi;
#endif
	sleep_on(r);
	goto poll;
end:
	finished++
}

init {
	atomic {
		byte t = 0;
		do
		:: t < N -> state[t] = EMPTY; run caller(t, REPLICA(t)); t++
		:: else -> break
		od
	}
}

ltl all_return { <> (finished == N) }
