# SPDX-License-Identifier: MIT OR Apache-2.0
# 64-bit arithmetic, bases, shifts, the errors.
echo $((2**62)) $((9223372036854775807 + 1)) $((16#ff)) $((-7 / 2)) $((-7 % 3)) $((1 << 40)) $((5 > 3 ? 10 : 20))
let x=5 y=x*2; echo "$x $y"; ((x++ > 4)) && echo "$x"
for ((i = 0; i < 5; i++)); do printf '%d ' $((i * i)); done; echo
(echo $((1 / 0))) 2>&1; echo "status $?"
fib() { local n=$1; ((n < 2)) && echo "$n" || echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); }
fib 6
