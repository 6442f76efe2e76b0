# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs that are only asked for their status: grep moves the rest of its input to /dev/null by splice(2).
seq 100000 | grep 5 >/dev/null; echo "status $?"
seq 100000 | grep -v 5 >/dev/null && echo found
seq 100 | grep x >/dev/null; echo "status $?"
seq 100000 | grep -q 5; echo "status $?"
(seq 1000; sleep 0.1; seq 1000) | grep -c 7 >/dev/null; echo "status $?"
grep 5 >/dev/null </dev/null; echo "status $?"
seq 100000 >file; grep 5 file >/dev/null; echo "status $?"
mkfifo pipe; seq 100000 >pipe & grep 99 pipe >/dev/null; echo "status $?"; wait
