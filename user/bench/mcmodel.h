/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What memcached has to answer. A connection has keys of its own, so the order of its requests alone decides what
 * they hold; the model keeps that, and with each request it makes the exact bytes of the one right answer.
 *
 * A key is either a value, whose bytes follow from its seed, or (every fourth) a counter. 0 means that it is not there.
 */
#ifndef NROS_BENCH_MCMODEL_H
#define NROS_BENCH_MCMODEL_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MC_VALUE_MAX = 16384, MC_LINE_MAX = 128, MC_BYTES = MC_VALUE_MAX + 2 * MC_LINE_MAX };

struct mc_message {
	size_t size;
	char bytes[MC_BYTES];
};

struct mc_model {
	uint64_t random;		/* this connection's generator: the same seed makes the same requests */
	uint64_t space;			/* first part of the names of its keys */
	uint32_t number, keys, value_max;
	uint64_t *held;			/* per key: seed of the value, or the counter + 1 */
};

static inline uint64_t mc_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline int mc_is_counter(uint32_t key)
{
	return key % 4 == 3;
}

__attribute__((format(printf, 2, 3)))
static inline void mc_text(struct mc_message *m, const char *format, ...)
{
	__builtin_va_list list;

	__builtin_va_start(list, format);
	m->size += vsnprintf(m->bytes + m->size, MC_LINE_MAX, format, list);
	__builtin_va_end(list);
}

static inline uint32_t mc_value_size(const struct mc_model *model, uint64_t seed)
{
	return 1 + (seed >> 20) % model->value_max;
}

static inline void mc_value(struct mc_message *m, const struct mc_model *model, uint64_t seed)
{
	uint32_t size = mc_value_size(model, seed);

	for (uint32_t i = 0; i < size; i += sizeof(seed)) {
		memcpy(m->bytes + m->size + i, &seed, sizeof(seed));	/* may pass the end by 7: text follows */
		mc_next(&seed);
	}
	m->size += size;
	mc_text(m, "\r\n");
}

static inline void mc_key(struct mc_message *m, const struct mc_model *model, const char *verb, uint32_t key)
{
	mc_text(m, "%s s%" PRIx64 "c%uk%u", verb, model->space, model->number, key);
}

static inline void mc_get(struct mc_model *model, uint32_t key, struct mc_message *ask, struct mc_message *answer)
{
	uint64_t held = model->held[key];
	char digits[24];

	mc_key(ask, model, "get", key);
	mc_text(ask, "\r\n");
	if (held && mc_is_counter(key)) {
		int size = snprintf(digits, sizeof(digits), "%" PRIu64, held - 1);
		mc_key(answer, model, "VALUE", key);
		mc_text(answer, " 0 %d\r\n%s\r\n", size, digits);
	} else if (held) {
		mc_key(answer, model, "VALUE", key);
		mc_text(answer, " %u %u\r\n", (unsigned)(held & 0xffff), mc_value_size(model, held));
		mc_value(answer, model, held);
	}
	mc_text(answer, "END\r\n");
}

static inline void mc_set(struct mc_model *model, uint32_t key, struct mc_message *ask, struct mc_message *answer)
{
	uint64_t seed = mc_next(&model->random);
	char digits[24];

	mc_key(ask, model, "set", key);
	if (mc_is_counter(key)) {
		seed = 1 + seed % 1000000;
		int size = snprintf(digits, sizeof(digits), "%" PRIu64, seed - 1);
		mc_text(ask, " 0 0 %d\r\n%s\r\n", size, digits);
	} else {
		mc_text(ask, " %u 0 %u\r\n", (unsigned)(seed & 0xffff), mc_value_size(model, seed));
		mc_value(ask, model, seed);
	}
	model->held[key] = seed;
	mc_text(answer, "STORED\r\n");
}

static inline void mc_delete(struct mc_model *model, uint32_t key, struct mc_message *ask, struct mc_message *answer)
{
	mc_key(ask, model, "delete", key);
	mc_text(ask, "\r\n");
	mc_text(answer, model->held[key] ? "DELETED\r\n" : "NOT_FOUND\r\n");
	model->held[key] = 0;
}

static inline void mc_incr(struct mc_model *model, uint32_t key, struct mc_message *ask, struct mc_message *answer)
{
	uint32_t by = 1 + mc_next(&model->random) % 1000;

	key = (key | 3) < model->keys ? key | 3 : 3;
	mc_key(ask, model, "incr", key);
	mc_text(ask, " %u\r\n", by);
	if (model->held[key]) {
		model->held[key] += by;
		mc_text(answer, "%" PRIu64 "\r\n", model->held[key] - 1);
	} else {
		mc_text(answer, "NOT_FOUND\r\n");
	}
}

/* The next request and its answer: of a hundred, 65 get, 20 set, 5 delete, 10 incr. */
static inline void mc_request(struct mc_model *model, struct mc_message *ask, struct mc_message *answer)
{
	uint32_t what = mc_next(&model->random) % 100, key = mc_next(&model->random) % model->keys;

	ask->size = answer->size = 0;
	if (what < 65)
		mc_get(model, key, ask, answer);
	else if (what < 85)
		mc_set(model, key, ask, answer);
	else if (what < 90)
		mc_delete(model, key, ask, answer);
	else
		mc_incr(model, key, ask, answer);
}

#endif
