# SPDX-License-Identifier: MIT OR Apache-2.0
# Here-documents in loops, functions and substitutions.
f() {
	cat <<END
arg $1
END
}
for i in 1 2 3; do f $i; done
x=$(cat <<END
inside
substitution
END
)
echo "$x"
while read a b; do echo "$b-$a"; done <<END
1 one
2 two
END
if cat <<END; then echo yes; fi
condition
END
