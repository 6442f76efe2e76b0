#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests of the tool's parts that need no machine: Debian's entries, cpio archives, maintainer scripts, topology, TAP."""

import importlib.machinery
import importlib.util
import io
import os
import random
import socket
import struct
import sys
import tempfile
import types
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "launch"))

import apt
import backlog
import bytecode
import cpio
import debroot
import machine
import tests

SUITE = apt.codename()


class Mirror(unittest.TestCase):
	"""The machine's own Debian entry, in every form it may have."""

	def mirror(self, name, text):
		with tempfile.TemporaryDirectory() as etc:
			os.makedirs(os.path.join(etc, "sources.list.d"))
			with open(os.path.join(etc, name), "w") as file:
				file.write(text)
			return apt.mirror(etc)

	def test_one_line(self):
		found = self.mirror("sources.list", f"# deb http://no/ {SUITE} main\ndeb-src http://src/debian {SUITE} main\n"
		                    f"deb http://sec/debian {SUITE}-security main\ndeb http://one/debian/ {SUITE} contrib main # x\n")
		self.assertEqual(found, ("http://one/debian", None))

	def test_one_line_with_options(self):
		found = self.mirror("sources.list.d/a.list",
		                    f"deb [arch=amd64 signed-by=/k.gpg] https://two/debian {SUITE} main\n")
		self.assertEqual(found, ("https://two/debian", "/k.gpg"))

	def test_deb822(self):
		found = self.mirror("sources.list.d/debian.sources",
		                    f"# a comment\nTypes: deb\nURIs: http://sec\nSuites: {SUITE}-security\nComponents: main\n\n"
		                    f"Types: deb-src\nURIs: http://src\nSuites: {SUITE}\nComponents: main\n\n"
		                    f"Types: deb deb-src\n# inside\nURIs:\n http://three/debian\nSuites: x {SUITE} y\n"
		                    "Components: main contrib\nSigned-By: /k.gpg\n")
		self.assertEqual(found, ("http://three/debian", "/k.gpg"))

	def test_deb822_disabled(self):
		found = self.mirror("sources.list.d/debian.sources",
		                    f"Types: deb\nURIs: http://off\nSuites: {SUITE}\nComponents: main\nEnabled: no\n")
		self.assertEqual(found, apt.DEFAULT)

	def test_none(self):
		self.assertEqual(self.mirror("sources.list", "deb http://elsewhere/x stretch-x main\n"), apt.DEFAULT)


class Backlog(unittest.TestCase):
	"""The listener of another process gets a longer queue; TCP_INFO of a listener tells its length as `sacked`."""

	def backlog_of(self, listener):
		info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
		return struct.unpack_from("6I", info, 8)[5]

	def test_widened(self):
		with socket.socket() as listener, socket.socket() as other:
			for sock in (listener, other):
				sock.bind(("127.0.0.1", 0))
				sock.listen(1)
			pid = os.fork()
			if pid == 0:
				backlog.widen(os.getppid(), [listener.getsockname()[1]])
				os._exit(0)
			os.waitpid(pid, 0)
			self.assertEqual(self.backlog_of(other), 1)
			self.assertIn(self.backlog_of(listener), (1, backlog.BACKLOG))	# 1 where it is not permitted

	def test_own(self):
		with socket.socket() as listener:
			listener.bind(("127.0.0.1", 0))
			listener.listen(1)
			backlog.widen(os.getpid(), [listener.getsockname()[1]])
			self.assertEqual(self.backlog_of(listener), backlog.BACKLOG)

	def test_nobody_listens(self):
		with socket.socket() as sock:
			sock.bind(("127.0.0.1", 0))
			backlog.widen(os.getpid(), [sock.getsockname()[1]])
			self.assertEqual(backlog.listening_inodes([sock.getsockname()[1]]), set())


