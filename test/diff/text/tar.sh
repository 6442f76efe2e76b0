# SPDX-License-Identifier: MIT OR Apache-2.0
# An archive keeps names, modes, links and contents.
mkdir -p src/dir/deep
echo content >src/file; echo exec >src/dir/prog; echo x >src/dir/deep/x
chmod 640 src/file; chmod 755 src/dir/prog; chmod 700 src/dir/deep; chmod 755 src src/dir
ln -s dir/prog src/sym; ln src/file src/hard
dd if=/dev/zero of=src/block bs=512 count=33 2>/dev/null; chmod 644 src/block
find src -exec touch -h -d '2022-02-02 02:02:02' {} \;
tar -cf a.tar src
tar -tf a.tar | sort
mkdir out; tar -xf a.tar -C out
diff -r src out/src && echo same
(cd out; find . -exec stat -c '%A %a %h %N' {} \; | sort -k 4)
stat -c %Y out/src/dir/prog
tar -czf a.tgz src/dir; tar -tzf a.tgz | sort | head -n 3
tar -xOf a.tar src/dir/prog
tar -xf a.tar -C out src/no-such 2>/dev/null; echo $?
rm -r out/*; (cd src; tar -cf - .) | (cd out; tar -xf -); diff -r src out && echo copied
(cd src; find . | sort | cpio -o -H newc 2>/dev/null) >a.cpio
mkdir c; (cd c; cpio -id 2>/dev/null) <a.cpio; diff -r src c && echo cpio same
