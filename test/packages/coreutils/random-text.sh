# SPDX-License-Identifier: MIT OR Apache-2.0
# Every one of these filters over every one of these inputs; the outputs by their sums.
seq 200 | awk '{ print ($1 * 7919) % 101, "word" $1 % 7, $1 }' >table; head -c 5000 /dev/zero >zeros
printf 'a\r\nb\\n\tc\n\n\n\nno end' >odd
while read -r filter; do
	for input in table zeros odd; do
		sh -c "$filter" <$input >out 2>err; status=$?
		echo "$filter <$input: $status $(cksum <out) $(sed 's/^[^:]*: //;q' err)"
	done
done <<'END'
sort -k2,2 -k1nr | uniq -c -f1
cut -c 2-5,7-
tr -s '[:space:]' '\n' | sort -u
fold -w 7 | head -n -1 | tail -n +2
od -c | tail -n 2
expand -t 3 | unexpand -a | fmt -w 30
dd bs=7 skip=3 count=20 iflag=fullblock status=none
sed -n 'p;n' | paste - - | comm -3 - /dev/null
END
