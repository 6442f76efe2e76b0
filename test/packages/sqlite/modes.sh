# SPDX-License-Identifier: MIT OR Apache-2.0
# Every kind of journal, with either kind of lock and size of pages: what is written is whole, and what is left on the disk.
for mode in delete truncate persist memory wal off; do
	case $mode in delete | memory | wal) kind=normal.512 ;; *) kind=exclusive.65536 ;; esac
	sqlite3 $mode.$kind <<-END
		PRAGMA page_size=${kind#*.}; PRAGMA locking_mode=${kind%.*}; PRAGMA journal_mode=$mode; PRAGMA synchronous=FULL;
		CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(randomblob(9000)), (2); COMMIT;
		BEGIN; DELETE FROM t; INSERT INTO t SELECT value FROM json_each('[1,2,3]'); COMMIT;
		SELECT sum(x) FROM t; PRAGMA integrity_check; PRAGMA page_size;
	END
	sqlite3 $mode.$kind 'SELECT sum(x) FROM t; PRAGMA journal_mode'
	ls $mode.$kind*
done