def read_archive(data):
	"""The entries of an archive, by the format's description: name, mode, content, place of the content."""
	at = 0
	while True:
		fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
		assert data[at:at + 6] == b"070701" and fields[11] <= 4096
		name = data[at + 110:at + 110 + fields[11]]
		assert name.endswith(b"\0")
		start = (at + 110 + fields[11] + 3) & ~3
		name = name.rstrip(b"\0").decode()
		if name == "TRAILER!!!":
			return
		yield name, fields[1], data[start:start + fields[6]], start
		at = (start + fields[6] + 3) & ~3


class Cpio(unittest.TestCase):
	def write(self, contents, start=0):
		archive, out = cpio.Archive({"tmp": 0o1777}), io.BytesIO(bytes(start))
		for name, content in contents.items():
			archive.file(name, content)
		out.seek(start)
		archive.write(out)
		return out.getvalue()

	def test_random_files_come_back_and_large_ones_are_aligned(self):
		for seed in range(200):
			rand = random.Random(seed)
			files = {f"d{i}/" + "n" * rand.randrange(1, 200): rand.randbytes(rand.choice((0, 3, 4096, 4097, 9000)))
			         for i in range(rand.randrange(1, 12))}
			data = self.write(files)
			self.assertEqual(len(data) % 4096, 0, seed)
			read = {name: (content, place) for name, mode, content, place in read_archive(data) if mode & 0o100000}
			self.assertEqual({name: content for name, (content, _) in read.items()}, files, seed)
			for content, place in read.values():
				self.assertTrue(len(content) <= 4096 or place % 4096 == 0, seed)

	def test_the_same_content_gives_the_same_bytes(self):
		a = {"x": b"1", "a/b": b"2" * 5000}
		self.assertEqual(self.write(a), self.write(dict(reversed(a.items()))))

	def test_directories_that_appear_have_their_usual_mode(self):
		modes = {name: mode for name, mode, _, _ in read_archive(self.write({"tmp/x/y": b""}))}
		self.assertEqual((modes["tmp"], modes["tmp/x"]), (0o41777, 0o40755))


class Scripts(unittest.TestCase):
	"""What is done of maintainer scripts by reading them."""

	def setUp(self):
		self.archive = cpio.Archive()
		self.archive.file("etc/site", "a site")
		self.archive.file("usr/share/page", "a page")

	def test_links_and_copies_that_are_spelled_out(self):
		debroot.install_names(self.archive, "if x; then\n  ln -s /etc/site /etc/on/site\n  cp /usr/share/page /var/page\nfi\n")
		self.assertEqual(self.archive.entries["etc/on/site"].data, b"/etc/site")
		self.assertEqual(self.archive.entries["var/page"].data, b"a page")

	def test_what_is_there_stays(self):
		debroot.install_names(self.archive, "cp /usr/share/page /etc/site\nln -sf /usr/share/page /etc/site\n")
		self.assertEqual(self.archive.entries["etc/site"].data, b"a site")

	def test_variables_options_and_what_is_not_there(self):
		before = dict(self.archive.entries)
		debroot.install_names(self.archive, "ln -s $from /etc/a\ncp -r /usr/share /etc/b\nln -s /none /etc/c\n# ln -s /etc/site /etc/d\n")
		self.assertEqual(self.archive.entries, before)

	def test_accounts(self):
		script = ("adduser --system $quiet --home /var/lib/db --no-create-home "
		          "--shell /bin/bash --group --gecos \"The database\" db\n"
		          "adduser --system --ingroup mail --home /nonexistent courier\nadduser $quiet db mail\nadduser --system \"$other\"\n")
		self.assertEqual(list(debroot.accounts(script)),
		                 [("db", "db", "/var/lib/db", "/bin/bash"), ("courier", "mail", "/nonexistent", "/usr/sbin/nologin")])


