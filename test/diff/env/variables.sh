# SPDX-License-Identifier: MIT OR Apache-2.0
# What is exported reaches children, what is not does not.
A=1; B=2; export B; sh -c 'echo "[$A][$B]"'; A=3 sh -c 'echo $A'; echo $A; export A
sh -c 'echo $A'; unset A; sh -c 'echo "[$A]"'; export -n B 2>/dev/null
sh -c 'echo "[$B]"'
env -i X=y env; env -i sh -c 'echo ${HOME-nohome}'; env X=1 Y=2 sh -c 'echo $X$Y'
env -u HOME sh -c 'echo ${HOME-unset}'; X=1 env | grep ^X=; readonly R=5
(R=6) 2>&1 | sed 's/.*: //'; echo $R
set -a; Z=auto; sh -c 'echo $Z'; set +a; x='multi
line'; export x; sh -c 'echo "$x"'; env -i A=1 B=2 C=3 env | sort; v=$(printf '%0100000d' 7); export v; sh -c 'echo ${#v}'
