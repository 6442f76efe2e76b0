-- SPDX-License-Identifier: MIT OR Apache-2.0
-- Joins, windows, common tables, JSON, text search, date functions.
CREATE TABLE e(id, boss, name, pay);
INSERT INTO e VALUES(1,NULL,'ann',90),(2,1,'bob',60),(3,1,'cat',70),(4,2,'dan',40),(5,2,'eve',50);
WITH RECURSIVE c(id, name, depth) AS (SELECT id, name, 0 FROM e WHERE boss IS NULL UNION ALL
  SELECT e.id, e.name, depth + 1 FROM e JOIN c ON e.boss = c.id) SELECT substr('....', 1, depth) || name FROM c ORDER BY id;
SELECT name, rank() OVER (ORDER BY pay DESC), sum(pay) OVER (ORDER BY id ROWS 1 PRECEDING), lag(name) OVER (ORDER BY id) FROM e;
SELECT b.name, group_concat(e.name), avg(e.pay) FROM e LEFT JOIN e b ON e.boss = b.id GROUP BY b.name ORDER BY 1;
SELECT json_extract('{"a":[1,{"b":2}]}', '$.a[1].b'), json_group_array(name) FROM e;
SELECT date('2024-02-29', '+1 year'), julianday('2000-01-01'), strftime('%W', '2024-12-31'), datetime(0, 'unixepoch');
CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES('the quick fox'),('lazy dogs'); SELECT * FROM f WHERE f MATCH 'qui*';
CREATE TRIGGER tr AFTER UPDATE ON e BEGIN INSERT INTO e VALUES(99, NULL, 'log', new.pay); END; UPDATE e SET pay = pay + 1 WHERE id = 4; SELECT * FROM e WHERE id = 99;
SELECT hex(randomblob(4)) <> hex(randomblob(4)), typeof(1.5), printf('%05d %x', 42, 255), quote('it''s'), 9223372036854775807 + 1;
SELECT * FROM none; SELECT 1 +; SELECT abs(-9223372036854775808);
