# SPDX-License-Identifier: MIT OR Apache-2.0
# Pools of processes: results in order, exceptions that come back, a worker that dies.
import concurrent.futures as cf, multiprocessing as mp, os

def square(n):
    return n * n

def wrong(n):
    return 1 // (n - 3)

def die(_):
    os._exit(1)

if __name__ == "__main__":
    with mp.get_context("fork").Pool(3) as pool:
        print(pool.map(square, range(20)), sum(pool.imap_unordered(square, range(100), 7)), pool.apply(square, (9,)))
        print(pool.starmap(divmod, [(7, 2), (9, 4)]))
        try:
            pool.map(wrong, range(5))
        except ZeroDivisionError as e:
            print(type(e).__name__, e)
    with cf.ProcessPoolExecutor(2, mp_context=mp.get_context("fork")) as pool:
        print(list(pool.map(square, range(10), chunksize=3)))
        futures = [pool.submit(wrong, n) for n in range(5)]
        print([type(f.exception()).__name__ for f in futures])
        try:
            list(pool.map(die, range(2)))
        except cf.process.BrokenProcessPool as e:
            print(type(e).__name__)
