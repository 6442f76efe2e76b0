# SPDX-License-Identifier: MIT OR Apache-2.0
# printf, regular expressions, case, here documents, locale-free sorting.
printf '%5d|%-5s|%05.1f|%x|%o|%c|%b\n' 42 ab 3.14159 255 8 xyz 'a\tb'
[[ foo123bar =~ ([a-z]+)([0-9]+) ]] && echo "${BASH_REMATCH[@]}"; [[ abc == a* && ! abc < abb ]] && echo match
case xyz in x?z) echo one ;;& *z) echo two ;; *) echo three ;; esac
printf '%(%Y-%m-%d)T\n' 0; printf '%s\n' {b,a,C,B} | LC_ALL=C sort | tr '\n' ' '; echo
s=""; for i in {1..500}; do s+=$i,; done; echo ${#s}; echo "${s:100:20}"
cat <<-END
	tab gone $((1 + 1)) $(echo sub)
	END
