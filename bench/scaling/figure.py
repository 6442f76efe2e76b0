# SPDX-License-Identifier: MIT OR Apache-2.0
"""A figure as SVG: both axes logarithmic, a line per curve, a bar where repetitions differ, NrOS in blue and Linux in red."""

import math
from xml.sax.saxutils import escape

import table

WIDTH, HEIGHT = 640, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 180, 40, 50
SHADES = {"nros": ("#1f5fbf", "#6fa8f0", "#0b2f66", "#8fd0e8"), "linux": ("#c0392b", "#f1948a", "#7b241c", "#f5b041")}
DASHES = ("", "6 3", "2 3", "8 3 2 3")


class Axes:
	"""From cores and values to places on the paper."""

	def __init__(self, xs, ys):
		self.x0, self.x1 = math.log(min(xs)), math.log(max(max(xs), min(xs) * 2))
		self.y0, self.y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
		self.y1 = max(self.y1, self.y0 + 1)

	def x(self, value):
		return LEFT + (math.log(value) - self.x0) / (self.x1 - self.x0) * (WIDTH - LEFT - RIGHT)

	def y(self, value):
		return HEIGHT - BOTTOM - (math.log10(value) - self.y0) / (self.y1 - self.y0) * (HEIGHT - TOP - BOTTOM)


def text(x, y, words, anchor="middle", extra=""):
	return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(words)}</text>'


def line(x0, y0, x1, y1, style):
	return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" {style}/>'


def grid(axes, xs):
	out = []
	for power in range(axes.y0, axes.y1 + 1):
		y = axes.y(10 ** power)
		out += [line(LEFT, y, WIDTH - RIGHT, y, 'stroke="#ddd"'), text(LEFT - 6, y + 4, f"{10 ** power:g}", "end")]
	for value in xs:
		x = axes.x(value)
		out += [line(x, TOP, x, HEIGHT - BOTTOM, 'stroke="#eee"'), text(x, HEIGHT - BOTTOM + 16, str(value))]
	return out


def curve(axes, values, color, dash):
	"""`values`: (cores, middle, low, high)."""
	places = " ".join(f"{axes.x(cores):.1f},{axes.y(middle):.1f}" for cores, middle, _, _ in values)
	out = [f'<polyline points="{places}" fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>']
	for cores, middle, low, high in values:
		x = axes.x(cores)
		out += [f'<circle cx="{x:.1f}" cy="{axes.y(middle):.1f}" r="3" fill="{color}"/>',
		        line(x, axes.y(low), x, axes.y(high), f'stroke="{color}"')]
	return out


def values_of(series):
	found = []
	for cores, runs in sorted(series.items()):
		name = "p50" if table.is_latency(runs) else "rate"
		each = [run[name] for run in runs]
		if min(each) > 0:
			found.append((cores, table.median(runs, name), min(each), max(each)))
	return found


def write(path, item, curves):
	"""Draw what is known; nothing if nothing is."""
	known = {key: values_of(series) for key, series in curves.items()}
	known = {key: values for key, values in known.items() if values}
	if not known:
		return
	xs = sorted({cores for values in known.values() for cores, *_ in values})
	axes = Axes(xs, [value for values in known.values() for _, *three in values for value in three])
	latency = any(table.is_latency(runs) for series in curves.values() for runs in series.values())
	out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
	       f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text(WIDTH / 2, 20, item.title, extra='font-size="14"'),
	       text((WIDTH + LEFT - RIGHT) / 2, HEIGHT - 12, "cores"), *grid(axes, xs),
	       text(16, HEIGHT / 2, "cycles" if latency else "operations per million cycles",
	            extra=f'transform="rotate(-90 16 {HEIGHT / 2})"')]
	names = list(dict.fromkeys(name for _, name in known))
	for number, ((kernel, name), values) in enumerate(known.items()):
		which = names.index(name)
		color, dash = SHADES[kernel][which % 4], DASHES[which // 4 % 4]
		y = TOP + 14 + 18 * number
		out += curve(axes, values, color, dash)
		stroke = f'stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"'
		out += [line(WIDTH - RIGHT + 10, y - 4, WIDTH - RIGHT + 30, y - 4, stroke),
		        text(WIDTH - RIGHT + 36, y, f"{kernel} {name}", "start")]
	with open(path, "w") as file:
		file.write("\n".join([*out, "</svg>"]) + "\n")
