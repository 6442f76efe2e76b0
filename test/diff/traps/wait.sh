# SPDX-License-Identifier: MIT OR Apache-2.0
# A trapped signal ends wait at once, with a status above 128.
mkfifo hold
trap 'echo caught' USR1
(read x <hold; exit 5) & job=$!
(until [ "$(cut -d ' ' -f 3 /proc/$$/stat)" = S ]; do :; done; kill -USR1 $$) &
killer=$!
wait $job; st=$?
[ $st -gt 128 ] && echo "wait was interrupted by $(kill -l $st)"
wait $killer
echo go >hold
wait $job; echo $?
