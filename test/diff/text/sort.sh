# SPDX-License-Identifier: MIT OR Apache-2.0
# Every way to order lines.
cat >in <<END
pear 10 z
apple 9 y
fig 100 x
apple 2 w
Banana 33 v
fig 5 u
END
sort in
sort -r in | head -n 2
sort -k 2 -n in
sort -k 1,1 -k 2,2nr in
sort -u -k 1,1 in
sort -f in | tail -n 2
sort -t ' ' -k 3 in | cut -d ' ' -f 3 | tr -d '\n'; echo
printf '1.10\n1.9\n1.2\n' | sort -V
printf '10\n9\n-1\n0x10\n' | sort -n
printf '2K\n1M\n3\n' | sort -h
sort -c in; echo $?
sort in >s; sort -c s; echo $?
seq 1 5000 | sort -r | md5sum
seq 3000 -1 1 | sort -n | md5sum
sort -o in in; head -n 1 in
uniq -c s; printf 'a\na\nb\n' | uniq -d; printf 'a\na\nb\n' | uniq -u
