# SPDX-License-Identifier: MIT OR Apache-2.0
# Formats and arguments from a generator: printf, date, stat, numfmt, expr, test, with what they refuse.
for form in '%d' '%5.2f' '%-8s|' '%+e' '%x' '%o' '%c' '%b' '%q' '%s%s' '%*d' '%z'; do
	for word in -17 3.5 0x1F 'a\tb' 9223372036854775808 "'A"; do
		/usr/bin/printf "$form|" "$word" 2>&1; echo "printf $form $word: $?"
	done
done
for form in %A %B %c %D %e %F %G %I %k %l %N %r %s %T %x %Z %:z %::z %q; do echo "$form $(TZ=UTC0 date -d @951868800.25 "+$form")"; done
for when in 'yesterday 2020-03-01' '2020-02-30' '@-1' 'Mon 2021-01-01' '2020-06-15 12:00 EST' '1 week ago 2000-01-08' '20:00 2001-02-03' 'now 25:00'; do
	said=$(TZ=UTC0 date -d "$when" '+%F %T' 2>&1); echo "date $when: $? $said"; done
for op in + - '*' / % '<' '=' '&' '|' ':'; do for b in 0 -4 abc; do said=$(expr 21 "$op" "$b" 2>&1); echo "expr 21 $op $b: $? $said"; done; done
for n in 1023 1536000 -5 x; do for to in si iec iec-i; do said=$(numfmt --to=$to -- $n 2>&1); echo "numfmt $to $n: $? $said"; done; done
for t in -e -f -L -c -w -s -k; do for f in /etc/passwd /dev/null /tmp none; do /usr/bin/test $t $f; echo -n "$t$f $? "; done; echo; done
