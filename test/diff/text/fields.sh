# SPDX-License-Identifier: MIT OR Apache-2.0
# cut, paste, tr, nl, fold, expand, rev, tac, head, tail, od.
printf 'a:b:c\nd:e:f\n' >in
cut -d : -f 2 in; cut -c 1-3 in; cut -d : -f 1,3 in
paste in in; paste -d , -s in
tr -d ':' <in; tr -s 'a' <<END
baaad
END
tr '[:lower:]' '[:upper:]' <in
nl in; echo 'a long line to be folded' | fold -w 10; echo
printf 'a\tb\n' | expand -t 4; printf 'a       b\n' | unexpand -a | od -c
rev in; tac in
seq 20 | head -n 3; seq 20 | tail -n 2; seq 20 | tail -n +19; seq 20 | head -c 6
seq 20 | tail -c 3
printf 'ab\001\377' | od -A x -t x1; printf 'hello' | hexdump -C; printf 'hi' | xxd
printf '%s\n' one two | cat -A; printf 'x\ty\n' | cat -t 2>/dev/null
wc in; wc -l <in; wc -c in | cut -d ' ' -f 1
basename /a/b/c.txt .txt; dirname /a/b/c.txt; seq -s - 5; seq 1 3 10; seq -w 8 11
expr 3 + 4 \* 2; expr abc : 'a\(.*\)'; expr length hello; expr 5 / 0; echo $?
factor 360; echo '2^20; 10/3' | bc; echo '3 4 + p' | dc
