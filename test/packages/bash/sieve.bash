# SPDX-License-Identifier: MIT OR Apache-2.0
# A program of some length: primes, a word count, a queue.
declare -a s; for ((i = 2; i * i < 600; i++)); do [ -z "${s[i]}" ] && for ((j = i * i; j < 600; j += i)); do s[j]=1; done; done
c=0; for ((i = 2; i < 600; i++)); do [ -z "${s[i]}" ] && c=$((c + 1)); done; echo $c primes
declare -A w; for x in the cat and the dog and the bird; do ((w[$x]++)); done
for k in "${!w[@]}"; do echo "${w[$k]} $k"; done | sort -k1,1nr -k2
q=(); for i in {1..60}; do q+=($i); ((i % 3 == 0)) && q=("${q[@]:1}"); done; echo ${#q[@]} ${q[0]} ${q[-1]}
hanoi() { (($1 == 0)) && return; hanoi $(($1 - 1)) $2 $4 $3; ((moves++)); hanoi $(($1 - 1)) $4 $3 $2; }; hanoi 6 a b c; echo $moves
