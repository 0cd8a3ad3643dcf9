/*
 * Inside of the store of images. On disk, below ROOT/images:
 *
 *   lock                held by the one process that has the store
 *   kind                "overlay" or "copy": what is in layers/
 *   index.json          the images: names, layers, sizes; replaced as a whole, so it is what counts
 *   blobs/sha256/HEX    configurations of images; layers only until they are unpacked
 *   layers/HEX          by chain id: what a layer changes (overlay), or the tree up to it (copy)
 *   holders/NAME        chain ids that a container or a pod stands on
 *   tmp/N               half-made; removed at open
 *
 * A layer appears in layers/ by rename, when it is whole. What neither an image nor a holder nor a running pull names is garbage.
 */
#ifndef CRI_IMAGE_STORE_H
#define CRI_IMAGE_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime-under-test/cri/image/image.h"

struct json;
struct process;

struct names {
	char **items; /* owned, each and the array */
	size_t count;
};
void names_add(struct names *names, const char *string); /* copies */
bool names_has(const struct names *names, const char *string);
void names_remove(struct names *names, const char *string); /* one of them, if there is one */
void names_clear(struct names *names);
#define auto_names __attribute__((cleanup(names_clear))) struct names

struct layer_fact {
	char *chain; /* owned */
	struct image_usage usage;
};

struct holder {
	char *name; /* owned */
	struct names chains;
};

struct image_store {
	/* Set by open. */
	char *path, *unpacker, *registry_ca; /* owned; registry_ca may be NULL */
	struct json *registries; /* owned; NULL: none */
	uint64_t layer_bytes_max, layer_entries_max, reserve_bytes;
	int64_t stall_ms;
	int dir, lock_file;
	bool overlay;
	char *why_copy; /* owned */

	/* lock guards what follows, and everything on disk but what lies in tmp/. */
	pthread_mutex_t lock;
	pthread_cond_t released; /* a claim is free again */
	struct image **images; /* owned, ordered by id */
	size_t image_count;
	struct layer_fact *layers;
	size_t layer_count;
	struct holder *holders;
	size_t holder_count;
	struct names claims; /* "blob DIGEST", "layer CHAIN": being made by one pull */
	struct names pins; /* chain ids that running pulls will name; may be there several times */
	unsigned next_tmp;

	pthread_mutex_t volumes; /* one at a time is mounted */
};

/* store_index.c */
int images_load_index(struct image_store *store, struct err *err);
int images_save_index(struct image_store *store, struct err *err); /* under lock */
/* A copy of the image with its holders at 1 and config shared by reading the file again. */
struct image *image_new(const char *id);
int image_read_config(struct image_store *store, struct image *image, struct err *err);

/* store_layers.c; all but layer_path() under lock, taken by themselves */
char *layer_path(const struct image_store *store, const char *chain); /* owned, absolute */
bool images_has_layer(struct image_store *store, const char *chain);
void images_pin(struct image_store *store, char *const *chains, size_t count);
void images_unpin(struct image_store *store, char *const *chains, size_t count); /* and collects garbage */
bool images_claim(struct image_store *store, const char *what); /* false: another has it */
void images_claim_wait(struct image_store *store, const char *what);
void images_release(struct image_store *store, const char *what);
/* Takes the finished directory tmp/NAME/upper (or tree) into layers/. */
int images_add_layer(struct image_store *store, const char *from, const char *chain,
		     const struct image_usage *usage, struct err *err);
int images_hold(struct image_store *store, const char *holder, const struct image *image, struct err *err);
int images_let_go(struct image_store *store, const char *holder, struct err *err);
void images_collect(struct image_store *store); /* removes what nobody names */
int images_load_holders(struct image_store *store, struct err *err);

/* store.c */
char *images_tmp(struct image_store *store, struct err *err); /* "tmp/N", made; owned. NULL: err says why */
void images_tmp_drop(struct image_store *store, const char *tmp);
char *blob_path(const char *digest); /* "blobs/sha256/HEX"; owned */
/* Makes the image known under names (each may be NULL), which other images lose. It may be known already. */
int images_commit(struct image_store *store, struct image *taken, const char *tag, const char *digest,
		  struct err *err);
bool images_probe_overlay(struct image_store *store, struct err *err);

/*
 * unpacker.c: one layer by plumbline-unpack. begin() starts it and gives its pidfd to poll; end() waits, checks, and moves the layer into
 * place. Dropping it without end() kills it, and leaves nothing.
 */
struct unpacking;
/* chains: what lies below it, lowest first. blob is read from where its offset stands. */
int unpacking_begin(struct image_store *store, int blob, char *const *chains, size_t count,
		    struct unpacking **ret, struct err *err);
int unpacking_pidfd(const struct unpacking *unpacking);
int unpacking_end(struct unpacking *unpacking, const char *diff_id, const char *chain, struct err *err);
void unpacking_free(struct unpacking *unpacking);
static inline void unpacking_cleanup(struct unpacking **unpacking)
{
	unpacking_free(*unpacking);
}
#define auto_unpacking __attribute__((cleanup(unpacking_cleanup))) struct unpacking *
/* Any tar into a directory below the store, with no layer below it: how archives are opened. */
int unpack_archive(struct image_store *store, int archive, const char *into, struct err *err);

#endif
