# SPDX-License-Identifier: MIT OR Apache-2.0
# Named pipes: opening meets the other side, end of file comes with the last writer.
mkfifo p q
stat -c '%F %a' p
cat p >got &
echo hello >p
wait $!
cat got
(cat q; echo eof) &
exec 5>q
echo first >&5
(echo second) >&5
exec 5>&-
wait
(while read x; do echo "read $x"; done <p; echo end of p) &
exec 6>p
echo one >&6; sh -c 'echo two >&6'; (echo three >p)
exec 6>&-
wait
[ -p p ] && echo is a fifo
rm p q; ls
