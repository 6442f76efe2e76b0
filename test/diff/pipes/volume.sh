# SPDX-License-Identifier: MIT OR Apache-2.0
# A megabyte passes through many processes and arrives intact.
i=0
while [ $i -lt 1024 ]; do printf '%01023d\n' $i; i=$((i + 1)); done >in
wc -c <in
md5sum <in
cat in | cat | dd bs=777 2>/dev/null | cat | md5sum
cat in | tee copy1 copy2 | wc -c
cmp in copy1 && cmp copy1 copy2 && echo equal
cat in in in in | wc
gzip -c in | gunzip -c | cmp - in && echo gzip equal
