# SPDX-License-Identifier: MIT OR Apache-2.0
# A pipeline in the background runs as one job; its last status counts.
seq 1 1000 | sort -n | tail -n 1 >last &
wait $!; echo $?; cat last
true | (exit 9) & wait $!; echo $?
{ echo a; echo b; } | { read x; read y; echo "$y$x"; } & wait
(cd /; pwd) & wait; [ "$PWD" != / ] && echo stayed
x=1; { x=2; echo "inner $x"; } & wait; echo "outer $x"
