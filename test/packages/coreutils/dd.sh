# SPDX-License-Identifier: MIT OR Apache-2.0
# dd: blocks, skip, seek, conversions, status, direct positions, sparse.
seq 1 2000 >in; dd if=in of=out bs=100 count=3 2>/dev/null; wc -c <out
dd if=in bs=10 skip=5 count=1 status=none; dd if=in of=out bs=1 seek=500 count=10 conv=notrunc status=none
wc -c <out; printf 'abc' | dd conv=ucase status=none; echo; printf 'ab' | dd conv=swab status=none; echo
printf 'ab' | dd bs=5 conv=sync status=none | od -c; dd if=/dev/zero of=z bs=1M count=2 2>&1 | sed -n 1,2p
dd if=in bs=1K count=2 iflag=fullblock 2>&1 >/dev/null | head -n 2
(dd if=/dev/zero bs=10 count=1 status=none; dd if=/dev/zero bs=10 count=1 status=none) | wc -c; dd if=none 2>&1
echo $?; dd if=in of=o2 bs=4K oflag=append conv=notrunc,fsync status=none; cmp in o2 && echo same
dd if=in bs=7 count=2 skip=3 iflag=skip_bytes,count_bytes status=none; echo
dd if=/dev/full of=/dev/full count=1 2>&1 | head -n 1
