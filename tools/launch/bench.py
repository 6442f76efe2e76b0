# SPDX-License-Identifier: MIT OR Apache-2.0
"""`nros bench [GROUP] ...`: bench/GROUP/run does the measuring; the default group is calls. nr runs in a process and
builds what it needs itself; the others want the kernel."""

import glob
import os

import build
from base import ROOT, ToolError


def main(arguments):
	known = sorted(os.path.basename(os.path.dirname(run)) for run in glob.glob(f"{ROOT}/bench/*/run"))
	named = bool(arguments) and not arguments[0].startswith("-")
	group = arguments[0] if named else "calls"
	if group not in known:
		raise ToolError(f"no benchmark group {group}; there are: {' '.join(known) or 'none yet'}")
	if group != "nr":
		build.make("all")
	environment = dict(os.environ, NROS_BUILT="1", NROS=os.path.join(ROOT, "nros"))
	program = os.path.join(ROOT, "bench", group, "run")
	os.execve(program, [program, *arguments[named:]], environment)
