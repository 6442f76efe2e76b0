# SPDX-License-Identifier: MIT OR Apache-2.0
"""Plots for bench/nr: one SVG per workload and mix, throughput over threads. Drawn by hand: lines, a scale, names."""

import os

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 360, 60, 40, 150, 40
COLOURS = ("#c0392b", "#e67e22", "#1f618d", "#5dade2", "#7f8c8d", "#27ae60", "#8e44ad", "#b7950b", "#2c3e50", "#16a085")


def text(x, y, words, anchor="start", colour="#333"):
	return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def scale(top):
	"""Four round steps that reach the top."""
	step = 10.0 ** len(str(int(top))) / 10
	for factor in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10):
		if step * factor * 4 >= top:
			return [step * factor * i for i in range(5)]
	return [top * i / 4 for i in range(5)]


def chart(title, threads, series):
	"""series: [(name, {threads: value})]"""
	top = max((value for _, points in series for value in points.values()), default=1)
	marks = scale(top)
	x = {n: LEFT + i * (WIDTH - LEFT - RIGHT) / max(len(threads) - 1, 1) for i, n in enumerate(threads)}
	y = lambda value: HEIGHT - BOTTOM - value / marks[-1] * (HEIGHT - TOP - BOTTOM)
	parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
	         f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text(LEFT, 20, title)]
	for mark in marks:
		parts.append(f'<path d="M{LEFT} {y(mark):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
		parts.append(text(LEFT - 6, y(mark) + 4, f"{mark:g}", "end"))
	parts += [text(x[n], HEIGHT - BOTTOM + 18, n, "middle") for n in threads]
	parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "threads", "middle"))
	for number, (name, points) in enumerate(series):
		colour = COLOURS[number % len(COLOURS)]
		line = " ".join(f"{x[n]:.1f},{y(points[n]):.1f}" for n in threads if n in points)
		width = 3 if name.startswith("nr") else 1.5
		parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
		parts.append(text(WIDTH - RIGHT + 10, TOP + 16 * number, name, colour=colour))
	return "\n".join(parts + ["</svg>"]) + "\n"


def draw(folder, work, medians):
	os.makedirs(folder, exist_ok=True)
	for writes in work.writes:
		series = [(name, {threads: figures[0] for (mix, threads), figures in points.items() if mix == writes})
		          for name, points in medians.items()]
		title = f"{work.name}, {work.keys} keys, {writes} % writes: operations per microsecond"
		with open(os.path.join(folder, f"{work.name}-{writes}.svg"), "w") as file:
			file.write(chart(title, work.threads, [one for one in series if one[1]]))
