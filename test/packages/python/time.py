# SPDX-License-Identifier: MIT OR Apache-2.0
# Clocks, sleeping, timers; what must not go backwards.
import os, time

clocks = [time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_THREAD_CPUTIME_ID,
          time.CLOCK_MONOTONIC_RAW, time.CLOCK_BOOTTIME]
for clock in clocks:
    values = [time.clock_gettime_ns(clock) for _ in range(500)]
    print(values == sorted(values), values[-1] > values[0])
start = time.monotonic()
time.sleep(0.05)
print(0.05 <= time.monotonic() - start < 5)
print(time.process_time() > 0, os.times().user >= 0, time.time() > 1.6e9)
print(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(0)), time.mktime(time.gmtime(0)))
try:
    time.clock_gettime(99)
except OSError as e:
    print(e)
os.environ["TZ"] = "EST5EDT"
time.tzset()
print(time.strftime("%H %Z", time.localtime(0)), time.get_clock_info("monotonic").monotonic)
