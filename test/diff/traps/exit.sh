# SPDX-License-Identifier: MIT OR Apache-2.0
# The EXIT trap runs once, at every way of leaving, and sees the status.
sh -c 'trap "echo bye \$?" EXIT; exit 3'; echo $?
sh -c 'trap "echo bye" EXIT; false'; echo $?
sh -c 'trap "exit 9" EXIT; exit 3'; echo $?
sh -c 'trap "echo one" EXIT; trap "echo two" EXIT'; echo $?
(trap 'echo subshell' EXIT; echo in)
sh -c 'set -e; trap "echo left \$?" EXIT; false; echo no'; echo $?
sh -c 'trap "echo never" EXIT; trap - EXIT; exit 2'; echo $?
sh -c 'trap "echo on exit" EXIT; exec true'; echo "exec: $?"
sh -c 'trap "echo on term" EXIT; kill -TERM $$; echo survived'; echo $?
