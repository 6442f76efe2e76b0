# SPDX-License-Identifier: MIT OR Apache-2.0
# Exceptions, exit statuses, tracebacks, recursion, being killed.
import subprocess, sys

for code in ("raise SystemExit(3)", "1/0", "import os; os.abort()", "import sys; sys.exit('message')",
             "def f(): f()\nf()", "import os; os.kill(os.getpid(), 9)", "open('/none')", "import ctypes; ctypes.string_at(8)",
             "import faulthandler, ctypes; faulthandler.enable(); ctypes.string_at(8)", "print('no newline', end='')",
             "import atexit; atexit.register(print, 'bye'); raise KeyboardInterrupt", "syntax error"):
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    error = done.stderr.splitlines()
    print(repr(code), done.returncode, repr(done.stdout), error[0] if "faulthandler" in code else error[-1:])
