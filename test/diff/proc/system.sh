# SPDX-License-Identifier: MIT OR Apache-2.0
# uname, hostname, mounts, version, filesystems, limits.
uname -s; uname -m; uname -o 2>/dev/null
uname -r | grep -qE '^[0-9]+\.[0-9]+' && echo release
cut -d ' ' -f 1,2 /proc/version
[ "$(uname -n)" = "$(hostname)" ] && echo name
[ "$(cat /proc/sys/kernel/hostname)" = "$(hostname)" ] && echo sys
[ "$(cat /proc/sys/kernel/osrelease)" = "$(uname -r)" ] && echo osrelease
cat /proc/sys/kernel/ostype
[ $(cat /proc/sys/kernel/pid_max) -gt 1000 ] && echo pid_max
awk '$2 == "/" || $2 == "/proc" { print $2, NF }' /proc/mounts | sort -u
grep -c proc /proc/filesystems | sed 's/[1-9]/some/'
grep -E '^Max (open files|stack size|core file size|processes)' /proc/self/limits | cut -c 1-20
uptime | grep -q 'load average' && echo uptime
awk '{ print NF }' /proc/self/mounts | sort -u
grep -c stack /proc/self/maps; grep -c heap /proc/self/maps
grep -cE 'busybox' /proc/self/maps | sed 's/[1-9]/some/'
ls -ld /proc | cut -c 1-10; echo x >/proc/version; mkdir /proc/x; rm /proc/version
echo $?
