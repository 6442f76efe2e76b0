# SPDX-License-Identifier: MIT OR Apache-2.0
# Differences, patches, comparisons and checksums.
seq 10 >a; sed 's/5/five/;7d' a >b; echo 11 >>b
diff a b; echo $?
diff -u -L A -L B a b >p; cat p
cp a c; patch c <p >/dev/null; cmp c b && echo patched
patch -R c <p >/dev/null; cmp c a && echo reversed
cmp a b; echo $?
diff a a && echo same
mkdir d1 d2; echo x >d1/f; echo y >d2/f; echo z >d2/g; diff -r d1 d2; diff -q a b
md5sum a | cut -c 1-32; sha1sum a; sha256sum <a; sha512sum a | cut -c 1-20
crc32 a 2>/dev/null; cksum a 2>/dev/null
sha256sum a b >sums; sha256sum -c sums; echo 0 >a; sha256sum -c sums 2>/dev/null; echo $?
