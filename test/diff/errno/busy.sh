# SPDX-License-Identifier: MIT OR Apache-2.0
# What is in use cannot be removed or overwritten.
box=$(readlink -f /proc/self/exe); export box
rmdir /proc; rm -r /proc/self/ 2>/dev/null; echo $?
cp /proc/self/exe ./sleep; chmod 755 sleep
./sleep 1000 & p=$!
n=0
until [ "$(readlink /proc/$p/exe 2>/dev/null)" = "$PWD/sleep" ] || [ $n = 3000 ]; do usleep 5000; n=$((n + 1)); done
echo x >sleep; echo $?
rm sleep && echo removed while running; readlink /proc/$p/exe | sed 's,.*/,,'
kill $p; wait $p 2>/dev/null; echo $?
cp "$box" true; chmod 755 true; exec 5>>true; ./true; echo $?; exec 5>&-; ./true; echo $?
mkdir d; cd d; rmdir ../d && echo removed under foot; ls; touch x
pwd -P >/dev/null 2>&1; cd ..; pwd | grep -q t. && echo back
