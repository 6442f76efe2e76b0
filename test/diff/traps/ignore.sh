# SPDX-License-Identifier: MIT OR Apache-2.0
# An ignored signal stays ignored in children; a caught one is reset in them.
trap '' TERM
sh -c 'kill -TERM $$; echo child survived'; echo $?
(kill -TERM $(exec sh -c 'echo $PPID'); echo subshell survived); echo $?
trap 'echo parent caught' TERM
sh -c 'kill -TERM $$; echo no'; echo $?
trap - TERM
sh -c 'trap "" USR1; sh -c "trap \"echo no\" USR1; kill -USR1 \$\$; echo ignored at entry stays"'
