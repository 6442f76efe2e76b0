# SPDX-License-Identifier: MIT OR Apache-2.0
# Lines of several writers into one pipe stay whole.
for w in a b c d; do
	(i=0; while [ $i -lt 100 ]; do echo "$w$w$w$w$w$w$w$w$w$w$w$w"; i=$((i + 1)); done) &
done | sort | uniq -c | sed 's/^ *//'
