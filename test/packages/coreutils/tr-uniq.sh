# SPDX-License-Identifier: MIT OR Apache-2.0
# tr with classes, ranges, complement and squeezing; uniq; tsort; ptx.
echo 'Hello  World' | tr a-z A-Z; echo 'Hello  World' | tr -s ' '; echo a1b2 | tr -d '[:digit:]'
echo abc | tr -c 'b\n' x; echo 'héllo' | tr -cd '[:print:]\n'
printf 'a\na\nb\nA\n' >in; uniq in; uniq -c in; uniq -d in; uniq -u in; uniq -i in; uniq -D in
printf '1 x\n2 x\n' | uniq -f1; printf 'a b\nb c\na c\n' | tsort; printf 'a b\nb a\n' | tsort 2>&1; echo $?
echo 'the cat' | ptx -A | head -n 3; echo 'one two three four' | fmt -w 10
