# SPDX-License-Identifier: MIT OR Apache-2.0
# poll, select, non-blocking pipes.
import os, select, threading, time

r, w = os.pipe()
print(select.select([r], [w], [], 0) == ([], [w], []))
p = select.poll()
p.register(r, select.POLLIN)
print(p.poll(10))
threading.Timer(0.05, lambda: os.write(w, b"x")).start()
print(p.poll(5000) == [(r, select.POLLIN)])
os.set_blocking(w, False)
n = 0
try:
    while True:
        n += os.write(w, b"y" * 4096)
except BlockingIOError as e:
    print(n, e.errno)
q = select.poll()
q.register(w, select.POLLOUT)
print(q.poll(0))
while n + 1:
    n -= len(os.read(r, 65536))
print(q.poll(0) == [(w, select.POLLOUT)])
os.close(w)
print(p.poll(0) == [(r, select.POLLHUP)], os.read(r, 1))
p.register(99, select.POLLIN)
print(sorted(p.poll(0))[-1] == (99, select.POLLNVAL))
