# SPDX-License-Identifier: MIT OR Apache-2.0
# A database in memory and one on a temporary file; many rows; user functions; blobs.
import hashlib, sqlite3

for name in (":memory:", "", "file.db"):
    db = sqlite3.connect(name)
    db.create_function("md5", 1, lambda x: hashlib.md5(x).hexdigest())
    db.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB)")
    with db:
        db.executemany("INSERT INTO t(x) VALUES(?)", ((bytes([i % 256]) * i,) for i in range(500)))
    print(db.execute("SELECT count(*), sum(length(x)), md5(max(x)) FROM t").fetchone())
    db.execute("PRAGMA mmap_size=100000000"), db.execute("PRAGMA cache_size=10")
    print(db.execute("SELECT length(x) FROM t ORDER BY md5(x) LIMIT 3").fetchall())
    db.execute("DELETE FROM t WHERE id % 3"), db.commit(), db.execute("VACUUM")
    print(db.execute("PRAGMA integrity_check").fetchone(), db.total_changes)
