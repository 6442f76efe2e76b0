# SPDX-License-Identifier: MIT OR Apache-2.0
# Redirections, here-strings, coprocesses, process substitution, descriptors by name.
exec {fd}>out; echo first >&$fd; echo second >&"$fd"; exec {fd}>&-; cat out
cat <<<"here string"; diff <(printf '1\n2\n') <(printf '1\n3\n'); echo "status $?"
coproc TR { while read -r line; do echo "${line^^}"; done; }; echo hello >&"${TR[1]}"; read -r got <&"${TR[0]}"; echo "$got"
{ echo out; echo err >&2; } 2>&1 | sort; { echo e >&2; } &>both; cat both
tee >(wc -c >count) <<<"12345" >/dev/null; while ! [ -s count ]; do sleep 0.05; done; cat count
set -C; echo x >out 2>err || cat err | sed 's/.*out/out/'; echo y >|out; cat out
