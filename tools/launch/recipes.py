# SPDX-License-Identifier: MIT OR Apache-2.0
"""Packages that Debian has only as source, built by a makefile of ours: tools/recipes/NAME/.

A recipe's makefile is called with SOURCE, the unpacked source that tools/sources.lock names, and
DESTDIR, where its files go. The Debian packages that building takes are the section [NAME] of
tools/packages, and what the result needs at run time is in NEEDS.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import tempfile

import fetch
import packages
from base import ROOT, ToolError, build_path, exclusive, say

RECIPES = os.path.join(ROOT, "tools", "recipes")
NEEDS = {"leveldb-bench": ("leveldb", ["libstdc++6"])}	# recipe: its source, Debian packages it runs with


def split(names):
	"""The names that are Debian's, with what recipes need; and the recipes' own."""
	own = [name for name in names if name in NEEDS]
	debian = [name for name in names if name not in NEEDS]
	return sorted({*debian, *(need for name in own for need in NEEDS[name][1])}), own


def inputs(name, item):
	"""A hash of what the result depends on."""
	digest = hashlib.sha256(item.sha256.encode())
	for file in sorted(glob.glob(os.path.join(RECIPES, name, "**"), recursive=True)):
		if os.path.isfile(file):
			with open(file, "rb") as source:
				digest.update(source.read())
	return digest.hexdigest()


def run_make(name, source, target):
	work = tempfile.mkdtemp(prefix=f".{name}-", dir=os.path.dirname(target))
	log = build_path(f"{name}.log")
	try:
		with open(log, "w") as out:
			command = ["make", f"-j{len(os.sched_getaffinity(0))}", "-f", os.path.join(RECIPES, name, "Makefile"),
			           f"SOURCE={source}", f"WORK={work}/work", f"DESTDIR={work}/root"]
			done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
		if done.returncode != 0:
			raise ToolError(f"{name} did not build; the output is in {os.path.relpath(log, ROOT)}")
		shutil.rmtree(target, ignore_errors=True)
		os.rename(f"{work}/root", target)
	finally:
		shutil.rmtree(work, ignore_errors=True)


def package(name):
	"""The recipe's result as a package whose file is a directory."""
	source_name, _ = NEEDS[name]
	item, source = fetch.fetch(source_name)
	digest = inputs(name, item)
	target = build_path("recipes", f"{name}-{digest[:12]}")
	with exclusive(f"recipe-{name}"):
		if not os.path.isdir(target):
			say(f"building {name} from {source_name} {item.version}")
			run_make(name, source, target)
	return packages.Package(name, item.version, "amd64", digest, target)
