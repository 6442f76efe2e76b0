# SPDX-License-Identifier: MIT OR Apache-2.0
# Directories nested two hundred deep are made, found, walked up and removed.
i=0; p=.; while [ $i -lt 200 ]; do p=$p/d; i=$((i + 1)); done
mkdir -p $p; echo deep >$p/file
find . | wc -l; cat $p/file; find . -name file | wc -c
cd $p; i=0; while [ $i -lt 200 ]; do cd ..; i=$((i + 1)); done; ls
tar -cf a.tar d; mkdir x; tar -xf a.tar -C x; diff -r d x/d && echo same
cp -r d e; find e -type d | wc -l; mv e d/; find d -type d | wc -l; rm -r d x; ls
