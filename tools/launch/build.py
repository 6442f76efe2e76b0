# SPDX-License-Identifier: MIT OR Apache-2.0
"""Building what a command needs, silently: `make`, with its output in build/build.log."""

import glob
import os
import subprocess

import fetch
from base import BUILD, ROOT, ToolError, build_path, exclusive, say

KERNEL = os.path.join(BUILD, "nros.elf")
LOG_LINES = 12


def make(*targets, extra=False):
	"""Run make for `targets`; when it fails, show the end of its log. NROS_BUILT=1 says all but extras is built."""
	if os.environ.get("NROS_BUILT") == "1" and not extra:
		return
	jobs = len(os.sched_getaffinity(0))
	with exclusive("build"), open(build_path("build.log"), "w+") as log:
		done = subprocess.run(["make", "-s", f"-j{jobs}", *targets], cwd=ROOT, stdin=subprocess.DEVNULL,
		                      stdout=log, stderr=log)
		if done.returncode != 0:
			log.seek(0)
			for line in log.read().splitlines()[-LOG_LINES:]:
				say(line)
			raise ToolError("the build failed; all of its output is in build/build.log")


def kernel(name, verbose=False):
	"""Build or fetch the kernel called nros or linux, and the default image; returns the kernel's file."""
	if verbose:
		for item in fetch.locked_items():
			say(f"locked: {item.package} {item.version} ({item.suite})")
	if name == "nros":
		if not os.path.exists(KERNEL):
			say("building (only the first time takes long)")
		make("kernel", "image")
		return os.environ.get("NROS_IMAGE", KERNEL)	# a test's own image
	make("image")
	_, directory = fetch.fetch("linux")
	return glob.glob(os.path.join(directory, "boot", "vmlinuz-*"))[0]


def main(arguments):
	if arguments:
		raise ToolError("build takes no arguments")
	make("all")
	return 0
