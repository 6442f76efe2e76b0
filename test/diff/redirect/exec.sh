# SPDX-License-Identifier: MIT OR Apache-2.0
# exec moves the shell's own descriptors.
exec 3>f; echo one >&3; exec 4>&3; echo two >&4; exec 3>&-; echo three >&4
exec 4>&-; cat f
exec 5<f; read a <&5; exec 6<&5; read b <&6; read c <&5; echo $a $b $c; exec 5<&- 6<&-
exec 7<>g; echo hello >&7; cat <&7; cat g; exec 7>&-; printf abcdef >h; exec 8<>h
dd bs=1 count=2 <&8 2>/dev/null; printf XX >&8; cat <&8; echo; cat h; echo
exec 9>&1 >out; echo hidden; exec >&9 9>&-; cat out; (exec 3>sub; echo s >&3)
cat sub; echo t 2>&- >&3; echo $?
sh -c 'echo inherited >&3' 3>k; cat k; exec 3>l; sh -c 'echo again >&3'; exec 3>&-; cat l
