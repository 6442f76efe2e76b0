# SPDX-License-Identifier: MIT OR Apache-2.0
# Signals in a process with threads: sent to one thread, waited for by another, calls that are restarted or broken off.
import errno, os, signal, socket, threading, time

got = []
signal.signal(signal.SIGUSR1, lambda n, f: got.append(threading.current_thread() is threading.main_thread()))
ready, done = threading.Event(), []

def wait_for_it():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    ready.set()
    done.append(signal.sigwait([signal.SIGUSR2]))

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
waiter = threading.Thread(target=wait_for_it)
waiter.start(), ready.wait()
os.kill(os.getpid(), signal.SIGUSR2)
waiter.join(60)
print(done == [signal.SIGUSR2], signal.sigpending())
signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
print(got)
r, w = os.pipe()

def later(*actions):
    def act():
        for action in actions:
            time.sleep(0.1)
            action()
    threading.Thread(target=act).start()

later(lambda: os.kill(os.getpid(), signal.SIGUSR1), lambda: os.write(w, b"data"))
print(os.read(r, 10), len(got))

class Break(Exception):
    pass

def breaking(n, f):
    raise Break

signal.signal(signal.SIGALRM, breaking)
a, b = socket.socketpair()
for what in (lambda: os.read(r, 1), lambda: a.recv(1), lambda: time.sleep(60), lambda: threading.Event().wait(60), lambda: os.waitpid(os.getpid(), 0) and signal.pause()):
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        what()
    except Break:
        print("broken off", signal.getitimer(signal.ITIMER_REAL))
    except OSError as e:
        print(e.strerror)
        signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGPROF, lambda n, f: got.append("prof"))
signal.setitimer(signal.ITIMER_PROF, 0.01)
while "prof" not in got:
    sum(range(1000))
signal.setitimer(signal.ITIMER_PROF, 0)
print(signal.siginterrupt(signal.SIGUSR1, False), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
try:
    signal.signal(signal.SIGKILL, signal.SIG_IGN)
except OSError as e:
    print(e.strerror)
