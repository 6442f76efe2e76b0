# SPDX-License-Identifier: MIT OR Apache-2.0
# ls in its forms: long, sorted, recursive, quoted, inodes hidden.
mkdir d; echo 12345 >a; printf '' >B; ln -s a l; touch 'sp ace' $(printf 'n\nl'); mkfifo p; chmod 4755 a
chmod 1777 d; touch -d '2020-01-02 03:04' a B d p 'sp ace'; touch -hd '2020-01-02 03:04' l
ls -1; ls -lA --time-style=long-iso --ignore='n*' | sed 1d; ls -F --ignore='n*'; ls -Q; ls -b
ls -S -1 | head -n 2; ls -d */; ls -p; ls -m; ls -x -w 40; ls -C -w 30; ls -r1 | head -n 1; ls -lh a
ls --color=always -d d l | cat -v; ls nonexistent 2>&1; echo $?; ls -R d; ls -n a | cut -d' ' -f3,4
ls -s --block-size=1 B; dir -1; vdir a | wc -w
