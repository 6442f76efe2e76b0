# SPDX-License-Identifier: MIT OR Apache-2.0
# The devices of /dev.
stat -c '%F %t %T %n' /dev/null /dev/zero /dev/random /dev/urandom /dev/tty /dev/console 2>&1
cat /dev/null | wc -c; echo gone >/dev/null; echo $?; head -c 100 /dev/zero | od -c
head -c 1000 /dev/urandom | wc -c
[ "$(head -c 16 /dev/urandom | md5sum)" != "$(head -c 16 /dev/urandom | md5sum)" ] && echo differs
head -c 10 /dev/random | wc -c; dd if=/dev/zero bs=1M count=4 2>/dev/null | wc -c
: </dev/null && echo opened
setsid cat /dev/tty </dev/null; echo $?; stty </dev/null; echo $?; tty </dev/null
[ -c /dev/null ] && echo char; echo x >/dev/zero; echo $?; wc -c </dev/null
mknod mynull c 1 3; echo y >mynull; cat mynull; echo $?
