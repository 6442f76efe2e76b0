#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""An interactive session in a pty: prompt, window size, Ctrl-C, Ctrl-Z, fg, end of file, status."""

import sys

import pexpect

nros = sys.argv[1]
child = pexpect.spawn(nros, ["run"], timeout=300, dimensions=(31, 97), encoding="utf-8")
child.logfile_read = sys.stderr


def answer(command, pattern):
	child.sendline(command)
	child.expect(pattern)
	child.expect("# ")


def sleep(seconds):
	"""Start a long sleep in the foreground; it has left the shell's line editor when this returns."""
	child.sendline(f"sh -c 'echo started-$0; exec sleep {seconds}' $((1+1))")
	child.expect("started-2")


child.expect("# ")
answer("tty", "/dev/ttyS0")
answer("stty size", "31 97")
answer("echo $((6*7))", "\r\n42\r\n")
sleep(1000)
child.sendcontrol("c")
child.expect("# ")
answer("echo status $?", "status 130")
sleep(1001)
child.sendcontrol("z")
child.expect("Stopped")
child.expect("# ")
answer("jobs", "Stopped.*1001")
answer("kill -CONT %1; kill %1; wait; echo over", "\r\nover\r\n")
child.sendline("sh -c 'echo started-$0; exec cat' $((1+1))")
child.expect("started-2")
child.sendcontrol("z")
child.expect("Stopped")
child.expect("# ")
child.sendline("fg")
child.expect("exec cat")
child.sendline("line")
child.expect("line\r\nline\r\n")
child.sendcontrol("d")
child.expect("# ")
child.sendline("exit 6")
child.expect(pexpect.EOF)
child.close()
sys.exit(0 if child.exitstatus == 6 else f"status {child.exitstatus}, wanted 6")
