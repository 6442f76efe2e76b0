# SPDX-License-Identifier: MIT OR Apache-2.0
# Redirections are done from left to right.
f() { echo out; echo err >&2; }
f >a 2>&1; cat a; f 2>&1 >b | sed 's/^/piped /'; cat b; f >c 2>d; cat d c
f 2>/dev/null; f >/dev/null 2>e; cat e
f 3>&1 1>&2 2>&3 3>&- 2>/dev/null | cat; { f; } >g 2>&1; cat g; (f) &>h; cat h
f >>h 2>&1; wc -l <h; >empty; wc -c <empty; echo x > i y z; cat i; <i cat
2>&1 >j echo k; cat j
