# SPDX-License-Identifier: MIT OR Apache-2.0
"""A machine that stays up: `./nros run` with the servers' packages, and shell commands sent to it one by one.

	with Machine(["redis-server"], cores=2, ports=[6379]) as guest:
		guest.start("redis-server --port 6379")
		guest.run("redis-cli set a b")
		guest.port[6379]			the host's port that leads there

Nothing here knows a kernel: `kernel` goes to ./nros as it is.
"""

import glob
import os
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NROS = os.environ.get("NROS", os.path.join(ROOT, "nros"))
MCLOAD = os.path.join(ROOT, "build", "user", "bench", "mcload")
STATUS = re.compile(rb"\n=== status (\d+)\n\Z")
LONG_SILENCE = 300	# seconds until a command or a server counts as stuck


class GuestError(Exception):
	"""A machine, or something in it, that did not do what it was asked."""


def free_port():
	"""A port of this machine that nobody has, nor gets by chance before it is used: it is not one of those that the kernel gives out."""
	with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
		given_out = int(file.read().split()[0])
	while True:
		port = random.randrange(10000, max(given_out, 20000))
		with socket.socket() as sock:
			try:
				sock.bind(("127.0.0.1", port))
				return port
			except OSError:
				pass


def children(process):
	lists = [open(path).read().split() for path in glob.glob(f"/proc/{process}/task/*/children")]
	found = [int(child) for words in lists for child in words]
	return found + [below for child in found for below in children(child)]


class Machine:
	def __init__(self, packages, kernel="nros", cores=4, nodes=None, memory="1G", ports=(), options=(), limit=600):
		self.kernel, self.cores, self.port = kernel, cores, {port: free_port() for port in ports}
		command = [NROS, "run", "--kernel", kernel, "--cores", str(cores), "--memory", memory, "--timeout", str(limit)]
		command += ["--nodes", str(nodes)] if nodes else []
		for name in packages:
			command += ["--package", name]
		for guest, host in self.port.items():
			command += ["--publish", f"{host}:{guest}"]
		command += ["--net", "--add", f"{HERE}/commands.sh:/commands.sh", "--add", f"{MCLOAD}:/usr/bin/mcload", *options]
		self.errors = tempfile.TemporaryFile()
		self.child = subprocess.Popen([*command, "--", "sh", "/commands.sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
		                              stderr=self.errors, start_new_session=True)

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.close()

	def messages(self):
		"""What the tool, the kernel and the servers said on standard error."""
		self.errors.seek(0)
		return self.errors.read().decode(errors="replace")

	def fail(self, what):
		raise GuestError(f"{self.kernel}, {self.cores} cores: {what}\n{self.messages()[-2000:]}")

	def read_answer(self, what, limit):
		output, end = b"", time.monotonic() + limit
		while not (status := STATUS.search(output)):
			if not select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))[0]:
				self.fail(f"no answer to '{what}' in {limit} s; so far: {output.decode(errors='replace')[-500:]}")
			chunk = os.read(self.child.stdout.fileno(), 65536)
			if not chunk:
				self.fail(f"ended during '{what}'")
			output += chunk
		return output[:status.start()].decode(errors="replace"), int(status.group(1))

	def try_run(self, line, limit=LONG_SILENCE):
		"""(what the shell command printed on both of its outputs, its status)."""
		try:
			self.child.stdin.write(line.encode() + b"\n")
			self.child.stdin.flush()
		except BrokenPipeError:
			self.fail(f"gone before '{line}'")
		return self.read_answer(line, limit)

	def run(self, line, limit=LONG_SILENCE):
		output, status = self.try_run(line, limit)
		if status != 0:
			self.fail(f"'{line}' ended with status {status}: {output[-1000:]}")
		return output

	def start(self, server):
		"""Start a server in the background; what it says goes to /tmp/NAME.log. Returns its process id."""
		name = server.split()[0]
		return int(self.run(f"{server} >>/tmp/{name}.log 2>&1 & echo $!"))

	def stop(self, pid, number="TERM"):
		"""Send a signal to a server, wait for its end, and return its status."""
		return self.try_run(f"kill -{number} {pid}; wait {pid}")[1]

	def await_answer(self, port, ask, answer):
		"""Until the server behind a published port answers: QEMU itself accepts, so a connection proves nothing."""
		end = time.monotonic() + LONG_SILENCE
		while time.monotonic() < end:
			try:
				with socket.create_connection(("127.0.0.1", self.port[port]), timeout=10) as sock:
					sock.sendall(ask)
					if sock.recv(100).startswith(answer):
						return
			except OSError:
				pass
			time.sleep(0.1)
		self.fail(f"no server at port {port}")

	def processor_seconds(self):
		"""Processor time that QEMU has used: unlike time that has passed, hardly changed by what else the host does."""
		for child in children(self.child.pid):
			if "qemu" in os.readlink(f"/proc/{child}/exe"):
				with open(f"/proc/{child}/stat") as file:
					fields = file.read().rpartition(")")[2].split()
				return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
		self.fail("QEMU is gone")

	def close(self):
		"""End the input, so the guest ends; returns the status of ./nros."""
		try:
			self.child.stdin.close()
			self.child.stdout.close()
			return self.child.wait(timeout=60)
		except (subprocess.TimeoutExpired, BrokenPipeError):
			os.killpg(self.child.pid, signal.SIGKILL)
			return self.child.wait()
