# SPDX-License-Identifier: MIT OR Apache-2.0
# Owners, groups, and who may change them.
touch f; stat -c '%u %g' f; chown 1000 f; stat -c '%u %g' f; chown 1000:1000 f
chgrp 5 f; stat -c '%u %g' f; chown 0:0 f
chmod 777 .
as() { su -s /bin/sh u1 -c "$1"; }
as 'touch mine; mkdir md; ln -s mine ml; stat -c "%u %g" mine md ml'
as 'chown 0 mine'; as 'chgrp 0 mine'; as 'chgrp 1000 mine; echo $?'
as 'chmod 600 f'; as 'chown 1000 f'; as 'touch -d 2020-01-01 f'
as 'chmod 4755 mine; stat -c %a mine'; chown 0 mine; stat -c %a mine
chmod 6755 mine; chgrp 1 mine; stat -c %a mine; chmod 6755 mine; chown -h 1000 ml
stat -c '%u' ml; stat -c %a mine
mkdir sg; chgrp 1000 sg; chmod 2777 sg; touch sg/a; mkdir sg/b; stat -c '%g %a' sg/a sg/b
as 'touch sg/c; stat -c "%u %g" sg/c'
mkdir -p t/u; chown -R 1000:1000 t; stat -c '%u %g' t/u; chown no-such f; echo $?
