# SPDX-License-Identifier: MIT OR Apache-2.0
"""The differential test: runs scripts on a kernel and gives what each of them said.

A script's outcome is bytes: its output, then a line "=== status N". Two kinds of scripts:

	KIND/NAME.sh	run by guest.sh, many in one boot; framing is explained there
	jobs/NAME.tty	typed on a terminal at one interactive shell (terminal.py)

A kernel may die or hang in a script. The outcome of that script then says so, and the scripts after it
get a new boot; after BOOTS boots that each ended so the rest counts as not run."""

import glob
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "guest"))
import machine                                                                      # noqa: E402
import terminal                                                                     # noqa: E402

BOOTS = 8
CORES, NODES, MEMORY = 4, 2, "1G"
BOOT_SECONDS, SCRIPT_SECONDS = 60, 8    # a boot's time limit: so much, and so much for each script


def names(patterns=()):
    """The names (kind/name) of all scripts, or of those that match a pattern (a prefix)."""
    paths = glob.glob(os.path.join(HERE, "*", "*.sh")) + glob.glob(os.path.join(HERE, "jobs", "*.tty"))
    every = sorted(os.path.splitext(os.path.relpath(p, HERE))[0] for p in paths)
    return [n for n in every if not patterns or any(n.startswith(p) for p in patterns)]


def parse(data):
    """Splits the guest's framed output: finished outcomes by name, and (name, output) of an unfinished one."""
    done, name, start, where = {}, None, 0, 0
    while where < len(data):
        stop = data.find(b"\n", where)
        stop = len(data) if stop < 0 else stop
        line = data[where:stop]
        if line.startswith(b"=== BEGIN ") and name is None:
            name, start = line[10:].decode(errors="replace"), stop + 1
        elif name is not None and line.startswith(b"=== END " + name.encode() + b" "):
            done[name] = data[start:max(start, where - 1)] + b"\n=== status " + line.split()[-1] + b"\n"
            name = None
        where = stop + 1
    return done, (name, data[start:]) if name is not None else None


def run_shell_scripts(wanted, kernel, say):
    """Outcomes of KIND/NAME.sh scripts."""
    outcomes, left = {}, list(wanted)
    for _ in range(BOOTS):
        if not left:
            break
        result = machine.run(["busybox", "sh", "/diff/guest.sh", *left], kernel=kernel, cores=CORES, nodes=NODES,
                             memory=MEMORY, timeout=BOOT_SECONDS + SCRIPT_SECONDS * len(left),
                             add=[HERE + ":/diff"])
        done, broken = parse(result.out)
        outcomes.update(done)
        left = [n for n in left if n not in done]
        if left:
            victim = broken[0] if broken and broken[0] in left else left[0]
            say(f"the machine ended (status {result.status}) in {victim}\n{result.tail()}")
            outcomes[victim] = (broken[1] if broken else b"") + b"\n=== the machine ended\n"
            left.remove(victim)
    return outcomes


def run(wanted, kernel, say):
    """Outcomes of all wanted scripts by name; a script without an outcome was not run."""
    typed = [n for n in wanted if n.startswith("jobs/")]
    outcomes = run_shell_scripts([n for n in wanted if n not in typed], kernel, say)
    if typed:
        how = dict(kernel=kernel, cores=CORES, nodes=NODES, memory=MEMORY)
        outcomes.update(terminal.run([(n, os.path.join(HERE, n + ".tty")) for n in typed], how, say))
    return outcomes
