-- SPDX-License-Identifier: MIT OR Apache-2.0
-- A database in write-ahead mode: transactions, checkpoints, integrity.
PRAGMA journal_mode=WAL;
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO t SELECT i, 'name' || (i * 7919 % 5000), i / 7.0 FROM n;
COMMIT;
CREATE INDEX by_name ON t(name);
SELECT count(*), sum(id), round(sum(value), 3) FROM t;
SELECT * FROM t WHERE name = 'name4242';
EXPLAIN QUERY PLAN SELECT * FROM t WHERE name = 'name4242';
BEGIN; DELETE FROM t WHERE id % 2 = 0; SELECT count(*) FROM t; ROLLBACK;
SELECT count(*) FROM t;
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA integrity_check;
.shell ls
