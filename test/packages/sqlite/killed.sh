# SPDX-License-Identifier: MIT OR Apache-2.0
# A writer is killed in the middle of transactions; what it had committed is there, nothing else.
for mode in wal delete; do
	sqlite3 db "PRAGMA journal_mode=$mode; CREATE TABLE IF NOT EXISTS t(a, b)" >/dev/null
	(while :; do echo "BEGIN; INSERT INTO t VALUES(1, 2); INSERT INTO t VALUES(1, 2); COMMIT;"; done) | sqlite3 db & pid=$!
	sleep 0.5; kill -9 $pid; wait $pid 2>/dev/null
	sqlite3 db '.timeout 10000' 'SELECT count(*) % 2 FROM t; PRAGMA integrity_check; DELETE FROM t'
done
