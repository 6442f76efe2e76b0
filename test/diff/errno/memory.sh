# SPDX-License-Identifier: MIT OR Apache-2.0
# A process that asks for more memory than it may have is told so, and only it.
box=$(readlink -f /proc/self/exe); export box
(ulimit -v 20000; awk 'BEGIN { s = "x"; while (length(s) < 200000000) s = s s; print "no" }'; echo $?) 2>&1 | sed 's/.*: //'
(ulimit -v 20000; dd if=/dev/zero of=/dev/null bs=100M count=1; echo $?) 2>&1 | sed 's/.*: //'
sort -n <<END
2
1
END
echo alive
