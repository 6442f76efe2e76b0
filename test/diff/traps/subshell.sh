# SPDX-License-Identifier: MIT OR Apache-2.0
# Traps are reset in subshells, but the exit trap of the parent does not run in them.
trap 'echo parent exit' EXIT
trap 'echo usr1' USR1
(echo sub; exit 0)
echo "$(echo command substitution)"
echo a | cat
(trap 'echo own' USR1; kill -USR1 $(exec sh -c 'echo $PPID'); echo after) 
kill -USR1 $$
sh -c 'echo new shell'
echo last
