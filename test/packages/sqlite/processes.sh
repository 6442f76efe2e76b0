# SPDX-License-Identifier: MIT OR Apache-2.0
# One database in write-ahead mode: processes write, others read what must always add up, one makes checkpoints.
sqlite3 bank 'PRAGMA journal_mode=WAL; CREATE TABLE account(id INTEGER PRIMARY KEY, money);
	INSERT INTO account SELECT value, 100 FROM json_each("[1,2,3,4,5,6,7,8]")'
for who in 1 2 3; do
	for i in $(seq 8); do
		echo "BEGIN IMMEDIATE; UPDATE account SET money = money - $i WHERE id = $who;
			UPDATE account SET money = money + $i WHERE id = $((who + i % 5 + 1)); COMMIT;"
	done | sqlite3 -cmd '.timeout 60000' bank 2>&1 &
done
for reader in 1 2; do
	for i in $(seq 6); do echo "SELECT sum(money) FROM account;"; done | sqlite3 -cmd '.timeout 60000' bank 2>&1 &
done >sums
sqlite3 -cmd '.timeout 60000' bank 'PRAGMA wal_checkpoint(PASSIVE)' 'PRAGMA wal_checkpoint(PASSIVE)' >/dev/null &
wait
sort -u sums; wc -l <sums
sqlite3 bank 'SELECT * FROM account; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA integrity_check; PRAGMA journal_mode=DELETE'; ls
