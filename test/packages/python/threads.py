# SPDX-License-Identifier: MIT OR Apache-2.0
# Threads, locks, conditions, queues, thread-local data, a pool.
import queue, threading
from concurrent.futures import ThreadPoolExecutor

total, lock = 0, threading.Lock()

def add():
    global total
    for _ in range(500):
        with lock:
            total += 1

workers = [threading.Thread(target=add) for _ in range(8)]
[w.start() for w in workers], [w.join() for w in workers]
print(total)
jobs, results = queue.Queue(4), queue.Queue()

def serve():
    while (n := jobs.get()) is not None:
        results.put(n * n)

servers = [threading.Thread(target=serve) for _ in range(3)]
[s.start() for s in servers]
[jobs.put(n) for n in range(100)], [jobs.put(None) for _ in servers], [s.join() for s in servers]
print(sum(results.get() for _ in range(100)))
local = threading.local()

def mine(n):
    local.value = n
    barrier.wait(10)
    return local.value == n

barrier = threading.Barrier(4)
with ThreadPoolExecutor(4) as pool:
    print(all(pool.map(mine, range(4))))
event, got = threading.Event(), []
waiter = threading.Thread(target=lambda: got.append(event.wait(10)))
waiter.start(), event.set(), waiter.join()
print(got, threading.Event().wait(0.01), lock.acquire(timeout=1), lock.acquire(timeout=0.01))
timer = threading.Timer(0.05, lambda: print("timer"))
timer.start(), timer.join()
print(threading.active_count())
