# SPDX-License-Identifier: MIT OR Apache-2.0
# Scripts need read and execute; set-user-ID survives not a write; root needs an x.
cat >s <<END
#!$(readlink -f /proc/self/exe) sh
id -u
END
./s; echo $?; chmod 755 s; ./s
as() { su -s /bin/sh u1 -c "$1"; }
as ./s; chmod 711 s; as './s; echo $?'; chmod 755 s
chmod 4755 s; stat -c %a s; chown 1000 s; stat -c %a s
chmod 777 .; mkdir box; cp /proc/self/exe box/grep; chmod 4755 box/grep
as 'box/grep ^Uid /proc/self/status' | tr '\t' ' '; chmod 755 box/grep
as 'box/grep ^Uid /proc/self/status' | tr '\t' ' '; chown 1000:1000 box/grep
chmod 6755 box/grep; box/grep -E '^[UG]id' /proc/self/status | tr '\t' ' '
chmod 666 s; chmod u+s s; as 'echo "#" >>s'; stat -c %a s
as 'cat /proc/1/environ' 2>&1 | grep -c denied; cp box/grep b; chmod 644 b; ./b true
echo $?
