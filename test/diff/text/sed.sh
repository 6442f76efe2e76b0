# SPDX-License-Identifier: MIT OR Apache-2.0
# Addresses, substitutions, holds, branches, and editing in place.
seq 10 >in
sed -n '3p;5,6p;$p' in
sed '2,9d' in
sed 's/1/one/;s/0$/ZERO/' in | tail -n 2
sed -n '/3/,/5/p' in
sed -e 1i\\ -e 'before' -e '$a\' -e 'after' in | sed -n '1p;$p'
sed '2c\changed' in | head -n 3
sed -n 'H;${x;s/\n/,/g;p}' in
sed '1!G;h;$!d' in | head -n 3
sed ':a;N;$!ba;s/\n/ /g' in
sed 'y/123/abc/' in | head -n 3 | tr '\n' ' '; echo
echo 'foo bar baz' | sed -E 's/(\w+) (\w+)/\2 \1/'
echo aaaa | sed 's/a/b/3'
echo 'path/to/x' | sed 's,/,:,g;s/X/&&/I'
sed -i 's/5/five/' in; sed -n 5p in
sed -n '$=' in
sed 5q in | tail -n 1
sed '/^[369]/d' in | tr '\n' ' '; echo
sed -n 's/7/&!/w out' in; cat out
sed 's/[/x/' in 2>/dev/null; echo $?
