# SPDX-License-Identifier: MIT OR Apache-2.0
# A trap catches each signal; the script goes on after it.
for s in HUP INT QUIT USR1 USR2 TERM ALRM WINCH URG IO PWR SYS VTALRM PROF XCPU XFSZ TRAP; do
	trap "echo caught $s" $s
	kill -$s $$
done
echo end
