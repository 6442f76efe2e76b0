# SPDX-License-Identifier: MIT OR Apache-2.0
# Expansions, globs, patterns, arithmetic and field splitting.
s=/usr/local/lib/file.tar.gz
echo ${s##*/} ${s%/*} ${s%%.*} ${s#*/} ${#s} ${s:5:5} ${s/local/X} ${s//l/L}
touch f1 f2 fa .hidden 'with space'
echo f*; echo f[0-9]; echo f[!0-9]; echo ?1; echo no*; echo .h*; echo with*; set -f
echo f*; set +f
IFS=:; x=a:b:c; set -- $x; echo $#; echo "$*"; unset IFS
echo $((7 / 2)) $((7 % 3)) $((-7 / 2)) $((1 << 10)) $((0x1f)) $((010)) $((5 > 3 && 2 < 1)) $((~0)) $((3 ** 2))
n=5; echo $((n++ + ++n)) $n $((n > 6 ? 1 : 2))
case abc in a?c) echo one;; *) echo other;; esac
case x in a | x) echo two;; esac
for i in a "b c" 'd'; do echo "<$i>"; done
set -- 1 2 3; shift; echo $1 $#; echo "$@" | wc -w
printf '%s|%5d|%-5s|%x|%o|%c|%b\n' s 42 ab 255 8 xyz 'a\tb'
echo {a,b}; echo ~ | head -c 1; echo; a='x y'; echo $a "$a"; echo ${a:+set} ${b:-unset}
while getopts ab:c o -a -b val -c rest; do echo $o $OPTARG; done; echo $OPTIND
[ 3 -lt 5 -a x = x ] && [ ! -e nope ] && [[ abc == a* ]] && echo tests
f() { local v=in; echo $v; return 3; }; v=out; f; echo $? $v
let 'z = 3 * 4'; echo $z; test -n "" || echo empty; echo "a\tb"; echo -e 'a\tb'
echo -n x; echo
