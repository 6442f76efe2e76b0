# SPDX-License-Identifier: MIT OR Apache-2.0
# Processor time is counted where it is used.
sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; set -- $(cat /proc/$$/stat); [ $(($14 + ${15})) -gt 0 ] && echo used'
times | wc -l; times | head -n 1 | grep -cE '^[0-9]+m[0-9.]+s [0-9]+m[0-9.]+s$'
(time -p true) 2>&1 | awk '{ print $1, ($2 >= 0) }'
(time sleep 0.2) 2>&1 | awk '/real/ { print $1, ($3 + 0 >= 0.19) }'
awk '{ print ($22 > 0) }' /proc/self/stat
awk '{ print ($1 > 0), ($2 >= 0) }' /proc/uptime; date +%N | grep -cE '^[0-9]{9}$' 
awk 'BEGIN { srand(1); a = rand(); srand(1); print (a == rand()); print (systime() > 1700000000); print strftime("%Y", 0) }'
