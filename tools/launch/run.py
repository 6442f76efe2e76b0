# SPDX-License-Identifier: MIT OR Apache-2.0
"""`nros run`: boot a machine, run one program in it, end as the program ended."""

import os
import shlex
import shutil
import signal
import sys
import tempfile
import termios
import tty
from contextlib import contextmanager

import build
import image
import machine
import options as run_options
import session
from base import ROOT, build_path, say

PATIENCE, STOP_TIME = 3, 30	# seconds after Ctrl-C: the tool says that it waits for the program; it waits no more


class Stopped(Exception):
	"""A signal asked this tool to stop."""


def on_signal(number, _frame):
	raise Stopped(number)


@contextmanager
def state_directory():
	"""Where this machine's files live, for as long as it lives."""
	path = tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=os.path.dirname(build_path("run", "x")))
	try:
		yield path
	finally:
		shutil.rmtree(path, ignore_errors=True)


@contextmanager
def raw_terminal(wanted):
	"""Keys go to the machine one by one, Ctrl-C too; the guest's tty does the rest."""
	if not wanted:
		yield
		return
	before = termios.tcgetattr(0)
	try:
		tty.setraw(0)
		yield
	finally:
		termios.tcsetattr(0, termios.TCSADRAIN, before)


def terminal_mode(terminal):
	if not terminal:
		return "pipe"
	size = os.get_terminal_size(0)
	return f"tty {size.lines or 24} {size.columns or 80}"


def supervise(live):
	"""Run to the end; a signal asks the program to stop, a second one ends the machine."""
	try:
		return live.run()
	except Stopped as stop:
		number = stop.args[0]
	live.options.timeout = None
	live.send_stop()
	for wait in (PATIENCE, STOP_TIME - PATIENCE):
		signal.alarm(wait)
		try:
			status = live.run()
			return 128 + number if status == 128 + signal.SIGTERM else status
		except Stopped as again:
			if again.args[0] != signal.SIGALRM or not live.ready:
				break
			if wait == PATIENCE:
				say("waiting for the program to end (Ctrl-C again stops the machine)")
	return 128 + number


def boot(options, terminal, kernel, directory):
	initrd = os.path.join(directory, "initrd.cpio")
	image.write_run(initrd, options, terminal_mode(terminal))
	machine.check_memory(options, os.path.getsize(initrd))
	live = session.Session(options, terminal)
	command = machine.command(options, kernel, initrd, live.descriptors())
	if options.dry_run:
		print(shlex.join(command))
		return 0
	if options.gdb:
		say(f"waiting for: gdb {os.path.relpath(kernel, ROOT)} -ex 'target remote :1234'")
	try:
		live.start(command, directory)
		with raw_terminal(terminal):
			return supervise(live)
	finally:
		signal.alarm(0)
		live.close()


def main(arguments):
	terminal = sys.stdin is not None and os.isatty(0) and os.isatty(1)
	options = run_options.parse(arguments, terminal)
	machine.check(options)
	for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
		signal.signal(number, on_signal)
	try:
		kernel = build.kernel(options.kernel, options.verbose)
		with state_directory() as directory:
			return boot(options, terminal, kernel, directory)
	except Stopped as stop:
		return 128 + stop.args[0]
