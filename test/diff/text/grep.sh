# SPDX-License-Identifier: MIT OR Apache-2.0
# Matching lines, counts, contexts, files and statuses.
printf 'alpha\nbeta\ngamma\nAlpha beta\n' >in; printf 'beta\n' >in2
grep beta in
grep -c a in; grep -ci alpha in
grep -v a in; echo $?
grep -n '^[ag]' in
grep -E 'al|mm' in
grep -o 'a[lm]' in
grep -w beta in in2
grep -l gamma in in2; grep -L gamma in in2
grep -A 1 -B 1 gamma in
grep -F 'a.' in; echo $?
grep -q beta in && echo quiet
grep x no-such 2>/dev/null; echo $?
grep -r beta . | sort
printf 'beta\ngamma\n' >pat; grep -f pat in
grep -x beta in; grep -m 1 a in; grep -h beta in in2 | wc -l
