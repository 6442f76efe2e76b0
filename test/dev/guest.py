#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Boots build/devtest.elf (test/dev/guest.c) under QEMU and plays the host of its ports. Prints TAP.

The guest copies nros.stdin to nros.stdout until end of file and sends back what comes on nros.control and on
the second serial line; it ends by itself. Machines differ in how PCI is reached, in MSI-X vectors, in cores."""
import os
import random
import select
import socket
import subprocess
import sys

PORTS = ["stdin", "stdout", "stderr", "control"]
ELF = sys.argv[1]
LIMIT = 300     # seconds for a whole guest, far from what it needs
WINDOW = 2048   # the guest keeps 8 KiB of a serial line
results = []


def ok(good, name, why=""):
	results.append(good)
	print(f"{'ok' if good else 'not ok'} {len(results)} - {name}", flush=True)
	if not good and why:
		print("".join(f"    {line}\n" for line in why.splitlines()), end="", flush=True)


class Guest:
	def __init__(self, machine="q35", cores=1, bridge=(), console="", cpu="max"):
		self.ends, theirs, words = {}, [], []
		for name in PORTS + ["log", "line"]:
			self.ends[name], end = socket.socketpair()
			self.ends[name].setblocking(False)
			theirs.append(end)
			words += ["-chardev", f"socket,id={name},fd={end.fileno()}"]
		words += [*bridge, "-device", "virtio-serial-pci,id=ports" + console]
		for number, name in enumerate(PORTS, 1):
			words += ["-device", f"virtserialport,bus=ports.0,nr={number},name=nros.{name},chardev={name}"]
		self.process = subprocess.Popen(
			["timeout", str(LIMIT), "qemu-system-x86_64", "-machine", machine, "-accel", "tcg,thread=multi",
			 "-cpu", cpu, "-smp", str(cores), "-m", "256M", "-nodefaults", "-no-user-config", "-no-reboot",
			 "-display", "none", *words, "-serial", "chardev:log", "-serial", "chardev:line",
			 "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel", ELF],
			pass_fds=[end.fileno() for end in theirs], stdin=subprocess.DEVNULL)
		for end in theirs:
			end.close()
		self.got = {name: bytearray() for name in self.ends}
		self.want_read = set(self.ends)
		self.to_send = {name: b"" for name in self.ends}
		self.sent = {name: 0 for name in self.ends}

	def step(self):
		"""Moves what can be moved; False when the guest is gone and everything is read."""
		writers = [e for n, e in self.ends.items() if self.sent[n] < self.allowed(n)]
		readers = [self.ends[n] for n in self.want_read]
		if not readers:
			return False
		readable, writable, _ = select.select(readers, writers, [], LIMIT)
		for name, end in self.ends.items():
			if end in readable:
				self.read(name, end)
			if end in writable:
				self.write(name, end)
		return bool(readable or writable)

	def allowed(self, name):
		"""How much of to_send may be on its way: a serial line has no flow control beyond what we do here."""
		most = len(self.to_send[name])
		return min(most, len(self.got[name]) + WINDOW) if name == "line" else most

	def read(self, name, end):
		try:
			data = end.recv(1 << 16)
		except ConnectionError:
			data = b""
		self.got[name] += data
		if not data:
			self.want_read.discard(name)

	def write(self, name, end):
		try:
			self.sent[name] += end.send(self.to_send[name][self.sent[name]:self.allowed(name)])
		except ConnectionError:
			self.sent[name] = len(self.to_send[name])

	def until(self, fact):
		while not fact():
			if not self.step():
				return False
		return True

	def echo(self, name, data):
		"""Sends and waits until the same bytes came back."""
		self.to_send[name] += data
		return self.until(lambda: len(self.got[name]) >= len(self.to_send[name])) and \
			self.got[name] == self.to_send[name]

	def finish(self):
		while self.step():
			pass
		return self.process.wait()

	def log(self):
		return self.got["log"].decode("latin1")


def copying(title, size, shut=True, **machine):
	guest = Guest(**machine)
	data = random.Random(size).randbytes(size)
	good = guest.until(lambda: b"ready\n" in guest.got["stderr"])
	guest.to_send["stdin"] = data
	good = good and guest.echo("control", data[:70000]) and guest.echo("line", data[:5000])
	good = good and guest.until(lambda: guest.sent["stdin"] == size)
	if shut:
		guest.ends["stdin"].shutdown(socket.SHUT_WR)
	else:
		guest.want_read.discard("stdin")
		guest.ends.pop("stdin").close()
	status = guest.finish()
	report = f"ready\ncopied {size}, control {min(size, 70000)}, line {min(size, 5000)}, stdin polls 5\n"
	ok(good and status == 1 and guest.got["stdout"] == data and guest.got["stderr"] == report.encode(), title,
	   f"{good} {status} {len(guest.got['stdout'])} {bytes(guest.got['stderr'])}\n{guest.log()}")
	return guest


def held_back():
	"""While nobody takes stdout, stdin stops being taken, and the other ports go on."""
	size = 16 << 20
	guest = Guest(cores=2)
	good = guest.until(lambda: b"ready\n" in guest.got["stderr"])
	guest.want_read.discard("stdout")
	guest.to_send["stdin"] = random.Random(1).randbytes(size)
	for _ in range(200):
		good = good and guest.echo("control", os.urandom(1000))
	held = guest.sent["stdin"]
	ok(good and 0 < held < 2 << 20, f"unread output holds the input back (at {held} of {size} bytes), control answers",
	   guest.log())
	guest.want_read.add("stdout")
	good = guest.until(lambda: guest.sent["stdin"] == size)
	guest.ends["stdin"].shutdown(socket.SHUT_WR)
	ok(good and guest.finish() == 1 and guest.got["stdout"] == guest.to_send["stdin"], "and nothing is lost", guest.log())


copying("1 MB and end of file", 1 << 20)
copying("nothing but end of file", 0)
copying("8 MB, another core copies", 8 << 20, cores=2)
copying("the host's end is closed, not shut", 100000, shut=False)
held_back()
copying("PCI through ports 0xcf8", 1 << 20, machine="pc", cores=2)
copying("a modern-only device", 1 << 20, console=",disable-legacy=on")
copying("no event indices", 1 << 20, console=",event_idx=off", cores=2)
copying("one MSI-X vector for all queues", 1 << 20, console=",vectors=1")
copying("eight ports", 1 << 20, console=",max_ports=8")
guest = copying("an entropy device beside it", 1000, bridge=("-device", "virtio-rng-pci"))
ok(guest.log().count(" virtio\n") == 2, "both are driven", guest.log())
copying("behind a PCI Express port", 1 << 20, bridge=("-device", "pcie-root-port,id=root"), console=",bus=root")
guest = copying("no RDRAND", 1000, cpu="qemu64,-rdrand,-rdseed")
ok("hardware 0" in guest.log(), "a processor without a generator is told", guest.log())
print(f"1..{len(results)}")
sys.exit(not all(results))
