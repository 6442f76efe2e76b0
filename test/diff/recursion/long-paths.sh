# SPDX-License-Identifier: MIT OR Apache-2.0
# Paths longer than a call may take are refused; relative steps go deeper.
n=$(printf '%0250d' 0)
start=$PWD
i=0; while [ $i -lt 15 ]; do mkdir $n && cd $n || break; i=$((i + 1)); done; echo $i
mkdir $n; cd $n && mkdir $n && ls | wc -l && rmdir $n
cat $PWD/$n 2>&1 | grep -o 'File name too long'; cd ..; rmdir $n
echo x >f; cat f
cd "$start"; ls | wc -l
mkdir "$n$n" 2>&1 | grep -o 'File name too long'
p=$n; while [ ${#p} -lt 4200 ]; do p=$p/$n; done
cat $p 2>&1 | grep -o 'File name too long'
rm -r $n; ls | wc -l
touch $(printf '%0255d' 0) && echo 255
touch $(printf '%0256d' 0) 2>&1 | grep -o 'File name too long'
