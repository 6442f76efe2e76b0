# SPDX-License-Identifier: MIT OR Apache-2.0
# Writers that append share no bytes; offsets are shared by descriptors that were inherited.
for w in 1 2 3 4; do (i=0; while [ $i -lt 200 ]; do echo "writer $w line $i" >>log; i=$((i + 1)); done) & done; wait
wc -l <log; sort log | uniq | wc -l; cut -d ' ' -f 2 log | sort | uniq -c | sed 's/^ *//'
(echo one; sh -c 'echo two'; (echo three) & wait; echo four) >shared; cat shared
exec 3>off; (echo a >&3); (echo b >&3) & wait; echo c >&3; cat off; exec 3<off
read x <&3; (read y <&3; echo $y); read z <&3; echo $x $z
exec 6<off; dd bs=2 count=1 <&6 2>/dev/null; cat <&6
