#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
# Images of Debian packages: made once, the same each time, whole or not at all.

setup() {
	cd "$BATS_TEST_TMPDIR"
	images=$(dirname "$NROS")/build/image
}

# refused WORDS... : one line on standard error that contains $pattern, status 125.
refused() {
	local status=0
	timeout 600 "$NROS" "$@" >out 2>err </dev/null || status=$?
	cat err
	[ "$status" = 125 ]
	[ ! -s out ]
	grep -v "reading Debian's package index" err >rest
	[ "$(wc -l <rest)" = 1 ]
	grep -q "^nros: .*$pattern" rest
}

# What tools that are gone have left. (Others may be at work: a file's name ends with its maker's process.)
leftovers() {
	local part maker
	for part in "$images"/*.part; do
		maker=${part%.part}
		kill -0 "${maker##*.}" 2>/dev/null || [ ! -e "$part" ] || echo "$part"
	done
}

@test "an image is made, listed, made again the same, and removed" {
	"$NROS" image build hello >out
	key=$(cut -d' ' -f1 out)
	grep -q "hello 2.10" out
	"$NROS" image list | grep -q "^$key .*hello"
	sum=$(sha256sum <"$images/$key.cpio")
	"$NROS" image rm hello
	[ ! -e "$images/$key.cpio" ]
	"$NROS" image build hello hello >out
	[ "$(sha256sum <"$images/$key.cpio")" = "$sum" ]
	[ -z "$(leftovers)" ]
}

@test "a package's program runs, with its libraries and accounts, and /bin is in /usr" {
	timeout 600 "$NROS" run --package hello --package redis-server -- sh -c \
		'hello; readlink /bin; stat -c "%U %a" /var/lib/redis; awk "BEGIN { print 42 }"; busybox true && echo busybox' >out </dev/null
	printf 'Hello, world!\nusr/bin\nredis 755\n42\nbusybox\n' | diff - out
}

@test "two tools that want the same image at once both get it" {
	"$NROS" image rm hello || true
	"$NROS" image build hello >one 2>err1 &
	local first=$!
	"$NROS" image build hello >two 2>err2
	wait "$first"
	cmp one two
	[ "$(cat err1 err2 | grep -c 'making an image')" = 1 ]
}

@test "what --add puts below a linked directory arrives there" {
	echo text >file
	timeout 600 "$NROS" run --package hello --add file:/lib/file -- sh -c 'cat /usr/lib/file; ls -d /lib' >out </dev/null
	printf 'text\n/lib\n' | diff - out
}

@test "unknown packages, damaged names, and two roots are refused" {
	pattern="no-such-package: Debian bookworm has no such package" refused run --package no-such-package -- true
	pattern="is not the name of a Debian package" refused run --package 'a b' -- true
	pattern="one root or the other" refused run --package hello --rootfs / -- true
	pattern="no image" refused image rm no-such-package
	[ -z "$(leftovers)" ]
}

@test "packages that exclude each other are refused in one line" {
	pattern="cannot be installed" refused run --package exim4-daemon-light --package postfix -- true
}

@test "an image that does not fit in memory is refused before the machine starts" {
	"$NROS" image build hello >/dev/null
	pattern="does not fit in --memory 16M" refused run --memory 16M --package hello -- true
}

@test "an archive that cannot be reached is one line" {
	mkdir -p tree
	cp -r "$(dirname "$NROS")/nros" "$(dirname "$NROS")/tools" tree/
	mkdir tree/build && cp "$(dirname "$NROS")"/build/.packages.* tree/build/
	export http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1
	NROS=$PWD/tree/nros pattern="cannot fetch packages: " refused image build hello
	[ -z "$(find tree/build/image -name '*.cpio' -o -name '*.lock')" ]
}

@test "a port in use is refused before anything is made" {
	/usr/bin/python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True); time.sleep(600)' >port 3>&- &
	local holder=$!
	while [ ! -s port ]; do sleep 0.1; done
	pattern="--publish $(cat port): Address already in use" refused run --publish "$(cat port):80" -- true
	kill "$holder"
}

@test "one damaged byte of a LevelDB database is found" {
	[ -n "${NROS_LONG:-}" ] || skip "NROS_LONG=1 builds LevelDB"
	cat >job <<-'END'
		db_bench --threads=4 --benchmarks=fillseq --num=4000 --db=/tmp/db >/dev/null 2>&1 || exit
		leveldb-verify /tmp/db >/dev/null; echo "whole $?"
		set -- /tmp/db/*.ldb
		printf '\377' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") / 2)) conv=notrunc status=none
		leveldb-verify /tmp/db 2>&1; echo "damaged $?"
	END
	timeout 900 "$NROS" run --package leveldb-bench --add job:/job -- sh /job >out </dev/null
	printf 'whole 0\nleveldb-verify: /tmp/db: Corruption: block checksum mismatch\ndamaged 1\n' | diff - out
}
