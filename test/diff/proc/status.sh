# SPDX-License-Identifier: MIT OR Apache-2.0
# The lines of status that programs read.
sh -c 'for k in Name State Tgid Pid PPid TracerPid Uid Gid FDSize Groups VmPeak VmSize VmRSS VmData VmStk VmExe Threads SigQ SigPnd ShdPnd SigBlk SigIgn SigCgt CapEff Cpus_allowed Cpus_allowed_list voluntary_ctxt_switches nonvoluntary_ctxt_switches; do grep -c "^$k:" /proc/$$/status | sed "s/^/$k /"; done'
grep -E '^(Name|State|TracerPid|Uid|Gid|Threads|SigPnd|ShdPnd|SigBlk):' /proc/self/status | tr '\t' ' '
sh -c 'awk "/^PPid/ { print \$2 }" /proc/$$/status' | grep -qx $$ && echo ppid
su -s /bin/sh u1 -c 'grep -E "^(Uid|Gid):" /proc/self/status' | tr '\t' ' '
