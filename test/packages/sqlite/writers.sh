# SPDX-License-Identifier: MIT OR Apache-2.0
# Several processes write to one database, with both kinds of journals.
for mode in wal delete; do
	sqlite3 db.$mode "PRAGMA journal_mode=$mode; CREATE TABLE t(who, n)"
	for who in 1 2 3 4; do
		for n in $(seq 1 5); do echo ".timeout 30000
INSERT INTO t VALUES($who, $n);"; done | sqlite3 db.$mode 2>&1 &
	done
	wait
	sqlite3 db.$mode 'SELECT who, count(*), sum(n) FROM t GROUP BY who; PRAGMA integrity_check'
done
