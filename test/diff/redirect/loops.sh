# SPDX-License-Identifier: MIT OR Apache-2.0
# Redirected loops, groups and functions share one offset.
seq 5 >f; while read n; do echo "l$n"; done <f >g; cat g
for i in 1 2; do read n; echo "$i:$n"; done <f; { read a; read b; } <f; echo $a$b
i=0; until [ $i = 3 ]; do echo $i; i=$((i + 1)); done >h 2>&1; cat h; if read x; then echo $x; fi <f; case a in a) cat;; esac <<END
case
END
f() { cat; } <g; f | head -n 1; while read x <&3; do read y <&4 || break; echo "$x $y"; done 3<f 4<g; paste - - <f; while read -r a b; do echo "[$a][$b]"; done <<'END'
one two three
 lead\ing  trail  
END
printf 'no newline' | while read x; do echo never; done
printf 'no newline' | { read x; echo "$? $x"; }
