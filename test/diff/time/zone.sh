# SPDX-License-Identifier: MIT OR Apache-2.0
# The zone changes the words, never the moment.
s=1234567890
for z in UTC0 EST5 CET-1 NZST-12NZDT,M9.5.0,M4.1.0/3 'IST-5:30' '<+03>-3'; do TZ=$z date -d @$s '+%H:%M %z %Z %s'; done
TZ=UTC0 date -d '2009-02-13 23:31:30' +%s; TZ=EST5 date -d '2009-02-13 18:31:30' +%s
TZ=CET-1CEST,M3.5.0,M10.5.0/3 date -d @1246406400 '+%H %Z'
TZ=CET-1CEST,M3.5.0,M10.5.0/3 date -d @1230768000 '+%H %Z'
TZ=UTC0 sh -c 'export TZ=EST5; date -d @0 +%H'
