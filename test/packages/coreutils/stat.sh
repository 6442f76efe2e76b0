# SPDX-License-Identifier: MIT OR Apache-2.0
# stat of files, links, devices, file systems; formats; touch; truncate; chmod; mktemp.
echo hello >f; chmod 2640 f; ln -s f l; mkfifo p; touch -d '1999-12-31 23:59:59.123456789 UTC' f
TZ=UTC0 stat -c '%n %s %a %A %F %h %u %g %y %Y %B %o' f; stat -c '%N %F' l p /dev/null /dev; stat -L -c %F l
stat -f -c '%T %l' /proc /tmp; stat none 2>&1; echo $?
touch -r f g; stat -c %Y g; touch -a -d @1000 g; stat -c '%X %Y' g; touch -c nothere; ls nothere 2>&1
truncate -s 5K g; stat -c %s g; truncate -s -1K g; stat -c %s g; truncate -s %3000 g; stat -c %s g
chmod u+x,g=rw,o-r f; stat -c %a f; chmod -v 600 f; chmod a+X d 2>&1; basename "$(mktemp -d ./tXXXXXX)" | wc -c
mktemp -u zzXX 2>&1 | wc -l; readlink -f l | sed 's,.*/,,'; realpath -m /a/../b/./c
realpath --relative-to=/usr/lib /usr/bin/x
