/* Effects of two sides by kind, role and object; where the two have not the same variants, there is a difference. */
#include "bpf/effect_diff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/lexicon.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/effect_order.h"

/* How often these happen depends on timing, or is a matter of how it is programmed: only whether they happen is compared. */
static bool counts_matter(enum effect_kind kind)
{
	static const enum effect_kind uncounted[] = { PATH_RESOLVE, SIGNAL_SEND,  CAP_CHANGE, SEC_BITS,
						      PROC_TUNE,    CRED_IDS,     FS_OWNER,   SEC_DENIED,
						      SEC_KEYRING,  PROC_EXIT,    PROC_EXEC,  CG_SET,
						      FD_SURVIVE,   PROC_DEATHSIG };

	for (size_t i = 0; i < ARRAY_SIZE(uncounted); i++)
		if (uncounted[i] == kind)
			return false;
	return true;
}

/* The container's id, where it stands alone, is the same thing on both sides whatever it is called. */
static void add_without_id(const char *string, size_t len, const char *id, struct text *ret)
{
	size_t id_len = id ? strlen(id) : 0;

	for (size_t i = 0; i < len;) {
		bool begins = !i || !isalnum((unsigned char) string[i - 1]);

		if (id_len && begins && len - i >= id_len && strncmp(string + i, id, id_len) == 0 &&
		    (i + id_len == len || !isalnum((unsigned char) string[i + id_len]))) {
			text_add(ret, "@id");
			i += id_len;
		} else {
			text_add_char(ret, string[i++]);
		}
	}
}

/* Entries and variants are found by their words: two recordings may have sixty thousand effects each, all of them different. */
struct comparison {
	struct effects_diff diff;
	struct lexicon entries; /* "KIND ROLE OBJECT": by number the entry */
	struct lexicon
	    variants; /* "ENTRY SIDE DETAIL": by number the place among the entry's variants of that side */
	struct lexicon plains; /* "ENTRY SIDE ERROR PLAIN": the same */
	size_t *variant_place, *plain_place; /* owned */
};

static size_t *place_of(size_t **places, const struct lexicon *words, size_t number, bool is_new)
{
	if (is_new && !(words->count & (words->count - 1))) {
		*places = reallocarray(*places, 2 * words->count, sizeof(**places));
		if (!*places)
			abort();
	}
	return &(*places)[number];
}

static size_t entry_of(struct comparison *c, const struct effect *e, const char *object)
{
	auto_free char *key = text_format("%d %d %s", (int) e->kind, (int) e->role, object);
	struct effects_diff *diff = &c->diff;
	struct difference *grown;
	bool is_new;
	size_t entry = lexicon_put(&c->entries, key, &is_new);

	if (!is_new)
		return entry;
	if (!(diff->count & (diff->count + 1)) || !diff->items) {
		grown = reallocarray(diff->items, 2 * (diff->count + 1), sizeof(*grown));
		if (!grown)
			abort();
		diff->items = grown;
	}
	diff->items[diff->count++] =
	    (struct difference){ .kind = e->kind, .role = e->role, .object = text_format("%s", object) };
	return entry;
}

static char *variant_key(size_t entry, int side, const char *detail)
{
	return text_format("%llu %d %s", (unsigned long long) entry, side, detail);
}

static char *plain_key(size_t entry, int side, const struct effect *e, const char *plain)
{
	return text_format("%llu %d %d %s", (unsigned long long) entry, side, e->error, plain);
}

static void variant_add(struct comparison *c, size_t entry, int side, const struct effect *e,
			const char *detail, const char *plain)
{
	auto_free char *key = variant_key(entry, side, detail), *other = plain_key(entry, side, e, plain);
	struct difference *d = &c->diff.items[entry];
	size_t count = d->side[side].count, *place, number;
	bool is_new;

	number = lexicon_put(&c->variants, key, &is_new);
	place = place_of(&c->variant_place, &c->variants, number, is_new);
	if (!is_new) {
		d->side[side].items[*place].count++;
		return;
	}
	*place = count;
	number = lexicon_put(&c->plains, other, &is_new);
	place = place_of(&c->plain_place, &c->plains, number, is_new);
	if (is_new)
		*place = count;
	if (!(count & (count - 1)) || !count) {
		struct diff_variant *grown =
		    reallocarray(d->side[side].items, count ? 2 * count : 1, sizeof(*grown));

		if (!grown)
			abort();
		d->side[side].items = grown;
	}
	d->side[side].items[d->side[side].count++] =
	    (struct diff_variant){ text_format("%s", detail), text_format("%s", plain), 1, e };
}

/* A helper that its parent kills on the way out of an error may have ended by itself a moment earlier. */
static bool is_unsteady(const struct effect *e)
{
	return e->kind == PROC_EXIT && e->role == ROLE_RUNTIME && text_ends(e->text, ":SIGKILL");
}

