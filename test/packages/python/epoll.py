# SPDX-License-Identifier: MIT OR Apache-2.0
# epoll by level, by edge and once; eventfd; the selectors that asyncio uses.
import errno, os, select, selectors, socket, threading

def name(action, *words):
    try:
        return action(*words)
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))

ep = select.epoll()
r, w = os.pipe2(os.O_NONBLOCK)
ep.register(r, select.EPOLLIN)
print(ep.poll(0), name(ep.register, r, select.EPOLLIN), name(ep.modify, w, 0), name(ep.unregister, 999))
os.write(w, b"abc")
print(ep.poll(60) == ep.poll(0) == [(r, select.EPOLLIN)])
ep.modify(r, select.EPOLLIN | select.EPOLLET)
print(len(ep.poll(0)), len(ep.poll(0)), os.write(w, b"d"), len(ep.poll(0)), len(ep.poll(0)))
ep.modify(r, select.EPOLLIN | select.EPOLLONESHOT)
print(len(ep.poll(0)), len(ep.poll(0)), os.write(w, b"e"), len(ep.poll(0)))
ep.modify(r, select.EPOLLIN | select.EPOLLONESHOT)
print(len(ep.poll(0)), os.read(r, 100))
os.close(w)
ep.modify(r, select.EPOLLIN)
print(ep.poll(0) == [(r, select.EPOLLHUP)])
os.close(r)
print(ep.poll(0), name(ep.register, os.open(".", os.O_RDONLY), select.EPOLLIN), ep.closed)
e = os.eventfd(3, os.EFD_NONBLOCK)
ep.register(e, select.EPOLLIN | select.EPOLLOUT)
print(ep.poll(0)[0][1], os.eventfd_read(e), ep.poll(0)[0][1], name(os.eventfd_read, e), os.eventfd_write(e, 7), os.eventfd_read(e))
s = os.eventfd(2, os.EFD_SEMAPHORE | os.EFD_NONBLOCK)
print(os.eventfd_read(s), os.eventfd_read(s), name(os.eventfd_read, s), name(os.eventfd_write, s, 2 ** 64 - 1))
ep.close()
picker = selectors.DefaultSelector()
print(type(picker).__name__)
pairs = [socket.socketpair() for _ in range(10)]
for n, (a, b) in enumerate(pairs):
    picker.register(a, selectors.EVENT_READ, n)
threads = [threading.Thread(target=lambda b=b, n=n: b.sendall(bytes([n]) * 10)) for n, (a, b) in enumerate(pairs)]
[t.start() for t in threads]
seen = {}
while sum(map(len, seen.values())) < 100:
    for key, events in picker.select(60):
        seen[key.data] = seen.get(key.data, b"") + key.fileobj.recv(100)
[t.join() for t in threads]
print(sorted((n, d == bytes([n]) * 10) for n, d in seen.items()), picker.select(0))
