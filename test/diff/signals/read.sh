# SPDX-License-Identifier: MIT OR Apache-2.0
# A signal does not lose data that read is waiting for; sleep is cut short only by its end.
mkfifo p
trap 'echo trapped' USR1
(exec 3>p; usleep 100000; kill -USR1 $$; usleep 100000; echo line >&3) &
read x <p; echo "read '$x' $?"
[ -n "$x" ] || { read x <p; echo "again '$x'"; } 2>/dev/null
wait
sh -c 'trap "echo alarm" ALRM; kill -ALRM $$; sleep 0.1; echo slept'
timeout -s USR2 1 sh -c 'trap "echo usr2; exit 0" USR2; sleep 1000 & wait'; echo $?
