/* Effects of two sides by kind, role and object; where the two have not the same variants, there is a difference. */
#include "bpf/effect_diff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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

static struct difference *entry_of(struct effects_diff *diff, const struct effect *e, const char *object)
{
	struct difference *grown;

	for (size_t i = 0; i < diff->count; i++) {
		struct difference *d = &diff->items[i];

		if (d->kind == e->kind && d->role == e->role && strcmp(d->object, object) == 0)
			return d;
	}
	if (!(diff->count & (diff->count + 1)) || !diff->items) {
		grown = reallocarray(diff->items, 2 * (diff->count + 1), sizeof(*grown));
		if (!grown)
			abort();
		diff->items = grown;
	}
	diff->items[diff->count] =
	    (struct difference){ .kind = e->kind, .role = e->role, .object = text_format("%s", object) };
	return &diff->items[diff->count++];
}

static void variant_add(struct difference *d, int side, const struct effect *e, const char *detail,
			const char *plain)
{
	struct diff_variant *grown;

	for (size_t i = 0; i < d->side[side].count; i++)
		if (strcmp(d->side[side].items[i].detail, detail) == 0) {
			d->side[side].items[i].count++;
			return;
		}
	grown = reallocarray(d->side[side].items, d->side[side].count + 1, sizeof(*grown));
	if (!grown)
		abort();
	d->side[side].items = grown;
	grown[d->side[side].count++] =
	    (struct diff_variant){ text_format("%s", detail), text_format("%s", plain), 1, e };
}

/* A helper that its parent kills on the way out of an error may have ended by itself a moment earlier. */
static bool is_unsteady(const struct effect *e)
{
	return e->kind == PROC_EXIT && e->role == ROLE_RUNTIME && text_ends(e->text, ":SIGKILL");
}

static void add_effect(struct effects_diff *diff, int side, const struct effect *e, const char *id)
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
	variant_add(entry_of(diff, e, text_str(&object_text)), side, e, text_str(&detail_text), detail);
}

/* The same words are the same, and so are the same words about the one and the other container's id. */
static struct diff_variant *variant_find(const struct difference *d, int side,
					 const struct diff_variant *like)
{
	for (size_t i = 0; i < d->side[side].count; i++) {
		struct diff_variant *v = &d->side[side].items[i];

		if (strcmp(v->detail, like->detail) == 0 ||
		    (strcmp(v->plain, like->plain) == 0 && v->first->error == like->first->error))
			return v;
	}
	return NULL;
}

static void variant_clear(struct diff_variant *v)
{
	free(v->detail);
	free(v->plain);
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

/* Takes away what both sides have alike; true: nothing is left. */
static bool is_same(struct difference *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->side[DIFF_A].count; i++) {
		struct diff_variant *a = &d->side[DIFF_A].items[i];
		struct diff_variant *b = variant_find(d, DIFF_B, a);

		if (b && (b->count == a->count || !counts_matter(d->kind))) {
			size_t at = (size_t) (b - d->side[DIFF_B].items);

			variant_clear(b);
			memmove(&d->side[DIFF_B].items[at], &d->side[DIFF_B].items[at + 1],
				(--d->side[DIFF_B].count - at) * sizeof(*b));
			variant_clear(a);
			continue;
		}
		d->side[DIFF_A].items[kept++] = *a;
	}
	d->side[DIFF_A].count = kept;
	return !kept && !d->side[DIFF_B].count;
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

void effects_compare(const struct effects *const sides[DIFF_SIDES], const char *const ids[DIFF_SIDES],
		     struct effects_diff *ret)
{
	struct effects_diff diff = { 0 };
	size_t kept = 0;

	for (int side = 0; side < DIFF_SIDES; side++)
		for (size_t i = 0; i < sides[side]->count; i++)
			add_effect(&diff, side, &sides[side]->items[i], ids[side]);
	for (size_t i = 0; i < diff.count; i++) {
		if (is_same(&diff.items[i]))
			difference_clear(&diff.items[i]);
		else
			diff.items[kept++] = diff.items[i];
	}
	diff.count = kept;
	if (kept)
		qsort(diff.items, kept, sizeof(*diff.items), compare_differences);
	effects_compare_order(sides, &diff);
	*ret = diff;
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
