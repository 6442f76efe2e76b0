# SPDX-License-Identifier: MIT OR Apache-2.0
# Two processes take turns through two fifos.
mkfifo ping pong
(exec 3<ping 4>pong; while read n <&3; do echo $((n + 1)) >&4; done) &
exec 5>ping 6<pong
n=0
while [ $n -lt 50 ]; do echo $n >&5; read n <&6; n=$((n + 1)); done
exec 5>&- 6<&-
wait $!; echo "status $? count $n"
