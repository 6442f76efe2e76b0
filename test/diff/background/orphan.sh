# SPDX-License-Identifier: MIT OR Apache-2.0
# When its parent ends, a process belongs to process 1.
cat >child.sh <<'END'
while [ "$(awk '/^PPid/ { print $2 }' /proc/self/status)" = '' ]; do :; done
while read -r k v; do [ "$k" = PPid: ] && break; done </proc/$$/status
n=0
while [ "$v" != 1 ] && [ $n -lt 200 ]; do
	usleep 20000; n=$((n + 1))
	while read -r k v; do [ "$k" = PPid: ] && break; done </proc/$$/status
done
echo "parent is $v" >result.tmp
mv result.tmp result
END
(sh child.sh & exit 0)
n=0
until [ -f result ] || [ $n = 3000 ]; do usleep 20000; n=$((n + 1)); done
cat result
