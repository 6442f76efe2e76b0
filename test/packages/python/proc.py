# SPDX-License-Identifier: MIT OR Apache-2.0
# What a process reads of itself and of others under /proc.
import os, re

me = open("/proc/self/status").read()
print(re.search(r"Name:\s+(\w+)", me).group(1), re.search(r"Threads:\s+(\d+)", me).group(1))
print(open("/proc/self/cmdline", "rb").read().split(b"\0")[0], open("/proc/self/comm").read())
print(os.path.basename(os.readlink("/proc/self/exe"))[:6], os.readlink("/proc/self/cwd") == os.getcwd())
stat = open("/proc/self/stat").read()
print(int(stat.split()[0]) == os.getpid(), int(stat.rsplit(")", 1)[1].split()[1]) == os.getppid())
print(sorted(os.listdir("/proc/self/fd"), key=int)[:3], os.listdir("/proc/self/task") == [str(os.getpid())])
print(b"HOME=" in open("/proc/self/environ", "rb").read(), str(os.getpid()) in os.listdir("/proc"))
print(len(open("/proc/self/statm").read().split()), len(open("/proc/loadavg").read().split()), open("/proc/sys/kernel/pid_max").read().strip().isdigit())
print([l.split(":")[0] for l in open("/proc/meminfo")][:3], sum(l.startswith("processor") for l in open("/proc/cpuinfo")))
print(sum(bool(re.match(r"cpu\d", l)) for l in open("/proc/stat")), open("/proc/sys/kernel/ostype").read())
print({l.split()[1] for l in open("/proc/mounts")} >= {"/", "/proc", "/sys", "/dev"}, "limit" in open("/proc/self/limits").read().lower())
print(re.match(r"[\d.]+ [\d.]+", open("/proc/uptime").read()) is not None, open("/proc/self/oom_score_adj").read())
try:
    open("/proc/self/nothing")
except OSError as e:
    print(e)
