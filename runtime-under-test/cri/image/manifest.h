/* Readers of what describes an image: index, manifest, configuration. Pure, and bounded: a registry is a stranger. */
#ifndef CRI_IMAGE_MANIFEST_H
#define CRI_IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct json;

#define MANIFEST_BYTES_MAX (4u << 20) /* the distribution specification asks registries for as much */
#define MANIFEST_LAYERS_MAX 256
#define MANIFEST_TYPES_MAX 8

struct descriptor {
	char *digest; /* owned */
	uint64_t size;
};

struct manifest {
	struct descriptor config;
	struct descriptor *layers; /* owned, lowest first */
	size_t layer_count;
	uint64_t size; /* configuration and layers */
};

/* What a registry is asked for, as one Accept header's value. */
extern const char manifest_accept[];

/* True: it lists manifests for several platforms. */
bool manifest_is_index(const struct json *document);
/* The entry of the index for this machine; borrows from the index. -ENOENT: it has none. */
int manifest_choose(const struct json *index, struct descriptor *ret, struct err *err);
int manifest_read(const struct json *document, struct manifest *ret, struct err *err);
void manifest_clear(struct manifest *manifest);
#define auto_manifest __attribute__((cleanup(manifest_clear))) struct manifest

/* The digests of unpacked layers; owned strings and array. -EINVAL also when there are not exactly count. */
int config_diff_ids(const struct json *config, size_t count, char ***ret, struct err *err);
/* The name of a stack of layers, from the one below and the next layer's; NULL: the lowest. OCI image-spec, layer ChainID. */
char *chain_id(const char *parent, const char *diff_id);
/* config.User, without its group: a number or a name; neither when it is empty. The name is owned. */
void config_user(const struct json *config, bool *ret_has_uid, int64_t *ret_uid, char **ret_name);

/* This machine as images name it: amd64, arm64, arm ... */
const char *manifest_architecture(void);

#endif
