-- SPDX-License-Identifier: MIT OR Apache-2.0
-- Import, export, dump, attach, backup, blobs in files.
CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 'x'), (2, 'y "q"');
.mode csv
.once out.csv
SELECT * FROM t;
CREATE TABLE u(a, b);
.import out.csv u
SELECT * FROM u;
.mode list
.backup other.db
ATTACH 'other.db' AS o; INSERT INTO o.t SELECT a + 10, b FROM main.t; SELECT count(*) FROM o.t; DETACH o;
SELECT writefile('blob', zeroblob(100000)), length(readfile('blob'));
.dump t
.restore other.db
SELECT count(*) FROM t;
.shell ls; cat out.csv; sqlite3 other.db 'PRAGMA integrity_check'; head -c 15 other.db; sqlite3 blob 'select 1 from sqlite_master' 2>&1
