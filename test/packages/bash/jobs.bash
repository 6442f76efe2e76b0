# SPDX-License-Identifier: MIT OR Apache-2.0
# Background jobs, wait -n, wait status, disown, pipefail, PIPESTATUS.
for i in 3 1 2; do (sleep 0.$i; exit $i) & done; for _ in 1 2 3; do wait -n; ended+=($?); done; printf '%s\n' "${ended[@]}" | sort
sleep 5 & pid=$!; kill $pid; wait $pid; echo "status $?"
true | false | (exit 3); echo "${PIPESTATUS[@]}"; set -o pipefail; false | true; echo $?
(exit 7) & wait $!; echo $?; wait 999999 2>/dev/null; echo $?
for i in {1..20}; do echo $i & done | sort -n | tr '\n' ' '; wait; echo
