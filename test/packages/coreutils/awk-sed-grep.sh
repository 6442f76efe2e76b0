# SPDX-License-Identifier: MIT OR Apache-2.0
# The programs beside the coreutils: sed, grep, awk (mawk), find, xargs.
printf 'one 1\ntwo 2\nthree 3\n' >in; sed -n '2p;$=' in; sed 's/\([a-z]*\) \(.*\)/\2 \1/' in; sed '/two/,$d' in
sed -i.bak 's/one/ONE/' in; cat in in.bak; sed -E '1!G;h;$!d' in; sed 'y/abc/xyz/;N;P;D' in
grep -n t in; grep -c . in; grep -v -i one in; grep -o '[0-9]' in; grep -E '^(two|three)' in; grep -q none in
echo $?; grep -rl 3 . | sort; grep -A1 ONE in; grep -P '\d$' in | wc -l
awk '{ s += $2 } END { print s, NR }' in
mkdir -p d/e; touch d/f d/e/g; find d | sort; find d -type f -name 'g*'; find d -newer in -type f | sort
find d -type f -exec echo got {} + | wc -w; find d -depth -delete; ls d 2>&1; seq 10 | xargs -n 3 echo
seq 4 | xargs -P 4 -I{} sh -c 'echo {}' | sort; find . -size -1k -printf '%f %m\n' | sort; find none 2>&1
echo $?
