# SPDX-License-Identifier: MIT OR Apache-2.0
"""Debian packages for an image: which ones a set of names needs, and their files, without root.

apt itself resolves and downloads, in a private directory (build/apt/packages) with the main and the
security suite and a list of installed packages of our own making: nothing but what only maintainer
scripts need (SCRIPTS_ONLY), which never run here. Signatures are checked as on any Debian.

The index is read when there is none, when it is older than a day, and when apt fails with one older than ten minutes.
"""

import collections
import glob
import hashlib
import os
import re
import subprocess
import time

import apt
from base import ToolError, build_path, say

SUITE = "bookworm"
INDEX_AGE, RECENT = 24 * 3600, 600	# seconds

# What every image with packages has, as the small half of what Debian calls essential; busybox does
# the rest of it.
BASE = ("base-files", "base-passwd", "bash", "coreutils", "dash", "findutils", "grep", "libc-bin", "sed")
SCRIPTS_ONLY = ("adduser", "debconf", "dpkg", "init-system-helpers", "lsb-base", "ucf", "usr-is-merged",
                "sysvinit-utils")
PRETENDED = ("Package: {}\nStatus: install ok installed\nVersion: 9999\nArchitecture: all\n"
             "Multi-Arch: foreign\nMaintainer: none\nDescription: not in the image\n\n")

Package = collections.namedtuple("Package", "name version architecture sha256 file")


class Apt:
	"""apt-get in the private directory, for images with the packages `names`."""

	def __init__(self, names):
		self.wanted = list(dict.fromkeys((*BASE, *names)))
		pretended = "".join(PRETENDED.format(name) for name in SCRIPTS_ONLY if name not in names)
		suites = [(apt.mirror(), SUITE), (apt.security(), f"{SUITE}-security")]
		self.options = apt.private("packages", suites, pretended)

	def run(self, *words):
		"""apt-get's output; ToolError with the line that says what is wrong."""
		done = subprocess.run(["apt-get", *self.options, *words], stdin=subprocess.DEVNULL, capture_output=True,
		                      text=True, errors="replace", env=dict(os.environ, LC_ALL="C"))
		if done.returncode != 0:
			raise ToolError(complaint(done.stdout + done.stderr))
		return done.stdout

	def install(self, *words):
		return self.run("install", "-y", "-q", "--no-install-recommends", *words, *self.wanted)


def complaint(output):
	"""apt's reason in one line: an unknown package, an unmet dependency, else its last error."""
	unknown = re.search(r"E: (?:Unable to locate package|Package ')\s*([^\s']+)", output)
	if unknown:
		return f"--package {unknown.group(1)}: Debian {SUITE} has no such package"
	unmet = re.search(r"(?m)^ (\S+) : ((?:Pre)?-?Depends: .*|Conflicts: .*|Breaks: .*)$", output)
	if unmet:
		return f"--package: {unmet.group(1)} cannot be installed: {unmet.group(2)}"
	errors = re.findall(r"(?m)^E: (.*)", output) or ["apt-get failed"]
	return f"cannot fetch packages: {errors[0]}"


def read_index(private):
	say("reading Debian's package index")
	private.run("update")
	with open(index_stamp(), "w"):
		pass


def index_stamp():
	return build_path("apt", "packages", "index")


def index_is_older(seconds):
	try:
		return time.time() - os.path.getmtime(index_stamp()) > seconds
	except OSError:
		return True


def planned(private):
	"""(file name, size) of every package that will be in the image."""
	lines = private.install("--print-uris", "-o", "Dir::Cache::archives=/nonexistent")
	return [(name, int(size)) for name, size in re.findall(r"(?m)^'\S+' (\S+\.deb) (\d+)", lines)]


def describe(path):
	name, version, architecture = os.path.basename(path).removesuffix(".deb").split("_")
	with open(path, "rb") as file:
		sha256 = hashlib.sha256(file.read()).hexdigest()
	return Package(name, version.replace("%3a", ":"), architecture, sha256, path)


def download(private):
	files = planned(private)
	archives = build_path("apt", "packages", "cache", "archives", "")
	missing = [(name, size) for name, size in files if not os.path.exists(archives + name)]
	if missing:
		say(f"fetching {len(missing)} packages, {sum(size for _, size in missing) / 1e6:.1f} MB")
		private.install("--download-only")
	return [describe(archives + name) for name, _ in sorted(files)]


def resolve(names, fresh=False):
	"""The packages that an image with `names` consists of, downloaded. `fresh` reads the index first."""
	private = Apt(names)
	if fresh or index_is_older(INDEX_AGE):
		read_index(private)
	try:
		return download(private)
	except ToolError:
		if not index_is_older(RECENT):
			raise
	read_index(private)
	return download(private)


def forget_downloads():
	for path in glob.glob(build_path("apt", "packages", "cache", "archives", "*.deb")):
		os.unlink(path)
