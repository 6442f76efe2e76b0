# SPDX-License-Identifier: MIT OR Apache-2.0
# Children: pipes, statuses, signals, timeouts, sessions, environment.
import os, signal, subprocess, sys

run = lambda *a, **k: subprocess.run(*a, **{"capture_output": True, "text": True, **k})
print(run(["sh", "-c", "echo out; echo err >&2; exit 3"]))
print(run(["cat"], input="x" * 200000).stdout == "x" * 200000)
print(run("kill -9 $$", shell=True).returncode, run(["env"], env={"A": "1"}).stdout)
try:
    run(["sleep", "10"], timeout=0.1)
except subprocess.TimeoutExpired as e:
    print("timeout", e.cmd)
try:
    run(["/no/such"])
except FileNotFoundError as e:
    print(e)
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; print('up', flush=True); time.sleep(10)"], stdout=subprocess.PIPE)
print(child.stdout.readline())
child.terminate()
print(child.wait(), os.getpgid(0) == os.getpgrp())
p = subprocess.Popen(["sh", "-c", "ps >/dev/null 2>&1; sleep 5"], start_new_session=True)
os.killpg(p.pid, signal.SIGTERM)
print(p.wait())
a = subprocess.Popen(["seq", "1000"], stdout=subprocess.PIPE)
b = subprocess.Popen(["tail", "-n", "1"], stdin=a.stdout, stdout=subprocess.PIPE)
a.stdout.close()
print(b.communicate(), a.wait())
pid = os.posix_spawn("/bin/true", ["true"], {})
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid = os.fork()
if pid == 0:
    os._exit(42)
print(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
