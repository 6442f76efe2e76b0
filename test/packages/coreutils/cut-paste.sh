# SPDX-License-Identifier: MIT OR Apache-2.0
# cut, paste, join, comm, expand, fold, nl, column numbers.
printf 'a:b:c\nd:e:f\n' >in; cut -d: -f2- in; cut -c1,3-4 in; cut -d: -f1,3 --output-delimiter=+ in
cut -b2 --complement in
paste -d, in in; paste -s -d'+\n' in; printf '1 a\n2 b\n' >x; printf '1 X\n3 Y\n' >y; join x y
join -a1 -a2 -e- -o0,1.2,2.2 x y
printf 'a\nb\n' >p; printf 'b\nc\n' >q; comm p q; comm -12 p q; printf 'a\tb\n' | expand -t4
printf '        a\n' | unexpand -a
seq 1 30 | tr '\n' ' ' | fold -w 20 -s; echo; printf 'x\n\ny\n' | nl -ba -w3 -s:; seq 12 | pr -3 -t -l4 | cat
