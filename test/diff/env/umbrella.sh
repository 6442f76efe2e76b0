# SPDX-License-Identifier: MIT OR Apache-2.0
# time, setsid, nohup, id, groups, whoami, logname of a process.
id -u; id -g; whoami; id -un; sh -c 'exit 4' | cat; time true 2>&1 | head -n 0
setsid sh -c 'awk "{ print (\$1 == \$5), (\$1 == \$6) }" /proc/$$/stat'; setsid true
echo $?
su -s /bin/sh u1 -c 'id -u; id -un; whoami; echo $HOME $USER; id -G'
awk '{ print $19 }' /proc/self/stat; renice -n 3 -p $$ >/dev/null
awk '{ print $19 }' /proc/self/stat; nohup echo x 2>/dev/null; usleep 1; echo $?
sync; echo $?; true; false; echo $?; yes | head -n 1; mktemp -u | cut -c 1-9
f=$(mktemp); stat -c '%a %s' $f; rm $f; d=$(mktemp -d); stat -c %a $d; rmdir $d
