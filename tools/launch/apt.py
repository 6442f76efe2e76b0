# SPDX-License-Identifier: MIT OR Apache-2.0
"""Debian's archive as this machine knows it, used without root.

mirror()   the machine's own Debian entry (one-line or deb822 format): base address and key ring.
security() the same for the security suite.
private()  options that make apt work in a directory of ours: its sources, index, cache and state.
download() one file by its place in the archive and its sha256; no index needed.
newest()   looks a package up in a suite's index, kept in a private apt directory under build/,
           so that neither /etc/apt nor /var/lib/apt changes, and backports need no setup.
"""

import collections
import glob
import os
import re

from base import ToolError, build_path, quiet_run

Mirror = collections.namedtuple("Mirror", "uri signed_by")
Found = collections.namedtuple("Found", "version sha256 path")

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEFAULT = Mirror("http://deb.debian.org/debian", KEYS)
DEFAULT_SECURITY = Mirror("http://deb.debian.org/debian-security", KEYS)


def one_line_entries(text):
	"""`deb [options] uri suite components...`"""
	for line in text.splitlines():
		match = re.match(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.strip())
		if match:
			options, uri, suite, components = match.groups()
			key = re.search(r"signed-by=(\S+)", options or "")
			yield [suite], components.split("#")[0].split(), uri, key and key.group(1)


def deb822_entries(text):
	"""Stanzas of `Field: value` lines; a continued line belongs to the field above it."""
	text = re.sub(r"(?m)^#.*\n", "", text)
	for stanza in re.split(r"\n\s*\n", text):
		fields = {k.lower(): v.split() for k, v in re.findall(r"(?m)^(\S+):((?:.*)(?:\n[ \t].*)*)", stanza)}
		if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
			continue
		key = fields.get("signed-by", [])
		key = key[0] if key and key[0].startswith("/") else None
		for uri in fields.get("uris", []):
			yield fields.get("suites", []), fields.get("components", []), uri, key


def codename(release="/etc/os-release"):
	with open(release) as file:
		match = re.search(r"(?m)^VERSION_CODENAME=(\S+)", file.read())
	return match.group(1) if match else "stable"


def entry(own, etc):
	"""The first entry that has one of the suites `own` and the component main; None if there is none."""
	formats = [(f"{etc}/sources.list", one_line_entries), (f"{etc}/sources.list.d/*.list", one_line_entries),
	           (f"{etc}/sources.list.d/*.sources", deb822_entries)]
	for pattern, entries in formats:
		for name in sorted(glob.glob(pattern)):
			with open(name) as file:
				text = file.read()
			for suites, components, uri, key in entries(text):
				if own & set(suites) and "main" in components:
					return Mirror(uri.rstrip("/"), key)
	return None


def mirror(etc="/etc/apt"):
	"""The entry of this machine's own suite; Debian's usual address where there is none."""
	return entry({codename(), "stable", "oldstable"}, etc) or DEFAULT


def security(etc="/etc/apt"):
	return entry({f"{name}-security" for name in (codename(), "stable", "oldstable")}, etc) or DEFAULT_SECURITY


def download(path, sha256, target):
	"""Fetch one file of the archive into `target`, all or nothing. ToolError if it is not there or differs."""
	partial = f"{target}.{os.getpid()}.part"
	try:
		quiet_run(["/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=root", "download-file",
		           f"{mirror().uri}/{path}", partial, f"SHA256:{sha256}"],
		          f"cannot fetch {os.path.basename(path)}", env=dict(os.environ, LC_ALL="C"))
		os.replace(partial, target)
	finally:
		for rest in glob.glob(glob.escape(partial) + "*"):
			os.unlink(rest)


def sources(suites):
	"""The lines of a sources.list for pairs (mirror, suite)."""
	for source, suite in suites:
		signed = f"[signed-by={source.signed_by}] " if source.signed_by else ""
		for kind in ("deb", "deb-src"):
			yield f"{kind} {signed}{source.uri} {suite} main\n"


def private(name, suites, installed=""):
	"""The options that make apt use build/apt/NAME for pairs (mirror, suite), with `installed` as dpkg's state."""
	home = os.path.dirname(build_path("apt", name, "x"))
	for directory in ("lists/partial", "cache/archives/partial"):
		os.makedirs(os.path.join(home, directory), exist_ok=True)
	for file, text in (("sources.list", "".join(sources(suites))), ("status", installed)):
		with open(os.path.join(home, file), "w") as out:
			out.write(text)
	options = []
	for setting in (f"Dir::Etc::sourcelist={home}/sources.list", "Dir::Etc::sourceparts=/dev/null",
	                "Dir::Etc::preferencesparts=/dev/null", f"Dir::State::lists={home}/lists",
	                f"Dir::State::status={home}/status", f"Dir::State::extended_states={home}/extended",
	                f"Dir::Cache={home}/cache", "Debug::NoLocking=1", "APT::Sandbox::User=root",
	                "APT::Update::Error-Mode=any", "Acquire::Retries=2"):
		options += ["-o", setting]
	return options


def private_apt(suite):
	"""private() for one suite of the main archive, with its index up to date."""
	options = private(suite, [(mirror(), suite)]) + ["-o", f"APT::Default-Release={suite}"]
	quiet_run(["apt-get", *options, "update"], f"cannot read the index of {suite}")
	return options


def newest(suite, package):
	"""The newest version of a package in a suite, and where its file is. ToolError if there is none."""
	options = private_apt(suite)
	kind, _, name = package.rpartition(":")
	if kind == "meta":
		depends = quiet_run(["apt-cache", *options, "depends", "--important", f"{name}/{suite}"], name)
		name = re.search(r"Depends: (\S+)", depends).group(1)
	if kind == "src":
		uris = quiet_run(["apt-get", *options, "source", "--tar-only", "--print-uris", name], name)
		version = quiet_run(["apt-cache", *options, "showsrc", "--only-source", name], name)
	else:
		uris = quiet_run(["apt-get", *options, "download", "--print-uris", name], name)
		version = quiet_run(["apt-cache", *options, "show", "--no-all-versions", name], name)
	place = re.search(r"'\S+?/(pool/\S+)' \S+ \d+ SHA256:([0-9a-f]{64})", uris)
	if not place:
		raise ToolError(f"{package} is not in {suite}")
	return Found(re.search(r"(?m)^Version: (\S+)", version).group(1), place.group(2), place.group(1))
