# SPDX-License-Identifier: MIT OR Apache-2.0
# seq, factor, numfmt, expr, printf, shuf of a fixed source.
seq 5; seq -s, 0 0.5 2; seq -w 8 11; seq 3 -1 1; seq -f '%03g' 2; factor 12 97 1000000007 18446744073709551615
numfmt --to=iec 1048576 1500; numfmt --from=si 1K 2M; echo '1000 x' | numfmt --to=si --field=1
expr 3 + 4 '*' 2; expr length abc; expr abc : 'a\(.*\)'; expr 1 / 0 2>&1; echo $?
printf '%s %d %e %g\n' a 0x1f 12345.678 0.0001; printf '\101\n%b\n' 'x\0101'
shuf --random-source=/dev/zero -i 1-5 | sort; od -An -tx1 -c </etc/debian_version; echo abc | od -A d -t o2
seq 5 | shuf -n 2 | wc -l
