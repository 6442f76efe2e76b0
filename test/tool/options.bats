#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
# What the tool refuses, before any machine starts: one line on standard error, status 125.

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# refused WORDS... : the tool says one line that contains $pattern, nothing on stdout, status 125.
refused() {
	local status=0
	"$NROS" "$@" >out 2>err </dev/null || status=$?
	cat err
	[ "$status" = 125 ]
	[ ! -s out ]
	[ "$(wc -l <err)" = 1 ]
	grep -q "^nros: .*$pattern" err
}

@test "an unknown command" {
	pattern="dance: no such command" refused dance
}

@test "commands that are not in this version" {
	for word in ps exec logs stop top; do
		pattern="$word: not in this version" refused "$word"
	done
}

@test "options that are not in this version" {
	for word in --volume; do
		pattern="$word: not in this version" refused run "$word" x -- true
	done
}

@test "an unknown option" {
	pattern="--frobnicate" refused run --frobnicate -- true
}

@test "an option without its value" {
	pattern="--cores" refused run --cores
}

@test "numbers that are none, or out of range" {
	for value in 0 -1 x 255 4.5 ''; do
		pattern="--cores" refused run --cores "$value" -- true
	done
	pattern="more nodes than cores" refused run --cores 2 --nodes 3 -- true
	pattern="--timeout" refused run --timeout soon -- true
}

@test "memory sizes that are none, or out of range" {
	for value in 0 1 4K lots 1GG 9000G; do
		pattern="--memory" refused run --memory "$value" -- true
	done
}

@test "wires that are none" {
	for value in '' a/b waytoolongforaninterface tap0:10.0.0 tap0:10.0.0.1/33 tap0:10.0.0.1/24:x tap0:10.0.0.1/24:10.0.0.2:x; do
		pattern="is not IFNAME:ADDRESS/BITS" refused run --tap "$value" -- true
	done
	pattern="--tap and --publish" refused run --tap tap0:10.0.0.1/24 --publish 8080:80 -- true
	pattern="--tap: " refused run --tap nosuchwire:10.0.0.1/24 -- true
	pattern="only with the nros kernel" refused run --kernel linux --tap tap0 -- true
}

@test "host paths that are not there" {
	pattern="/no/such: no such file" refused run --add /no/such -- true
	pattern="/no/such: no such file" refused run --rootfs /no/such -- true
}

@test "a root that is neither directory, tar nor cpio" {
	echo nonsense >file
	pattern="--rootfs file: neither" refused run --rootfs file -- true
}

@test "settings of the wrong form" {
	pattern="'A' is not KEY=VALUE" refused run --env A -- true
	pattern="--publish 8080: twice" refused run --publish 8080:80 --publish 8080:81 -- true
	pattern="not an absolute path" refused run --workdir here -- true
	pattern="invalid choice: 'minix'" refused run --kernel minix -- true
}

@test "a kernel name of the environment that is wrong" {
	NROS_KERNEL=minix pattern="NROS_KERNEL=minix" refused run -- true
}

@test "--accel kvm where the processor shows no virtualization" {
	if grep -qwE 'svm|vmx' /proc/cpuinfo; then skip "it does here"; fi
	pattern="hardware virtualization" refused run --accel kvm -- true
}

@test "an unknown test group and an unknown benchmark" {
	pattern="no test group dance" refused test dance
	pattern="no benchmark group dance" refused bench dance
}

@test "--dry-run prints the QEMU command and starts nothing" {
	"$NROS" run --dry-run --cores 6 --nodes 3 --memory 96M -- true >out 2>err
	grep -q -- "-smp 6,sockets=3,cores=2" out
	grep -q -- "node,nodeid=2,cpus=4-5,memdev=memory2" out
	grep -q -- "dist,src=0,dst=2,val=20" out
	[ "$(grep -o 'memory-backend-ram' out | wc -l)" = 3 ]
	[ ! -s err ]
}
