# SPDX-License-Identifier: MIT OR Apache-2.0
# env, printenv, nice, nohup, timeout, stdbuf, chroot, id, who.
env -i A=1 B=2 env | sort; env -u HOME sh -c 'echo "${HOME-none}"'; A=x printenv A; printenv NONE; echo $?
env -S 'sh -c "echo split"'; env -C / pwd; env nosuch 2>&1; echo $?
nice; nice -n 5 nice; timeout 0.2 sleep 5; echo $?; timeout -s KILL 0.2 sleep 5; echo $?; timeout 5 false
echo $?; timeout -k 1 4 sh -c 'trap "" TERM; while :; do sleep 0.1; done'; echo $?; stdbuf -oL echo buffered
id -u; id -un; id; groups; whoami; logname 2>&1; tty; echo $?; nproc; uname -s -m; hostid | wc -c; arch
pathchk -p 'a:b' 2>&1; pinky -l root 2>&1 | head -n 1 | cut -c1-10; chroot / /bin/echo in
chroot --userspec=65534:65534 / id -u; sleep 0.01 0.01; true && echo t; false || echo f; yes | head -n 2
yes a b | head -n 1; nohup echo hup 2>/dev/null; users | wc -l; who | wc -l; kill -l 9
kill -l | head -n 1 | wc -w
