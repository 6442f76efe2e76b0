# SPDX-License-Identifier: MIT OR Apache-2.0
# A process ended by a signal gives 128 and its number.
for s in HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT XCPU XFSZ VTALRM PROF IO PWR SYS; do
	sh -c "kill -$s \$\$" 2>/dev/null
	echo "$s $?"
done
for s in CHLD CONT URG WINCH; do sh -c "kill -$s \$\$; exit 3"; echo "$s $?"; done
for s in 34 35 40 64; do sh -c "kill -$s \$\$" 2>/dev/null; echo "$s $?"; done
