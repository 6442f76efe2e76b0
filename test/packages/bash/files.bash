# SPDX-License-Identifier: MIT OR Apache-2.0
# Test operators, directories stack, globstar, umask.
mkdir -p a/b/c d; touch a/f a/b/g; ln -s a/f l; ln -s none dangling; : >empty; echo x >full; chmod 640 full
for f in a l dangling empty full none; do r=; for t in e f d L s r x; do [ -$t $f ] && r+=$t; done; echo "$f $r"; done
shopt -s globstar; echo **/*; [ a/f -ef l ] && echo same; touch -d 2001-01-01 old; [ full -nt old ] && echo newer
pushd a >/dev/null; pushd b >/dev/null; dirs | sed "s,$OLDPWD,.,g" | wc -w; popd >/dev/null; basename "$PWD"
umask 027; touch u; stat -c %a u; umask -S; cd /nonexistent 2>/dev/null; echo $?
