# SPDX-License-Identifier: MIT OR Apache-2.0
# Pipes and terminals do not seek; offsets are checked.
echo hello | dd bs=1 skip=2 2>/dev/null
echo hello | dd bs=1 seek=2 of=f 2>/dev/null; od -c f
dd if=f bs=1 skip=100 2>&1 >/dev/null| head -n 1
(dd bs=1 seek=1 2>&1 >&3 | head -n 1) 3>&1 </dev/null | cat | head -n 2
tail -c 2 f; cat f | tail -c 2; (read a; cat) <<END
first
rest
END
printf '1\n2\n3\n' >g; { read a; read b; cat; } <g
{ head -n 1 >/dev/null; cat; } <g; echo $a $b
cat g | { read a; cat; }
