# SPDX-License-Identifier: MIT OR Apache-2.0
# Here-documents on other descriptors.
cat <&3 3<<END
on three
END
exec 4<<END
line 1
line 2
line 3
END
read a <&4; read b <&4
echo "$b, $a"
cat <&4
exec 4<&-
cat /proc/self/fd/5 5<<END
by name
END
{ read x <&3; read y <&4; echo $x $y; } 3<<A 4<<B
left
A
right
B
