#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
# The contract of `nros run`: channels, exit statuses, files, clean ends. Each test boots a machine.

setup() {
	cd "$BATS_TEST_TMPDIR"
	tool=
}

# A tool left running by a test that failed would hold bats' output open for ever.
teardown() {
	[ -z "$tool" ] || kill -KILL "$tool" 2>/dev/null || true
}

# boot STATUS WORDS... : run, with stdout in `out` and stderr in `err`; the status must be STATUS.
boot() {
	local wanted=$1 status=0
	shift
	timeout 600 "$NROS" run "$@" >out 2>err || status=$?
	echo "status $status, wanted $wanted; stderr:" && cat err
	[ "$status" = "$wanted" ]
}

# timed WORDS... : a run that --timeout ends, given as long as it takes until the program has said something.
timed() {
	local seconds
	for seconds in 10 40 160; do
		boot 124 --timeout "$seconds" "$@"
		[ -s out ] && return
	done
}

# up: waits until the machine's program says so.
up() {
	for _ in $(seq 3000); do grep -q up out && break; sleep 0.1; done
}

@test "hello arrives on stdout, alone" {
	boot 0 -- busybox echo hello </dev/null
	echo hello | cmp - out
	[ ! -s err ]
}

@test "stdin arrives, with its end, and stderr stays apart" {
	printf 'a\nb\n' >in
	boot 3 -- sh -c 'tr a-z A-Z; echo problem >&2; exit 3' <in
	printf 'A\nB\n' | cmp - out
	echo problem | cmp - err
}

@test "1 MB of random bytes goes through unharmed" {
	head -c 1048576 /dev/urandom >in
	boot 0 -- cat <in
	cmp in out
}

@test "a slow reader loses nothing" {
	"$NROS" run -- seq 1 200000 </dev/null | { dd bs=1 count=100 2>/dev/null; sleep 1; cat; } >out
	seq 1 200000 | cmp - out
}

@test "a reader that leaves ends the machine" {
	local status=0
	{ timeout 600 "$NROS" run -- yes </dev/null || echo $? >status; } | head -n 2 >out
	printf 'y\ny\n' | cmp - out
	[ "$(cat status)" = 141 ]
}

@test "a program that leaves its stdin unread ends all the same" {
	boot 5 -- sh -c 'exit 5' </dev/zero
}

@test "status 11 and death by signal 11 are told apart" {
	boot 11 -- sh -c 'exit 11' </dev/null
	boot 139 -- sh -c 'kill -SEGV $$' </dev/null
	[ ! -s out ]
}

@test "a missing program gives 127, one that cannot run 126, each with a line" {
	boot 127 -- no-such-program </dev/null
	grep -qx "nros: no-such-program: not found" err
	boot 126 -- /etc/passwd </dev/null
	grep -qx "nros: /etc/passwd: Permission denied" err
}

@test "--timeout ends an endless loop with 124 and keeps its output" {
	boot 124 --timeout 3 -- sh -c 'while :; do :; done' </dev/null
	timed -- sh -c 'echo begin; sleep 1000' </dev/null
	echo begin | cmp - out
}

@test "a kernel panic gives 70 and shows where" {
	boot 70 -- sh -c 'echo c >/proc/sysrq-trigger; sleep 60' </dev/null
	grep -qi panic err
	grep -qE '[a-z_]+\+0x[0-9a-f]+' err
}

@test "background processes that keep stdout open do not keep the machine up" {
	boot 0 -- sh -c 'sleep 1000 & echo done' </dev/null
	echo "done" | cmp - out
}

@test "arguments, environment and working directory arrive as they are" {
	long=$(head -c 20000 /dev/zero | tr '\0' x)
	boot 0 --env "A=b c" --env EMPTY= --workdir /tmp -- \
		sh -c 'pwd; echo "$A|$EMPTY|$HOME|$#|$1|$2|${#3}"' name 'x  y' '' "$long" </dev/null
	printf '/tmp\nb c||/root|3|x  y||20000\n' | cmp - out
}

