# SPDX-License-Identifier: MIT OR Apache-2.0
# Copies of twenty megabytes by cp, cat, dd, tar and pipes are equal.
seq 1 400000 >a; cat a a a a a a a >b; wc -c <b; s=$(md5sum <b); echo $s
cp b c; [ "$(md5sum <c)" = "$s" ] && echo cp; cat b >d; cmp b d && echo cat
cat b | cat >d; cmp b d && echo pipe; dd if=b of=d bs=12345 2>/dev/null
cmp b d && echo dd
tar -cf t b; rm b; tar -xf t; [ "$(md5sum <b)" = "$s" ] && echo tar
mv b e; [ "$(md5sum <e)" = "$s" ] && echo mv; tail -c 7 e
head -c 3000000 e | md5sum; tail -c 3000000 e | md5sum
