# SPDX-License-Identifier: MIT OR Apache-2.0
# Holes read as zeros; sizes beyond four gigabytes are numbers like others.
dd if=/dev/null of=s bs=1 seek=5000000000 2>/dev/null; stat -c %s s
echo end >>s; stat -c %s s; tail -c 4 s
dd if=s bs=1000 skip=4999999 count=1 2>/dev/null | od -c | head -n 3
printf X | dd of=s bs=1 seek=4294967296 conv=notrunc 2>/dev/null
dd if=s bs=4096 skip=1048576 count=1 2>/dev/null | od -c | head -n 3
dd if=s bs=4096 skip=1048575 count=1 2>/dev/null | od -c | head -n 3
truncate -s 100 s; wc -c <s; md5sum <s; truncate -s 64M s; md5sum <s
truncate -s 9223372036854775808 t 2>&1 | sed 's/.*: //'
truncate -s 1000000000000 t && stat -c %s t
dd if=t bs=1 skip=999999999990 2>/dev/null | od -c; rm -f t
truncate -s 1K n; stat -c %s n; truncate -c -s 5 none; ls
