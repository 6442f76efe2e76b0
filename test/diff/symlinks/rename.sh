# SPDX-License-Identifier: MIT OR Apache-2.0
# rename replaces atomically, moves trees, and never follows the last link.
echo a >a; echo b >b; ln -s a l
mv l m; readlink m; mv b m; cat m; [ -L m ] || echo plain now
mkdir d1 d2; touch d1/x; mv d1 d2; ls d2; mv d2 d2/d1; echo $?; mv d2/d1 top; ls
mkdir e f; touch f/full; mv -T e f 2>/dev/null; echo $?; rm f/full; 
mv a top/; ls top; mv top/a top/x a2 2>/dev/null; echo $?; mkdir t; mv top/a top/x t; ls t
mv no-such y; mv t/a t/a; echo $?; ln -s t lt; mv m lt/; ls t; mv lt lt2; readlink lt2
echo 1 >n1; ln n1 n2; mv n1 n2; echo $?; ls n*
