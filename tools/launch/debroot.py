# SPDX-License-Identifier: MIT OR Apache-2.0
"""A root from Debian packages, without root and without running anything of theirs.

The files come from the packages' tar archives with their modes and owners, /bin, /sbin and /lib being
links into /usr. What maintainer scripts would have done on a machine is done here from their text, as
far as programs need it: accounts (`adduser --system`), alternatives (`update-alternatives
--install`), links and copies between names that the script spells out (`ln -s`, `cp`: nginx's site and its
first page), Python's byte code, and the few files that Debian's base packages copy into place. The same packages
give the same archive, byte for byte.
"""

import os
import re
import shlex
import subprocess
import tarfile

import bytecode
import cpio
import fetch
from base import ToolError, quiet_run

MERGED = {name: f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64", "lib32", "libx32")}
LEFT_OUT = re.compile(r"usr/share/(doc|doc-base|man|info|locale|lintian|i18n|bug|menu|pixmaps|icons|common-licenses)/."
                      r"|usr/lib/x86_64-linux-gnu/gconv/(?!gconv-modules|ISO8859-|CP125|KOI8-[RU]\.|UTF-|UNICODE\.)."
                      r"|usr/lib/(systemd|udev)/.|etc/(init\.d|cron\.\w+|logrotate\.d|rc\d\.d)/.")
COPIES = {"usr/share/base-passwd/passwd.master": "etc/passwd", "usr/share/base-passwd/group.master": "etc/group",
          "usr/share/libc-bin/nsswitch.conf": "etc/nsswitch.conf", "usr/share/base-files/profile": "etc/profile",
          "usr/share/base-files/dot.bashrc": "root/.bashrc", "usr/share/base-files/dot.profile": "root/.profile"}
SCRIPTS = ("preinst", "postinst")
FIRST_ACCOUNT = 101


def members(package, which):
	"""The members of a package's files ("--fsys-tarfile") or scripts ("--ctrl-tarfile"), with the tar archive."""
	with subprocess.Popen(["dpkg-deb", which, package.file], stdout=subprocess.PIPE) as dpkg:
		try:
			with tarfile.open(fileobj=dpkg.stdout, mode="r|") as tar:
				for member in tar:
					yield member.name.removeprefix("./"), member, tar
			dpkg.stdout.read()
		except tarfile.ReadError:
			pass
	if dpkg.returncode != 0:
		raise ToolError(f"{os.path.basename(package.file)} is damaged")


def unpack(archive, package):
	for name, member, tar in members(package, "--fsys-tarfile"):
		if LEFT_OUT.match(archive.resolve(name)):
			continue
		owner = member.uid, member.gid
		if member.isreg():
			archive.put(name, cpio.Entry(cpio.REGULAR | member.mode, tar.extractfile(member).read(), owner=owner))
		elif member.islnk():
			archive.put(name, archive.entries[archive.resolve(member.linkname.removeprefix("./"))])
		elif member.issym():
			archive.link(name, member.linkname)
		elif member.isdir() and archive.resolve(name) not in archive.entries and name not in MERGED:
			archive.put(name, cpio.Entry(cpio.DIRECTORY | member.mode, owner=owner))


def scripts_of(package):
	"""The text of the package's scripts, continued lines joined and plain variables replaced."""
	text = ""
	for name, member, tar in members(package, "--ctrl-tarfile"):
		if name in SCRIPTS:
			text += tar.extractfile(member).read().decode(errors="replace") + "\n"
	text = re.sub(r"\\\n\s*", " ", text)
	for _ in range(2):
		for variable, value in re.findall(r'(?m)^\s*(\w+)="?([\w/.-]+)"?\s*$', text):
			text = re.sub(r"\$\{?%s\b\}?" % variable, value, text)
	return text


def commands(text, name):
	"""The words of each call of `name` in a script, up to the first redirection or operator."""
	for line in re.findall(r"(?m)^[^#\n]*?\b%s\s+([^;|&>\n]*)" % re.escape(name), text):
		try:
			yield shlex.split(line)
		except ValueError:
			pass


def install_alternatives(archive, text, chosen):
	"""LINK NAME PATH PRIORITY [--slave LINK NAME PATH]...: the highest priority has the link."""
	for words in commands(text, "update-alternatives"):
		if "--install" not in words:
			continue
		words = words[words.index("--install") + 1:]
		if len(words) < 4 or not words[3].isdecimal():
			continue
		links = [words[:3]] + [words[at + 1:at + 4] for at, word in enumerate(words) if word == "--slave"]
		for link, _, path in links:
			if archive.resolve(path) in archive.entries and int(words[3]) > chosen.get(link, -1):
				chosen[link] = int(words[3])
				archive.link(link, path)


def spelled_out(text, command, options):
	"""(source, target) of each call of `command` that names two absolute paths, with no variable in them."""
	for words in commands(text, command):
		plain = [word for word in words if word not in options]
		if len(plain) == 2 and all(re.fullmatch(r"/[\w/.+-]+", word) for word in plain):
			yield plain


def install_names(archive, text):
	"""Links and copies: of what is there, to a name that nothing has."""
	def wanted(source, target):
		return archive.resolve(source) in archive.entries and archive.resolve(target) not in archive.entries
	for source, target in spelled_out(text, "ln", ("-s", "-sf", "-f")):
		if wanted(source, target):
			archive.link(target, source)
	for source, target in spelled_out(text, "cp", ("-p", "-a")):
		if wanted(source, target):
			archive.put(target, archive.entries[archive.resolve(source)])


def accounts(text):
	"""(name, its group or None, home, shell) of every system account the script makes."""
	valued = {"--home", "--ingroup", "--gecos", "--shell", "--uid", "--gid", "--firstuid", "--lastuid"}
	for words in commands(text, "adduser"):
		values, plain, words = {}, [], iter(words)
		for word in words:
			if word in valued:
				values[word] = next(words, "")
			elif not word.startswith(("-", "$")):    # a variable holds options, if anything
				plain.append(word)
			else:
				values[word] = ""
		if "--system" in values and len(plain) == 1 and re.fullmatch(r"[a-z_][\w-]*", plain[0]):
			group = plain[0] if "--group" in values else values.get("--ingroup")
			yield plain[0], group, values.get("--home", "/nonexistent"), values.get("--shell", "/usr/sbin/nologin")


def give_directories(archive, name, home, owner):
	"""What a daemon's account has by custom, and scripts make in many ways: a home, a place for logs, one for sockets."""
	for path in (home, f"/var/log/{name}", f"/run/{name}"):
		if path.startswith(("/var/", "/run/")) and archive.resolve(path) not in archive.entries:
			archive.directory(path)
		entry = archive.entries.get(archive.resolve(path))
		if entry and entry.owner == (0, 0):
			entry.owner = owner


def add_accounts(archive, found):
	"""Enter the accounts, numbered in the order of their names, and give them their directories."""
	passwd, group = (archive.entries[f"etc/{name}"].data.decode() for name in ("passwd", "group"))
	groups = dict(re.findall(r"(?m)^([^:]+):[^:]*:(\d+)", group))
	names = set(re.findall(r"(?m)^([^:]+):", passwd))
	for number, (name, own, home, shell) in enumerate(sorted(found), FIRST_ACCOUNT):
		if own and own not in groups:
			groups[own] = number
			group += f"{own}:x:{number}:\n"
		gid = int(groups.get(own, 65534))
		if name not in names:
			passwd += f"{name}:x:{number}:{gid}::{home}:{shell}\n"
		give_directories(archive, name, home, (number, gid))
	archive.file("etc/passwd", passwd.replace(":*:", ":x:"))
	archive.file("etc/group", group.replace(":*:", ":x:"))


def busybox():
	"""Debian's busybox: its item of the lock, the program, and the names it goes by."""
	item, directory = fetch.fetch("busybox")
	program = os.path.join(directory, "bin", "busybox")
	return item, program, quiet_run([program, "--list-full"], "busybox").split()


def add_busybox(archive):
	_, program, names = busybox()
	archive.copy("bin/busybox", program)
	taken = {os.path.basename(path) for path in archive.entries if re.match(r"usr/s?bin/", path)}
	for name in names:
		if os.path.basename(name) not in taken:
			archive.link(name, "/bin/busybox")


def build(packages):
	"""The root of `packages`, with busybox for the names that no package has."""
	archive = cpio.Archive(aliases=MERGED)
	for package in packages:
		unpack(archive, package)
	for source, target in COPIES.items():
		if source in archive.entries:
			archive.file(target, archive.entries[source].data)
	found, chosen = set(), {}
	for package in packages:
		text = scripts_of(package)
		install_alternatives(archive, text, chosen)
		install_names(archive, text)
		found.update(accounts(text))
	add_accounts(archive, found)
	add_busybox(archive)
	bytecode.add(archive)
	for name, target in MERGED.items():
		if target in archive.entries:
			archive.entries[name] = cpio.Entry(cpio.LINK | 0o777, os.fsencode(target))
	return archive
