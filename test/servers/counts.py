# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is left in a guest when all is over: /proc/nros/mem before and after, and what the kernel said.

As in user/tests/forktest.c: what exists without a cache behind it must be back exactly; the rest may be off by what
caches keep, whatever the amount of work was.
"""

import re
import time

EXACT = ("processes", "threads", "cache.processes", "cache.threads", "cache.spaces", "cache.fdtables", "cache.files",
         "cache.pipes", "cache.fs", "cache.sighands", "cache.sigentries", "cache.sockets", "cache.epolls", "cache.epoll_items",
         "cache.eventfds")
SLACK = 256
DRAIN = 150	# seconds for closed connections to time out


def counts(guest):
	text, status = guest.try_run("cat /proc/nros/mem")
	return {name: int(number) for name, number in re.findall(r"(?m)^(\S+) (\d+)", text)} if status == 0 else None


def off(before, now):
	"""The counts that are not back, as lines."""
	lines = []
	for name, value in now.items():
		more = value - before.get(name, 0)
		if "free" in name:	# fewer free is a leak
			more = -more
		if name in EXACT and more or more > SLACK:
			lines.append(f"{name}: {before.get(name, 0)} before, {value} now")
	return lines


def still_off(guest, before):
	"""The counts that do not come back; [] if all do. None where the kernel does not tell."""
	if before is None:
		return None
	end = time.monotonic() + DRAIN
	while (lines := off(before, counts(guest))) and time.monotonic() < end:
		time.sleep(1)
	return lines


def complaints(guest):
	"""Lines of the kernel's log that are more serious than a warning."""
	return [line for line in guest.run("busybox dmesg -r").splitlines() if re.match(r"<[0-3]>", line)]
