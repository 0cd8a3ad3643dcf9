/* The list of effects while it grows. */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "bpf/effect_build.h"

#define EFFECTS_MAX 65536
#define MEMORY_BYTES 32768 /* at a time */

static const char *kind_name(enum effect_kind kind)
{
	for (size_t i = 0; i < effect_kind_count; i++)
		if (effect_kinds[i].kind == kind)
			return effect_kinds[i].name;
	return "?";
}

/* Thousands of short texts that end together. */
struct effect_memory {
	struct effect_memory *before;
	size_t used, space;
	max_align_t bytes[];
};

static void *memory_take(struct effects *effects, size_t size)
{
	struct effect_memory *memory = effects->memory;
	size_t wanted = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);

	if (!memory || memory->space - memory->used < wanted) {
		size_t space = wanted > MEMORY_BYTES ? wanted : MEMORY_BYTES;

		memory = malloc(sizeof(*memory) + space);
		if (!memory)
			abort();
		*memory = (struct effect_memory){ .before = effects->memory, .space = space };
		effects->memory = memory;
	}
	memory->used += wanted;
	return (char *) memory->bytes + (memory->used - wanted);
}

const char *effect_keep(const struct build *b, const char *bytes, size_t len)
{
	char *kept = memory_take(b->effects, len + 1);

	memcpy(kept, bytes, len);
	kept[len] = '\0';
	return kept;
}

struct text *scratch_take(struct build *b, enum scratch which)
{
	text_cut(&b->reused[which], 0);
	return &b->reused[which];
}

void effects_free(struct effects *effects)
{
	while (effects->memory) {
		struct effect_memory *before = effects->memory->before;

		free(effects->memory);
		effects->memory = before;
	}
	free(effects->items);
	free(effects->roles);
	*effects = (struct effects){ 0 };
}

static bool list_grow(struct effects *list)
{
	struct effect *grown;

	if (list->count >= EFFECTS_MAX) {
		list->cut = true;
		return false;
	}
	if ((list->count & (list->count + 1)) && list->items)
		return true;
	grown = reallocarray(list->items, 2 * (list->count + 1), sizeof(*grown));
	if (!grown)
		abort();
	list->items = grown;
	return true;
}

struct effect *effect_add(struct build *b, enum effect_kind kind, const char *via, const char *format, ...)
{
	struct effects *list = b->effects;
	struct effect *e;
	struct text *text;
	va_list args;

	effect_fold_end(b);
	if (!list_grow(list))
		return NULL;
	text = scratch_take(b, SCRATCH_EFFECT);
	text_add(text, kind_name(kind));
	text_add_char(text, ':');
	va_start(args, format);
	text_addv(text, format, args);
	va_end(args);
	if (b->task)
		b->task->last_effect = list->count;
	e = &list->items[list->count++];
	*e = (struct effect){
		.kind = kind,
		.role = b->task ? b->task->role : ROLE_RUNTIME,
		.phase = b->phase,
		.text = effect_keep(b, text_str(text), text->len),
		.via = via ? effect_keep(b, via, strlen(via)) : NULL,
		.time_ns = b->now->event.time_ns,
		.error = b->now->event.result < 0 ? (int) -b->now->event.result : 0,
		.tgid = b->now->event.tgid,
		.ns_tgid = b->now->event.ns_tgid,
	};
	effect_add_raw(b, e, b->offset);
	return e;
}

void effect_add_raw(struct build *b, struct effect *effect, size_t offset)
{
	if (!(effect->raw_count & (effect->raw_count - 1))) { /* full at each power of two, and empty */
		size_t space = effect->raw_count ? 2 * effect->raw_count : 1;
		size_t *grown = memory_take(b->effects, space * sizeof(*grown));

		if (effect->raw_count)
			memcpy(grown, effect->raw, effect->raw_count * sizeof(*grown));
		effect->raw = grown;
	}
	effect->raw[effect->raw_count++] = offset;
}

struct effect *effect_last(struct build *b, enum effect_kind kind)
{
	struct effect *e;

	if (!b->task || b->task->last_effect >= b->effects->count)
		return NULL;
	e = &b->effects->items[b->task->last_effect];
	return e->kind == kind && (kind == CAP_CHANGE || !e->error) ? e : NULL;
}

static void capabilities_text(uint64_t set, struct text *ret)
{
	bool first = true;

	if (!set)
		text_add_char(ret, '-');
	for (int i = 0; i < 64; i++) {
		const char *name = set & (1ull << i) ? name_of_capability(i) : NULL;

		if (!name)
			continue;
		if (!first)
			text_add_char(ret, ',');
		text_add(ret, text_starts(name, "CAP_") ? name + 4 : name);
		first = false;
	}
}

void effect_fold_end(struct build *b)
{
	struct effect *e = b->folding == SIZE_MAX ? NULL : &b->effects->items[b->folding];
	struct text *text;

	if (!e)
		return;
	text = scratch_take(b, SCRATCH_EFFECT);
	text_add_bytes(text, e->text, b->folded_prefix);
	capabilities_text(b->capabilities_left, text);
	e->text = effect_keep(b, text_str(text), text->len);
	b->folding = SIZE_MAX;
}

void effect_add_capabilities(struct build *b, const char *via, const char *set, uint64_t left)
{
	struct effect *last = effect_last(b, CAP_CHANGE);
	auto_free char *prefix = text_format("cap.change:%s:", set);

	if (last && text_starts(last->text, prefix)) {
		if (b->folding != (size_t) (last - b->effects->items))
			effect_fold_end(b);
		effect_add_raw(b, last, b->offset);
	} else if (!(last = effect_add(b, CAP_CHANGE, via, "%s:", set))) {
		return;
	}
	b->folding = (size_t) (last - b->effects->items);
	b->folded_prefix = strlen(prefix);
	b->capabilities_left = left;
}
