# SPDX-License-Identifier: MIT OR Apache-2.0
# The stack grows as far as its limit, and no further.
awk 'function f(n) { return n == 0 ? 0 : 1 + f(n - 1) } BEGIN { print f(5000) }'
(ulimit -s 512; awk 'function f(n) { return 1 + f(n + 1) } BEGIN { print f(0) }' 2>/dev/null; echo $?)
echo "$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "("; printf "1"; for (i = 0; i < 300; i++) printf ")" }')" >e
echo $(($(cat e)))
sh -c 'f() { f; }; f' 2>/dev/null; [ $? -gt 128 ] && echo overflow is a signal
