#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The guest's half of the differential test: runs the named scripts one after another in one boot.
#
# Each script gets a fresh directory /tmp/t.KIND.NAME, a fixed environment, /dev/null as its input and at
# most 300 s. Its output (standard output and standard error together) is framed by two lines:
#
#	=== BEGIN kind/name
#	(the output) (one newline)
#	=== END kind/name STATUS
#
# so that the host can tell a script that differs from one that the kernel did not survive.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ TERM=dumb
unset ENV PS1 OLDPWD
scripts=${DIFF_SCRIPTS:-/diff}
umask 022
mkdir -p /tmp /etc
chmod 1777 /tmp

# The unprivileged user that the scripts about permissions become, and the shell that su starts.
grep -q '^u1:' /etc/passwd 2>/dev/null || {
	echo 'root:x:0:0:root:/:/bin/sh'
	echo 'u1:x:1000:1000:u1:/tmp:/bin/sh'
} >/etc/passwd
grep -q '^u1:' /etc/group 2>/dev/null || printf 'root:x:0:\nu1:x:1000:\n' >/etc/group
[ -e /bin/sh ] || ln -s "$(readlink /proc/self/exe)" /bin/sh

interpret() {
	case $1 in
	*.bash) timeout -k 5 300 bash "$1" ;;
	*.py) timeout -k 5 300 python3 -P "$1" ;;
	*.sql) timeout -k 5 300 sqlite3 -batch database <"$1" ;;
	*) timeout -k 5 300 sh "$1" ;;
	esac
}

for script; do
	name=${script%.*}
	dir=/tmp/t.$(echo "$name" | tr / .)
	rm -rf "$dir"
	mkdir "$dir" && cd "$dir" || exit 1
	echo "=== BEGIN $name"
	interpret "$scripts/$script" >/tmp/output 2>&1 </dev/null
	status=$?
	cat /tmp/output
	echo
	echo "=== END $name $status"
	cd / && rm -rf "$dir"
done
