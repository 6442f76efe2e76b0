# SPDX-License-Identifier: MIT OR Apache-2.0
# The guest's half of live.py: each line of standard input is run as a shell command; what it prints is followed by
# a line with its status. Commands that stay behind (cmd &) live on; with the end of the input all is over.
while IFS= read -r line; do
	eval "$line" </dev/null 2>&1
	printf '\n=== status %d\n' $?
done
