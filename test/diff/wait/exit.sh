# SPDX-License-Identifier: MIT OR Apache-2.0
# Exit statuses of every range.
for n in 0 1 2 7 11 126 127 128 139 200 254 255 256 257 -1; do sh -c "exit $n"; printf '%s ' $?; done
echo
sh -c 'exit'; echo $?; sh -c 'false; exit'; echo $?; (exit 77); echo $?
sh -c 'return 3' 2>/dev/null; echo $?; sh -c 'exit abc' 2>/dev/null; echo $?
x=$(exit 6); echo $?; echo $(exit 6) >/dev/null; echo $?; x=1 y=$(exit 8); echo $?
f() { return 12; }; f; echo $?; f() { (exit 13); }; f; echo $?
eval 'exit_status() { return 14; }; exit_status'; echo $?
if false; then :; fi; echo $?; while false; do :; done; echo $?; ! true; echo $?
{ false; }; echo $?
