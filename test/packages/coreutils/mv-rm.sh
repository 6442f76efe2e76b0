# SPDX-License-Identifier: MIT OR Apache-2.0
# mv, rm, rmdir, ln, unlink, link and what they refuse.
mkdir a a/b d; echo 1 >f; mv f g; mv g a; mv -v a/g h; mv -n h h2; mv a d; ls -R d; rmdir d 2>&1; echo $?
rmdir -p d/a/b; ls
mkdir full; touch full/x; rm full 2>&1; rm -d full 2>&1; rm -rv full; rm -f none; echo $?; rm none 2>&1
ln h2 l1; ln -s h2 l2; ln -sf x l2; readlink l2; ln -s /a/b/c l3; ln -sr h2 l4; readlink l4; ln . l5 2>&1
unlink l1; link h2 l6; stat -c %h h2; mv l2 l3; ls -1; mv none x 2>&1; echo $?; mkdir p q; touch p/1 q/1
mv p q; mv -T q r; ls r; rm -rf -- r -x; :
