# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is measured: figures, each of some curves, each a benchmark of scalebench at so many cores.

A figure is named by --only; a curve by what comes before the @ of a point. Threads fill node 0 first. A point runs in the
smallest machine of MACHINES that has its cores: whole sockets of the profile from 24 cores on, so that idle sockets, which change
nothing, cost no time.
"""

import collections

MACHINES = ((8, 1), (24, 1), (48, 2), (96, 4))	# cores, nodes
MEMORY_PER_NODE = "1G", 1 << 30

FULL_CORES = (1, 2, 4, 8, 16, 32, 48, 96)
QUICK_CORES = (1, 4, 8, 16, 48)
QUICK_FIGURES = ("map", "touch", "unmap", "drbl", "open")

Figure = collections.namedtuple("Figure", "name title curves length")	# length: modelled megacycles, of the full set


def mixes():
	return tuple(f"mix/{percent}/{files}" for percent in (0, 10, 60, 100) for files in (1, 24))


FIGURES = (
	Figure("map", "mmap and munmap of one page", ("map-threads", "map-procs"), 10),
	Figure("touch", "mmap, touch, munmap of one page", ("touch-threads", "touch-procs"), 15),
	Figure("touchmany", "mmap, touch, munmap of 64 pages", ("touchmany-threads", "touchmany-procs"), 20),
	Figure("share", "the same of one page of shared memory", ("shared-threads", "shared-procs"), 15),
	Figure("protect", "mprotect and a write", ("protect-threads", "protect-procs"), 10),
	Figure("unmap", "munmap of a page that all cores have read", ("unmap",), 10),
	Figure("drb", "read a block", ("drbl", "drbh"), 5),
	Figure("dwo", "overwrite a block", ("dwol", "dwom"), 5),
	Figure("mwr", "rename", ("mwrl", "mwrm"), 10),
	Figure("mix", "read or overwrite, percent of writes / files", mixes(), 5),
	Figure("open", "open and close", ("open-many", "open-one"), 5),
	Figure("stat", "stat", ("stat-many", "stat-one"), 5),
	Figure("fork", "fork, exit, wait", ("fork",), 20),
	Figure("pipe", "a byte through one's own pipe", ("pipe",), 5),
	Figure("futex", "a wake-up of nobody", ("futex",), 4),
	Figure("wake", "pairs of threads wake each other", ("wake",), 10),
	Figure("null", "getppid", ("null",), 2),
	Figure("machine", "the machine itself: counters and locks", ("private", "shared", "readshared", "ticket", "rwlock", "brlock"), 2),
)
NEEDS = {"wake": 2}	# the least number of cores

# So many cores measure for the figure's whole length; more of them for less, down to a quarter: the operations of all together
# are as many, and a machine's speed is that of its cores' sum. Not below LEAST_LENGTH, a quarter of which warms up: first touches of
# what all share take that long.
WHOLE_LENGTH_CORES, LEAST_LENGTH = 24, 2

Point = collections.namedtuple("Point", "curve cores length")	# length in megacycles


def figures(names, quick):
	"""The figures named (a curve's name selects its figure), all of the set otherwise. ValueError for an unknown name."""
	if not names:
		return [f for f in FIGURES if not quick or f.name in QUICK_FIGURES or set(f.curves) & set(QUICK_FIGURES)]
	chosen = []
	for name in names:
		found = [f for f in FIGURES if f.name == name] or \
			[f._replace(curves=tuple(c for c in f.curves if c == name)) for f in FIGURES if name in f.curves]
		if not found:
			raise ValueError(f"--only {name}: no such figure; there are: {' '.join(f.name for f in FIGURES)}")
		chosen += found
	return chosen


def machine(cores):
	for size, nodes in MACHINES:
		if cores <= size:
			return size, nodes
	raise ValueError(f"{cores} cores: the largest machine here has {MACHINES[-1][0]}")


def length(figure, cores, quick):
	part = max(0.25, min(1, WHOLE_LENGTH_CORES / cores)) / (2 if quick else 1)
	return max(LEAST_LENGTH, figure.length * part)


def points(chosen, cores, quick):
	"""All points, those of the smallest machines first, so that something is to be seen early."""
	wanted = [Point(curve, count, length(figure, count, quick))
	          for figure in chosen for curve in figure.curves for count in cores if count >= NEEDS.get(curve, 1)]
	return sorted(wanted, key=lambda point: machine(point.cores)[0])
