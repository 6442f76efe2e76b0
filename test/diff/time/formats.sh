# SPDX-License-Identifier: MIT OR Apache-2.0
# Fixed moments in every format.
export TZ=UTC0
date -d @0
date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %j %a %b %U %u %w %y %e %I %p %Z %%'
date -d @1700000000 -R; date -d @1700000000 -Iseconds
date -d '2024-02-29 12:00:00' +%s; date -d '1970-01-02' +%s
TZ=EST5EDT date -d @1000000000; TZ=CET-1CEST,M3.5.0,M10.5.0/3 date -d @1000000000
TZ=Asia/Nowhere date -d @0; date -d 'not a date' 2>&1 | head -n 1; date -d @-1
date -d @4294967296; date -d @253402300799; date -D '%d/%m/%Y' -d 15/08/2023 +%F
cal 2 2024; cal 9 1752 | head -n 4
