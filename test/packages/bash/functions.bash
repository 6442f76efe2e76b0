# SPDX-License-Identifier: MIT OR Apache-2.0
# Local variables, recursion, return values, namerefs, indirect.
outer() { local x=1; inner; echo "outer $x"; }; inner() { x=2; }; x=0; outer; echo "$x"
ref() { local -n r=$1; r="changed $r"; }; value=old; ref value; echo "$value"
name=value; echo "${!name}"; f() { return 300; }; f; echo $?
depth() { [ "$1" = 0 ] && echo "${#FUNCNAME[@]}" || depth $(($1 - 1)); }; depth 60
declare -f ref; type -t ref echo if ls; unset -f ref; type -t ref || echo gone
