# SPDX-License-Identifier: MIT OR Apache-2.0
# fork beside threads, exec with descriptors, orphans, zombies, process groups and sessions.
import os, signal, sys, threading, time

stop = threading.Event()
beside = threading.Thread(target=stop.wait)
beside.start()
order = []
os.register_at_fork(before=lambda: order.append("before"), after_in_parent=lambda: order.append("parent"),
                    after_in_child=lambda: order.append("child"))
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, repr((order, len(os.listdir("/proc/self/task")), threading.active_count())).encode())
    os._exit(0)
os.waitpid(pid, 0)
print(order, os.read(r, 1000).decode(), len(os.listdir("/proc/self/task")))
stop.set(), beside.join()
kept = os.dup(w)
os.set_inheritable(kept, True)
pid = os.fork()
if pid == 0:
    os.execv(sys.executable, ["python3", "-S", "-E", "-c", f"""
import os
for fd in ({w}, {kept}):
    try:
        os.write(fd, b'x')
    except OSError as e:
        os.write({kept}, e.strerror.encode())
"""])
os.waitpid(pid, 0)
print(os.read(r, 1000))
if os.fork() == 0:
    if os.fork() == 0:
        while os.getppid() != 1 and os.path.exists("orphan") is False:
            time.sleep(0.01)
        os.write(w, b"adopted" if os.getppid() == 1 else b"not adopted")
        os._exit(0)
    os._exit(0)
os.wait()
print(os.read(r, 100))
pid = os.fork()
if pid == 0:
    os._exit(3)
print(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0])
print(os.waitstatus_to_exitcode(os.waitpid(pid, os.WNOHANG)[1]), os.path.exists(f"/proc/{pid}"))
leader = os.fork()
if leader == 0:
    os.setsid()
    for _ in range(3):
        if os.fork() == 0:
            os.write(w, b"m")
            signal.pause()
    signal.pause()
seen = b""
while len(seen) < 3:
    seen += os.read(r, 10)
print(seen, os.getsid(leader) == leader, os.getpgid(leader) == leader)
os.killpg(leader, signal.SIGKILL)
print(os.WTERMSIG(os.waitpid(leader, 0)[1]))
for call in (lambda: os.wait(), lambda: os.kill(leader, 0), lambda: os.setpgid(1, 0), lambda: os.waitid(os.P_PGID, leader, os.WEXITED)):
    try:
        print(call())
    except OSError as e:
        print(e.strerror)
