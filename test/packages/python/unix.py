# SPDX-License-Identifier: MIT OR Apache-2.0
# Sockets of this machine: pairs, paths, abstract names, datagrams, credentials, descriptors that travel.
import array, errno, os, socket, stat, struct

def name(action, *words):
    try:
        return action(*words)
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))

a, b = socket.socketpair()
print(a.family.name, a.type.name, a.getsockname(), b.getpeername(), a.send(b"x" * 1000), len(b.recv(4096)))
pid, uid, gid = struct.unpack("iii", a.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
print(pid == os.getpid(), uid, gid)
r, w = os.pipe()
socket.send_fds(a, [b"a pipe"], [w, r])
data, fds, flags, _ = socket.recv_fds(b, 100, 5)
os.write(fds[0], b"through the other number")
print(data, len(fds), flags & ~socket.MSG_CMSG_CLOEXEC, os.read(r, 100), os.get_inheritable(fds[0]))
a.close()
print(b.recv(1), name(b.send, b"x"))
for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
    for address in (f"s{int(kind)}", f"\0abstract{int(kind)}"):
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(address), listener.listen(2)
        c = socket.socket(socket.AF_UNIX, kind)
        c.connect(address)
        d, peer = listener.accept()
        c.send(b"one"), c.send(b"two")
        print(kind.name, repr(listener.getsockname()), repr(peer), c.getpeername() == listener.getsockname(), d.recv(10) + d.recv(10) if kind != socket.SOCK_STREAM else d.recv(6, socket.MSG_WAITALL))
        print(name(socket.socket(socket.AF_UNIX, kind).bind, address))
        listener.close()
        print(name(socket.socket(socket.AF_UNIX, kind).connect, address))
print(stat.S_ISSOCK(os.stat("s1").st_mode), name(os.open, "s1", os.O_RDWR), name(socket.socket(socket.AF_UNIX).connect, "none"))
x, y = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
x.bind("x"), y.bind("y")
print(x.sendto(b"first", "y"), x.sendto(b"second", "y"), y.recvfrom(3), y.recvfrom(100), name(x.sendto, b"", "none"), name(x.send, b""))
y.close()
print(name(x.sendto, b"", "y"), name(x.bind, "z"), name(socket.socket(socket.AF_UNIX).bind, "p" * 108), os.listdir(".") != [])
p, q = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
if os.fork() == 0:
    [q.send(bytes([n]) * (n + 1)) for n in range(20)]
    os._exit(0)
print([len(p.recv(100)) for _ in range(20)])
os.wait()
