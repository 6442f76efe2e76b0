# SPDX-License-Identifier: MIT OR Apache-2.0
# Too long, too many, not a number, out of range.
box=$(readlink -f /proc/self/exe); export box
x=$(printf '%0140000d' 0); env A=$x true 2>&1 | sed 's/.*: //'
"$box" true $x 2>&1 | sed 's/.*: //'
sh -c 'exec "$box" echo $1 | wc -c' x $(printf '%0130000d' 0)
set --; i=0
while [ $i -lt 12 ]; do set -- "$@" $(printf '%0100000d' 0); i=$((i + 1)); done
sh -c 'echo $#' x "$@"; "$box" env echo "$@" | wc -c
i=0; while [ $i -lt 12 ]; do set -- "$@" $(printf '%0100000d' 0); i=$((i + 1)); done
env true "$@" 2>&1 | sed 's/.*: //'
touch $(printf '%0300d' 0) 2>&1 | sed 's/.*: //'; sleep abc 2>&1 | head -n 1
head -n x f 2>&1 | head -n 1; kill -x 1 2>&1 | head -n 1; seq a 2>&1 | head -n 1
test 1 -eq a; echo $?; echo $((1 / 0)); echo "not reached"
