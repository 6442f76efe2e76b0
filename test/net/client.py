#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A client of user/tests/netecho: every byte that comes back is checked. Each function returns what it did, or raises.

	test/net/client.py PORT echo CONNECTIONS BYTES    all at once, of any size up to BYTES, half-closed at the end
	test/net/client.py PORT churn CONNECTIONS         one after the other: some ended, some reset
	test/net/client.py PORT half_open CONNECTIONS     some fall silent, some are reset in mid-stream; others go on
	test/net/client.py PORT slow BYTES                reads nothing until the other side cannot send, then all
	test/net/client.py PORT quit"""

import hashlib
import random
import select
import socket
import struct
import sys

ADDRESS = "127.0.0.1"
LINGER_NONE = struct.pack("ii", 1, 0)
PATIENCE = 120


def connect(port):
	return socket.create_connection((ADDRESS, port), timeout=PATIENCE)


def receive(sock, size):
	"""So many bytes, or those before the end."""
	data = b""
	while len(data) < size and (more := sock.recv(size - len(data))):
		data += more
	return data


def reset(sock):
	sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
	sock.close()


class Flow:
	"""Random bytes out, the same bytes in."""

	def __init__(self, port, size, seed):
		self.socket = connect(port)
		self.socket.setblocking(False)
		self.data = b"." + random.Random(seed).randbytes(size - 1)
		self.sent, self.back, self.seen = 0, 0, hashlib.sha256()

	def fileno(self):
		return self.socket.fileno()

	def send(self):
		self.sent += self.socket.send(self.data[self.sent:self.sent + 65536])
		if self.sent == len(self.data):
			self.socket.shutdown(socket.SHUT_WR)

	def receive(self):
		"""False at the end; ValueError if what came is not what went."""
		chunk = self.socket.recv(65536)
		self.back += len(chunk)
		self.seen.update(chunk)
		if chunk:
			return True
		if self.back != len(self.data) or self.seen.digest() != hashlib.sha256(self.data).digest():
			raise ValueError(f"{self.back} bytes of {len(self.data)} came back, or others")
		self.socket.close()
		return False


def echo(port, connections, size):
	chance = random.Random(size)
	flows = [Flow(port, chance.randrange(1, size), seed) for seed in range(connections)]
	total = sum(len(flow.data) for flow in flows)
	while flows:
		sending = [flow for flow in flows if flow.sent < len(flow.data)]
		readable, writable, _ = select.select(flows, sending, [], PATIENCE)
		if not readable and not writable:
			raise ValueError(f"{len(flows)} connections stand still")
		for flow in writable:
			flow.send()
		flows = [flow for flow in flows if flow not in readable or flow.receive()]
	return f"{connections} connections at once, {total} bytes"


def exchange(port, data):
	with connect(port) as sock:
		sock.sendall(data)
		sock.shutdown(socket.SHUT_WR)
		back = b"".join(iter(lambda: sock.recv(65536), b""))
	if back != data:
		raise ValueError(f"{len(back)} bytes of {len(data)} came back, or others")


def churn(port, connections):
	chance = random.Random(connections)
	for number in range(connections):
		data = b"." + chance.randbytes(chance.randrange(1, 4000))
		if number % 4 > 1:
			exchange(port, data)
			continue
		sock = connect(port)
		sock.sendall(data)
		reset(sock) if number % 4 == 0 else sock.close()
	return f"{connections} connections one by one, a quarter of them reset"


def half_open(port, connections):
	silent = [connect(port) for _ in range(connections)]
	for sock in silent[::2]:
		sock.sendall(b"." * 100000)
	exchange(port, b"others are served meanwhile")
	for sock in silent[::2]:
		reset(sock)
	for sock in silent[1::2]:
		sock.sendall(b"still here")
		if receive(sock, 10) != b"still here":
			raise ValueError("a silent connection lost its bytes")
		sock.close()
	return f"{connections} silent connections, half of them reset with bytes unread"


def slow(port, size):
	"""The windows on the whole way close, and open again."""
	flow = Flow(port, size, size)
	while flow.sent < size and select.select([], [flow], [], 2)[1]:
		flow.send()
	stuck = flow.sent
	while True:
		readable, writable, _ = select.select([flow], [flow] if flow.sent < size else [], [], PATIENCE)
		if not readable and not writable:
			raise ValueError(f"stands still: {flow.sent} sent, {flow.back} back of {size}")
		if writable:
			flow.send()
		if readable and not flow.receive():
			return f"nothing read until {stuck} of {size} bytes were sent, then all"


def quit(port):
	connect(port).sendall(b"q")


def main(port, what, *numbers):
	print(globals()[what](int(port), *map(int, numbers)))


if __name__ == "__main__":
	main(*sys.argv[1:])
