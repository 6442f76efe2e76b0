# SPDX-License-Identifier: MIT OR Apache-2.0
# Traps for signals, EXIT, ERR, RETURN and DEBUG.
trap 'echo usr1' USR1; kill -USR1 $$; echo after
(trap 'echo exit $?' EXIT; exit 3); echo "status $?"
(trap 'echo err line' ERR; false; true); (set -e; trap 'echo bye' EXIT; false; echo never); echo "status $?"
f() { trap 'echo returned' RETURN; :; }; f; trap - RETURN
(trap '' TERM; kill -TERM $BASHPID; echo ignored); (kill -TERM $BASHPID; echo never); echo "status $?"
trap 'echo term; exit 9' TERM; (sleep 0.1; kill -TERM $$) & while :; do sleep 0.05; done
