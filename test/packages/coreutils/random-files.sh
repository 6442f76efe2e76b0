# SPDX-License-Identifier: MIT OR Apache-2.0
# Names, links and rights made, moved and removed in an order from a generator; each refusal and the state at the end.
awk 'function r(n) { seed = (seed * 1103515245 + 12345) % 2147483648; return int(seed / 65536) % n }
function name() { split("a b c d/x d/y e/f e/g/h l", names); return names[1 + r(8)] }
BEGIN { seed = 17; split("cp|cp -r|mv|mv -n|ln|ln -s|ln -sf|cp -a", two, "|"); split("rm|rm -rf|rmdir|mkdir|mkdir -p|touch|chmod 640|chmod u+x|truncate -s 100|cat", one, "|")
	for (i = 0; i < 40; i++) if (r(2)) print two[1 + r(8)], name(), name(); else print one[1 + r(10)], name() }' >plan
mkdir work; cd work || exit
while read -r line; do $line >/tmp/said 2>&1 || { echo "$line: $?"; cat /tmp/said; }; done <../plan
find . -printf '%p %y %m %n %s %l\n' | sed 's/ d \([0-9]*\) \([0-9]*\) [0-9]* / d \1 \2 /' | sort
