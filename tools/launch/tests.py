# SPDX-License-Identifier: MIT OR Apache-2.0
"""`nros test [GROUP...]`: run the test groups, show what failed, count.

A group is an executable test/GROUP/run that prints TAP (`ok 1 - name`, `not ok 2 - name`, a plan
`1..N`). It counts one more failure when it ends with a failing status that no `not ok` explains, or
when its plan promised more tests than came. A skipped test is neither passed nor failed. The last
line is "N passed, N failed".
"""

import glob
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import build
from base import ROOT, ToolError

AT_ONCE = 2
LINE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*?)\s*(#\s*skip.*)?$", re.IGNORECASE)


class Result:
	def __init__(self, name):
		self.name, self.passed, self.failed, self.skipped, self.shown = name, 0, 0, 0, []

	def fail(self, what):
		self.failed += 1
		self.shown.append(f"not ok - {self.name}: {what}")

	def read(self, output, status):
		"""Count the lines of a group's output; the comments that follow a failure are shown with it."""
		plan, failing = None, False
		for line in output.splitlines():
			match = LINE.match(line)
			if match:
				failing = bool(match.group(1))
				if match.group(3):
					self.skipped += 1
					failing = False
				elif failing:
					self.fail(match.group(2))
				else:
					self.passed += 1
			elif failing:
				self.shown.append("    " + line)
			elif re.match(r"1\.\.\d+", line):
				plan = int(re.match(r"1\.\.(\d+)", line).group(1))
		seen = self.passed + self.failed + self.skipped
		if plan is not None and seen < plan:
			self.fail(f"only {seen} of {plan} tests ran")
		elif status != 0 and not self.failed:
			self.fail(f"ended with status {status}")
			self.shown += ["    " + line for line in output.splitlines()[-10:]]
		elif seen == 0:
			self.fail("no tests ran")


def run_group(name):
	result, started = Result(name), time.monotonic()
	environment = dict(os.environ, NROS_BUILT="1", NROS=os.path.join(ROOT, "nros"))
	done = subprocess.run([os.path.join(ROOT, "test", name, "run")], cwd=ROOT, env=environment,
	                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
	result.read(done.stdout.decode(errors="replace"), done.returncode)
	counts = f"{result.passed} passed, {result.failed} failed"
	skipped = f", {result.skipped} skipped" if result.skipped else ""
	text = [*result.shown, f"{name}: {counts}{skipped} ({time.monotonic() - started:.0f} s)"]
	print("\n".join(text), flush=True)
	return result


def groups(wanted):
	runs = glob.glob(os.path.join(ROOT, "test", "*", "run"))
	known = sorted(os.path.basename(os.path.dirname(run)) for run in runs)
	for name in wanted:
		if name not in known:
			raise ToolError(f"no test group {name}; there are: {' '.join(known)}")
	return wanted or known


def main(arguments):
	names = groups(arguments)
	build.kernel(os.environ.get("NROS_KERNEL", "nros"))
	with ThreadPoolExecutor(AT_ONCE) as pool:
		results = list(pool.map(run_group, names))
	passed, failed = (sum(getattr(result, what) for result in results) for what in ("passed", "failed"))
	print(f"{passed} passed, {failed} failed", flush=True)
	return 1 if failed or not passed else 0
