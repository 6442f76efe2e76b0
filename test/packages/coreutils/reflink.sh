# SPDX-License-Identifier: MIT OR Apache-2.0
# Copies that share their blocks, which no file system in memory has: refused, or made as any copy.
echo text >from
cp --reflink=always from to
echo "status $?"
cp --reflink=always from /dev/shm/to 2>&1 | sed "s,'[^']*',X,g"
cp --reflink=auto from to && cat to
cp --reflink=never --sparse=always from to2 && cmp from to2 && echo same
dd if=from of=direct bs=4k conv=excl status=none && cat direct
