# SPDX-License-Identifier: MIT OR Apache-2.0
# A process sees itself under /proc.
cat /proc/self/comm; tr '\0' ' ' </proc/self/cmdline; echo
sh -c 'cat /proc/$$/comm; tr "\0" "|" </proc/$$/cmdline' zero one; echo
readlink /proc/self/exe | sed 's,.*/,,'
[ "$(readlink /proc/self/cwd)" = "$PWD" ] && echo cwd; readlink /proc/self/root
awk '{ print NF }' /proc/self/stat; awk '{ print NF }' /proc/self/statm
sh -c '[ "$(awk "{ print \$1 }" /proc/$$/stat)" = $$ ] && echo pid'
cut -d ' ' -f 2,3 /proc/self/stat
exec 7</dev/null; readlink /proc/self/fd/7; ls /proc/self/fd | head -n 3
sh -c 'ls /proc/$$/fd | tail -n 1' 
X=1 env -i A=b C=d cat /proc/self/environ | tr '\0' ' '; echo
[ -d /proc/self/task ] && ls /proc/self/task | wc -l
ls -d /proc/$$ >/dev/null && echo there
cat /proc/999999/stat; echo $?; [ /proc/self -ef /proc/$$ ] || echo self is the reader
