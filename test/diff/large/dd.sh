# SPDX-License-Identifier: MIT OR Apache-2.0
# Blocks, offsets and counts in files of some megabytes.
dd if=/dev/zero of=z bs=1M count=16 2>/dev/null; wc -c <z; md5sum <z
seq 1 200000 >t; wc -c <t; dd if=t bs=1000 skip=1000 count=1 2>/dev/null | md5sum
dd if=t of=z bs=4096 seek=1000 conv=notrunc 2>/dev/null; wc -c <z; md5sum <z
dd if=t of=z bs=4096 seek=1000 2>/dev/null; wc -c <z; md5sum <z
dd if=z bs=3 skip=1365333 count=5 2>/dev/null | od -c
dd if=t bs=10 count=3 2>&1 >/dev/null | head -n 2
dd if=t bs=1M of=u 2>&1 | head -n 2; cmp t u && echo equal
dd if=/dev/zero of=v bs=65536 count=0 seek=100 2>/dev/null; wc -c <v
