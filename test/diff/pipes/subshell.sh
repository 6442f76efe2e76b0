# SPDX-License-Identifier: MIT OR Apache-2.0
# Each side of a pipe is its own process: assignments, directories and exits stay inside.
x=1
echo 2 | read x
echo $x
echo a b c | { read p q r; echo "$r $q $p"; }
cd / | true; [ "$PWD" != / ] && echo still here
exit 5 | true; echo "after $?"
echo x | (exit 7); echo "got $?"
f() { cat; return 6; }
echo through | f; echo $?
seq 3 | while read n; do [ $n = 2 ] && exit 4; echo $n; done; echo $?
