# SPDX-License-Identifier: MIT OR Apache-2.0
# Shell functions call themselves hundreds of levels deep.
down() { [ $1 = 0 ] && { echo bottom; return 7; }; down $(($1 - 1)); }
down 500; echo $?
fact() { [ $1 -le 1 ] && echo 1 || echo $(($1 * $(fact $(($1 - 1))))); }
fact 12
fib() { if [ $1 -lt 2 ]; then r=$1; else local n=$1; fib $((n - 1)); local a=$r; fib $((n - 2)); r=$((a + r)); fi; }
fib 15; echo $r
hanoi() { [ $1 = 0 ] && return; hanoi $(($1 - 1)) $2 $4 $3; moves=$((moves + 1)); hanoi $(($1 - 1)) $4 $3 $2; }
moves=0; hanoi 9 a b c; echo $moves
even() { [ $1 = 0 ] && echo even || odd $(($1 - 1)); }
odd() { [ $1 = 0 ] && echo odd || even $(($1 - 1)); }; even 301
