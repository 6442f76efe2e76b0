# SPDX-License-Identifier: MIT OR Apache-2.0
# Servers made of coprocesses and named pipes; locks made of directories; many writers to one pipe.
coproc calc { while read -r l; do echo $((l)); done; }; for e in 1+1 '2**20' '7 % 4'; do echo "$e" >&"${calc[1]}"; read -r v <&"${calc[0]}"; echo "$e = $v"; done; eval "exec ${calc[1]}>&-"; wait "$calc_PID"; echo $?
mkfifo ask answer; (while read -r q; do echo "re: $q"; done <ask >answer) & exec 6>ask 7<answer; for q in a b c; do echo $q >&6; read -r r <&7; echo "$r"; done; exec 6>&- 7<&-; wait
add() { until mkdir lock 2>/dev/null; do sleep 0.05; done; echo $(($(<total) + 1)) >total.new; mv total.new total; rmdir lock; }; echo 0 >total; for w in 1 2 3; do (add; add) & done; wait; cat total
for w in 1 2 3 4; do (for i in {1..50}; do echo "$w $i"; done) & done | sort -n -k1,1 -k2,2 | md5sum; wait
exec 8> >(sort -r >sorted); printf '%s\n' b c a >&8; exec 8>&-; while [ "$(wc -l <sorted)" != 3 ]; do sleep 0.05; done; tr '\n' ' ' <sorted; echo
yes | (read -r x; echo "$x"); echo "${PIPESTATUS[*]}"; true | cat | cat | cat; echo $?; (cd / && exec ls -d .); cat < <(cat < <(cat <<<nested))
