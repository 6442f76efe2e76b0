# SPDX-License-Identifier: MIT OR Apache-2.0
# A here-document can feed a job in the background, a pipeline, or a program run by exec.
cat >out <<END &
to the background
END
wait; cat out
tr a-z A-Z <<END | rev
mirror
END
(exec sed 's/^/> /' <<END
quoted
lines
END
)
sh <<'END'
echo "a script $((2 + 2))"
read x
this line is data
echo "got $x"
exit 6
END
echo $?
sh -s one two <<'END'
echo $# $2
END
