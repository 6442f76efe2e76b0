-- SPDX-License-Identifier: MIT OR Apache-2.0
-- A large transaction with a small cache, so that it spills; taken back, then kept; indexes, sorting in files, vacuum.
PRAGMA cache_size=20; PRAGMA temp_store=FILE; PRAGMA journal_mode=DELETE;
CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, text TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
INSERT INTO t SELECT i, i * 7919 % 10007, printf('%064d', i) FROM n;
SELECT count(*), sum(k) FROM t;
ROLLBACK;
SELECT count(*) FROM sqlite_master, t;
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
INSERT INTO t SELECT i, i * 7919 % 10007, printf('%064d', i) FROM n;
COMMIT;
CREATE INDEX by_k ON t(k); CREATE INDEX by_text ON t(text DESC);
SELECT id FROM t ORDER BY k LIMIT 3; SELECT id FROM t ORDER BY substr(text, 60), id DESC LIMIT 2;
UPDATE t SET text = upper(text) || k WHERE k % 3 = 0; DELETE FROM t WHERE k % 2; SELECT count(*), sum(length(text)) FROM t;
PRAGMA integrity_check; PRAGMA freelist_count; VACUUM; PRAGMA freelist_count; PRAGMA integrity_check;
.shell stat -c '%n %s' *
