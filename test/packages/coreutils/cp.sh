# SPDX-License-Identifier: MIT OR Apache-2.0
# cp with trees, links, attributes, backups, sparse files, reflink.
mkdir -p s/d; echo 1 >s/a; ln -s a s/l; ln s/a s/h; chmod 751 s/d; touch -d '2001-02-03 04:05:06' s/a
cp -a s t; stat -c '%n %F %a %Y' t/a t/l t/d | sed 's/ [0-9]\{10,\}$/ time/'; [ t/a -ef t/h ] && echo linked
cp -rL s u; stat -c %F u/l; cp s/a b; cp --backup=numbered s/a b; ls b*
truncate -s 1M sparse; echo end >>sparse; cp --sparse=always sparse sp2; cmp sparse sp2 && echo same
[ $(stat -c %b sp2) -lt 100 ] && echo holes; cp --reflink=auto b c; cp s x 2>&1; echo $?; cp -u s/a c
cp -n s/d/none . 2>&1; cp -t s/d b c; ls s/d; cp --parents s/d/b t; ls t/s/d; cp -l b hard
[ b -ef hard ] && echo hard; cp -i b b 2>&1 | tail -n 1
