# SPDX-License-Identifier: MIT OR Apache-2.0
# Formats and arguments in all combinations: printf, date, expr, numfmt, test, with what they refuse.
for form in '%5.2f' '%+e' '%x' '%c' '%b' '%q' '%*d' '%z'; do
	/usr/bin/printf "$form|" -17 3.5 0x1F 'a\tb' 9223372036854775808 "'A" 2>&1; echo "printf $form: $?"
done
for form in '%A %B %c %D %e %F %G %I %k %l' '%N %r %s %T %x %Z' '%:z %::z %q'; do TZ=UTC0 date -d @951868800.25 "+$form"; done
for when in 'yesterday 2020-03-01' '2020-02-30' '@-1' '2020-06-15 12:00 EST' '1 week ago 2000-01-08' 'now 25:00'; do
	TZ=UTC0 date -d "$when" '+%F %T' 2>&1; echo "date $when: $?"
done
for op in + / % '<' '&' ':'; do for b in 0 -4 abc; do expr 21 "$op" "$b" 2>&1; echo "expr 21 $op $b: $?"; done; done
for to in si iec iec-i; do numfmt --to=$to --invalid=warn -- 1023 1536000 -5 x 2>&1; echo "numfmt $to: $?"; done
for t in -f -L -c -s; do for f in /etc/passwd /dev/null /tmp none; do /usr/bin/test $t $f; echo "test $t $f: $?"; done; done
