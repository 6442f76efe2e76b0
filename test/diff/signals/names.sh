# SPDX-License-Identifier: MIT OR Apache-2.0
# Names and numbers of signals.
kill -l | head -n 40
kill -l 9; kill -l TERM; kill -l 143; kill -l 0
kill -BOGUS $$; echo $?; kill -99 $$; echo $?; kill; echo $?
kill -0 $$; echo $?; kill 999999; echo $?; kill -9 abc; echo $?
