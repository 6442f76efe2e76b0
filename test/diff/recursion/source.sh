# SPDX-License-Identifier: MIT OR Apache-2.0
# A file that reads itself in, and eval inside eval.
cat >s <<'END'
n=$((n + 1))
[ $n -lt 100 ] && . ./s
m=$((m + 1))
END
n=0; m=0; . ./s; echo $n $m
e='echo done'; i=0
while [ $i -lt 6 ]; do e="eval '$(echo "$e" | sed "s/'/'\\\\''/g")'"; i=$((i + 1)); done
eval "$e"
find . -exec sh -c 'find . -exec sh -c "echo \$0" {} \;' {} \; | sort | uniq -c | sed 's/^ *//'
