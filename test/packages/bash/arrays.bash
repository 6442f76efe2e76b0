# SPDX-License-Identifier: MIT OR Apache-2.0
# Indexed and associative arrays, slices, keys, unset.
a=(one two three); a+=(four); a[7]=eight
echo "${a[@]}" "${#a[@]}" "${!a[@]}" "${a[@]:1:2}" "${a[-1]}"
declare -A m=([x]=1 [y]=2); m[z]=3; unset 'm[y]'
for k in $(printf '%s\n' "${!m[@]}" | sort); do echo "$k=${m[$k]}"; done
mapfile -t lines < <(printf 'a b\nc\n'); declare -p lines
read -ra words <<<"p q  r"; echo "${#words[@]} ${words[2]}"
