# SPDX-License-Identifier: MIT OR Apache-2.0
# What is cut off is gone: growing again gives zeros.
seq 1 100000 >f; truncate -s 300001 f; truncate -s 600000 f
tail -c 299999 f | tr -d '\0' | wc -c; head -c 300001 f | md5sum
: >f; wc -c <f; truncate -s 5000 f; md5sum <f
echo abc >g; truncate -s 2 g; cat g; echo; truncate -s 4097 g; truncate -s 4095 g
truncate -s 8192 g; od -c g
exec 3<>f; rm f; echo kept >&3; dd bs=1 count=5 <&3 2>/dev/null | od -c; exec 3>&-
seq 1 10 >h; exec 4>>h; truncate -s 0 h; echo appended >&4; cat h; exec 5>i
echo 12345 >&5; truncate -s 0 i; echo x >&5; od -c i
