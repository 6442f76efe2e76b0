# SPDX-License-Identifier: MIT OR Apache-2.0
# A job in the background reads from /dev/null unless told otherwise.
echo data >f
exec <f
cat & wait $!
echo "cat got nothing: $?"
cat <&0 & wait $!
readlink /proc/self/fd/0 >/dev/null && echo open
(readlink /proc/self/fd/0) & wait $!
