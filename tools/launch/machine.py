# SPDX-License-Identifier: MIT OR Apache-2.0
"""The QEMU command of a machine: the same for both kernels, so that they can be compared.

q35 with `cores` processors spread evenly over `nodes` NUMA nodes (10 to itself, 20 to any other),
memory split likewise, nothing else than a virtio-serial device with the four ports that
user/init.c describes, a serial line for the kernel's log, and a port for debug exit. With a
terminal the first serial line is the terminal and the second one carries the log. A network device is
there only when it is asked for. QEMU runs in the machine's directory under build/run/, where its
monitor is a socket (`system_powerdown` there presses the power button).
"""

import os
import re
import socket

import model
from base import ToolError, say

PORTS = ("stdin", "stdout", "stderr", "control")
GRAIN = 2 << 20
NETWORK = ("10.0.2.15", "10.0.2.2", "255.255.255.0")	# what QEMU's user network gives: address, gateway, mask
KERNEL_ROOM = {"nros": 4 << 20, "linux": 64 << 20}
NAME_SERVER = "10.0.2.3"
TUN = "/dev/net/tun"

# Under TCG, QEMU 7.2 computes wrong flags after CMPXCHG16B (an interrupt right behind it then saves
# garbage, and Linux dies of a double fault in three boots of ten); 5-level paging is only slow there.
TCG_CPU = "max,la57=off,cx16=off"


def kvm_works():
	"""KVM counts only where the processor shows it: elsewhere /dev/kvm may open and guests stay dead."""
	with open("/proc/cpuinfo") as file:
		flags = re.search(r"(?m)^flags\s*:.*\b(svm|vmx)\b", file.read())
	return bool(flags) and os.access("/dev/kvm", os.R_OK | os.W_OK)


def check(options):
	"""ToolError for what this machine cannot do, before anything is built."""
	model.check(options)
	if options.accel == "kvm" and not kvm_works():
		raise ToolError("--accel kvm: this machine has no usable hardware virtualization")
	for host, _ in options.publish:
		check_port(host)
	if options.tap:
		check_tap(options.tap)


def check_memory(options, size):
	"""The archive, the files made of it, and half of what is left as the limit of such files (on both kernels)."""
	needed = 3 * size + KERNEL_ROOM[options.kernel]
	if options.memory < needed:
		raise ToolError(f"the image ({size >> 20}M) does not fit in --memory {options.memory >> 20}M; "
		                f"{(needed >> 20) + 1}M would do")


def check_port(port):
	with socket.socket() as probe:
		probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		try:
			probe.bind(("127.0.0.1", port))
		except OSError as error:
			raise ToolError(f"--publish {port}: {error.strerror}")


def check_tap(wire):
	if not os.access(TUN, os.R_OK | os.W_OK):
		raise ToolError(f"--tap: {TUN} cannot be opened (root can)")
	if not os.path.exists(f"/proc/sys/net/ipv4/conf/{wire.interface}"):
		raise ToolError(f"--tap: there is no interface {wire.interface} "
		                f"(ip tuntap add {wire.interface} mode tap multi_queue)")


def acceleration(options):
	if options.model:
		return [*model.acceleration(), "-cpu", TCG_CPU + model.CPU]
	if options.icount:
		return ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-cpu", TCG_CPU]
	if options.accel == "kvm" or (options.accel == "auto" and kvm_works()):
		return ["-accel", "kvm", "-cpu", "host"]
	if options.verbose and options.accel == "auto":
		say("no hardware virtualization here: QEMU translates (TCG)")
	return ["-accel", "tcg,thread=multi", "-cpu", TCG_CPU]


def share(total, parts, grain):
	"""`total` cut into `parts` nearly equal multiples of `grain`; the last takes what is left."""
	cuts = [total * i // parts // grain * grain for i in range(parts)] + [total]
	return [high - low for low, high in zip(cuts, cuts[1:])]


def sockets(cores, nodes):
	"""A socket per node where that comes out even and its APIC ids stay below xAPIC's 255."""
	per_node = cores // nodes
	ids = nodes << max(0, per_node - 1).bit_length()
	if cores % nodes == 0 and ids < 255:
		return f"{cores},sockets={nodes},cores={per_node},threads=1"
	return f"{cores},sockets={cores},cores=1,threads=1"


def topology(options):
	words = ["-smp", sockets(options.cores, options.nodes), "-m", f"{options.memory >> 10}K"]
	first = 0
	memory = share(options.memory, options.nodes, GRAIN)
	for node, count in enumerate(share(options.cores, options.nodes, 1)):
		words += ["-object", f"memory-backend-ram,id=memory{node},size={memory[node]}"]
		words += ["-numa", f"node,nodeid={node},cpus={first}-{first + count - 1},memdev=memory{node}"]
		first += count
	for a in range(options.nodes):
		for b in range(options.nodes):
			if a != b:
				words += ["-numa", f"dist,src={a},dst={b},val=20"]
	return words


def devices(channels):
	"""`channels` gives the file descriptor of each channel's QEMU end: the ports, log, perhaps tty."""
	words = []
	for name, fd in channels.items():
		words += ["-chardev", f"socket,id={name},fd={fd}"]
	words += ["-device", "virtio-serial-pci,id=ports"]
	for number, name in enumerate(PORTS, 1):
		words += ["-device", f"virtserialport,bus=ports.0,nr={number},name=nros.{name},chardev={name}"]
	if "tty" in channels:
		words += ["-serial", "chardev:tty"]
	return words + ["-serial", "chardev:log", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]


def addresses(options):
	"""The guest's address, gateway, mask; None: DHCP knows."""
	return options.tap.addresses if options.tap else NETWORK


def network(options):
	"""QEMU's user network: the guest reaches out through it, the host gets in where a port is published. Or a tap that
	root has made, with a queue pair for each core (two at least: with one, QEMU does not open a multi_queue tap)."""
	if options.tap:
		queues = max(2, options.cores)
		return ["-netdev", f"tap,id=net0,ifname={options.tap.interface},script=no,downscript=no,queues={queues}",
		        "-device", f"virtio-net-pci,netdev=net0,mq=on,vectors={2 * queues + 2}"]
	if not options.net:
		return []
	forwards = "".join(f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for host, guest in options.publish)
	return ["-netdev", "user,id=net0" + forwards, "-device", "virtio-net-pci,netdev=net0"]


def command_line(options, terminal):
	words = ["console=ttyS1" if terminal else "console=ttyS0", "panic=-1"]
	words += ["loglevel=7"] if options.verbose else ["quiet"]
	words += ["trace=syscalls"] if options.trace else []
	words += model.kernel_words(options) if options.model else []
	if options.net and not any(word.startswith("ip=") for word in options.append.split()):
		words += ["ip={}::{}:{}".format(*addresses(options))] if addresses(options) else ["ip=dhcp"]
	return " ".join(words + options.append.split())


def command(options, kernel, initrd, channels):
	"""The whole QEMU command."""
	words = model.qemu() if options.model else ["qemu-system-x86_64"]
	words += ["-machine", "q35", *acceleration(options), *topology(options)]
	words += model.plugin(options) if options.model else []
	words += ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", *devices(channels)]
	words += ["-monitor", "unix:monitor,server=on,wait=off"]
	words += network(options)
	words += ["-kernel", kernel, "-initrd", initrd, "-append", command_line(options, "tty" in channels)]
	return words + (["-S", "-gdb", "tcp:127.0.0.1:1234"] if options.gdb else [])
