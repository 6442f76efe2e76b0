# SPDX-License-Identifier: MIT OR Apache-2.0
# Sockets one call at a time over the loopback: options, peeking, halves, refusals, time limits, what is written past the end.
import errno, select, socket, struct

def name(action, *words):
    try:
        return action(*words)
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[0], listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
print(listener.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM, listener.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN) == socket.AF_INET)
a = socket.create_connection(listener.getsockname(), timeout=60)
b, peer = listener.accept()
print(peer == a.getsockname(), a.getpeername() == b.getsockname(), a.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(a.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0, name(a.setsockopt, socket.IPPROTO_TCP, 9999, 1), name(a.setsockopt, 9999, 1, 1))
a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
print(struct.unpack("ii", a.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)))
a.sendall(b"hello world")
print(b.recv(5, socket.MSG_PEEK), b.recv(11, socket.MSG_WAITALL), name(b.recv, 5, socket.MSG_DONTWAIT))
buffers = [bytearray(4), bytearray(8)]
a.sendmsg([b"gath", b"ered", b"!"])
print(select.select([b], [], [], 60)[0] == [b], b.recvmsg_into(buffers)[0], buffers)
b.setblocking(False)
print(name(b.recv, 1))
b.settimeout(0.05)
print(name(b.recv, 1))
b.settimeout(60)
a.shutdown(socket.SHUT_WR)
print(b.recv(1), name(a.send, b"x"), b.send(b"still"), a.recv(10))
print(name(a.connect, ("127.0.0.1", 1)), name(listener.recv, 1))
b.close()
print(a.recv(1))
a.close()
port = listener.getsockname()[1]
print(name(socket.create_server, ("127.0.0.1", port), *()), name(socket.socket().bind, ("10.99.99.99", 0)))
listener.close()
print(name(socket.create_connection, ("127.0.0.1", port)), name(socket.socket(socket.AF_INET, socket.SOCK_STREAM).listen))
c = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
print(c.getblocking(), name(c.send, b"x"), name(c.getpeername), name(c.accept), c.getsockname())
print(name(socket.socket, socket.AF_INET, 77), name(socket.socket, 99), name(socket.socket, socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP))
