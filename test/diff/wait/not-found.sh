# SPDX-License-Identifier: MIT OR Apache-2.0
# 127 for a missing program, 126 for one that cannot be run.
no-such-program; echo $?
./no-such; echo $?
/no/such/path; echo $?
echo hello >plain; ./plain; echo $?
mkdir d; ./d; echo $?
chmod 755 plain; echo 'exit 9' >plain; ./plain; echo $?
printf '#!/no/such/interpreter\n' >s; chmod 755 s; ./s; echo $?
printf '\177ELF garbage' >e; chmod 755 e; (exec ./e) 2>/dev/null; echo $?
plain/x; echo $?; sh no-such-script; echo $?; sh -c 'exec no-such'; echo $?
env no-such; echo $?; command no-such; echo $?
