# SPDX-License-Identifier: MIT OR Apache-2.0
# timeout ends what takes too long and says how.
timeout 1 sleep 100; echo $?
timeout -s KILL 1 sleep 100; echo $?
timeout 100 true; echo $?; timeout 100 sh -c 'exit 9'; echo $?
timeout 3 sh -c 'trap "echo got term; exit 4" TERM; while :; do usleep 10000; done'
echo $?
timeout -k 1 3 sh -c 'trap "" TERM; while :; do usleep 10000; done'; echo $?
timeout 100 no-such; echo $?
