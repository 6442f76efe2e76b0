# SPDX-License-Identifier: MIT OR Apache-2.0
# xargs and tee split and join streams.
seq 1 25 | xargs -n 10 echo
printf 'a b\0c d\0' | xargs -0 -n 1 echo item
seq 3 | xargs -I X echo '<X>'
seq 100 | xargs echo | wc -w
echo 'one' | xargs false; echo $?
echo 'one' | xargs sh -c 'exit 3'; echo $?
echo x | xargs no-such-program; echo $?
printf '' | xargs -r echo never