static void add_effect(struct comparison *c, int side, const struct effect *e, const char *id)
{
	const char *object = strchr(e->text, ':'), *detail;
	auto_text object_text = { 0 }, detail_text = { 0 };
	const char *error = e->error ? name_of_errno(e->error) : NULL;
	size_t len;

	if (is_unsteady(e))
		return;
	object = object ? object + 1 : "";
	len = strcspn(object, ":");
	detail = object[len] ? object + len + 1 : "";
	add_without_id(object, len, id, &object_text);
	add_without_id(detail, strlen(detail), id, &detail_text);
	if (e->error)
		text_addf(&detail_text, "%s-%s", detail_text.len ? " " : "", error ? error : "error");
	variant_add(c, entry_of(c, e, text_str(&object_text)), side, e, text_str(&detail_text), detail);
}

static void variant_clear(struct diff_variant *v)
{
	free(v->detail);
	free(v->plain);
	v->detail = v->plain = NULL;
}

void difference_clear(struct difference *d)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		for (size_t i = 0; i < d->side[side].count; i++)
			variant_clear(&d->side[side].items[i]);
		free(d->side[side].items);
	}
	free(d->object);
}

static struct diff_variant *variant_at(struct difference *d, int side, const struct lexicon *words,
				       const size_t *places, const char *key)
{
	size_t number = lexicon_find(words, key);
	struct diff_variant *v = number == LEXICON_NONE ? NULL : &d->side[side].items[places[number]];

	return v && v->detail ? v : NULL;
}

/* The same words are the same, and so are the same words about the one and the other container's id. */
static struct diff_variant *variant_like(struct comparison *c, size_t entry, int side,
					 const struct diff_variant *like)
{
	auto_free char *key = variant_key(entry, side, like->detail);
	auto_free char *other = plain_key(entry, side, like->first, like->plain);
	struct difference *d = &c->diff.items[entry];
	struct diff_variant *same = variant_at(d, side, &c->variants, c->variant_place, key);

	return same ? same : variant_at(d, side, &c->plains, c->plain_place, other);
}

/* Those that were taken away have no detail. */
static void variants_compact(struct difference *d, int side)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->side[side].count; i++)
		if (d->side[side].items[i].detail)
			d->side[side].items[kept++] = d->side[side].items[i];
	d->side[side].count = kept;
}

/* Takes away what both sides have alike; true: nothing is left. */
static bool is_same(struct comparison *c, size_t entry)
{
	struct difference *d = &c->diff.items[entry];

	for (size_t i = 0; i < d->side[DIFF_A].count; i++) {
		struct diff_variant *a = &d->side[DIFF_A].items[i];
		struct diff_variant *b = variant_like(c, entry, DIFF_B, a);

		if (!b || (b->count != a->count && counts_matter(d->kind)))
			continue;
		variant_clear(b);
		variant_clear(a);
	}
	variants_compact(d, DIFF_A);
	variants_compact(d, DIFF_B);
	return !d->side[DIFF_A].count && !d->side[DIFF_B].count;
}

static int compare_differences(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return strcmp(x->object, y->object);
}

static void comparison_free(struct comparison *c)
{
	lexicon_free(&c->entries);
	lexicon_free(&c->variants);
	lexicon_free(&c->plains);
	free(c->variant_place);
	free(c->plain_place);
}

void effects_compare(const struct effects *const sides[DIFF_SIDES], const char *const ids[DIFF_SIDES],
		     struct effects_diff *ret)
{
	struct comparison c = { 0 };
	struct effects_diff *diff = &c.diff;
	size_t kept = 0;

	for (int side = 0; side < DIFF_SIDES; side++)
		for (size_t i = 0; i < sides[side]->count; i++)
			add_effect(&c, side, &sides[side]->items[i], ids[side]);
	for (size_t i = 0; i < diff->count; i++)
		if (is_same(&c, i))
			difference_clear(&diff->items[i]);
		else
			diff->items[kept++] = diff->items[i];
	diff->count = kept;
	if (kept)
		qsort(diff->items, kept, sizeof(*diff->items), compare_differences);
	effects_compare_order(sides, diff);
	*ret = *diff;
	comparison_free(&c);
}

void order_difference_clear(struct order_difference *order)
{
	free(order->what);
	free(order->after[DIFF_A]);
	free(order->after[DIFF_B]);
}

void effects_diff_free(struct effects_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++)
		difference_clear(&diff->items[i]);
	for (size_t i = 0; i < diff->order_count; i++)
		order_difference_clear(&diff->orders[i]);
	free(diff->items);
	free(diff->orders);
	*diff = (struct effects_diff){ 0 };
}
