# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tables and CSV rows of curves. A value is the median of a point's repetitions; the spread is shown where it is over 5 %."""

import csv
import statistics

import plan

SPREAD = 0.05
LATENCIES = ("p50", "p90", "p99", "longest")


def median(runs, name="rate"):
	return statistics.median(run[name] for run in runs)


def spread(runs):
	"""(lowest, highest) rate of the repetitions."""
	rates = [run["rate"] for run in runs]
	return min(rates), max(rates)


def is_latency(runs):
	return "p50" in runs[0]


def cell(runs):
	if not runs:
		return "-"
	value = median(runs, "p50" if is_latency(runs) else "rate")
	low, high = spread(runs)
	wide = high - low > SPREAD * high
	return f"{value:,.4g}" + (f" ±{(high - low) / (high + low) * 100:.0f}%" if wide else "")


def show(item, curves, cores):
	latency = any(is_latency(runs) for series in curves.values() for runs in series.values())
	unit = "median latency in cycles" if latency else "operations per million cycles, all cores together"
	print(f"\n{item.name}: {item.title} ({unit})")
	print(f"  {'cores':24}" + "".join(f"{count:>14}" for count in cores))
	for (kernel, curve), series in curves.items():
		if not series:
			continue
		cells = [cell(series.get(count)) for count in cores]
		print(f"  {kernel + ' ' + curve:24}" + "".join(f"{text:>14}" for text in cells), flush=True)


def rows(item, curves, profile):
	"""Rows for the CSV: the median rate, its lowest and highest, and percentiles where there are some."""
	found = []
	for (kernel, curve), series in curves.items():
		name, _, params = curve.partition("/")
		for cores, runs in series.items():
			place = ("scaling", name, ";".join([profile, *filter(None, [params])]), kernel, cores, plan.machine(cores)[1])
			low, high = spread(runs)
			values = [("rate", median(runs)), ("rate_low", low), ("rate_high", high)]
			found += [(*place, metric, f"{value:.3f}", "ops/Mcycle") for metric, value in values]
			found += [(*place, metric, f"{median(runs, metric):.0f}", "cycles") for metric in LATENCIES if metric in runs[0]]
	return found


def read(path):
	"""What rows() made, from a file: its revisions, and the curves, each point as its lowest, middle and highest run."""
	curves, revisions = {}, []
	with open(path, newline="") as file:
		for row in csv.DictReader(file):
			revisions.append(row["git_rev"])
			name = "/".join([row["benchmark"], *row["params"].split(";")[1:]])
			runs = curves.setdefault((row["kernel"], name), {}).setdefault(int(row["cores"]), [{}, {}, {}])
			metric, value = row["metric"], float(row["value"])
			which = {"rate_low": [runs[0]], "rate": [runs[1]], "rate_high": [runs[2]]}.get(metric, runs)
			for run in which:
				run[metric.split("_")[0]] = value
	return list(dict.fromkeys(revisions)), curves
