# SPDX-License-Identifier: MIT OR Apache-2.0
# Long pipelines and much data through them; SIGPIPE; parallel writers.
seq 1 20000 | sort -rn | head -n 1; seq 1 20000 | awk '{ s += $1 } END { printf "%d\n", s }'
yes 2>/dev/null | head -c 200000 | md5sum
for i in 1 2 3 4; do seq $i 4 20000 >part$i & done; wait; sort -n part? | md5sum; seq 1 20000 | md5sum
cat /dev/zero | head -c 500000 | wc -c; (echo a; sleep 0.2; echo b) | tail -n 1
head -c 200000 /dev/zero | tr '\0' x | fold -w 100 | sort | uniq -c | awk '{ print $1, length($2) }'
(trap '' PIPE; seq 1 20000 2>err | head -n 1); wc -l <err | tr -d ' '; seq 3 | while read -r x
do echo "got $x"; done
