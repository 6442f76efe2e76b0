# SPDX-License-Identifier: MIT OR Apache-2.0
"""Root images: the default one, another root in its place, and what one run adds.

The default image is Debian's busybox-static (binary package, unpacked without root) under all of its
names, the few files a root needs, init, and the programs of user/ in /usr/lib/nros. With --package
the root comes from store.py. A machine gets one file: the root's archive followed by a small archive
for this run (/.nros and --add).
"""

import glob
import lzma
import os
import shutil
import stat
import tarfile

import cpio
import debroot
import fetch
import machine
import store
from base import BUILD, ToolError, build_path, say

DEFAULT = os.path.join(BUILD, "image", "default.cpio")
INIT = os.path.join(BUILD, "user", "init")

PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
GROUP = "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"
MODES = {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777}
MODULES = ("net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net")	# in the order they need
HOSTS = "127.0.0.1\tlocalhost nros\n::1\tlocalhost\n"


def add_skeleton(archive):
	"""The directories and device nodes that init and the kernel expect in any root."""
	for path in ("dev", "proc", "sys", "run", "root", "tmp", "var/tmp"):
		if path not in archive.entries:
			archive.directory(path)
	archive.device("dev/console", 0o600, 5, 1)
	archive.device("dev/null", 0o666, 1, 3)


def add_hosts(archive):
	for name, text in (("hostname", "nros\n"), ("hosts", HOSTS)):
		if f"etc/{name}" not in archive.entries:
			archive.file(f"etc/{name}", text)


def add_busybox(archive):
	item, program, names = debroot.busybox()
	archive.copy("bin/busybox", program)
	for path in names:
		if path not in archive.entries:
			archive.link(path, "/bin/busybox")
	return item


def make_default(target, init, programs):
	archive = cpio.Archive(MODES)
	item = add_busybox(archive)
	add_skeleton(archive)
	archive.file("etc/passwd", PASSWD)
	archive.file("etc/group", GROUP)
	add_hosts(archive)
	archive.copy("init", init)
	for program in programs:
		archive.copy(f"usr/lib/nros/{os.path.basename(program)}", program)
	write_archive(archive, target)
	say(f"default image: busybox-static {item.version}, {os.path.getsize(target) >> 10} KiB")


def write_archive(archive, target):
	partial = f"{target}.{os.getpid()}.part"
	with open(partial, "wb") as out:
		archive.write(out)
	os.replace(partial, target)


def from_tar(archive, path):
	with tarfile.open(path) as tar:
		for member in tar:
			name, owner = member.name.removeprefix("./"), (member.uid, member.gid)
			if member.isreg() or member.islnk():
				data = tar.extractfile(member).read()
				archive.put(name, cpio.Entry(cpio.REGULAR | member.mode, data, owner=owner))
			elif member.isdir():
				archive.put(name, cpio.Entry(cpio.DIRECTORY | member.mode, owner=owner))
			elif member.issym():
				archive.link(name, member.linkname)


def is_cpio(path):
	with open(path, "rb") as file:
		return file.read(6) == b"070701"


def read_rootfs(archive, path):
	"""Enter what --rootfs names: a directory or a tar file. Its top directories may be links (/bin into /usr)."""
	try:
		if os.path.isdir(path):
			archive.tree("", path)
		else:
			from_tar(archive, path)
	except tarfile.ReadError:
		raise ToolError(f"--rootfs {path}: neither a directory, a tar file nor a cpio archive")
	except OSError as error:
		raise ToolError(f"--rootfs {error.filename or path}: {error.strerror}")
	for name, entry in archive.entries.items():
		if "/" not in name and stat.S_ISLNK(entry.mode):
			archive.aliases[name] = os.path.normpath("/" + os.fsdecode(entry.data)).strip("/")


def start_root(options, out):
	"""Begin the machine's archive with its root; returns the archive that what this run adds goes to."""
	archive, finished = cpio.Archive(MODES), DEFAULT
	if options.package:
		finished, archive.aliases = store.get(options.package).cpio, dict(debroot.MERGED)
	elif options.rootfs is not None and os.path.isfile(options.rootfs) and is_cpio(options.rootfs):
		finished = options.rootfs
	elif options.rootfs is not None:
		read_rootfs(archive, options.rootfs)
		finished = None
	if finished:
		with open(finished, "rb") as source:
			shutil.copyfileobj(source, out)
		out.write(bytes(cpio.padding(out.tell(), cpio.PAGE)))
	if finished != DEFAULT:
		add_skeleton(archive)
		archive.copy("init", INIT)
	if options.package:
		add_hosts(archive)
	return archive


def add_host_paths(archive, additions):
	for host, guest in additions:
		try:
			archive.tree(guest, os.path.realpath(host))
		except OSError as error:
			raise ToolError(f"--add {error.filename or host}: {error.strerror}")


def joined(strings):
	return b"".join(os.fsencode(string) + b"\0" for string in strings)


def add_network(archive, options):
	"""What init needs to set up the wire under Linux, whose driver is a module; and the name server, if there is none."""
	if machine.addresses(options):
		archive.file(".nros/network", " ".join(machine.addresses(options)) + "\n")
	if not options.tap:
		archive.file("etc/resolv.conf", f"nameserver {machine.NAME_SERVER}\n")
	if options.kernel != "linux":
		return
	_, directory = fetch.fetch("linux")
	for number, module in enumerate(MODULES, 1):
		found = glob.glob(f"{directory}/lib/modules/*/kernel/{module}.ko*")
		if not found:
			raise ToolError(f"the Linux package has no module {module}")
		with (lzma.open if found[0].endswith(".xz") else open)(found[0], "rb") as file:
			archive.file(f".nros/modules/{number}", file.read())


def write_run(target, options, mode):
	"""The machine's whole initial archive: root, then this run's program, environment and additions."""
	with open(target, "wb") as out:
		archive = start_root(options, out)
		add_run(archive, options, mode)
		archive.write(out)


def add_run(archive, options, mode):
	archive.file(".nros/argv", joined(options.program))
	archive.file(".nros/env", joined(f"{key}={value}" for key, value in options.env.items()))
	archive.file(".nros/workdir", options.workdir)
	archive.file(".nros/mode", mode)
	if options.net:
		add_network(archive, options)
	add_host_paths(archive, options.add)


def main(arguments):
	"""mkimage TARGET INIT PROGRAM...: what the makefile calls for the default image."""
	target, init, *programs = arguments
	make_default(build_path(os.path.relpath(target, BUILD)), init, programs)
	return 0
