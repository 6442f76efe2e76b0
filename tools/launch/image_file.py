# SPDX-License-Identifier: MIT OR Apache-2.0
"""`nros image [--rootfs PATH] [--add PATH]... FILE`: write the root archive that a run would boot."""

import build
import image
import options as run_options
from base import ToolError, say


def main(arguments):
	options = run_options.parse(arguments, terminal=False)
	if len(options.program) != 1 or options.program == ["sh"]:
		raise ToolError("usage: ./nros image [--rootfs PATH] [--add PATH]... FILE")
	target, options.program = options.program[0], ["sh"]
	build.make("image")
	try:
		image.write_run(target, options, "pipe")
	except OSError as error:
		raise ToolError(f"{target}: {error.strerror}")
	say(f"wrote {target}")
	return 0
