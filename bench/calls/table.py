# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tables of costs: a row per item, NrOS beside the others, a mark where it loses by too much."""

LIMIT = 1.5


def number(value):
	return "-" if value is None else f"{value:,.0f}"


def ratio_text(ratio):
	if ratio is None:
		return "-"
	return f"{ratio:.2f}" + (" <<<" if ratio > LIMIT else "")


def show(title, names, columns, ratios):
	"""`columns` and `ratios`: lists of (heading, {item: number}); prints and returns the items over the limit."""
	print(f"\n{title}")
	headings = [heading for heading, _ in columns + ratios]
	print(f"  {'':16}" + "".join(f"{heading:>18}" for heading in headings))
	for name in names:
		cells = [number(costs.get(name)) for _, costs in columns]
		cells += [ratio_text(values.get(name)) for _, values in ratios]
		print(f"  {name:16}" + "".join(f"{cell:>18}" for cell in cells), flush=True)
	return [name for name in names if any((values.get(name) or 0) > LIMIT for _, values in ratios[:1])]
