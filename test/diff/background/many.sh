# SPDX-License-Identifier: MIT OR Apache-2.0
# Forty jobs at once, each waited for by number; the sum of their statuses is right.
pids=
for i in $(seq 1 40); do
	(exit $i) &
	pids="$pids $!"
done
sum=0
for p in $pids; do wait $p; sum=$((sum + $?)); done
echo $sum
for i in 1 2 3 4 5 6 7 8; do sh -c "echo job $i" >out.$i & done
wait
cat out.*
