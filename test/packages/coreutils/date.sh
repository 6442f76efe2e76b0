# SPDX-License-Identifier: MIT OR Apache-2.0
# date arithmetic and formats in UTC.
export TZ=UTC0; date -d @0; date -d '2024-02-29 + 1 year' +%F
date -d '2023-12-31 23:59:59 UTC + 2 seconds' +%s; date -d 'next monday' +%a; date -u -d '1970-01-02' +%s
date -d @1e3 2>&1; date -d '2024-13-01' 2>&1; echo $?; date -I -d @86400; date -Ins -d @1.5; date -R -d @1
date -d @1700000000 '+%Y %j %U %V %u %H:%M:%S %p %N'; TZ=America/New_York date -d @0 +%Z
for y in 1900 2000 2038 2100; do date -d $y-03-01' -1 day' +%F; done; date -r /dev/null +%Y | wc -c
date --date='TZ="UTC+5" 2020-01-01 00:00' +%s; [ $(date +%s) -gt 1600000000 ] && echo sane
