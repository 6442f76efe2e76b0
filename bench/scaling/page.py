# SPDX-License-Identifier: MIT OR Apache-2.0
"""bench/results/scaling.md: every figure there is in bench/results, its plot and its table, with the revision it is of."""

import os

import plan
import table

HEAD = """<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->
# Scaling in modelled time

Written by `./nros bench scaling`. Operations per million cycles of all cores together, median of the repetitions, and the
spread where it is over 5 %;
for `unmap` the median latency in cycles. What the model is, and what not to read into it:
[docs/model.md](../../docs/model.md); what bounds the curves: [docs/scaling.md](../../docs/scaling.md).
"""


def section(item, path):
	revisions, curves = table.read(path)
	cores = sorted({count for values in curves.values() for count in values})
	out = [f"\n## {item.name}: {item.title}\n", f"![{item.title}](scaling-{item.name}.svg)\n", f"Revision {', '.join(revisions)}.\n",
	       "| | " + " | ".join(map(str, cores)) + " |", "|---|" + "---|" * len(cores)]
	for (kernel, curve), values in curves.items():
		cells = [table.cell(values.get(count)) for count in cores]
		out.append(f"| {kernel} {curve} | " + " | ".join(cells) + " |")
	return out


def write(directory):
	text = [HEAD]
	for item in plan.FIGURES:
		path = os.path.join(directory, f"scaling-{item.name}.csv")
		if os.path.exists(path):
			text += section(item, path)
	with open(os.path.join(directory, "scaling.md"), "w") as file:
		file.write("\n".join(text) + "\n")
