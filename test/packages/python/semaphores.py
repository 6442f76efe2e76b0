# SPDX-License-Identifier: MIT OR Apache-2.0
# What multiprocessing makes of named semaphores and shared memory: locks, events, queues, segments with names.
import multiprocessing as mp, os
from multiprocessing import shared_memory

mp.set_start_method("fork")

def count(lock, value, times):
    for _ in range(times):
        with lock:
            value.value += 1

def reply(questions, answers):
    for question in iter(questions.get, None):
        answers.put((question, question ** 2))

lock, value = mp.Lock(), mp.Value("i", 0, lock=False)
workers = [mp.Process(target=count, args=(lock, value, 200)) for _ in range(4)]
[w.start() for w in workers], [w.join(60) for w in workers]
print(value.value, [w.exitcode for w in workers])
questions, answers = mp.Queue(), mp.Queue()
workers = [mp.Process(target=reply, args=(questions, answers)) for _ in range(3)]
[w.start() for w in workers]
[questions.put(n) for n in range(30)], [questions.put(None) for _ in workers]
print(sorted(answers.get(timeout=60) for _ in range(30))[-3:])
[w.join(60) for w in workers]
event, gate = mp.Event(), mp.Semaphore(2)
waiter = mp.Process(target=lambda: os._exit(7 if event.wait(60) else 8))
waiter.start(), event.set(), waiter.join(60)
print(waiter.exitcode, gate.acquire(), gate.acquire(), gate.acquire(timeout=0.05), gate.release())
barrier = mp.Barrier(3)
workers = [mp.Process(target=lambda: os._exit(0 if barrier.wait(60) in range(3) else 1)) for _ in range(3)]
[w.start() for w in workers], [w.join(60) for w in workers]
print([w.exitcode for w in workers])
memory = shared_memory.SharedMemory(create=True, size=100000)
memory.buf[:5] = b"first"

def change(name):
    other = shared_memory.SharedMemory(name)
    print(bytes(other.buf[:5]), other.size == memory.size, flush=True)
    other.buf[99999] = 42
    other.close()

child = mp.Process(target=change, args=(memory.name,))
child.start(), child.join(60)
print(memory.buf[99999], os.path.exists("/dev/shm/" + memory.name.lstrip("/")))
memory.close(), memory.unlink()
try:
    shared_memory.SharedMemory(memory.name)
except FileNotFoundError as e:
    print(e.strerror)
killed = mp.Process(target=lambda: event.clear() or event.wait(600))
killed.start(), killed.terminate(), killed.join(60)
print(killed.exitcode, mp.active_children())
