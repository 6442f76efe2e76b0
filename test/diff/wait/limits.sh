# SPDX-License-Identifier: MIT OR Apache-2.0
# Limits end or refuse what passes them.
(ulimit -f 8; dd if=/dev/zero of=big bs=1024 count=100 2>/dev/null; echo $?; wc -c <big)
(ulimit -n 8; exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null; echo five; exec 8</dev/null) 2>&1 | sed 's/.*: //'
(ulimit -n 3; cat </dev/null; echo $?) 2>&1 | sed 's/.*: //'
(ulimit -t 1; sh -c 'while :; do :; done'; echo $?) 2>/dev/null
ulimit -n 20; ulimit -n; sh -c 'ulimit -n'; ulimit -S -n 10; ulimit -S -n
ulimit -H -n; ulimit -c 0; ulimit -c
