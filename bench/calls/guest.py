# SPDX-License-Identifier: MIT OR Apache-2.0
"""Booting a machine to measure: `./nros run` with one kernel, and what callbench prints in it.

A variant is what stands beside NrOS in a table: the kernel and the words added to its command line.
"""

import collections
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NROS = os.environ.get("NROS", os.path.join(ROOT, "nros"))
CALLBENCH = "/usr/lib/nros/callbench"
TIME_LIMIT = 180

Variant = collections.namedtuple("Variant", "name kernel append")
OURS = Variant("nros", "nros", "")
LINUX = Variant("linux", "linux", "")
LINUX_OFF = Variant("linux-off", "linux", "mitigations=off")


class GuestError(Exception):
	"""A machine that did not do what it was booted for."""


def boot(variant, cores, program, more=()):
	"""What `program` (a list) writes to standard output in a fresh machine."""
	command = [NROS, "run", "--kernel", variant.kernel, "--cores", str(cores), "--timeout", str(TIME_LIMIT), *more]
	command += ["--append", variant.append] if variant.append else []
	done = subprocess.run([*command, "--", *program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
	if done.returncode != 0:
		last = (done.stdout.splitlines() or ["nothing"])[-1]
		raise GuestError(f"{variant.name} with {cores} cores ended with status {done.returncode}; last line: {last}")
	return done.stdout


def nodes(cores):
	"""The nodes that `./nros run` gives so many cores unless told otherwise."""
	return min(2, cores)


def measure(variant, cores, items, arguments=(), more=()):
	"""callbench in a fresh machine: {item: nanoseconds per operation}; what failed is missing, and told."""
	costs = {}
	for line in boot(variant, cores, [CALLBENCH, *arguments, *items], more).splitlines():
		name, cost, count = line.split()
		if cost == "failed":
			print(f"  {variant.name}: {name} failed with error {count}", file=sys.stderr)
		else:
			costs[name] = float(cost)
	return costs


MITIGATIONS = """echo "command line: $(cat /proc/cmdline)"
cd /sys/devices/system/cpu/vulnerabilities 2>/dev/null || { echo "reports none"; exit 0; }
for name in *; do echo "$name: $(cat $name)"; done"""


def mitigations(variant):
	"""What the kernel itself says it does against the processor's leaks, as lines."""
	return boot(variant, 1, ["sh", "-c", MITIGATIONS]).splitlines()
