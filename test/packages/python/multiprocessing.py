# SPDX-License-Identifier: MIT OR Apache-2.0
# Processes that share memory, queues and pipes.
import multiprocessing as mp, os

def square(n):
    return n * n

def child(conn, value, array):
    conn.send(("hello", os.getppid() > 1))
    with value.get_lock():
        value.value += 7
    for i in range(len(array)):
        array[i] += i
    conn.close()

context = mp.get_context("fork")
ours, theirs = os.pipe()
value, array = context.RawValue("i", 1), context.RawArray("i", 8)
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        for i in range(8):
            array[i] += i
        value.value += 7
        os.write(theirs, b"x")
        os._exit(0)
    os.waitpid(pid, 0)
print(value.value, list(array), os.read(ours, 10))
