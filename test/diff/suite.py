# SPDX-License-Identifier: MIT OR Apache-2.0
"""The differential test: runs scripts on a kernel and gives what each of them said.

A script's outcome is bytes: its output, then a line "=== status N". Two kinds of scripts:

	KIND/NAME.sh	run by guest.sh, many in one boot; framing is explained there. Also .bash, .py, .sql
	jobs/NAME.tty	typed on a terminal at one interactive shell (terminal.py)

The scripts are those of test/diff, or of another directory (use()), whose file `packages` then names the Debian
packages of the image they run in.

Scripts in an image of packages are dealt out to LANES machines that run side by side.

A kernel may die or hang in a script. The outcome of that script then says so, and the scripts after it
get a new boot; after BOOTS boots that each ended so the rest counts as not run."""

import glob
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "guest"))
import machine                                                                      # noqa: E402
import terminal                                                                     # noqa: E402

GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest.sh")
KINDS = (".sh", ".bash", ".py", ".sql")
packages = []
BOOTS, LANES = 8, 2
CORES, NODES, MEMORY = 4, 2, "1G"
BOOT_SECONDS, SCRIPT_SECONDS = 300, 15  # a boot's time limit: so much, and so much for each script (five times that with packages)


def use(directory):
    """Work with the scripts of another directory."""
    global HERE
    HERE = os.path.abspath(directory)
    with open(os.path.join(HERE, "packages")) as file:
        packages[:] = [line.strip() for line in file if not line.startswith("#")]


def options():
    """The options that any of the commands takes first; returns the other arguments and the kernel."""
    kernel, arguments = "nros", sys.argv[1:]
    while arguments[:1] in (["--kernel"], ["--scripts"]):
        if arguments[0] == "--kernel":
            kernel = arguments[1]
        else:
            use(arguments[1])
        arguments = arguments[2:]
    return arguments, kernel


def scripts():
    """The file of each script by its name (kind/name)."""
    paths = [path for kind in KINDS for path in glob.glob(os.path.join(HERE, "*", "*" + kind))]
    paths += glob.glob(os.path.join(HERE, "jobs", "*.tty"))
    return {os.path.splitext(os.path.relpath(path, HERE))[0]: path for path in paths}


def names(patterns=()):
    """The names of all scripts, or of those that match a pattern (a prefix)."""
    return [n for n in sorted(scripts()) if not patterns or any(n.startswith(p) for p in patterns)]


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
    """Outcomes of the scripts that guest.sh runs."""
    outcomes, left, files = {}, list(wanted), scripts()
    for _ in range(BOOTS):
        if not left:
            break
        shell = ["sh"] if packages else ["busybox", "sh"]    # busybox's would prefer itself to the packages' programs
        result = machine.run([*shell, "/diff.sh", *(os.path.relpath(files[n], HERE) for n in left)],
                             kernel=kernel, cores=CORES, nodes=NODES, memory=MEMORY,
                             timeout=BOOT_SECONDS + SCRIPT_SECONDS * (5 if packages else 1) * len(left),
                             add=[HERE + ":/diff", GUEST + ":/diff.sh"],
                             options=[word for name in packages for word in ("--package", name)])
        done, broken = parse(result.out)
        outcomes.update(done)
        left = [n for n in left if n not in done]
        if left:
            victim = broken[0] if broken and broken[0] in left else left[0]
            say(f"the machine ended (status {result.status}) in {victim}\n{result.tail()}")
            outcomes[victim] = (broken[1] if broken else b"") + b"\n=== the machine ended\n"
            left.remove(victim)
    return outcomes


def run(wanted, kernel, say, lanes=LANES):
    """Outcomes of all wanted scripts by name; a script without an outcome was not run."""
    typed = [n for n in wanted if n.startswith("jobs/")]
    shell = [n for n in wanted if n not in typed]
    dealt = [shell[i::lanes] for i in range(lanes)] if packages else [shell]
    outcomes = {}
    with ThreadPoolExecutor(len(dealt)) as pool:
        for part in pool.map(lambda lane: run_shell_scripts(lane, kernel, say), dealt):
            outcomes.update(part)
    if typed:
        how = dict(kernel=kernel, cores=CORES, nodes=NODES, memory=MEMORY)
        outcomes.update(terminal.run([(n, os.path.join(HERE, n + ".tty")) for n in typed], how, say))
    return outcomes
