# SPDX-License-Identifier: MIT OR Apache-2.0
# trap without words lists what is set, in a form that can be read back.
trap 'echo "it'"'"'s"' INT
trap '' HUP
trap 'echo t' TERM USR1
trap
trap - TERM
trap >saved
trap - INT HUP USR1
trap
. ./saved
trap
