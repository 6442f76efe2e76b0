# SPDX-License-Identifier: MIT OR Apache-2.0
"""Python's byte code, made with the image: what a package's maintainer script makes where it is installed, and without
which an interpreter compiles each module that it imports, each time it starts.

Made by the interpreter that runs this tool, if it is of the image's version (both are Debian's). The same
sources give the same bytes: marshal's format 2 has no references, which hang on what else the process holds. A file names its
source by hash, and the importer checks it: who changes a module, or adds another in its place, gets what he wrote.
"""

import importlib.util
import marshal
import os
import re
import sys
import warnings

VERSION = "python%d.%d" % sys.version_info[:2]
MODULES = re.compile(rf"usr/lib/(?:{re.escape(VERSION)}|python3/dist-packages)/.*\.py")
FORMAT = 2
HASHED, CHECKED = 1, 2


def cached(path):
	"""Where the importer looks."""
	folder, name = os.path.split(path)
	return f"{folder}/__pycache__/{name.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"


def of(source, path):
	"""The content of a .pyc file; None for what is no Python of this version."""
	try:
		with warnings.catch_warnings():
			warnings.simplefilter("ignore")
			code = compile(source, path, "exec", dont_inherit=True, optimize=0)
	except (SyntaxError, ValueError):
		return None
	head = importlib.util.MAGIC_NUMBER + (HASHED | CHECKED).to_bytes(4, "little") + importlib.util.source_hash(source)
	return head + marshal.dumps(code, FORMAT)


def add(archive):
	"""Byte code for all modules of the archive, if its interpreter is this one."""
	if f"usr/bin/{VERSION}" not in archive.entries:
		return
	for path in [path for path in sorted(archive.entries) if MODULES.fullmatch(path)]:
		source = archive.entries[path].content()
		code = of(source, "/" + path)
		if code is not None:
			archive.file(cached(path), code)
