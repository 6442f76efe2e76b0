# SPDX-License-Identifier: MIT OR Apache-2.0
# Every kind of journal with every kind of lock and of page: what is written is whole, and what is left on the disk.
for mode in delete truncate persist memory wal off; do
	for lock in normal exclusive; do
		for page in 512 4096 65536; do
			sqlite3 $mode.$lock.$page <<-END | tr '\n' ' '
				PRAGMA page_size=$page; PRAGMA locking_mode=$lock; PRAGMA journal_mode=$mode; PRAGMA synchronous=FULL;
				CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(randomblob(9000)), (2); COMMIT;
				BEGIN; DELETE FROM t; INSERT INTO t SELECT value FROM json_each('[1,2,3]'); COMMIT;
				SELECT sum(x) FROM t; PRAGMA integrity_check; PRAGMA page_size;
			END
			sqlite3 $mode.$lock.$page 'SELECT sum(x) FROM t; PRAGMA journal_mode' | tr '\n' ' '
			ls $mode.$lock.$page*
		done
	done
done
