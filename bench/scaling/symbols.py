# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a point waits for, by name: the model's most expensive cache lines, each with the data or code symbol it belongs to.

A line of static data is named by its symbol. Memory that was allocated has none; the code that misses there names it. NrOS's
symbols come from its image, Linux's from the running kernel (/proc/kallsyms without address randomisation), a program's from
scalebench, which both run.
"""

import bisect
import collections
import functools
import os
import subprocess

import guest
import store

USER = 1 << 47
SCALEBENCH = os.path.join(store.ROOT, "build", "user", "bench", "scalebench")
PRIMITIVES = ("nr/sync/", "arch/include/")
SHOWN, FAR = 12, 1 << 20	# lines shown; a symbol reaches no farther than that

Line = collections.namedtuple("Line", "name where share remote code pc")	# pc: of the code that cost most


class Symbols:
	def __init__(self, text):
		found = []
		for row in text.splitlines():
			words = row.split()
			if len(words) >= 3 and int(words[0], 16):
				found.append((int(words[0], 16), words[2]))
		found.sort()
		self.addresses, self.names = [a for a, _ in found], [name for _, name in found]

	def name(self, address):
		"""symbol+offset, or None where there is none."""
		at = bisect.bisect_right(self.addresses, address) - 1
		if at < 0 or address - self.addresses[at] >= FAR:
			return None
		offset = address - self.addresses[at]
		return self.names[at] + (f"+{offset:#x}" if offset else "")


def nm(path):
	return subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout


def linux_symbols(image):
	"""Asked of the kernel once, and kept."""
	kept = os.path.join(store.FOLDER, f"linux-{store.digest(image)[:16]}.symbols")
	if not os.path.exists(kept):
		done = subprocess.run([guest.NROS, "run", "--kernel", "linux", "--cores", "1", "--append", "nokaslr", "--timeout", "300", "--",
		                       "cat", "/proc/kallsyms"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
		os.makedirs(store.FOLDER, exist_ok=True)
		with open(kept, "w") as file:
			file.write(done.stdout)
	with open(kept) as file:
		return file.read()


@functools.lru_cache(maxsize=None)
def load(kernel, image):
	return Symbols(nm(image) if kernel == "nros" else linux_symbols(image)), Symbols(nm(SCALEBENCH))


def name_lines(entries, kernel_symbols, user_symbols):
	"""The model's (line, virtual, pc, count, remote, cycles) by line, the most expensive first."""
	def code(pc):
		return (user_symbols if pc < USER else kernel_symbols).name(pc) or hex(pc)

	total = sum(entry[5] for entry in entries) or 1
	lines = collections.defaultdict(list)
	for entry in entries:
		lines[entry[0]].append(entry)
	found = []
	for line, parts in lines.items():
		parts.sort(key=lambda part: -part[5])
		virtual = parts[0][1]
		data = (user_symbols if virtual < USER else kernel_symbols).name(virtual) if virtual else "page table"
		by_code = list(dict.fromkeys(code(part[2]).split("+")[0] for part in parts))
		name = data or f"memory used by {by_code[0]}"
		count, remote, cycles = (sum(part[n] for part in parts) for n in (3, 4, 5))
		found.append(Line(name, line, cycles / total, remote / max(count, 1), by_code[:4], parts[0][2]))
	return sorted(found, key=lambda line: -line.share)


@functools.lru_cache(maxsize=None)
def source(image, pc):
	"""file:line of an address of our kernel: of the caller where a lock or the like was inlined. Linux's has no such tables."""
	done = subprocess.run(["addr2line", "-i", "-e", image, hex(pc)], capture_output=True, text=True)
	places = [os.path.relpath(line.split(" ")[0], store.ROOT) for line in done.stdout.splitlines() if not line.startswith("?")]
	outside = [place for place in places if not place.startswith(PRIMITIVES)]
	return (outside or places or [""])[0]


def show(item, curves, images):
	"""For each curve, at its largest number of cores: where the cycles of misses went."""
	for (kernel, curve), series in curves.items():
		if not series:
			continue
		cores = max(series)
		run = series[cores][0]
		region = run["region"]
		cycles = region["cycles"] * cores or 1
		print(f"\n{kernel} {curve} at {cores} cores: {region['miss_cycles'] / cycles:.0%} of the cycles in misses, "
		      f"{region['line_wait_cycles'] / cycles:.0%} waiting for lines, {region['walk_cycles'] / cycles:.0%} in walks, "
		      f"{region['interrupt_cycles'] / cycles:.0%} entering handlers, {min(region['idle_cycles'] / cycles, 1):.0%} idle")
		for line in name_lines(run["lines"], *load(kernel, images[kernel]))[:SHOWN]:
			place = source(images[kernel] if line.pc >= USER else SCALEBENCH, line.pc)
			print(f"  {line.share:6.1%}  {line.remote:4.0%} remote  {line.name:40} {place:24} "
			      f"{' '.join(line.code)}")
