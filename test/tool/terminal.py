#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""An interactive session in a pty: prompt, window size, Ctrl-C, Ctrl-Z, fg, end of file, status."""

import sys

import pexpect

nros = sys.argv[1]
child = pexpect.spawn(nros, ["run"], timeout=60, dimensions=(31, 97), encoding="utf-8")
child.logfile_read = sys.stderr


def answer(command, pattern):
	child.sendline(command)
	child.expect(pattern)
	child.expect("# ")


child.expect("# ")
answer("tty", "/dev/ttyS0")
answer("stty size", "31 97")
answer("echo $((6*7))", "\r\n42\r\n")
child.sendline("sleep 1000")
child.expect("sleep 1000\r\n")
child.sendcontrol("c")
child.expect("# ")
answer("echo status $?", "status 130")
child.sendline("sleep 1001")
child.expect("sleep 1001\r\n")
child.sendcontrol("z")
child.expect("Stopped")
child.expect("# ")
answer("jobs", "Stopped.*sleep 1001")
answer("kill %1; wait %1; echo over", "\r\nover\r\n")
child.sendline("sh -c 'exit 9'; cat")
child.sendline("line")
child.expect("line\r\nline\r\n")
child.sendcontrol("d")
child.expect("# ")
child.sendline("exit 6")
child.expect(pexpect.EOF)
child.close()
sys.exit(0 if child.exitstatus == 6 else f"status {child.exitstatus}, wanted 6")
