# SPDX-License-Identifier: MIT OR Apache-2.0
"""One machine from start to end: the QEMU process and the channels between it and this tool.

A channel is a socket pair; QEMU has one end. A thread per direction copies bytes and blocks where
the other side is slow, so that nothing piles up here. The main thread listens to the control
channel:

	booting --"ready"--> running --"exit N" or "signal N"--> ending --QEMU is gone--> over

Standard input is read only from "ready" on: nobody reads the port before. Whatever happens, close()
leaves no QEMU behind; should the tool itself be killed, the kernel ends QEMU (pdeathsig).
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import backlog
from base import PANIC, TIMEOUT, ToolError, say

CHUNK = 65536
POWER_OFF_TIME = 10	# seconds a machine may take to go off after its program has ended
STOP_TIME = 10	# seconds a program may take to stop after --timeout
ESCAPE = b"\x1d"	# Ctrl-], which stops the machine from a terminal
PANIC_LINES, LAST_LINES = 40, 4


class Timeout(Exception):
	pass


def write_all(fd, data):
	view = memoryview(data)
	while view:
		view = view[os.write(fd, view):]


class Log(threading.Thread):
	"""The kernel's messages: kept for the end, shown at once if asked."""

	def __init__(self, source, show):
		super().__init__(daemon=True)
		self.source, self.show, self.data = source, show, bytearray()

	def run(self):
		while chunk := receive(self.source):
			self.data += chunk
			if self.show:
				write_all(2, chunk)

	def lines(self):
		text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1bc|\r", "", self.data.decode(errors="replace"))
		return [line for line in text.split("\n") if line.strip()]

	def panic(self):
		"""The lines from the first that tells of a panic on; none if there is no such line."""
		lines = self.lines()
		for at, line in enumerate(lines):
			if re.search(r"panic\b", line, re.IGNORECASE):
				return lines[at:at + PANIC_LINES]
		return []


def receive(channel):
	try:
		return channel.recv(CHUNK)
	except OSError:
		return b""


class Session:
	def __init__(self, options, terminal):
		self.options, self.terminal = options, terminal
		self.ours, self.theirs = {}, {}
		self.process, self.status, self.broken, self.ready = None, None, False, False
		names = ["stdin", "stdout", "stderr", "control", "log"] + (["tty"] if terminal else [])
		for name in names:
			self.ours[name], self.theirs[name] = socket.socketpair()

	def descriptors(self):
		return {name: end.fileno() for name, end in self.theirs.items()}

	def start(self, command, directory):
		"""Start QEMU in `directory` with its ends of the channels, and the threads that read ours."""
		self.started = time.monotonic()
		self.process = subprocess.Popen(["setpriv", "--pdeathsig=KILL", *command], stdin=subprocess.DEVNULL,
		                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=directory,
		                                pass_fds=list(self.descriptors().values()), start_new_session=True)
		for end in self.theirs.values():
			end.close()
		self.log = Log(self.ours["log"], self.options.verbose)
		outputs = [("tty", 1)] if self.terminal else [("stdout", 1), ("stderr", 2)]
		self.readers = [self.log] + [self.thread(self.copy_out, *output) for output in outputs]
		for reader in self.readers:
			reader.start()

	def thread(self, function, *arguments):
		return threading.Thread(target=function, args=arguments, daemon=True)

	def copy_out(self, name, fd):
		"""From the machine to a descriptor of ours. A reader who has left ends the machine, as SIGPIPE would."""
		while chunk := receive(self.ours[name]):
			try:
				write_all(fd, chunk)
			except OSError:
				self.broken = True
				self.process.kill()
				return

	def copy_in(self, name):
		"""From standard input to the machine, with its end; a program that stops reading just stops it."""
		channel = self.ours[name]
		try:
			while chunk := os.read(0, CHUNK):
				if self.terminal and ESCAPE in chunk:
					os.kill(os.getpid(), signal.SIGINT)
				channel.sendall(chunk)
		except OSError:
			pass
		try:
			channel.shutdown(socket.SHUT_WR)
		except OSError:
			pass

	def send_stop(self):
		try:
			self.ours["control"].send(b"stop\n")
		except OSError:
			pass

	def messages(self, deadline):
		"""The control channel's lines until QEMU closes it. Timeout when the deadline passes."""
		control, rest = self.ours["control"], b""
		while True:
			left = None if deadline is None else deadline - time.monotonic()
			if left is not None and left <= 0:
				raise Timeout()
			control.settimeout(left)
			try:
				chunk = control.recv(CHUNK)
			except (TimeoutError, ConnectionError):
				chunk = None
			if chunk == b"":
				return
			*lines, rest = (rest + (chunk or b"")).split(b"\n")
			yield from (line.decode(errors="replace") for line in lines)

	def listen(self, deadline):
		"""Follow the machine until its program has ended (self.status) or QEMU is gone."""
		for line in self.messages(deadline):
			word, _, value = line.partition(" ")
			if word == "ready":
				if self.options.publish:
					backlog.widen(self.process.pid, [host for host, _ in self.options.publish])
				self.ready = True
				if self.options.verbose:
					say(f"the program starts after {time.monotonic() - self.started:.2f} s")
				self.thread(self.copy_in, "tty" if self.terminal else "stdin").start()
			elif word in ("exit", "signal") and value.isdecimal():
				self.status = int(value) + (128 if word == "signal" else 0)
				return

	def wait_off(self):
		"""QEMU's own status, once it is gone and all it sent has been passed on."""
		try:
			self.process.wait(POWER_OFF_TIME)
		except subprocess.TimeoutExpired:
			self.process.kill()
			self.process.wait()
		for reader in self.readers:
			reader.join()
		return self.process.returncode

	def run(self):
		"""The exit status of the whole: the program's, or what DESIGN's contract says of other ends."""
		limit = self.options.timeout
		try:
			self.listen(limit and self.started + limit)
		except Timeout:
			self.stop_late()
			say(f"stopped after {limit:g} s (--timeout)")
			return TIMEOUT
		code = self.wait_off()
		if self.status is not None and not self.broken:
			return self.status
		return self.explain(code)

	def stop_late(self):
		"""Time is up: the program is asked to stop, and the machine ends when it has or a while later."""
		self.send_stop()
		try:
			self.listen(time.monotonic() + STOP_TIME)
		except Timeout:
			self.process.kill()
		self.wait_off()

	def explain(self, code):
		"""The machine ended without the program's status: show why."""
		if self.broken:
			return 128 + 13
		panic = self.log.panic()
		complaint = self.process.stderr.read().decode(errors="replace").strip().splitlines()
		if code == 1 and not panic and complaint:
			own = [line for line in complaint if line.startswith("model: ")]
			raise ToolError((own or complaint)[-1])
		for line in [] if self.options.verbose else panic or self.log.lines()[-LAST_LINES:]:
			sys.stderr.write(line + "\n")
		say("kernel panic" if panic else "the machine went off without the program's exit status")
		return PANIC

	def close(self):
		if self.process and self.process.poll() is None:
			self.process.kill()
			self.process.wait()
