# SPDX-License-Identifier: MIT OR Apache-2.0
# Readers and writers in one process and in two: who is locked out, and for how long.
import os, sqlite3, threading

a, b = (sqlite3.connect("db", timeout=0.05, isolation_level=None) for _ in range(2))
a.execute("CREATE TABLE t(x)")
a.execute("BEGIN IMMEDIATE"), a.execute("INSERT INTO t VALUES(1)")
print(b.execute("SELECT count(*) FROM t").fetchone())
try:
    b.execute("INSERT INTO t VALUES(2)")
except sqlite3.OperationalError as e:
    print(e)
pid = os.fork()
if pid == 0:
    c = sqlite3.connect("db", timeout=0.05)
    try:
        c.execute("INSERT INTO t VALUES(3)")
    except sqlite3.OperationalError as e:
        print("child:", e, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
a.execute("COMMIT")
print(b.execute("SELECT count(*) FROM t").fetchone(), a.execute("PRAGMA journal_mode=WAL").fetchone())

def fill(n):
    mine = sqlite3.connect("db", timeout=30)
    for i in range(5):
        with mine:
            mine.execute("INSERT INTO t VALUES(?)", (n * 100 + i,))

threads = [threading.Thread(target=fill, args=(n,)) for n in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
print(a.execute("SELECT count(*), sum(x) FROM t").fetchone(), a.execute("PRAGMA integrity_check").fetchone())
