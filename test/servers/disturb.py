# SPDX-License-Identifier: MIT OR Apache-2.0
"""Clients that behave badly, for a time: connections opened and dropped, reset, half-open, and half a request."""

import random
import socket
import struct
import threading
import time

RESET = struct.pack("ii", 1, 0)
HELD = 30	# connections that stay open with nothing more to come
HALVES = {6379: [b"*3\r\n$3\r\nSET\r\n$5\r\nhal", b"PING", b""], 11211: [b"set half 0 0 100\r\nhalf", b"get ha", b""]}
WHOLE = {6379: (b"PING\r\n", b"+PONG\r\n"), 11211: (b"mn\r\n", b"MN\r\n")}


class Disturber(threading.Thread):
	"""Bothers the servers behind `ports` (guest port: host port) until stop(); `wrong` tells of a wrong answer."""

	def __init__(self, ports, seed):
		super().__init__(daemon=True)
		self.ports, self.random = ports, random.Random(seed)
		self.held, self.count, self.wrong, self.over = [], 0, [], threading.Event()

	def run(self):
		while not self.over.is_set():
			guest = self.random.choice(sorted(self.ports))
			try:
				self.one(guest, socket.create_connection(("127.0.0.1", self.ports[guest]), timeout=60))
			except OSError as error:
				self.wrong.append(f"port {guest}: {error}")
				time.sleep(0.5)
			self.count += 1
		for sock in self.held:
			sock.close()

	def one(self, guest, sock):
		what = self.random.choice(("ask", "drop", "reset", "shut", "hold"))
		if what == "ask":
			self.ask(guest, sock)
			sock.close()
			return
		sock.sendall(self.random.choice(HALVES[guest]))
		if what == "reset":
			sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
		elif what == "shut":
			sock.shutdown(socket.SHUT_WR)
		elif what == "hold":
			self.held.append(sock)
			if len(self.held) <= HELD:
				return
			sock = self.held.pop(0)
		sock.close()

	def ask(self, guest, sock):
		"""A server that answers this one answers the others."""
		question, answer = WHOLE[guest]
		sock.sendall(question)
		got = b""
		while len(got) < len(answer) and (more := sock.recv(64)):
			got += more
		if got != answer:
			self.wrong.append(f"port {guest} answered {got} to {question}")

	def stop(self):
		self.over.set()
		self.join(timeout=120)
