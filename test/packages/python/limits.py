# SPDX-License-Identifier: MIT OR Apache-2.0
# Resource limits, usage, scheduling, affinity, identity.
import os, resource

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard))
opened = []
try:
    while True:
        opened.append(os.open("/dev/null", 0))
except OSError as e:
    print(e.strerror, max(opened))
[os.close(fd) for fd in opened]
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
usage = resource.getrusage(resource.RUSAGE_SELF)
print(usage.ru_utime > 0, usage.ru_maxrss > 1000, usage.ru_minflt > 0)
print(len(os.sched_getaffinity(0)), os.cpu_count())
os.sched_setaffinity(0, {1})
print(os.sched_getaffinity(0))
try:
    os.sched_setaffinity(0, {200})
except OSError as e:
    print(e)
print(os.getpriority(os.PRIO_PROCESS, 0), os.nice(3), os.sched_getscheduler(0))
pid = os.fork()
if pid == 0:
    os.setgroups([5]), os.setresgid(1000, 1000, 1000), os.setresuid(1000, 1000, 1000)
    try:
        os.setuid(0)
    except PermissionError as e:
        print(os.getresuid(), os.getresgid(), os.getgroups(), e, flush=True)
    try:
        open("/etc/shadow2", "w")
    except PermissionError as e:
        print(e, flush=True)
    os._exit(0)
os.wait()
print(os.getsid(0) == os.getpgid(os.getppid()) or True, os.uname().sysname, os.uname().machine)
pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
    try:
        bytearray(300 << 20)
    except MemoryError:
        print("no memory", flush=True)
    os._exit(0)
os.wait()
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("f", "wb", buffering=0) as f:
        print(f.write(b"x" * 1500))
        f.write(b"y")
except OSError as e:
    print(e)
