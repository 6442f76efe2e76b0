# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writing root archives: cpio "newc", as Linux's initramfs and our kernel read it.

An Archive is a tree of entries by path; write() emits them sorted, owned by root, with one fixed
time, so that the same content gives the same bytes. Archives may follow each other in one file.

The data of a regular file over 4 KiB starts at a multiple of 4096 of the file, so that a kernel may
use the pages in place. The gap is made of NULs behind the name, which c_namesize counts; a name
field ends at 4096 bytes (Linux's PATH_MAX), so now and then an entry for "." stands in the gap.
"""

import os
import stat

PAGE = 4096
HEADER = 110
TIME = 1_700_000_000
DIRECTORY, REGULAR, LINK, DEVICE = stat.S_IFDIR, stat.S_IFREG, stat.S_IFLNK, stat.S_IFCHR


class Entry:
	def __init__(self, mode, data=b"", source=None, device=(0, 0), owner=(0, 0)):
		self.mode, self.data, self.source, self.device, self.owner = mode, data, source, device, owner

	def content(self):
		if self.source is None:
			return self.data
		with open(self.source, "rb") as file:
			return file.read()


def padding(position, boundary):
	return -position % boundary


class Archive:
	"""`modes`: what directories that appear by themselves get, by path (755 where it does not say).
	`aliases`: top directories that are links, and where they lead; what is put below them goes there."""

	def __init__(self, modes=(), aliases=()):
		self.entries, self.modes, self.aliases = {}, dict(modes), dict(aliases)

	def resolve(self, path):
		"""The path under which an entry is kept."""
		top, slash, rest = path.strip("/").partition("/")
		return self.aliases.get(top, top) + slash + rest

	def put(self, path, entry):
		"""Enter one entry; directories above it that are not there yet appear."""
		path = self.resolve(path)
		above = os.path.dirname(path)
		if above and above not in self.entries:
			self.directory(above)
		if path:
			self.entries[path] = entry

	def directory(self, path, mode=None):
		mode = self.modes.get(path.strip("/"), 0o755) if mode is None else mode
		self.put(path, Entry(DIRECTORY | mode))

	def file(self, path, data, mode=0o644):
		self.put(path, Entry(REGULAR | mode, data if isinstance(data, bytes) else data.encode()))

	def copy(self, path, source):
		self.put(path, Entry(REGULAR | stat.S_IMODE(os.stat(source).st_mode), source=source))

	def link(self, path, target):
		self.put(path, Entry(LINK | 0o777, os.fsencode(target)))

	def device(self, path, mode, major, minor):
		self.put(path, Entry(DEVICE | mode, device=(major, minor)))

	def tree(self, path, source):
		"""Copy a file, a link or a whole directory of the host. Sockets and pipes are left out."""
		kind = stat.S_IFMT(os.lstat(source).st_mode)
		if kind == LINK:
			self.link(path, os.readlink(source))
		elif kind == REGULAR:
			self.copy(path, source)
		elif kind == DIRECTORY:
			self.directory(path, stat.S_IMODE(os.stat(source).st_mode))
			for name in os.listdir(source):
				self.tree(f"{path}/{name}", os.path.join(source, name))

	def write(self, out):
		"""Append the archive to a file whose position is a multiple of 4096; ends at one, too."""
		for number, path in enumerate(sorted(self.entries), 1):
			write_entry(out, number, os.fsencode(path), self.entries[path])
		write_entry(out, 0, b"TRAILER!!!", Entry(0))
		out.write(bytes(padding(out.tell(), PAGE)))


def write_header(out, number, name, name_size, size, entry):
	links = 2 if stat.S_ISDIR(entry.mode) else 1
	fields = (number, entry.mode, *entry.owner, links, TIME, size, 0, 0, *entry.device, name_size, 0)
	out.write(b"070701" + b"".join(b"%08X" % field for field in fields))
	out.write(name + bytes(name_size - len(name)))
	out.write(bytes(padding(out.tell(), 4)))


def write_entry(out, number, name, entry):
	data = entry.content()
	name_size = len(name) + 1
	if len(data) > PAGE:
		name_size += padding(out.tell() + HEADER + name_size, PAGE)
		if name_size > PAGE:
			write_header(out, 0, b".", PAGE // 2, 0, Entry(DIRECTORY | 0o755))
			return write_entry(out, number, name, entry)
	write_header(out, number, name, name_size, len(data), entry)
	out.write(data)
	out.write(bytes(padding(out.tell(), 4)))
