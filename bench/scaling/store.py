# SPDX-License-Identifier: MIT OR Apache-2.0
"""Points that are measured already, one file each under build/scaling/, named by everything that decides the result.

That is: the kernel's image, scalebench, the plugin, the profile and settings, the machine, the point, and which repetition it
is. A changed kernel is another name, so nothing is ever out of date; deleting the folder forgets everything.
"""

import functools
import hashlib
import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "build", "scaling")


@functools.lru_cache(maxsize=None)
def digest(path):
	with open(path, "rb") as file:
		return hashlib.sha256(file.read()).hexdigest()


class Store:
	def __init__(self, files, settings):
		"""`files`: whose content decides the result; `settings`: words that do."""
		self.ground = [digest(path) for path in files] + list(settings)

	def path(self, machine, point, repetition):
		words = [*self.ground, *map(str, machine), point.curve, str(point.cores), f"{point.length:g}", str(repetition)]
		name = hashlib.sha256("\n".join(words).encode()).hexdigest()[:24]
		return os.path.join(FOLDER, f"{name}.json")

	def get(self, machine, point, repetition):
		try:
			with open(self.path(machine, point, repetition)) as file:
				return json.load(file)
		except (FileNotFoundError, json.JSONDecodeError):
			return None

	def put(self, machine, point, repetition, result):
		path = self.path(machine, point, repetition)
		os.makedirs(FOLDER, exist_ok=True)
		with open(f"{path}.part", "w") as file:
			json.dump(result, file)
		os.replace(f"{path}.part", path)
