# SPDX-License-Identifier: MIT OR Apache-2.0
# Nine descriptors open at once, each with its own file.
for i in 3 4 5 6 7 8 9; do eval "exec $i>f$i"; done
for i in 3 4 5 6 7 8 9; do eval "echo $i >&$i"; done
for i in 9 8 7 6 5 4 3; do eval "exec $i>&-"; done; cat f3 f9; cat f? | paste -s -d ' ' -
sh -c 'for f in /proc/self/fd/*; do case ${f##*/} in 0|1|2) echo ${f##*/};; esac; done'
(exec 3<f3 0<&3 3<&-; cat); exec 3<f3 4<f4; cat <&4 <&3; cat /proc/self/fd/3
cat /proc/self/fd/4 /proc/self/fd/4; : >f10; exec 3>f10
echo through >/proc/self/fd/3; cat f10
