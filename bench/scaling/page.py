# SPDX-License-Identifier: MIT OR Apache-2.0
"""bench/results/scaling.md: every figure there is in bench/results, its plot and its table, with the revision it is of."""

import csv
import glob
import os

import plan

HEAD = """<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->
# Scaling in modelled time

Written by `./nros bench scaling`. Operations per million cycles of all cores together, median of the repetitions;
for `unmap` the median latency in cycles. What the model is, and what not to read into it:
[docs/model.md](../../docs/model.md); what bounds the curves: [docs/scaling.md](../../docs/scaling.md).
"""


def read(path):
	"""The revision, {(kernel, curve): {cores: value}}."""
	curves, latencies, revision = {}, {}, ""
	with open(path, newline="") as file:
		for row in csv.DictReader(file):
			params = row["params"].split(";")[1:]
			key = row["kernel"], "/".join([row["benchmark"], *params])
			revision = row["git_rev"]
			if row["metric"] in ("rate", "p50"):
				(curves if row["metric"] == "rate" else latencies).setdefault(key, {})[int(row["cores"])] = float(row["value"])
	return revision, latencies or curves


def section(item, path):
	revision, curves = read(path)
	cores = sorted({count for values in curves.values() for count in values})
	out = [f"\n## {item.name}: {item.title}\n", f"![{item.title}](scaling-{item.name}.svg)\n", f"Revision {revision}.\n",
	       "| | " + " | ".join(map(str, cores)) + " |", "|---|" + "---|" * len(cores)]
	for (kernel, curve), values in curves.items():
		cells = [f"{values[count]:,.4g}" if count in values else "-" for count in cores]
		out.append(f"| {kernel} {curve} | " + " | ".join(cells) + " |")
	return out


def write(directory):
	text = [HEAD]
	for item in plan.FIGURES:
		path = os.path.join(directory, f"scaling-{item.name}.csv")
		if glob.glob(path):
			text += section(item, path)
	with open(os.path.join(directory, "scaling.md"), "w") as file:
		file.write("\n".join(text) + "\n")
