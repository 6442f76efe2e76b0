# SPDX-License-Identifier: MIT OR Apache-2.0
# A redirection that fails stops its command, a special builtin's stops the shell.
echo x >no/such; echo $?; cat <nothing; echo $?; true <nothing; echo $?
{ echo body; } <nothing; echo $?; (echo body) <nothing; echo $?
while :; do echo loop; break; done <nothing; echo $?
f() { echo body; } <nothing; f; echo $?; echo a >/; echo $?; echo a >f >no/such; ls
sh -c ': <nothing; echo after special'; echo $?
sh -c 'exec <nothing; echo after exec'; echo $?; command : <nothing
echo "command $?"
