# SPDX-License-Identifier: MIT OR Apache-2.0
# Nested command substitution, many forks, large substitutions, environment of children.
echo "$(echo "$(echo "$(echo deep)")")"; x=$(seq 1 2000); echo ${#x}
n=0; for i in {1..20}; do n=$((n + $(echo $i))); done; echo $n
export A=1; B=2; bash -c 'echo "$A|$B|$0|$#"' zero one two; env -i /bin/bash -c 'echo "$HOME|$A"'
(cd /; pwd); basename "$PWD"; echo $BASH_SUBSHELL $(echo $BASH_SUBSHELL) $( (echo $BASH_SUBSHELL) )
bash -c 'exit 5'; echo $?; { bash -c 'kill -SEGV $$'; echo $?; } 2>/dev/null; bash nofile 2>/dev/null; echo $?
ulimit -n; ulimit -c; ulimit -s; (ulimit -n 10; bash -c 'ulimit -n')
