/*
 * Images: a store on disk, what fills it (OCI layouts, archives, registries), and root file systems made of it. Every function may
 * be called from any thread. An image's id is the digest of its configuration, so one image from two registries is one image.
 */
#ifndef CRI_IMAGE_IMAGE_H
#define CRI_IMAGE_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct image_store;
struct json;

/* Zero or NULL: the default. Strings are borrowed while image_store_open() runs. */
struct image_store_options {
	const char *root; /* "ROOT": the store lies in ROOT/images */
	const char *unpacker; /* plumbline-unpack; else the one beside our own executable */
	const char *registries; /* file about single registries, see image/registry.h */
	const char *registry_ca; /* PEM file, trusted beside the system's authorities */
	uint64_t layer_bytes_max; /* of one unpacked layer; 16 GiB */
	uint64_t layer_entries_max; /* 2,000,000 */
	uint64_t reserve_bytes; /* what pulling and unpacking leave free on the disk; 64 MiB */
	int64_t stall_ms; /* a registry that sends nothing for so long is given up; 30 s */
};
/* Removes what an earlier process left half-made. -EBUSY: another process has the store. */
int image_store_open(const struct image_store_options *options, struct image_store **ret, struct err *err);
void image_store_close(struct image_store *store);
/* False: no overlay can be mounted here, so root file systems are copies; the sentence says why. Borrowed. */
bool image_store_has_overlay(const struct image_store *store, const char **ret_why);

/* Never changes: a pull that moves a tag makes a new one. */
struct image {
	atomic_uint holders; /* image_release() */
	char *id; /* sha256:... */
	char **tags,
	    **digests; /* names as CRI lists them: docker.io/library/a:latest, docker.io/library/a@sha256:... */
	size_t tag_count, digest_count;
	char **layers; /* chain ids, lowest first */
	size_t layer_count;
	uint64_t size; /* bytes of configuration and layers, as the manifest has them */
	struct json *
	    config; /* the image's configuration file; its member "config" is what runs: Entrypoint, Env ... */
	bool has_uid; /* config.User by number; else username, or both empty */
	int64_t uid;
	char *username;
};

/* A tag, digest reference, id, or at least 12 digits that begin one id only. Owned; NULL: there is none. */
struct image *image_find(struct image_store *store, const char *reference);
void image_release(struct image *image);
static inline void image_cleanup(struct image **image)
{
	image_release(*image);
}
#define auto_image __attribute__((cleanup(image_cleanup))) struct image *

/* Owned, each and the array: image_list_free(). Ordered by id. */
size_t image_list(struct image_store *store, struct image ***ret);
void image_list_free(struct image **images, size_t count);

/* All tags and digests of the image go; containers keep their layers. None there: 0. */
int image_remove(struct image_store *store, const char *reference, struct err *err);

/* A directory or tar of an OCI layout, or a tar of docker save. Returns how many images. */
int image_import(struct image_store *store, const char *path, struct err *err);

/* What stops a pull: a deadline (process_now_ms(); < 0: none), and a question that is asked ten times a second. */
struct image_patience {
	int64_t deadline;
	bool (*is_cancelled)(void *user); /* may be NULL */
	void *user;
};
/* All borrowed, each may be NULL. The first that is there counts, in the order of the lines. */
struct image_auth {
	const char *registry_token; /* bearer token for the registry itself */
	const char *identity_token; /* to be changed for a bearer token */
	const char *username, *password;
	const char *base64; /* "username:password" */
	const char *server_address; /* only for this host; NULL or empty: for any */
};
/*
 * -ENOENT: the registry has no such image; -EACCES: it wants other credentials; -EHOSTDOWN: it cannot be reached, answers
 * with an error, or stalls; -EBADMSG: what it sent is not what its digest says, or no image; -EINVAL: the reference or the
 * credentials cannot be read.
 */
int image_pull(struct image_store *store, const char *reference, const struct image_auth *auth,
	       const struct image_patience *patience, char **ret_id, struct err *err);

struct image_usage {
	uint64_t bytes, inodes;
};
void image_store_usage(struct image_store *store, struct image_usage *ret);
const char *image_store_path(const struct image_store *store); /* borrowed: ROOT/images */

/* One range of ids of a user namespace, as CRI's IDMapping. */
struct image_mapping {
	uint32_t host_id, container_id, length;
};
/* The user namespace of a pod. userns < 0: none, and the rest is not read. */
struct image_userns {
	int userns; /* borrowed descriptor of the namespace */
	const struct image_mapping *uids, *gids; /* borrowed */
	size_t uid_count, gid_count;
};
#define IMAGE_USERNS_NONE                                                                                    \
	{                                                                                                    \
		.userns = -1                                                                                 \
	}

struct image_rootfs {
	const char *image_id;
	const char *
	    holder; /* name in [A-Za-z0-9._-], unique: the container's id. The layers stay while it holds them */
	const char *storage; /* ROOT/containers/ID: gets upper/ and work/, or copy/ */
	const char *target; /* STATE/containers/ID/rootfs: made when missing; the mount point */
	bool
	    readonly; /* no upper directory at all: for mounts that nobody may ever write to, not for a read-only root */
	struct image_userns userns;
};
/* All or nothing. -ENOENT: no such image. */
int image_rootfs_make(struct image_store *store, const struct image_rootfs *rootfs, struct err *err);
/* Idempotent; goes on after errors and reports the first. Also of a half-made one, and after a restart. */
int image_rootfs_drop(struct image_store *store, const struct image_rootfs *rootfs, struct err *err);
/* What a container wrote: the upper directory, or the copy less what the image has. Bounded: -E2BIG after 4 million entries. */
int image_rootfs_usage(const char *storage, struct image_usage *ret, struct err *err);

/*
 * An image as a volume: mounted read-only once for all containers of a pod, below directory (STATE/sandboxes/ID/images, made when
 * missing). sub_path ("" for all of it) is looked up inside the image, whatever its links say, and must be a directory. Returns the
 * path to bind. The sentence begins with ImageVolumeMountFailed, which the kubelet looks for.
 */
int image_volume_mount(struct image_store *store, const char *image_id, const char *sub_path,
		       const char *directory, const char *sandbox_id, const struct image_userns *userns,
		       char **ret_path, struct err *err);
int image_volumes_drop(struct image_store *store, const char *directory, const char *sandbox_id,
		       struct err *err); /* idempotent */

/* Copies what the rootfs has at path (a VOLUME of the image) into the directory, with owners and modes. Not there: nothing. */
int image_copy_up(int rootfs, const char *path, int directory, struct err *err);

/* After a restart: whoever is_alive() does not know (container and sandbox ids) holds no layers any more. */
void image_sweep_holders(struct image_store *store, bool (*is_alive)(const char *holder, void *user),
			 void *user);

#endif
