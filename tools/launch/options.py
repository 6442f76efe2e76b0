# SPDX-License-Identifier: MIT OR Apache-2.0
"""The options of `nros run`, checked. Anything wrong is a ToolError of one line."""

import argparse
import ipaddress
import os
import re
from types import SimpleNamespace

from base import ToolError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LATER = ("--volume",)
UNITS = {"": 1 << 20, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
MAX_CORES, MAX_NODES = 254, 64


class Parser(argparse.ArgumentParser):
	def error(self, message):
		raise ToolError(f"{message} (./nros run --help lists the options)")


def number(low, high):
	def parse(text):
		if not text.isdecimal() or not low <= int(text) <= high:
			raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
		return int(text)
	return parse


def size(text):
	"""Bytes from `512M`, `1G`; a bare number counts MiB, as QEMU's -m does."""
	match = re.fullmatch(r"(\d+)([KMG]?)i?B?", text, re.IGNORECASE)
	if not match:
		raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 512M or 1G")
	count = int(match.group(1)) * UNITS[match.group(2).upper()]
	if not 16 << 20 <= count <= 1 << 40:
		raise argparse.ArgumentTypeError(f"{text!r} is not between 16M and 1024G")
	return count


def seconds(text):
	try:
		value = float(text)
	except ValueError:
		value = 0
	if not 0 < value < 1e7:
		raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
	return value


def variable(text):
	key, equals, value = text.partition("=")
	if not key or not equals:
		raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
	return key, value


def package(text):
	if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", text):
		raise argparse.ArgumentTypeError(f"{text!r} is not the name of a Debian package")
	return text


def addition(text):
	"""HOSTPATH[:GUESTPATH]; without a guest path, or below one that ends in /, it keeps its own name."""
	host, _, guest = text.partition(":")
	if not os.path.lexists(host):
		raise argparse.ArgumentTypeError(f"{host}: no such file or directory")
	guest = guest or "/"
	return host, guest + os.path.basename(os.path.abspath(host)) if guest.endswith("/") else guest


def publication(text):
	"""HOST:GUEST, two port numbers; one alone means the same on both sides."""
	host, _, guest = text.partition(":")
	for port in (host, guest or host):
		if not port.isdecimal() or not 1 <= int(port) <= 65535:
			raise argparse.ArgumentTypeError(f"{text!r} is not HOSTPORT:GUESTPORT")
	return int(host), int(guest or host)


def wire(text):
	"""IFNAME[:ADDRESS/BITS[:GATEWAY]]: a tap of this machine, and what the guest is called on it."""
	interface, *rest = text.split(":")
	try:
		if not re.fullmatch(r"[\w.-]{1,15}", interface) or len(rest) > 2:
			raise ValueError
		guest = ipaddress.IPv4Interface(rest[0]) if rest else None
		gateway = ipaddress.IPv4Address(rest[1]) if len(rest) > 1 else guest and next(guest.network.hosts())
	except ValueError:
		raise argparse.ArgumentTypeError(f"{text!r} is not IFNAME:ADDRESS/BITS[:GATEWAY]") from None
	return SimpleNamespace(interface=interface, addresses=guest and (str(guest.ip), str(gateway), str(guest.netmask)))


def absolute(text):
	if not text.startswith("/"):
		raise argparse.ArgumentTypeError(f"{text!r} is not an absolute path")
	return text


def existing(text):
	if not os.path.exists(text):
		raise argparse.ArgumentTypeError(f"{text}: no such file or directory")
	return text


def make_parser():
	parser = Parser(prog="./nros run", allow_abbrev=False, usage="./nros run [OPTIONS] [--] [PROGRAM [ARGUMENTS...]]",
	                description="Boot a machine, run PROGRAM in it (or a shell), and end with its exit status.")
	add = parser.add_argument
	add("--cores", type=number(1, MAX_CORES), default=4, metavar="N", help="processors (4)")
	add("--nodes", type=number(1, MAX_NODES), metavar="N", help="NUMA nodes (2, or 1 for one core)")
	add("--memory", type=size, default=1 << 30, metavar="SIZE", help="memory, such as 96M or 4G (1G)")
	add("--package", type=package, action="append", default=[], metavar="NAME",
	    help="a Debian package (with its dependencies) in the image")
	add("--rootfs", type=existing, metavar="PATH", help="directory, tar or cpio archive to use as root")
	add("--add", type=addition, action="append", default=[], metavar="HOSTPATH[:GUESTPATH]", help="copy a file or tree in")
	add("--publish", type=publication, action="append", default=[], metavar="HOST:GUEST",
	    help="forward a TCP port of this machine (127.0.0.1 only)")
	add("--net", action="store_true", help="a network device, also without --publish")
	add("--tap", type=wire, metavar="IFNAME[:ADDRESS/BITS[:GATEWAY]]",
	    help="a tap of this machine as the wire, with a queue pair per core; without an address: DHCP")
	add("--env", type=variable, action="append", default=[], metavar="K=V", help="set a variable for the program")
	add("--workdir", type=absolute, default="/", metavar="DIR", help="the program's working directory (/)")
	add("--timeout", type=seconds, metavar="SECONDS", help="stop the machine after that time, status 124")
	add("--kernel", choices=("nros", "linux"), default=os.environ.get("NROS_KERNEL", "nros"), help="what to boot")
	add("--accel", choices=("auto", "kvm", "tcg"), default="auto", help="how QEMU runs the machine")
	add("--icount", action="store_true", help="the machine's clock counts instructions, one a nanosecond (TCG)")
	add("--model", default="", metavar="PROFILE[,NAME=VALUE...]", help="in the time of a modelled machine (docs/model.md)")
	add("--append", default="", metavar="WORDS", help="more words for the kernel's command line")
	add("--verbose", action="store_true", help="show the kernel's messages and what the tool does")
	add("--dry-run", action="store_true", help="print the QEMU command and stop")
	add("--gdb", action="store_true", help="wait for gdb on port 1234 before the first instruction")
	add("--trace", action="store_true", help="have the kernel log every system call")
	add("program", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
	return parser


def environment(settings, terminal):
	env = {"PATH": PATH, "HOME": "/root"}
	if terminal:
		env["TERM"] = os.environ.get("TERM", "linux")
	env.update(settings)
	return env


def parse(arguments, terminal):
	"""The options as a namespace; `terminal` says whether the program gets a tty."""
	cut = arguments.index("--") if "--" in arguments else len(arguments)
	for word in arguments[:cut]:
		if word.split("=")[0] in LATER:
			raise ToolError(f"{word.split('=')[0]}: not in this version")
	options = make_parser().parse_args(arguments[:cut])
	options.program += arguments[cut + 1:]
	options.program = options.program or ["sh"]
	options.nodes = options.nodes or min(2, options.cores)
	if options.nodes > options.cores:
		raise ToolError(f"--nodes {options.nodes}: more nodes than cores ({options.cores})")
	if options.package and options.rootfs:
		raise ToolError("--package and --rootfs: one root or the other")
	if options.kernel not in ("nros", "linux"):
		raise ToolError(f"NROS_KERNEL={options.kernel}: neither nros nor linux")
	if options.trace and options.kernel == "linux":
		raise ToolError("--trace: only with the nros kernel")
	ports = [host for host, _ in options.publish]
	for port in ports:
		if ports.count(port) > 1:
			raise ToolError(f"--publish {port}: twice")
	if options.tap and options.publish:
		raise ToolError("--tap and --publish: one wire or the other")
	if options.tap and not options.tap.addresses and options.kernel == "linux":
		raise ToolError("--tap without an address: only with the nros kernel")
	options.net = options.net or bool(options.publish or options.tap)
	options.env = environment(options.env, terminal)
	return options
