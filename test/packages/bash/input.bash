# SPDX-License-Identifier: MIT OR Apache-2.0
# read with limits of time and length, getopts, select, printf -v, here-documents larger than a pipe.
read -r -n 3 x <<<abcdef; echo "$x"; read -r -d : y <<<'p:q'; echo "$y"; read -r -t 0.1 z < <(sleep 9); echo $(($? > 128)) "[$z]"
IFS=: read -r a b c <<<'1:2:3:4'; echo "$a|$b|$c"; IFS= read -r line < <(printf '  spaces  '); echo "[$line] $?"
opts() { local OPTIND o; while getopts ':ab:c' o "$@"; do echo "$o $OPTARG"; done; shift $((OPTIND - 1)); echo "rest $*"; }; opts -a -b v -c -x word -b 2>&1
select choice in one two; do echo "chose $choice"; break; done <<<2 2>/dev/null; printf -v padded '%05d' 42; echo $padded
big=$(seq 30000); wc -c <<<"$big"; cat <<END | md5sum
$big
END
while read -r -u 3 n; do ((sum += n)); done 3< <(seq 300); echo $sum; exec 4<<<'from four'; cat <&4; exec 4<&-; cat <&4 2>/dev/null || echo closed
mapfile -n 3 -s 2 -t part < <(seq 10); echo "${part[@]}"; echo "$(</proc/self/comm)" | wc -l; exec 5<>file; echo both >&5; cat file; [ -t 0 ] || echo no terminal
