# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fetching what tools/sources.lock names, and unpacking it under build/dep/.

A source tarball becomes build/dep/NAME-VERSION/ (upstream's version), a binary package
build/dep/NAME/ with its files. Each is fetched once; a changed lock line fetches it anew. When the
archive has dropped a locked file for a newer one, that one is used and the tool says so.
"""

import os
import re
import shutil
import tempfile

import apt
from base import ROOT, ToolError, build_path, exclusive, quiet_run, say

LOCK = os.path.join(ROOT, "tools", "sources.lock")
HELP = "usage: tools/fetch [--update] NAME...   (names are in tools/sources.lock)"


class Item:
	"""One line of the lock."""

	def __init__(self, line):
		self.name, self.suite, self.package, self.version, self.sha256, self.path = line.split()

	def line(self):
		return (f"{self.name:8} {self.suite:18} {self.package:28} {self.version:20} "
		        f"{self.sha256}  {self.path}\n")

	def take(self, found):
		self.version, self.sha256, self.path = found.version, found.sha256, found.path

	def directory(self):
		upstream = re.sub(r"^\d+:|-[^-]*$", "", self.version)
		is_source = self.package.startswith("src:")
		return build_path("dep", f"{self.name}-{upstream}" if is_source else self.name)


def locked_items():
	with open(LOCK) as file:
		return [Item(line) for line in file if line.strip() and not line.startswith("#")]


def locked(name):
	for item in locked_items():
		if item.name == name:
			return item
	raise ToolError(f"{name} is not in tools/sources.lock")


def download(item):
	"""The item's file in build/dep/cache/, by hash, so that another version is another file."""
	target = build_path("dep", "cache", f"{item.sha256[:16]}-{os.path.basename(item.path)}")
	if os.path.exists(target):
		return target
	try:
		apt.download(item.path, item.sha256, target)
		return target
	except ToolError as gone:
		found = apt.newest(item.suite, item.package)
		if found.path == item.path:
			raise gone
	say(f"{item.package} {item.version} has left the archive: using {found.version} "
	    f"(tools/fetch --update {item.name} locks it)")
	item.take(found)
	return download(item)


def unpack(item, archive):
	"""Unpack beside the target and rename, so that a directory which exists is whole."""
	target = item.directory()
	fresh = tempfile.mkdtemp(prefix=f".{item.name}-", dir=os.path.dirname(target))
	os.chmod(fresh, 0o755)
	if archive.endswith(".deb"):
		quiet_run(["dpkg-deb", "-x", archive, fresh], item.name)
	else:
		quiet_run(["tar", "-xf", archive, "--strip-components=1", "--no-same-owner", "-C", fresh], item.name)
	shutil.rmtree(target, ignore_errors=True)
	os.rename(fresh, target)


def fetch(name):
	"""Make the item's files be there; returns the item (as it was really fetched) and their directory."""
	item = locked(name)
	stamp, asked = build_path("dep", f".{name}"), item.sha256
	with exclusive("fetch"):
		if os.path.exists(stamp):
			with open(stamp) as file:
				done, item.version = file.read().split()
			if done == asked and os.path.isdir(item.directory()):
				return item, item.directory()
			item = locked(name)
		unpack(item, download(item))
		with open(stamp, "w") as file:
			file.write(f"{asked} {item.version}\n")
	return item, item.directory()


def update(name):
	"""Rewrite the lock line of `name` with the newest version its suite has."""
	item = locked(name)
	item.take(apt.newest(item.suite, item.package))
	with open(LOCK) as file:
		lines = [item.line() if line.split()[:1] == [name] else line for line in file]
	with open(LOCK, "w") as file:
		file.writelines(lines)
	say(f"{name} is locked at {item.version}")


def main(arguments):
	if not arguments or arguments[0] in ("-h", "--help"):
		raise ToolError(HELP)
	if arguments[0] == "--update":
		for name in arguments[1:]:
			update(name)
		arguments = arguments[1:]
	for name in arguments:
		item, directory = fetch(name)
		say(f"{item.package} {item.version} is in {os.path.relpath(directory, ROOT)}/")
	return 0
