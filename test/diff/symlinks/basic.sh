# SPDX-License-Identifier: MIT OR Apache-2.0
# A link names a path; reading it, following it, and removing it are three things.
echo data >file
ln -s file l; ln -s l l2; ln -s nowhere dangling; ln -s "$PWD/file" abs
readlink l; readlink l2; readlink -f l2 | sed "s,$PWD,.,"; readlink file; echo $?
cat l l2 abs; cat dangling; echo $?
[ -e dangling ] || echo not there; [ -L dangling ] && echo but a link
stat -c '%F %s %N' l; stat -L -c '%F %s' l
echo more >>l2; cat file
rm l; ls; cat l2 2>/dev/null || echo chain broken
echo made >dangling; cat nowhere
ln -s file file; echo $?; ln -sf other abs; readlink abs
