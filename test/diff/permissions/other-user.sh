# SPDX-License-Identifier: MIT OR Apache-2.0
# What the mode forbids, another user is refused, and root is not.
mkdir d; echo secret >d/s; echo public >d/p; chmod 600 d/s; chmod 644 d/p
echo 'echo ran' >d/x; chmod 744 d/x
chmod 755 d
as() { su -s /bin/sh u1 -c "$1"; }
as 'id -u; id -g'
as 'cat d/p; cat d/s'; echo $?
as 'echo w >d/p'; as 'echo n >d/new'; as 'rm -f d/p'; as 'd/x'; as './no/x'
as '[ -r d/p ] && echo r; [ -w d/p ] || echo not w; [ -x d/x ] || echo not x; [ -r d/s ] || echo not r'
chmod 711 d; as 'ls d'; as 'cat d/p'
chmod 744 d; as 'ls d 2>&1 | sort; cat d/p'; chmod 700 d; as 'cat d/p; cd d'; as 'ls d'
chmod 000 d d/s; cat d/s; ls d; echo x >>d/s; cat d/s; chmod 644 d/s
[ -r d/p ] && echo root reads; chmod 000 d/x; [ -x d/x ] || echo root needs one x
d/x; echo $?
