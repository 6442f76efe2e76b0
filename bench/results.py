# SPDX-License-Identifier: MIT OR Apache-2.0
"""The one result format of every benchmark group: CSV rows under one header.

A figure is (group, benchmark, params, kernel, cores, nodes, metric, value, unit); the revision of the
tree that was measured is put before it. A tree with changes is marked with a plus.
"""

import contextlib
import csv
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADER = "git_rev,group,benchmark,params,kernel,cores,nodes,metric,value,unit".split(",")


def git(*words):
	done = subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)
	return done.stdout.strip() if done.returncode == 0 else ""


def revision():
	changed = "+" if git("status", "--porcelain", "--untracked-files=no") else ""
	return (git("rev-parse", "--short=12", "HEAD") or "unknown") + changed


def write(path, rows):
	"""Write the figures to a file, `-` for standard output."""
	rev = revision()
	with contextlib.nullcontext(sys.stdout) if path == "-" else open(path, "w", newline="") as file:
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow(HEADER)
		writer.writerows([rev, *row] for row in rows)
