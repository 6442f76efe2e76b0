-- SPDX-License-Identifier: MIT OR Apache-2.0
-- Files that grow and shrink under a mapping; incremental vacuum; a limit on pages; a damaged page is found.
PRAGMA auto_vacuum=INCREMENTAL; PRAGMA mmap_size=10000000;
CREATE TABLE t(x); INSERT INTO t SELECT zeroblob(3000) FROM json_each('[1,2,3,4,5,6,7,8,9,10]') a, json_each('[1,2,3,4,5,6,7,8,9,10]');
SELECT count(*), sum(length(x)) FROM t; DELETE FROM t WHERE rowid > 10; PRAGMA freelist_count; PRAGMA incremental_vacuum(50); PRAGMA page_count;
PRAGMA incremental_vacuum; PRAGMA page_count;
PRAGMA max_page_count=20; INSERT INTO t SELECT zeroblob(300000); SELECT count(*) FROM t; PRAGMA integrity_check;
.shell cp database damaged; printf 'damaged' | dd of=damaged bs=1 seek=12300 conv=notrunc status=none; sqlite3 damaged 'PRAGMA integrity_check' 2>&1 | head -n 3 | cut -c 1-20
.shell truncate -s 6000 damaged; sqlite3 damaged 'SELECT sum(length(x)) FROM t' 2>&1; : >empty; sqlite3 empty 'PRAGMA integrity_check'; sqlite3 none/db 'SELECT 1; CREATE TABLE t(x)' 2>&1; sqlite3 -readonly empty 'CREATE TABLE t(x)' 2>&1
