# SPDX-License-Identifier: MIT OR Apache-2.0
# A pipe takes 64 KiB before its writer has to wait.
mkfifo p
exec 3<>p
dd if=/dev/zero bs=4096 count=16 2>/dev/null >&3
echo "wrote without a reader"
dd bs=4096 count=16 <&3 2>/dev/null | wc -c
dd if=/dev/zero bs=1 count=3000 2>/dev/null >&3
dd if=/dev/zero bs=30000 count=1 2>/dev/null >&3
dd bs=33000 count=1 <&3 2>/dev/null | wc -c
exec 3>&-
