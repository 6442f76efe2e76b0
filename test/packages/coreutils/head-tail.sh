# SPDX-License-Identifier: MIT OR Apache-2.0
# head, tail, split, csplit, tac, rev by bytes and lines.
seq 1 1000 >in; head -n 3 in; head -n -997 in; head -c 10 in; tail -n 2 in; tail -n +999 in; tail -c 5 in
tac in | head -n 2
split -l 300 in part.; wc -l part.*; split -n 3 -d in chunk.; cat chunk.* | cmp - in && echo same
split -b 1K --additional-suffix=.x in k.; ls k.* | wc -l
csplit -s in 100 500; wc -l xx*
tail -f -s 0.1 -n 1 in >seen 2>/dev/null & until [ -s seen ]; do sleep 0.05; done; echo more >>in
until [ "$(wc -l <seen)" = 2 ]; do sleep 0.05; done; kill $!; cat seen
head -n 2 in /dev/null
