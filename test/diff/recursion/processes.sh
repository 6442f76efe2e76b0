# SPDX-License-Identifier: MIT OR Apache-2.0
# A script runs itself sixty levels deep, and every level waits for the next.
cat >r.sh <<'END'
if [ $1 = 0 ]; then echo "bottom, level $LEVEL"; exit 9; fi
LEVEL=$((LEVEL + 1)); export LEVEL
sh r.sh $(($1 - 1))
st=$?
exit $((st + 1))
END
LEVEL=0; export LEVEL
sh r.sh 60; echo $?
x=$(echo $(echo $(echo $(echo $(echo $(echo $(echo $(echo deep))))))))
echo $x
( ( ( ( ( ( ( ( ( ( echo ten; exit 10 ) ) ) ) ) ) ) ) ) ); echo $?
