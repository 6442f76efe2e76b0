# SPDX-License-Identifier: MIT OR Apache-2.0
# A tree of processes: each starts two more, seven deep.
cat >t.sh <<'END'
[ $1 = 0 ] && { echo leaf; exit 0; }
sh t.sh $(($1 - 1)) & sh t.sh $(($1 - 1)) &
wait
END
sh t.sh 6 | wc -l
