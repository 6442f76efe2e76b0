# SPDX-License-Identifier: MIT OR Apache-2.0
# Two thousand files in one directory are made, listed, renamed and removed.
mkdir d; cd d; i=0; while [ $i -lt 2000 ]; do : >f$i; i=$((i + 1)); done; ls | wc -l
ls | md5sum
for f in f1??; do mv $f g$f; done; ls | wc -l; echo gf* | wc -w
rm f*; ls | wc -l; find . -name 'gf*' | sort | md5sum; cd ..; rm -r d; ls | wc -l
mkdir e; for i in $(seq 500); do mkdir e/$i; done; rmdir e/1*; ls e | wc -l
stat -c %h e; rm -r e
