# SPDX-License-Identifier: MIT OR Apache-2.0
"""One boot under the model: scalebench measures points in it, and each result is handed out as it comes.

scalebench says a line per point, the model writes what the region was like to a file beside it. A machine that dies or
says nothing for too long ends here with what it has done; the caller boots another one for the rest.
"""

import os
import selectors
import signal
import subprocess
import tempfile
import time

import plan

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NROS = os.environ.get("NROS", os.path.join(ROOT, "nros"))
SCALEBENCH = "/usr/lib/nros/scalebench"
BOOT_LIMIT, POINT_LIMIT = 1200, 1200	# seconds without a word
running = set()	# machines' processes


def numbers(words):
	"""{name: number} of "name=number" words."""
	return {name: float(value) for name, _, value in (word.partition("=") for word in words)}


class Regions:
	"""The model's report, read as it grows."""

	def __init__(self, path):
		self.path, self.at = path, 0

	def newest(self):
		"""The last region that ended since the last call: its counters, and its lines."""
		counters, lines, found = {}, [], ({}, [])
		with open(self.path) as file:
			file.seek(self.at)
			for line in file:
				word, *rest = line.split()
				if word == "region":
					counters, lines = numbers(rest[1:]), []
				elif word == "line":
					lines.append([int(n, 16) for n in rest[:3]] + [int(n) for n in rest[3:]])
				elif word == "end":
					found = (counters, lines)
			self.at = file.tell()
		return found


def command(kernel, machine, points, profile, settings, report):
	cores, nodes = machine
	size = f"{nodes * plan.MEMORY_PER_NODE[1] >> 20}M"
	return [NROS, "run", "--kernel", kernel, "--cores", str(cores), "--nodes", str(nodes), "--memory", size,
	        "--model", ",".join([profile, f"out={report}", *settings]), "--", SCALEBENCH, *points]


def lines_of(process, deadline):
	"""The lines of a process's output; ends with it, or when nothing came for too long, or at the deadline."""
	waiting = selectors.DefaultSelector()
	waiting.register(process.stdout, selectors.EVENT_READ)
	limit, rest = BOOT_LIMIT, b""
	while True:
		patience = min(limit, deadline - time.monotonic())
		if patience <= 0 or not waiting.select(patience):
			return
		chunk = os.read(process.stdout.fileno(), 65536)
		if not chunk:
			return
		*lines, rest = (rest + chunk).split(b"\n")
		limit = POINT_LIMIT
		yield from (line.decode(errors="replace") for line in lines)


def parse(line):
	"""A point's line: {name: number}, or the words of its failure."""
	words = line.split()
	if words[2] == "failed":
		return " ".join(words[3:])
	return numbers(words[2:])


def run(kernel, machine, points, profile, settings, deadline):
	"""Measure `points` (scalebench's words) in one boot; yields (index, result) with the region's counters and lines."""
	with tempfile.TemporaryDirectory(prefix="nros-model-") as directory:
		report = os.path.join(directory, "report")
		open(report, "w").close()
		regions = Regions(report)
		process = subprocess.Popen(command(kernel, machine, points, profile, settings, report), stdin=subprocess.DEVNULL,
		                           stdout=subprocess.PIPE, start_new_session=True)
		running.add(process)
		try:
			index = 0
			for line in lines_of(process, deadline):
				if not line.startswith("point "):
					continue
				result = parse(line)
				counters, lines = regions.newest()
				if isinstance(result, dict):
					result.update(region=counters, lines=lines)
				yield index, result
				index += 1
		finally:
			running.discard(process)
			end(process)
			process.wait()


def end(process):
	if process.poll() is None:
		os.killpg(process.pid, signal.SIGTERM)


def end_all():
	"""For a signal: the machines end, and with them the loops that read from them."""
	for process in list(running):
		end(process)
