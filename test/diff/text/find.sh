# SPDX-License-Identifier: MIT OR Apache-2.0
# find by name, type, size, mode, depth, and with actions.
mkdir -p a/b/c a/d e
echo 1 >a/one.txt; echo 22 >a/b/two.txt; printf 333 >a/b/c/three.log
dd if=/dev/zero of=e/big bs=1024 count=20 2>/dev/null
chmod 600 a/one.txt; chmod 755 a/b/two.txt; chmod 644 a/b/c/three.log e/big
ln -s ../a/one.txt e/link
find . | sort
find a -name '*.txt' | sort
find . -type d | sort
find . -type l
find . -size +10k
find . -type f -perm 600
find . -type f -perm -111
find . -maxdepth 1 | sort
find . -mindepth 3 | sort
find a -name '*.txt' -exec cat {} \; | sort
find a -type f -exec echo {} + | wc -w
find a -path '*/b/*' ! -name '*.log' | sort
find . -name one.txt -o -name big | sort
find a -depth | tail -n 1
find -L e -type f | sort
find e -empty; find no-such 2>/dev/null; echo $?
find a -name three.log -exec rm {} \;; ls a/b/c
touch -d '2020-01-01 00:00:00' old; touch -d '2021-01-01 00:00:00' new
find . -maxdepth 1 -newer old -name 'n*'
