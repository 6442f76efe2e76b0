# SPDX-License-Identifier: MIT OR Apache-2.0
# python's sqlite3 module: backups while writing, blobs as files, processes that share, a hot journal that is rolled back.
import os, signal, sqlite3

db = sqlite3.connect("db", timeout=60)
db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB)")
with db:
    db.executemany("INSERT INTO t(x) VALUES(?)", ((bytes([n % 256]) * 500,) for n in range(1000)))
steps = []
with sqlite3.connect("copy") as copy:
    db.backup(copy, pages=50, progress=lambda status, left, total: steps.append(left))
print(len(steps) > 2, copy.execute("SELECT count(*), sum(length(x)) FROM t").fetchone(), open("db", "rb").read() == open("copy", "rb").read())
with db, db.blobopen("t", "x", 7) as blob:
    blob.seek(100), blob.write(b"inside")
print(db.execute("SELECT substr(x, 99, 10) FROM t WHERE id = 7").fetchone(), len(list(db.iterdump())))
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    other = sqlite3.connect("db", isolation_level=None)
    other.execute("PRAGMA cache_size=1"), other.execute("BEGIN IMMEDIATE"), other.execute("UPDATE t SET x = zeroblob(900)")
    os.write(w, b"x")
    signal.pause()
os.read(r, 1)
print(sorted(os.listdir(".")), os.path.getsize("db-journal") > 100000)
os.kill(pid, signal.SIGKILL), os.wait()
print(db.execute("SELECT count(*), sum(length(x)) FROM t").fetchone(), db.execute("PRAGMA integrity_check").fetchone())
db.execute("PRAGMA journal_mode=WAL")
children = []
for who in range(3):
    if (pid := os.fork()) == 0:
        mine = sqlite3.connect("db", timeout=60)
        for n in range(10):
            with mine:
                mine.execute("INSERT INTO t(x) VALUES(?)", (f"{who} {n}",))
        os._exit(0)
    children.append(pid)
print([os.waitpid(pid, 0)[1] for pid in children], db.execute("SELECT count(*) FROM t WHERE length(x) < 10").fetchone())
stopped = sqlite3.connect("db")
stopped.set_progress_handler(lambda: True, 10000)
try:
    stopped.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n").fetchone()
except sqlite3.OperationalError as e:
    print(e)
print(db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone(), db.execute("PRAGMA integrity_check").fetchone())