class Bytecode(unittest.TestCase):
	"""Python's byte code of an image: what an importer takes, and the same each time."""

	def archive(self):
		archive = cpio.Archive()
		archive.file(f"usr/bin/{bytecode.VERSION}", "an interpreter", 0o755)
		archive.file(f"usr/lib/{bytecode.VERSION}/steady.py", "def answer():\n\treturn {'six', 'seven'}, 42\n")
		archive.file(f"usr/lib/{bytecode.VERSION}/broken.py", "def def\n")
		archive.file("usr/share/other.py", "pass\n")
		return archive

	def test_an_importer_takes_it_for_its_source_alone(self):
		archive = self.archive()
		bytecode.add(archive)
		made = [path for path in archive.entries if path.endswith(".pyc")]
		self.assertEqual(made, [f"usr/lib/{bytecode.VERSION}/__pycache__/steady.{sys.implementation.cache_tag}.pyc"])
		with tempfile.TemporaryDirectory() as folder:
			for path in (f"usr/lib/{bytecode.VERSION}/steady.py", *made):
				os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
				with open(os.path.join(folder, path), "wb") as file:
					file.write(archive.entries[path].content())
			lib = os.path.join(folder, "usr/lib", bytecode.VERSION)
			loader = importlib.machinery.SourceFileLoader("steady", os.path.join(lib, "steady.py"))
			loader.source_to_code = None	# it must not have to compile
			self.assertEqual(self.answer(loader), 42)
			with open(os.path.join(lib, "steady.py"), "w") as file:
				file.write("def answer():\n\treturn 0, 43\n")
			self.assertEqual(self.answer(importlib.machinery.SourceFileLoader("steady", os.path.join(lib, "steady.py"))), 43)

	def setUp(self):
		prefix, sys.pycache_prefix = sys.pycache_prefix, None
		self.addCleanup(setattr, sys, "pycache_prefix", prefix)

	def answer(self, loader):
		module = importlib.util.module_from_spec(importlib.util.spec_from_loader("steady", loader))
		loader.exec_module(module)
		return module.answer()[1]

	def test_the_same_each_time(self):
		one, two = self.archive(), self.archive()
		bytecode.add(one)
		held = [sys.intern("answer"), sys.intern("six")]	# what the process holds does not matter
		bytecode.add(two)
		self.assertEqual({path: entry.data for path, entry in one.entries.items()}, {path: entry.data for path, entry in two.entries.items()}, held)


class Topology(unittest.TestCase):
	def test_every_core_and_byte_is_in_one_node(self):
		for cores in range(1, 255):
			for nodes in {1, 2, 3, 7, 8} & set(range(1, cores + 1)):
				words = machine.topology(types.SimpleNamespace(cores=cores, nodes=nodes, memory=1000 << 20))
				cpus = [word.split("cpus=")[1].split(",")[0].split("-") for word in words if "cpus=" in word]
				self.assertEqual([n for a, b in cpus for n in range(int(a), int(b) + 1)], list(range(cores)))
				sizes = [int(word.split("size=")[1]) for word in words if "size=" in word]
				self.assertEqual((sum(sizes), len(sizes)), (1000 << 20, nodes))

	def test_apic_ids_stay_below_255(self):
		for cores in range(1, 255):
			for nodes in range(1, min(cores, 64) + 1):
				smp = dict(word.split("=") for word in machine.sockets(cores, nodes).split(",")[1:])
				per_socket = int(smp["cores"])
				self.assertEqual(int(smp["sockets"]) * per_socket, cores)
				width = (per_socket - 1).bit_length()
				self.assertLess((int(smp["sockets"]) - 1 << width) + per_socket - 1, 255)


class Tap(unittest.TestCase):
	def count(self, output, status=0):
		result = tests.Result("group")
		result.read(output, status)
		return result.passed, result.failed, result.skipped

	def test_counts(self):
		self.assertEqual(self.count("1..3\nok 1 - a\nok 2 - b\nok 3\n"), (3, 0, 0))
		self.assertEqual(self.count("ok 1 - a\nnot ok 2 - b\n# why\n1..2\n", 1), (1, 1, 0))
		self.assertEqual(self.count("ok 1 - a # SKIP no such thing\nok 2\n"), (1, 0, 1))

	def test_what_nobody_said_is_a_failure(self):
		self.assertEqual(self.count("1..3\nok 1\nok 2\n"), (2, 1, 0))
		self.assertEqual(self.count("ok 1\n", 139), (1, 1, 0))
		self.assertEqual(self.count(""), (0, 1, 0))


if __name__ == "__main__":
	unittest.main()
