# SPDX-License-Identifier: MIT OR Apache-2.0
"""`nros run --model PROFILE[,NAME=VALUE...]`: the machine under the model of bench/model, in modelled time.

The plugin needs one version of QEMU, which Debian has in its backports suite. It is unpacked under build/dep beside the
machine's own QEMU and run from there. One thread runs all processors: lock-step is the plugin's business. The processor is
without fast string instructions, which the model would see as an access per byte.
"""

import glob
import os
import re
import subprocess

import build
import fetch
from base import BUILD, ROOT, ToolError

VERSION = "10.0."
PLUGIN = os.path.join(BUILD, "model.so")
PROFILES = os.path.join(ROOT, "bench", "model", "profiles")
CPU = ",erms=off,fsrm=off"
CODE_CACHE = 512	# MiB
MAX_CORES = 128


def profile_path(name):
	path = name if "/" in name else os.path.join(PROFILES, f"{name}.profile")
	if not os.path.isfile(path):
		known = sorted(os.path.basename(p)[:-len(".profile")] for p in glob.glob(f"{PROFILES}/*.profile"))
		raise ToolError(f"--model {name}: no such profile; there are: {' '.join(known)}")
	return os.path.abspath(path)


def check(options):
	"""ToolError for what cannot be modelled, before anything is built."""
	if not options.model:
		return
	if options.icount or options.gdb:
		raise ToolError("--model: not together with --icount or --gdb")
	if options.accel == "kvm":
		raise ToolError("--model: only under translation, not with --accel kvm")
	if options.cores > MAX_CORES:
		raise ToolError(f"--model: at most {MAX_CORES} cores")
	profile_path(options.model.split(",")[0])
	for setting in options.model.split(",")[1:]:
		if not re.fullmatch(r"[a-z0-9_]+=[^,]+", setting):
			raise ToolError(f"--model: {setting!r} is not NAME=VALUE")


def kernel_words(options):
	"""Linux's command line: what it would find out by itself on a machine, and cannot under emulation (docs/model.md)."""
	if options.kernel != "linux":
		return []
	with open(profile_path(options.model.split(",")[0])) as file:
		mhz = re.findall(r"(?m)^\s*mhz\s*=\s*(\d+)", file.read()) + re.findall(r",mhz=(\d+)", options.model)
	return ["idle=halt", "nokaslr", "tsc=reliable", *(f"tsc_early_khz={value}000" for value in mhz[-1:])]


def qemu():
	"""The QEMU the plugin is written for, and its data directory."""
	program = os.path.join(fetch.fetch("qemu")[1], "usr", "bin", "qemu-system-x86_64")
	data = os.path.join(fetch.fetch("qemudata")[1], "usr", "share", "qemu")
	done = subprocess.run([program, "--version"], capture_output=True, text=True)
	version = re.search(r"version (\S+)", done.stdout)
	if not version:
		why = (done.stderr.strip().splitlines() or ["it says no version"])[-1]
		raise ToolError(f"the model's QEMU does not start: {why}")
	if not version.group(1).startswith(VERSION):
		raise ToolError(f"the model works inside QEMU {VERSION}x and this is {version.group(1)} (docs/model.md)")
	return [program, "-L", data, "-L", "/usr/share/seabios"]


def acceleration():
	return ["-accel", f"tcg,thread=single,tb-size={CODE_CACHE}"]


def plugin(options):
	"""The words that load the model into QEMU. Builds it."""
	build.make("model", extra=True)
	name, *settings = options.model.split(",")
	settings = [f"profile={profile_path(name)}", f"nodes={options.nodes}", f"memory_mib={options.memory >> 20}", *settings]
	return ["-plugin", ",".join([PLUGIN, *settings])]
