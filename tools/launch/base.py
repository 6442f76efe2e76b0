# SPDX-License-Identifier: MIT OR Apache-2.0
"""What every part of the tool shares: where things are, how it speaks, how it fails.

The tool speaks on standard error only, one line at a time, each starting with "nros: "; standard
output belongs to the program that runs in the machine.
"""

import contextlib
import fcntl
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build")

# Exit statuses that are not the program's own.
TIMEOUT, TOOL_ERROR, PANIC = 124, 125, 70


class ToolError(Exception):
	"""The tool cannot do what was asked: one clear line for the user, status 125."""


def say(message):
	sys.stderr.write(f"nros: {message}\n")
	sys.stderr.flush()


def build_path(*names):
	"""A path under build/, whose directory exists afterwards."""
	path = os.path.join(BUILD, *names)
	os.makedirs(os.path.dirname(path), exist_ok=True)
	return path


@contextlib.contextmanager
def exclusive(name):
	"""One tool at a time does what `name` stands for; others wait (tests run several tools at once)."""
	with open(build_path(f".{name}.lock"), "w") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		yield


def quiet_run(command, what, **more):
	"""Run a command without a word; if it fails, its last line becomes the error. Returns its output."""
	done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
	                      stderr=subprocess.PIPE, text=True, errors="replace", **more)
	if done.returncode != 0:
		words = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()
		raise ToolError(f"{what}: {words[-1]}")
	return done.stdout
