# SPDX-License-Identifier: MIT OR Apache-2.0
# The mask takes bits away from what is created, and is inherited.
umask; umask 022; touch a; mkdir da; umask 077; touch b; mkdir db; umask 000
touch c; mkdir dc; umask 777; touch d
umask 027; umask -S; sh -c 'umask'; (umask 0; touch e); touch f; mkfifo p
mkdir -m 1711 m; mkdir -p q/r/s
umask u=rwx,g=,o=; umask; touch g; cp a copy; ln -s a l; mknod -m 604 n p
stat -c '%n %a %A' a b c d e f g da db dc p m q q/r q/r/s copy n
stat -c %a l
