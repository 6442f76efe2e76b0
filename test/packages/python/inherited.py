# SPDX-License-Identifier: MIT OR Apache-2.0
# Running totals through a chain of processes: pipes, named pipes, a file that all append to.
import os, subprocess, sys

os.mkfifo("fifo")
if os.fork() == 0:
    with open("fifo", "w") as f:
        for n in range(2000):
            f.write(f"{n}\n")
    os._exit(0)
with open("fifo") as f:
    print(sum(map(int, f)))
os.wait()
fd = os.open("log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
for who in range(5):
    if os.fork() == 0:
        for n in range(100):
            os.write(fd, f"{who} {n:03}\n".encode())
        os._exit(0)
for _ in range(5):
    os.wait()
lines = open("log").read().splitlines()
print(len(lines), all([l for l in lines if l[0] == str(w)] == [f"{w} {n:03}" for n in range(100)] for w in range(5)))
shared = os.open("log", os.O_RDONLY)
parts = []
for _ in range(4):
    r, w = os.pipe()
    if os.fork() == 0:
        os.write(w, os.read(shared, 300))
        os._exit(0)
    os.wait()
    parts.append(os.read(r, 1000))
print([len(p) for p in parts], b"".join(parts) == open("log", "rb").read(1200), os.lseek(shared, 0, os.SEEK_CUR))
stages = 12
previous = subprocess.Popen(["seq", "5000"], stdout=subprocess.PIPE)
for _ in range(stages):
    following = subprocess.Popen(["cat"], stdin=previous.stdout, stdout=subprocess.PIPE)
    previous.stdout.close()
    previous = following
print(len(previous.stdout.read()), previous.wait())
