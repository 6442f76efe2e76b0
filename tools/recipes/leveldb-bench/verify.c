/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * leveldb-verify DIR: reads a whole LevelDB database with every checksum verified and paranoid checks on.
 *
 * Prints how many entries there are and how many bytes they have. A block whose checksum is wrong, keys
 * out of order, or a database that does not open: one line on standard error and status 1.
 */
#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "leveldb-verify: %s: %s\n", what, why);
	exit(1);
}

static int compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return order ? order : (a_size > b_size) - (a_size < b_size);
}

/* The last key is kept by value: the iterator's memory is its own. */
struct last {
	char *key;
	size_t size;
};

static void check_order(struct last *last, const char *key, size_t size)
{
	if (last->key && compare(last->key, last->size, key, size) >= 0)
		give_up("entries", "keys are out of order");
	last->key = realloc(last->key, size + 1);
	if (!last->key)
		give_up("entries", "no memory");
	memcpy(last->key, key, size);
	last->size = size;
}

static void read_all(leveldb_t *db, const char *name)
{
	leveldb_readoptions_t *options = leveldb_readoptions_create();
	unsigned long long count = 0, bytes = 0;
	struct last last = {NULL, 0};
	char *error = NULL;

	leveldb_readoptions_set_verify_checksums(options, 1);
	leveldb_iterator_t *at = leveldb_create_iterator(db, options);
	for (leveldb_iter_seek_to_first(at); leveldb_iter_valid(at); leveldb_iter_next(at)) {
		size_t key_size, value_size;
		const char *key = leveldb_iter_key(at, &key_size);
		leveldb_iter_value(at, &value_size);
		check_order(&last, key, key_size);
		bytes += key_size + value_size;
		count++;
	}
	leveldb_iter_get_error(at, &error);
	if (error)
		give_up(name, error);
	leveldb_iter_destroy(at);
	leveldb_readoptions_destroy(options);
	free(last.key);
	printf("%llu entries, %llu bytes\n", count, bytes);
}

int main(int argc, char **argv)
{
	leveldb_options_t *options = leveldb_options_create();
	char *error = NULL;

	if (argc != 2) {
		fprintf(stderr, "usage: leveldb-verify DIR\n");
		return 2;
	}
	leveldb_options_set_paranoid_checks(options, 1);
	leveldb_t *db = leveldb_open(options, argv[1], &error);
	if (!db)
		give_up(argv[1], error);
	read_all(db, argv[1]);
	leveldb_close(db);
	leveldb_options_destroy(options);
	return 0;
}
