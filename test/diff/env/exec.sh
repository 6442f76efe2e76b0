# SPDX-License-Identifier: MIT OR Apache-2.0
# exec replaces the shell; the program's name and arguments arrive as given.
(exec echo replaced; echo never); (exec -a renamed sh -c 'echo $0') 2>/dev/null
sh -c 'echo $0 $# $1 "$2"' name 'a b' 'c  d'; sh -c 'echo $0'
ln -s /proc/self/exe nothing 2>/dev/null
b=$(readlink -f /proc/self/exe); ln -s $b echo; ./echo linked; ln -s $b cat
./cat /dev/null && echo ok; ln -s $b unknown-applet; ./unknown-applet; echo $?
$b no-such-applet; echo $?; (exec nothing; echo no); echo $?
sh -c 'exec sh -c "exec sh -c \"echo three deep \\\$\\\$ | wc -w\""'
p=$(sh -c 'echo $$; exec sh -c "echo \$\$"' | uniq | wc -l); echo "one pid: $p"
PATH=/nowhere; nothing-here; echo $?; $b echo by path; command -v cd; type cd
