# SPDX-License-Identifier: MIT OR Apache-2.0
# Job control in a script: groups, stopping and continuing, wait with names, suspended and disowned jobs.
set -m
sleep 30 & kill -STOP $!; while ! grep -q 'State:.T' /proc/$!/status; do :; done; jobs -s | wc -l; { kill -CONT $!; kill $!; while kill -0 $!; do :; done; wait $!; } 2>/dev/null; echo $?
(exit 3) & wait -n -p who; echo "$? $((who == $!))"; sleep 30 & pid=$!; [ "$(ps -o pgid= $pid 2>/dev/null || cut -d' ' -f5 /proc/$pid/stat)" = $pid ] && echo own group
kill -TERM -$pid; wait $pid 2>/dev/null; echo $?; { sleep 2; exit 4; } & fg %% >/dev/null; echo $?
set +m; sleep 30 & disown; kill $!; jobs | wc -l; trap 'echo child' CHLD; /bin/true; trap - CHLD; trap 'n=$((n + 1))' USR2; for i in {1..5}; do kill -USR2 $$; done; echo $n
(trap 'echo hup' HUP; kill -HUP $BASHPID); for s in HUP INT QUIT PIPE ALRM XCPU; do (kill -$s $BASHPID; sleep 1); echo -n "$? "; done 2>/dev/null; echo
{ (ulimit -St 1; while :; do :; done); echo $?; } 2>/dev/null; times | wc -l; kill -0 1 && echo there; kill -0 999999 2>/dev/null || echo none; suspend 2>/dev/null; echo $?
