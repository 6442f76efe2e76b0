# SPDX-License-Identifier: MIT OR Apache-2.0
# Loops of links end in ELOOP; forty links in a row are the limit.
ln -s a b; ln -s b a; cat a; echo $?
ln -s self self; cat self/x; ls self/ ; echo x >self
echo end >l0
i=0; while [ $i -lt 41 ]; do ln -s l$i l$((i + 1)); i=$((i + 1)); done
cat l10; cat l39; cat l40; cat l41; echo $?
mkdir d; ln -s . d/here; echo in >d/f; cat d/here/here/here/f
ln -s .. d/up; cat d/up/d/up/d/f; cd d/here/here && ls
