# SPDX-License-Identifier: MIT OR Apache-2.0
# Parameter expansion, braces, globs, extended globs.
shopt -s extglob; v=/usr/local/lib/file.tar.gz
echo "${v##*/} ${v%/*} ${v%%.*} ${v/local/share} ${v//\//:} ${v:5:5} ${#v} ${v^^}"
echo {a..e} {01..10..3} x{1,2}{a,b}; echo "${unset:-default} ${unset+x} ${v:+set}"
touch a.c b.c c.h .hidden; echo *.c !(x) ; shopt -s dotglob nullglob; echo !(*.c) *.none end
echo ${BASH_VERSINFO[0]} "${!BASH_VERSI@}"; printf '%q ' 'a b' "c'd" $'e\nf'; echo; printf '%s\n' "${v@Q}"
