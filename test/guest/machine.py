# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the host's halves of the guest tests share: a TAP printer, and one way to boot a machine, run a program in it and get everything back.

Nothing here knows a kernel: `kernel` is passed to ./nros as it is ("nros" or "linux")."""

import os
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT = 600        # seconds of a machine for which nobody said more: far from what it needs
LONG = os.environ.get("NROS_LONG", "") not in ("", "0")
SKEW = 120         # seconds a machine may outlive its own --timeout before it is killed


class Tap:
    """Prints test results in TAP; `end` prints the plan and returns the exit status."""

    def __init__(self):
        self.count = self.failed = 0

    def result(self, good, name, *notes):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        if not good:
            for note in notes:
                for line in str(note).splitlines():
                    print("# " + line)
        sys.stdout.flush()
        return good

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")
        sys.stdout.flush()

    def comment(self, text):
        for line in str(text).splitlines():
            print("# " + line)
        sys.stdout.flush()

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


class Result:
    """How a run ended: status (of ./nros; "hung" if even the tool did not return), out, err, seconds."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def tail(self, lines=12):
        text = self.out[-2000:] + b"\n" + self.err[-4000:]
        return "\n".join(text.decode(errors="replace").splitlines()[-lines:]) + f"\nstatus {self.status}"


def command(program, kernel="nros", cores=4, nodes=None, memory=None, timeout=LIMIT, add=(), options=()):
    """The words of a ./nros run."""
    words = [os.path.join(ROOT, "nros"), "run", "--kernel", kernel, "--cores", str(cores),
             "--timeout", str(timeout)]
    if nodes:
        words += ["--nodes", str(nodes)]
    if memory:
        words += ["--memory", memory]
    for path in add:
        words += ["--add", path]
    return words + list(options) + (["--", *program] if program is not None else [])


def run(program, stdin=b"", **how):
    """Boots a machine, runs PROGRAM (a list of words) and returns a Result. `how` as for command()."""
    limit = how.get("timeout", LIMIT) + SKEW
    start = time.monotonic()
    child = subprocess.Popen(command(program, **how), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = child.communicate(stdin, timeout=limit)
        status = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)       # the tool and its machine: one session, ours
        out, err = child.communicate()
        status = "hung"
    return Result(status, out, err, time.monotonic() - start)
