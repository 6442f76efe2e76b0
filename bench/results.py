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


PLACE = slice(1, HEADER.index("metric"))	# what a figure is of


def write(path, rows):
	"""Write the figures to a file, `-` for standard output."""
	rev = revision()
	write_all(path, ([rev, *row] for row in rows))


def write_all(path, rows):
	"""The same of rows with their revisions."""
	with contextlib.nullcontext(sys.stdout) if path == "-" else open(path, "w", newline="") as file:
		writer = csv.writer(file, lineterminator="\n")
		writer.writerow(HEADER)
		writer.writerows(rows)


def update(path, rows):
	"""Write the figures to a file; what it says of other places stays, with the revision it was measured at."""
	rev, kept = revision(), []
	rows = [[rev, *map(str, row)] for row in rows]
	if os.path.exists(path):
		with open(path, newline="") as file:
			kept = list(csv.reader(file))[1:]
	places = {tuple(row[PLACE]) for row in rows}
	order = {tuple(row[2:5]): number for number, row in reversed([*enumerate(kept + rows)])}	# of curves: as they came
	kept = [row for row in kept if tuple(row[PLACE]) not in places]
	write_all(path, sorted(kept + rows, key=lambda row: (order[tuple(row[2:5])], int(row[5]))))
