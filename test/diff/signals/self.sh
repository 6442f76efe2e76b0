# SPDX-License-Identifier: MIT OR Apache-2.0
# A shell that signals itself in odd places.
(kill -TERM $(exec sh -c 'echo $PPID'); echo no); echo $?
f() { kill -USR1 $$; }; trap 'echo f' USR1; f; f
x=$(sh -c 'kill -KILL $$'); echo "$? <$x>"
{ sh -c 'kill -HUP $$'; echo "in braces $?"; }
sh -c 'trap "echo int; exit 5" INT; kill -INT $$; echo no'; echo $?
sh -c 'trap "trap - TERM; kill -TERM \$\$" TERM; kill -TERM $$; echo no'; echo $?
while :; do trap 'break' USR2; kill -USR2 $$; echo loop; break; done; echo out
sh -c 'kill -STOP $$ & wait; echo continued' & p=$!
n=0
while kill -0 $p 2>/dev/null && [ $n -lt 3000 ]; do kill -CONT $p; usleep 10000; n=$((n + 1)); done 2>/dev/null
wait $p; echo $?
