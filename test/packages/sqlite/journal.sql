-- SPDX-License-Identifier: MIT OR Apache-2.0
-- Rollback journals of each kind, savepoints, foreign keys, vacuum.
PRAGMA foreign_keys=ON;
CREATE TABLE a(id INTEGER PRIMARY KEY); CREATE TABLE b(a REFERENCES a(id) ON DELETE CASCADE, x TEXT UNIQUE);
INSERT INTO a VALUES(1),(2); INSERT INTO b VALUES(1,'p'),(2,'q');
INSERT INTO b VALUES(9,'r');
INSERT INTO b VALUES(1,'p');
PRAGMA journal_mode=PERSIST; SAVEPOINT s; DELETE FROM a WHERE id = 1; SELECT * FROM b; ROLLBACK TO s; RELEASE s; SELECT * FROM b;
PRAGMA journal_mode=TRUNCATE; UPDATE b SET x = x || '!';
PRAGMA journal_mode=MEMORY; DELETE FROM a WHERE id = 2; SELECT count(*) FROM b;
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; INSERT INTO a SELECT id + 10 FROM a;
VACUUM;
PRAGMA integrity_check; PRAGMA foreign_key_check; PRAGMA page_count;
.shell ls