@test "--add brings files and trees, with their modes" {
	mkdir -p tree/sub && echo one >tree/sub/file && ln -s sub/file tree/link
	printf '#!/bin/sh\necho "script $*"\n' >script && chmod 755 script
	head -c 50000 /dev/urandom >big
	boot 0 --add tree:/data --add script --add big:/tmp/ -- \
		sh -c '/script 1; cat /data/link; md5sum </tmp/big; stat -c %a /tmp /script' </dev/null
	{ echo "script 1"; echo one; md5sum <big; printf '1777\n755\n'; } | cmp - out
}

@test "--rootfs takes a directory and a tar file in place of the default" {
	mkdir -p root/bin && cp "$(dirname "$NROS")/build/dep/busybox/bin/busybox" root/bin/ && echo here >root/mark
	ln -s busybox root/bin/cat
	boot 0 --rootfs root -- cat /mark </dev/null
	echo here | cmp - out
	tar -C root -cf root.tar .
	boot 0 --rootfs root.tar -- cat /mark </dev/null
	echo here | cmp - out
}

@test "cores, nodes and their distances are as asked" {
	boot 0 --cores 6 --nodes 3 -- sh -c 'nproc; cd /sys/devices/system/node; cat node*/cpulist node*/distance' </dev/null
	printf '6\n0-1\n2-3\n4-5\n10 20 20\n20 10 20\n20 20 10\n' | cmp - out
}

@test "Ctrl-C stops the machine and leaves nothing behind" {
	"$NROS" run -- sh -c 'echo up; sleep 1000' </dev/null >out 2>err &
	tool=$!
	up
	local machine
	machine=$(pgrep -P "$tool")
	kill -INT "$tool"
	local status=0
	wait "$tool" || status=$?
	[ "$status" = 130 ]
	! kill -0 "$machine" 2>/dev/null
	[ -z "$(find "$(dirname "$NROS")/build/run" -maxdepth 1 -name "$tool-*")" ]
}

# saver: a machine whose program saves on SIGTERM and ends with 7; sets $tool once it is up.
saver() {
	"$NROS" run "$@" -- sh -c 'trap "echo saved; exit 7" TERM; echo up; while :; do sleep 0.1; done' </dev/null >out 2>err &
	tool=$!
	up
}

saved() {
	local status=0
	wait "$tool" || status=$?
	[ "$status" = 7 ]
	printf 'up\nsaved\n' | cmp - out
}

@test "Ctrl-C lets the program save, and its status comes back" {
	saver
	kill -INT "$tool"
	saved
}

@test "so does the power button" {
	[ "${NROS_KERNEL:-nros}" = nros ] || skip "Linux leaves the button to a daemon"
	saver
	cd "$(dirname "$NROS")"/build/run/"$tool"-*
	/usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_UNIX); s.connect("monitor"); s.recv(100); s.sendall(b"system_powerdown\n"); s.recv(100)'
	cd "$BATS_TEST_TMPDIR"
	saved
}

@test "--timeout lets the program save, too" {
	timed -- sh -c 'trap "echo saved; exit 7" TERM; echo up; while :; do sleep 0.1; done' </dev/null
	printf 'up\nsaved\n' | cmp - out
}

@test "killing the tool kills the machine" {
	"$NROS" run -- sh -c 'echo up; sleep 1000' </dev/null >out 2>err &
	tool=$!
	up
	local machine
	machine=$(pgrep -P "$tool")
	kill -KILL "$tool"
	for _ in $(seq 600); do kill -0 "$machine" 2>/dev/null || break; sleep 0.1; done
	! kill -0 "$machine" 2>/dev/null
	rm -rf "$(dirname "$NROS")/build/run/$tool"-*
}

@test "on a terminal there is a shell with job control" {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/terminal.py" "$NROS"
}
