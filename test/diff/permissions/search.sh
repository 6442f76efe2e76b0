# SPDX-License-Identifier: MIT OR Apache-2.0
# Every directory on the way must be searchable; the group's bits count for its members only.
mkdir -p a/b/c; echo deep >a/b/c/f; chmod 755 a a/b a/b/c; chmod 644 a/b/c/f
as() { su -s /bin/sh u1 -c "$1"; }
as 'cat a/b/c/f'
chmod 750 a/b; as 'cat a/b/c/f'; as 'cat a/b/../b'; as 'stat a/b/c' >/dev/null
as 'stat -c %a a/b'
chgrp 1000 a/b; as 'cat a/b/c/f'
chmod 705 a/b; as 'cat a/b/c/f'; chown 1000:0 a/b; as 'cat a/b/c/f'; chmod 077 a/b
as 'ls a/b'; chown 0:0 a/b
chmod 070 a/b/c/f; chgrp 1000 a/b/c/f; chmod 755 a/b; as 'cat a/b/c/f'
chgrp 0 a/b/c/f; as 'cat a/b/c/f'; chmod 007 a/b/c/f; as 'cat a/b/c/f'
ln -s a/b/c/f l; chmod 700 a/b; as 'cat l'; as 'readlink l'; as 'ls -d a/b'; as 'rm l'
