# SPDX-License-Identifier: MIT OR Apache-2.0
"""A longer queue for the connections that come in at a published port.

QEMU's user network listens with a backlog of 1: when more clients connect at once than its main loop
fetches in time, Linux drops the last step of their handshakes, and they wait for ever for an answer. listen(2) on a
socket that listens already just changes its backlog, and pidfd_getfd(2) gives a parent its child's socket,
without root. Where that is not permitted, everything stays as QEMU has it.
"""

import ctypes
import os
import socket

BACKLOG = 1024
PIDFD_GETFD = 438
LISTENING = "0A"


def listening_inodes(ports):
	"""The inodes of the sockets that listen on these ports of 127.0.0.1, as /proc/net/tcp lists them."""
	local = {f"0100007F:{port:04X}" for port in ports}
	with open("/proc/net/tcp") as table:
		rows = [line.split() for line in table.readlines()[1:]]
	return {row[9] for row in rows if row[1] in local and row[3] == LISTENING}


def link(path):
	"""Where a link leads; None if it is gone."""
	try:
		return os.readlink(path)
	except FileNotFoundError:
		return None


def descriptors(pid, inodes):
	"""The descriptors under which process `pid` has these sockets."""
	names = {f"socket:[{inode}]" for inode in inodes}
	directory = f"/proc/{pid}/fd"
	return [int(fd) for fd in os.listdir(directory) if link(f"{directory}/{fd}") in names]


def borrow(pidfd, number):
	"""A descriptor of ours for another process's socket. OSError if that is refused."""
	libc = ctypes.CDLL(None, use_errno=True)
	fd = libc.syscall(PIDFD_GETFD, pidfd, number, 0)
	if fd < 0:
		raise OSError(ctypes.get_errno(), "pidfd_getfd")
	return socket.socket(fileno=fd)


def widen(pid, ports):
	"""Give the listeners of process `pid` on these ports a backlog worth the name."""
	pidfd = None
	try:
		pidfd = os.pidfd_open(pid)
		for number in descriptors(pid, listening_inodes(ports)):
			with borrow(pidfd, number) as listener:
				listener.listen(BACKLOG)
	except OSError:
		pass
	finally:
		if pidfd is not None:
			os.close(pidfd)
