# SPDX-License-Identifier: MIT OR Apache-2.0
# A signal interrupts read and loses no data; a trap waits for the end of a foreground program.
mkfifo p
exec 4<>p
trap 'echo trapped' USR1
(until [ "$(cut -d ' ' -f 3 /proc/$$/stat)" = S ]; do :; done; kill -USR1 $$) &
read x <&4; echo "read '$x' $?"
wait
echo line >&4
read x <&4; echo "read '$x' $?"
sh -c 'trap "echo alarm" ALRM; kill -ALRM $$; sleep 0.1; echo slept'
sh -c 'trap "echo later" TERM; (kill -TERM $$; usleep 50000; echo first); echo second'
timeout -s USR2 3 sh -c 'trap "echo usr2; exit 0" USR2; sleep 1000 & wait'; echo $?
