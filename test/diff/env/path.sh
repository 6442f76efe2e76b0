# SPDX-License-Identifier: MIT OR Apache-2.0
# PATH is searched in order; the first that can be run wins.
mkdir a b c; printf '#!%s sh\necho from a\n' $(readlink -f /proc/self/exe) >a/zz
sed s/a$/b/ a/zz >b/zz; chmod 755 b/zz; P=$PATH
PATH=$PWD/a:$PWD/b:$P; zz; chmod 755 a/zz; zz; hash -r; zz; rm a/zz; hash -r; zz
PATH=$P; zz; echo $?; PATH=:$P; cd b; zz; PATH=$P; ./zz; PATH=$PWD/none:$PWD/../b:$P
zz; mkdir ../c/zz; PATH=$PWD/../c:$P; zz; echo $?
