# SPDX-License-Identifier: MIT OR Apache-2.0
"""`nros image`: the images of packages, and writing a root archive to a file.

	nros image build [--fresh] NAME...        make the image with these packages (--fresh: with their newest versions)
	nros image list                           key, size, packages and versions of each image
	nros image rm KEY|NAME[,NAME...]|--all    forget images
	nros image [OPTIONS of run] FILE          write the root archive that such a run would boot
"""

import build
import image
import options as run_options
import packages
import store
from base import ToolError, say

USAGE = ("usage: ./nros image build [--fresh] PACKAGE... | list | rm KEY|PACKAGE[,PACKAGE...]|--all | "
         "[--package NAME] [--rootfs PATH] [--add PATH]... FILE")


def build_image(arguments):
	names = [word for word in arguments if word != "--fresh"]
	if not names or any(name.startswith("-") for name in names):
		raise ToolError(USAGE)
	for name in names:
		run_options.parse(["--package", name], terminal=False)
	made = store.get(names, fresh="--fresh" in arguments)
	print(made.describe())
	return 0


def list_images(arguments):
	if arguments:
		raise ToolError(USAGE)
	for made in store.all_images():
		print(made.describe())
	return 0


def remove(arguments):
	if not arguments:
		raise ToolError(USAGE)
	if arguments == ["--all"]:
		packages.forget_downloads()
		found = store.all_images()
	else:
		found = [made for word in arguments for made in store.find(word)]
	for made in found:
		made.remove()
	return 0


def write_file(arguments):
	options = run_options.parse(arguments, terminal=False)
	if len(options.program) != 1 or options.program == ["sh"]:
		raise ToolError(USAGE)
	target, options.program = options.program[0], ["sh"]
	build.make("image")
	try:
		image.write_run(target, options, "pipe")
	except OSError as error:
		raise ToolError(f"{target}: {error.strerror}")
	say(f"wrote {target}")
	return 0


COMMANDS = {"build": build_image, "list": list_images, "rm": remove}


def main(arguments):
	return COMMANDS.get((arguments or [""])[0], lambda _: write_file(arguments))(arguments[1:])
