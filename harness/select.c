/* Chooses cases by id, glob or filter, splits them into shards, shuffles them. */
#include "harness/select.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "harness/area.h"

#define SMOKE_PER_AREA 2

uint64_t hash_id(const char *id)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *id; id++)
		hash = (hash ^ (unsigned char) *id) * 0x100000001b3;
	return hash;
}

bool shard_has(const struct shard *shard, const char *id)
{
	return !shard->n || hash_id(id) % shard->n == shard->k - 1;
}

int shard_parse(const char *text, struct shard *ret, struct err *err)
{
	const char *slash = strchr(text, '/');
	auto_free char *k = strndup(text, slash ? (size_t) (slash - text) : strlen(text));
	unsigned long long part, parts;

	assert(k);
	if (!slash || text_to_u64(k, &part) < 0 || text_to_u64(slash + 1, &parts) < 0 || part < 1 ||
	    part > parts)
		return fail_text(err, -EINVAL, "shard \"%s\": expected K/N with 1 <= K <= N, as in 2/5",
				 text);
	*ret = (struct shard){ .k = part, .n = parts };
	return 0;
}

static uint64_t hash_case(const struct area *area, const struct conformance_case *c)
{
	auto_text id = { 0 };

	case_id(area, c, &id);
	return hash_id(text_str(&id));
}

bool case_is_smoke(const struct area *area, const struct conformance_case *c)
{
	uint64_t own = hash_case(area, c);
	size_t lower = 0;

	for (size_t i = 0; i < area->count && lower < SMOKE_PER_AREA; i++)
		lower += hash_case(area, &area->cases[i]) < own;
	return lower < SMOKE_PER_AREA;
}

static int chosen(const char *const *selectors, size_t count, const struct selected *item, struct err *err)
{
	if (!count)
		return 1;
	for (size_t i = 0; i < count; i++) {
		int r = selector_matches(selectors[i], item, err);

		if (r)
			return r;
	}
	return 0;
}

int select_cases(const char *const *selectors, size_t count, const struct shard *shard, struct selection *ret,
		 struct err *err)
{
	struct selection selection = { 0 };
	const struct conformance_case *c;
	const struct area *area;

	selection.items = calloc(area_case_count() + 1, sizeof(*selection.items));
	assert(selection.items);
	for (size_t i = 0; (c = area_case_at(i, &area)); i++) {
		auto_text id = { 0 };
		case_id(area, c, &id);
		struct selected item = { .area = area, .c = c, .id = id.data };
		int r = chosen(selectors, count, &item, err);

		if (r < 0) {
			selection_free(&selection);
			return r;
		}
		if (!r || (shard && !shard_has(shard, item.id)))
			continue;
		item.id = text_take(&id);
		selection.items[selection.count++] = item;
	}
	*ret = selection;
	return 0;
}

void selection_free(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		free(selection->items[i].id);
	free(selection->items);
	*selection = (struct selection){ 0 };
}

/* splitmix64: one multiplication chain, good enough to shuffle and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void selection_shuffle(struct selection *selection, uint64_t seed)
{
	for (size_t i = selection->count; i > 1; i--) {
		size_t k = next_random(&seed) % i;
		struct selected held = selection->items[k];

		selection->items[k] = selection->items[i - 1];
		selection->items[i - 1] = held;
	}
}
