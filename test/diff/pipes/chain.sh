# SPDX-License-Identifier: MIT OR Apache-2.0
# A long pipeline of filters gives the same text every time.
seq 1 2000 | sed 's/7/seven/g' | grep seven | sort -r | head -n 40 | tr a-z A-Z | tail -n 5
seq 1 100 | awk '{ s += $1 } END { print s }'
echo one two three | tr ' ' '\n' | sort | paste -s -d, -
seq 10 | while read n; do echo $((n * n)); done | tac | cat -n
printf 'a\nb\n' | tr a-z A-Z | cat | cat | cat | cat | cat | cat | cat
