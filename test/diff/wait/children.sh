# SPDX-License-Identifier: MIT OR Apache-2.0
# Statuses through layers of shells, functions and loops.
sh -c 'sh -c "sh -c \"exit 21\"; exit \$?"; exit $?'; echo $?
sh -c 'sh -c "kill -9 \$\$"; exit $?'; echo $?
for i in 1 2 3; do (exit $i) || echo "failed $?"; done
(exit 4) && echo no || echo "or $?"
true && (exit 5) || echo "or $?"
set -e; if (exit 6); then :; fi; (exit 7) || true; ! (exit 0) || true; echo still
sh -c 'set -e; (exit 8); echo never'; echo "not reached"
