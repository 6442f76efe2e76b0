# SPDX-License-Identifier: MIT OR Apache-2.0
# Hard links share one file; the count of names tells.
echo one >a; ln a b; ln b c; stat -c '%h' a
[ a -ef c ] && echo same file
echo two >>b; cat c; chmod 600 c; stat -c %a a
rm a; stat -c '%h' b; cat b; mv c a; cat a; mv a b; ls; stat -c %h b
mkdir d; ln d e; echo $?; stat -c %h d; mkdir d/1 d/2; stat -c %h d; rmdir d/1
stat -c %h d
ln b d/b; ln b d/b; ln -f b d/b; echo $?; ln no-such x; ln -s target sl
ln -P sl sl2 2>/dev/null && readlink sl2
