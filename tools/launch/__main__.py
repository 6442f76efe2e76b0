# SPDX-License-Identifier: MIT OR Apache-2.0
"""The tool behind ./nros: `python3 tools/launch COMMAND ARGUMENTS`. One module per command."""

import importlib
import sys

from base import TOOL_ERROR, ToolError, say

COMMANDS = {"run": "run", "build": "build", "test": "tests", "bench": "bench", "image": "image_file",
            "fetch": "fetch", "mkimage": "image"}


def main():
	name, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
	try:
		if name not in COMMANDS:
			raise ToolError(f"no such command: {name}")
		return importlib.import_module(COMMANDS[name]).main(arguments)
	except ToolError as error:
		say(error)
		return TOOL_ERROR
	except KeyboardInterrupt:
		return 128 + 2


sys.exit(main())
