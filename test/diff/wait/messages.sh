# SPDX-License-Identifier: MIT OR Apache-2.0
# What the shell says of a child that died.
sh -c 'kill -SEGV $$; :'; echo $?
sh -c 'sh -c "kill -TERM \$\$"; echo $?'
sh -c 'sh -c "kill -KILL \$\$"; echo $?' 2>&1
(sh -c 'kill -ABRT $$'; echo $?) 2>&1
(sh -c 'kill -INT $$'; echo $?) 2>&1
(sh -c 'kill -PIPE $$'; echo $?) 2>&1
