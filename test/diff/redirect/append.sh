# SPDX-License-Identifier: MIT OR Apache-2.0
# Append, truncate, no-clobber and read-write.
echo 1 >f; echo 2 >>f; echo 3 >>f; cat f; echo 4 >f; cat f; set -C; echo 5 >f
echo $?; echo 6 >|f; cat f; echo 7 >>f; echo n >new; cat new; set +C
echo abc 1<>f; cat f; : >>made; ls made; exec 3>>f; echo x >>f; echo y >&3
exec 3>&-; cat f; cat <f >g; cmp f g && echo same; set -C; echo ok >/dev/null
echo $?
