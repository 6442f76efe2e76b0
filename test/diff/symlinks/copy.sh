# SPDX-License-Identifier: MIT OR Apache-2.0
# cp keeps, follows or refuses links as told.
mkdir src; echo x >src/f; ln -s f src/rel; ln -s src/f top; ln -s nowhere src/dang
cp -a src c1; ls -l c1 | awk '{ print $1, $9, $10, $11 }' | tail -n +2
cp -rL src/rel c2; stat -c %F c2; cp -P top c3; stat -c %F c3; cp top c4; stat -c %F c4
cp -d src/rel c5; readlink c5
cp src/dang c6; echo $?; cp -a src/dang c7; readlink c7
cp f.no c8; cp src c9; echo $?; cp -r src/. c10 2>/dev/null; ls c10
cp src/f src/rel; echo $?
