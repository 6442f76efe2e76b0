# SPDX-License-Identifier: MIT OR Apache-2.0
# Scripts by their first line: an interpreter, its one argument, nested, or none.
b=$(readlink -f /proc/self/exe)
ln -s $b sh; printf '#!%s/sh\necho "script $0 $1"\n' "$PWD" >s1
printf '#!  %s/sh  -e\nfalse\necho no\n' "$PWD" >s2; printf 'echo plain $1\n' >s3
printf '#!%s/s1\nbody\n' "$PWD" >s4; printf '#!\necho empty\n' >s5
ln -s $b cat; printf '#!%s/cat\ntext of itself\n' "$PWD" >s6
printf '#!%s/sh -c "x y" z\n' "$PWD" >s7
printf '#!./sh\necho relative interpreter\n' >s8
chmod 755 s?; ./s1 a | sed "s,$PWD,.,"; ./s2; echo $?; ./s3 arg
./s4 2>&1 | sed "s,$PWD,.,g"; ./s5; ./s6 | sed 1d; ./s8; env ./s1 viaenv
sh ./s1 by-sh | sed "s,$PWD,.,"; PATH=$PWD:$PATH s1 bypath | sed "s,$PWD,.,"
printf '#!%s/loop\n' "$PWD" >loop; chmod 755 loop; (exec ./loop) 2>/dev/null
echo $?; printf '#!%s/sh' "$PWD" >s9; chmod 755 s9; ./s9; echo $?
