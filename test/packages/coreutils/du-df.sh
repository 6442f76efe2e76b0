# SPDX-License-Identifier: MIT OR Apache-2.0
# du and df in their forms; sync; sizes of holes.
mkdir -p a/b; head -c 10000 /dev/zero >a/f; head -c 5000 /dev/zero >a/b/g; truncate -s 1M a/hole; ln a/f a/hard
du -b a; du -ab a | sort; du -s --apparent-size -B1 a/b; du -h a/f; du -c a/f a/b/g | tail -n 1; du -d 0 -b .
du --exclude=g -ab a/b | sort; du none 2>&1; du -k a/hole; df -T /proc | awk '{print $1, $2, $NF}'
df --output=target,fstype /tmp | head -n 1; df -P . | wc -l; df /none 2>&1; sync; sync -d a/f; echo $?
sync none 2>&1; fallocate -l 100000 big 2>/dev/null || truncate -s 100000 big; stat -c %s big
