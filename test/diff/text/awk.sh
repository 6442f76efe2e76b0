# SPDX-License-Identifier: MIT OR Apache-2.0
# Arithmetic, arrays, strings, functions, pipes and files in awk.
cat >in <<END
alice:30:paris
bob:25:rome
carol:35:paris
END
awk -F: '{ print $1, $2 * 2 }' in
awk -F: '{ n[$3]++; s[$3] += $2 } END { for (c in n) print c, n[c], s[c] / n[c] }' in | sort
awk 'BEGIN { printf "%05.2f|%-6s|%6s|%x|%c|%e\n", 3.14159, "ab", "cd", 255, 65, 12345.678 }'
awk 'BEGIN { s = "hello world"; gsub(/o/, "0", s); print s, length(s), substr(s, 1, 5), index(s, "w"), toupper(s) }'
awk 'BEGIN { n = split("a,b,c", p, ","); for (i = n; i; i--) printf "%s ", p[i]; print "" }'
awk 'function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } BEGIN { print fib(18) }'
awk 'NR == 2, NR == 3 { print NR ": " $0 }' in
awk '/b/ && !/bob/ { c++ } END { print c + 0 }' in
awk -v x=5 'BEGIN { while (x-- > 0) { if (x == 2) continue; print x } }'
awk 'BEGIN { while (("echo a; echo b" | getline l) > 0) print "got " l; close("echo a; echo b") }'
awk 'BEGIN { print "b\na" | "sort"; close("sort"); print "after" }'
awk '{ print > ("out." NR) } END { close("out.1") }' in; cat out.2
awk 'BEGIN { if (match("foobar", /o+/)) print RSTART, RLENGTH; print sprintf("%d%%", 50) }'
awk 'BEGIN { print 1e6, 1e300 * 1e10, 7 % 3, int(-3.7), 10 / 4 }'
awk 'BEGIN { print ENVIRON["HOME"], ARGC }' x y
awk 'BEGIN { exit 3 }'; echo $?
awk 'BEGIN { r = system("exit 5"); print r }'
