# SPDX-License-Identifier: MIT OR Apache-2.0
# A writer whose reader has gone dies of SIGPIPE, or gets EPIPE where it ignores it.
set -o pipefail
yes | head -n 3
echo "pipefail status $?"
mkfifo f
exec 3<>f 4>f
exec 3<&-
(trap '' PIPE; echo lost >&4; echo "ignored: $?")
(echo lost >&4; echo "not reached")
echo "default: $?"
exec 4>&-
