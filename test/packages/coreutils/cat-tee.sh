# SPDX-License-Identifier: MIT OR Apache-2.0
# cat, tee, od, hexdump-like forms, large data through pipes.
printf 'a\tb\n\n\nc\001\377\n' >in; cat -A in; cat -n in; cat -s -b in; cat -v in; cat in - <in | wc -c
cat none 2>&1; echo $?; echo t | tee x y >z; cat x y z; echo u | tee -a x >/dev/null; cat x
head -c 300000 /dev/zero | tee big | md5sum; md5sum <big; seq 1 20000 | cat | tac | tail -n 1
seq 1 10000 | tee >/dev/full 2>err; echo $?; sed 's/.*: //' err; cat big big | od -An -v -tx1 -N8
cat /proc/version | wc -l; cat <in >>in 2>&1; cat in >>in 2>&1; echo $?; tee /none/x </dev/null 2>&1
od -j 2 -N 4 -t x1z in; cat /dev/null; echo -n | cat; head -c 100000 /dev/urandom | wc -c
