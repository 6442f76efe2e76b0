# SPDX-License-Identifier: MIT OR Apache-2.0
# The shell knows its jobs by number in a script too.
sleep 1000 &
sleep 2000 &
jobs
kill %1
wait %1 2>/dev/null; echo $?
kill %2
wait %2 2>/dev/null; echo $?
kill %3; echo $?
wait %4; echo $?
