# SPDX-License-Identifier: MIT OR Apache-2.0
# Here-documents with and without expansion, with tabs removed, one after another.
v=value
cat <<END
plain $v $((6 * 7)) $(echo sub) `echo old` \$v \\ "quoted"
END
cat <<'END'
raw $v $((1)) $(echo no) \$v \\
END
cat <<-END
	tab
		two tabs
    spaces
	END
cat <<"A"; cat <<B
first
A
second
B
cat <<\END
$escaped
END
