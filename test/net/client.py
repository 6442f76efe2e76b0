#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A client of user/tests/netecho: every byte that comes back is checked.

	test/net/client.py PORT echo CONNECTIONS BYTES    all at once, half-closed at the end
	test/net/client.py PORT churn CONNECTIONS         one after the other: some ended, some reset
	test/net/client.py PORT quit"""

import hashlib
import random
import select
import socket
import struct
import sys

ADDRESS = "127.0.0.1"
LINGER_NONE = struct.pack("ii", 1, 0)


def connect(port):
	return socket.create_connection((ADDRESS, port), timeout=30)


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
	flows = [Flow(port, size, seed) for seed in range(connections)]
	while flows:
		sending = [flow for flow in flows if flow.sent < len(flow.data)]
		readable, writable, _ = select.select(flows, sending, [], 60)
		if not readable and not writable:
			raise ValueError(f"{len(flows)} connections stand still")
		for flow in writable:
			flow.send()
		flows = [flow for flow in flows if flow not in readable or flow.receive()]


def churn(port, connections):
	chance = random.Random(connections)
	for number in range(connections):
		sock = connect(port)
		data = b"." + chance.randbytes(chance.randrange(1, 4000))
		sock.sendall(data)
		if number % 4 == 0:
			sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
		elif number % 4 == 1:
			pass
		else:
			sock.shutdown(socket.SHUT_WR)
			back = b""
			while chunk := sock.recv(65536):
				back += chunk
			if back != data:
				raise ValueError(f"connection {number}: {len(back)} bytes of {len(data)} came back, or others")
		sock.close()


def main(port, what, *numbers):
	if what == "quit":
		connect(int(port)).sendall(b"q")
	else:
		{"echo": echo, "churn": churn}[what](int(port), *map(int, numbers))


if __name__ == "__main__":
	main(*sys.argv[1:])
