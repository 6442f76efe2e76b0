# SPDX-License-Identifier: MIT OR Apache-2.0
# A trap may call functions, raise another signal, and set variables.
n=0
up() { n=$((n + $1)); }
trap 'up 1; kill -USR2 $$; echo in usr1 $n' USR1
trap 'up 10; echo in usr2 $n' USR2
kill -USR1 $$
echo $n
f() { trap 'echo from f' INT; }
f
kill -INT $$
trap 'echo second' INT
kill -INT $$
trap 'return 2>/dev/null; echo x' TERM
g() { kill -TERM $$; echo "g goes on"; }
g; echo done
