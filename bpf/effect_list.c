/* The list of effects while it grows. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "bpf/effect_build.h"

#define EFFECTS_MAX 65536

static const char *kind_name(enum effect_kind kind)
{
	for (size_t i = 0; i < effect_kind_count; i++)
		if (effect_kinds[i].kind == kind)
			return effect_kinds[i].name;
	return "?";
}

static void effect_clear(struct effect *e)
{
	free(e->text);
	free(e->via);
	free(e->field);
	free(e->raw);
}

void effects_free(struct effects *effects)
{
	for (size_t i = 0; i < effects->count; i++)
		effect_clear(&effects->items[i]);
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
	auto_text text = { 0 };
	va_list args;

	effect_fold_end(b);
	if (!list_grow(list))
		return NULL;
	text_add(&text, kind_name(kind));
	text_add_char(&text, ':');
	va_start(args, format);
	text_addv(&text, format, args);
	va_end(args);
	if (b->task)
		b->task->last_effect = list->count;
	e = &list->items[list->count++];
	*e = (struct effect){
		.kind = kind,
		.role = b->task ? b->task->role : ROLE_RUNTIME,
		.phase = b->phase,
		.text = text_take(&text),
		.via = via ? strdup(via) : NULL,
		.time_ns = b->now->event.time_ns,
		.error = b->now->event.result < 0 ? (int) -b->now->event.result : 0,
		.tgid = b->now->event.tgid,
		.ns_tgid = b->now->event.ns_tgid,
	};
	effect_add_raw(e, b->offset);
	return e;
}

void effect_add_raw(struct effect *effect, size_t offset)
{
	if (!(effect->raw_count & (effect->raw_count - 1))) { /* full at each power of two, and empty */
		size_t *grown =
		    reallocarray(effect->raw, effect->raw_count ? 2 * effect->raw_count : 1, sizeof(*grown));

		if (!grown)
			abort();
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
	auto_text text = { 0 };

	if (!e)
		return;
	text_add(&text, e->text);
	capabilities_text(b->capabilities_left, &text);
	free(e->text);
	e->text = text_take(&text);
	b->folding = SIZE_MAX;
}

void effect_add_capabilities(struct build *b, const char *via, const char *set, uint64_t left)
{
	struct effect *last = effect_last(b, CAP_CHANGE);
	auto_free char *prefix = text_format("cap.change:%s:", set);

	if (last && text_starts(last->text, prefix)) {
		size_t at = (size_t) (last - b->effects->items);

		if (b->folding != at) {
			effect_fold_end(b);
			last->text[strlen(prefix)] = '\0';
		}
		effect_add_raw(last, b->offset);
	} else if (!(last = effect_add(b, CAP_CHANGE, via, "%s:", set))) {
		return;
	}
	b->folding = (size_t) (last - b->effects->items);
	b->capabilities_left = left;
}
