# SPDX-License-Identifier: MIT OR Apache-2.0
# Parameter expansions work inside here-documents.
unset u; e=; s=set
cat <<END
${u-default} ${u:-default2} ${e:-empty} ${s:+alternative} ${#s}
${s%t} ${s#s} ${u:=assigned} $u
$# $0x ${1-no argument} $?
${s}text "$s" '$s' {$s}
END
set -- a b c
cat <<END
$1 $3 $* $@ $#
END
