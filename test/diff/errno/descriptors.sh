# SPDX-License-Identifier: MIT OR Apache-2.0
# Closed, wrong and missing descriptors.
echo x >&9; echo $?; cat <&9; echo $?
exec 3<&-; echo x >&3; (exec 4>f; echo w >&4; cat <&4); (exec 4<f; echo w >&4; echo $?)
cat <&- ; echo $?; echo x >&-; echo $?; (exec >&-; pwd); echo $?; exec 8</dev/null
echo x >&8; (cat >&-) <f; echo $?
dd if=/proc/self/fd/99 2>&1 | sed 's/^dd: //'; read x <d; mkdir d; read x <d
echo $?; cat <d; exec 7<d; cat <&7; echo $?; ls -d d >/dev/null <&7 && echo dir open
