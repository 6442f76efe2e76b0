# SPDX-License-Identifier: MIT OR Apache-2.0
# Signals: handlers, masks, alarms, timers, children, wake-up descriptors.
import os, select, signal, time

got = []
signal.signal(signal.SIGUSR1, lambda n, f: got.append(n))
os.kill(os.getpid(), signal.SIGUSR1)
print(got == [signal.SIGUSR1])
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)
print(len(got), signal.sigpending() == {signal.SIGUSR1})
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1])
print(len(got))
signal.signal(signal.SIGALRM, lambda n, f: got.append(n))
signal.setitimer(signal.ITIMER_REAL, 0.05)
signal.pause()
print(got[-1].__class__ is int or got[-1] == signal.SIGALRM)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
if os.fork() == 0:
    os.kill(os.getppid(), signal.SIGUSR2)
    os._exit(0)
info = signal.sigwaitinfo([signal.SIGUSR2])
print(info.si_signo == signal.SIGUSR2, info.si_pid > 1, info.si_uid, info.si_code)
os.wait()
print(signal.sigtimedwait([signal.SIGUSR2], 0.01))
r, w = os.pipe2(os.O_NONBLOCK)
signal.set_wakeup_fd(w)
os.kill(os.getpid(), signal.SIGUSR1)
print(select.select([r], [], [], 1)[0] == [r], os.read(r, 5))
signal.signal(signal.SIGCHLD, lambda n, f: got.append("child"))
if os.fork() == 0:
    os._exit(1)
while "child" not in got:
    time.sleep(0.01)
print(os.waitpid(-1, 0)[1])
for name in ("SEGV", "ABRT", "TERM", "KILL", "PIPE"):
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), getattr(signal, "SIG" + name))
        time.sleep(5)
    print(name, os.WTERMSIG(os.waitpid(pid, 0)[1]))
pid = os.fork()
if pid == 0:
    while True:
        time.sleep(1)
os.kill(pid, signal.SIGSTOP)
print(os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1]))
os.kill(pid, signal.SIGCONT)
print(os.WIFCONTINUED(os.waitpid(pid, os.WCONTINUED)[1]))
os.kill(pid, signal.SIGKILL)
print(os.waitpid(pid, 0)[1])
