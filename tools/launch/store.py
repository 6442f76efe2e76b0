# SPDX-License-Identifier: MIT OR Apache-2.0
"""Images from Debian packages, kept by the set of packages asked for.

build/image/KEY.cpio is the root's archive and KEY.lock says what is in it: a first line with the names
asked for, then one line for each package: name, version, sha256. KEY is a hash of the names and
of the code that makes images. A file appears whole or not at all; who finds another tool at work on
the same image waits for it and uses what it made.
"""

import glob
import hashlib
import os

import debroot
import packages
import recipes
from base import BUILD, ROOT, ToolError, build_path, exclusive, say

CODE = ("bytecode.py", "cpio.py", "debroot.py", "packages.py", "recipes.py")
KEY_LENGTH = 12


class Image:
	def __init__(self, key):
		self.key = key
		self.cpio, self.lock = (build_path("image", f"{key}.{kind}") for kind in ("cpio", "lock"))

	def exists(self):
		return os.path.exists(self.cpio) and os.path.exists(self.lock)

	def read_lock(self):
		"""The names asked for, and {package: version}."""
		with open(self.lock) as file:
			first, *lines = file.read().splitlines()
		return first.split(), dict(line.split()[:2] for line in lines)

	def describe(self):
		names, versions = self.read_lock()
		size = os.path.getsize(self.cpio) / 1e6
		return f"{self.key}  {size:.0f} MB  {', '.join(f'{name} {versions[name]}' for name in names)}"

	def remove(self):
		for path in (self.lock, self.cpio):
			if os.path.exists(path):
				os.unlink(path)


def image_for(names):
	digest = hashlib.sha256(" ".join(names).encode())
	for name in CODE:
		with open(os.path.join(ROOT, "tools", "launch", name), "rb") as file:
			digest.update(file.read())
	return Image(digest.hexdigest()[:KEY_LENGTH])


def replace(path, write, mode="w"):
	"""Let `write` fill a file that then takes the place of `path`."""
	partial = f"{path}.{os.getpid()}.part"
	try:
		with open(partial, mode) as out:
			write(out)
		os.replace(partial, path)
	finally:
		if os.path.exists(partial):
			os.unlink(partial)


def locked_text(names, found):
	lines = [f"{item.name} {item.version} {item.sha256}\n" for item in found]
	return " ".join(names) + "\n" + "".join(lines)


def sweep(image):
	"""What a tool that was killed at work on this image has left."""
	for path in glob.glob(glob.escape(image.cpio.removesuffix("cpio")) + "*.part"):
		os.unlink(path)


def make(image, names, fresh):
	sweep(image)
	debian, own = recipes.split(names)
	found = packages.resolve(debian, fresh)
	built = [recipes.package(name) for name in own]
	text = locked_text(names, found + built)
	if image.exists():
		with open(image.lock) as file:
			if file.read() == text:
				return
	say(f"making an image of {len(found) + len(built)} packages")
	archive = debroot.build(found)
	for item in built:
		archive.tree("", item.file)
	replace(image.cpio, archive.write, "wb")
	replace(image.lock, lambda out: out.write(text))
	say(f"image {image.describe()}")


def get(names, fresh=False):
	"""The image with these packages, made if it is not there; `fresh` asks the archive for newer versions."""
	names = sorted(set(names))
	image = image_for(names)
	if fresh or not image.exists():
		with exclusive(f"image-{image.key}"):
			if fresh or not image.exists():
				with exclusive("packages"):
					make(image, names, fresh)
	return image


def all_images():
	keys = (name.removesuffix(".lock") for name in os.listdir(os.path.join(BUILD, "image")) if name.endswith(".lock"))
	return [image for image in map(Image, sorted(keys)) if image.exists()]


def find(word):
	"""The images a word of `nros image rm` means: a key, or the names asked for joined by commas."""
	found = [image for image in all_images()
	         if word == image.key or sorted(word.split(",")) == image.read_lock()[0]]
	if not found:
		raise ToolError(f"no image {word} (./nros image list)")
	return found
