# SPDX-License-Identifier: MIT OR Apache-2.0
"""A small client of Redis: its protocol over one connection, many commands under way at once.

What a key holds is a function of its number and of the round it was last written in (`value`), so that any number
of keys is checked without remembering them.
"""

import socket
import time

BATCH = 500
SILENCE = 120


class Wrong(Exception):
	"""Redis holds or says something else than it must."""


def encode(words):
	parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
	return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


class Redis:
	def __init__(self, port):
		self.socket = socket.create_connection(("127.0.0.1", port), timeout=SILENCE)
		self.file = self.socket.makefile("rb")

	def close(self):
		self.file.close()
		self.socket.close()

	def reply(self):
		line = self.file.readline()
		if not line.endswith(b"\r\n"):
			raise Wrong("the connection ended")
		kind, rest = line[:1], line[1:-2]
		if kind == b"-":
			raise Wrong(rest.decode())
		if kind == b":":
			return int(rest)
		if kind == b"$":
			return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
		if kind == b"*":
			return [self.reply() for _ in range(int(rest))]
		return rest

	def ask(self, *words):
		return self.all([words])[0]

	def all(self, commands):
		"""Send the commands at once; their replies, in order."""
		self.socket.sendall(b"".join(map(encode, commands)))
		return [self.reply() for _ in commands]

	def info(self, section):
		lines = self.ask("INFO", section).decode().splitlines()
		return dict(line.split(":", 1) for line in lines if ":" in line)

	def await_info(self, section, field, wanted):
		"""Wait until a field of INFO is `wanted`."""
		end = time.monotonic() + SILENCE
		while self.info(section)[field] != wanted:
			if time.monotonic() > end:
				raise Wrong(f"{field} is not {wanted} after {SILENCE} s")
			time.sleep(0.05)


def value(number, round_):
	return b"%d:%d:" % (number, round_) + b"x" * (number % 60)


def batches(numbers):
	numbers = list(numbers)
	return (numbers[at:at + BATCH] for at in range(0, len(numbers), BATCH))


def write(redis, numbers, round_):
	for batch in batches(numbers):
		for reply in redis.all([("SET", f"k{number}", value(number, round_)) for number in batch]):
			if reply != b"OK":
				raise Wrong(f"SET was answered by {reply}")


def check(redis, count, round_of):
	"""All keys from 0 to count hold what they must, and there are no others."""
	if (size := redis.ask("DBSIZE")) != count:
		raise Wrong(f"{size} keys instead of {count}")
	for batch in batches(range(count)):
		for number, held in zip(batch, redis.ask("MGET", *(f"k{number}" for number in batch))):
			if held != value(number, round_of(number)):
				raise Wrong(f"key {number} holds {held}, not {value(number, round_of(number))}")
