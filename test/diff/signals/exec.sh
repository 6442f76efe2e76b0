# SPDX-License-Identifier: MIT OR Apache-2.0
# Across exec an ignored signal stays ignored, a caught one is reset, a blocked one stays blocked.
mask() { grep "^Sig$1" /proc/self/status | tr '\t' ' '; }
mask Ign; mask Cgt; mask Blk
(trap '' USR1 TERM HUP; mask Ign; exec grep ^SigIgn /proc/self/status) | tr '\t' ' '
(trap 'echo x' USR1 INT; exec grep ^SigCgt /proc/self/status) | tr '\t' ' '
(trap '' INT; exec sh -c 'trap - INT; kill -INT $$; echo still ignored')
(trap 'echo no' INT; exec sh -c 'kill -INT $$; echo no') ; echo $?
nohup sh -c 'kill -HUP $$; echo nohup works' 2>/dev/null; cat nohup.out 2>/dev/null
