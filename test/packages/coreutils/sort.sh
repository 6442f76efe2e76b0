# SPDX-License-Identifier: MIT OR Apache-2.0
# sort by keys, numerically, stable, unique, merged, checked, in parallel.
printf '%s\n' 'b 2' 'a 10' 'c 1' 'a 2' >in; sort in; sort -k2n in; sort -k1,1 -k2nr in; sort -s -k1,1 in
sort -u -k1,1 in
printf '1K\n2M\n10\n1G\n' | sort -h; printf '1.10\n1.9\n1.2\n' | sort -V; printf 'Jan\nFeb\nDec\n' | sort -M
seq 5000 -1 1 | sort -n --parallel=4 -S 100K | md5sum; sort -c in; echo $?
printf 'a\nc\n' >p; printf 'b\n' | sort -m p -; sort -o p -r p; cat p; sort none 2>&1; echo $?
printf 'b\0a\0' | sort -z | tr '\0' '\n'; sort --random-source=/dev/zero -R in | wc -l
