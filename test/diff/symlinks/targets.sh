# SPDX-License-Identifier: MIT OR Apache-2.0
# A link can hold any text: long, empty is refused, with spaces and dots.
ln -s '' e; echo $?
t=$(printf '%04000d' 0); ln -s $t long; readlink long | wc -c
cat long 2>&1 | sed 's/: 0*:/:/' | grep -o 'File name too long'
t=$(printf '%04096d' 0); ln -s $t longer 2>&1 | grep -o 'File name too long'
ln -s 'a b  c' sp; readlink sp; ln -s ../../../../../../../../etc/.. up
[ -d up ] && echo up
ln -s ./././. dot; cd dot && echo in; cd ..
ln -s /proc/self/exe exe; [ -x exe ] && echo runs; stat -c %s sp
ls -l sp | awk '{ print $1 }'
realpath dot/./sp 2>/dev/null; echo $?
