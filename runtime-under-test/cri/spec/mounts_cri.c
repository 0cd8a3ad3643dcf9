/* The mounts that the CRI lists: host paths and images. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/mounts.h"
#include "runtime-under-test/oci/faults.h"

/* One mount on its way, with the names of its fields for origins: "mounts[3].readonly". */
struct item {
	const cri_mount *mount;
	size_t index;
	char *source; /* owned */
};

#define FIELD(item, member) text_format("mounts[%zu].%s", (item)->index, member)

static void put_option(struct mount_list_row *row, const struct item *item, const char *option,
		       const char *member)
{
	auto_free char *field = FIELD(item, member);

	mount_list_option(row, option, FROM_CRI, field);
}

static const char *propagation_of(const cri_mount *mount)
{
	switch (mount->propagation) {
	case RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_PRIVATE:
		return "rprivate";
	case RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_HOST_TO_CONTAINER:
		return "rslave";
	case RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_BIDIRECTIONAL:
		return "rshared";
	case _RUNTIME__V1__MOUNT_PROPAGATION_IS_INT_SIZE:
		break;
	}
	return NULL;
}

/* The root must not cut what a mount below it receives or sends: the strongest wish wins. */
static void raise_root(struct spec_build *build, const struct item *item, const char *propagation)
{
	const char *now = json_get_string(build->result.config, "linux.rootfsPropagation");
	auto_free char *field = FIELD(item, "propagation");

	if (strcmp(propagation, "rprivate") != 0 && (!now || strcmp(now, "rshared") != 0))
		spec_put_string(build, "linux.rootfsPropagation", propagation, FROM_CRI, field);
}

/* The prefixes of these sentences are what kubelet looks for: cri-api, pkg/errors. */
static int check_readonly(const struct spec_build *build, const cri_mount *mount, struct err *err)
{
	if (!mount->recursive_read_only || fault("cri-rro-unchecked"))
		return 0;
	if (!mount->readonly)
		return fail_text(err, -EINVAL, "recursive_read_only needs readonly");
	if (mount->propagation != RUNTIME__V1__MOUNT_PROPAGATION__PROPAGATION_PRIVATE)
		return fail_text(err, -EINVAL, "recursive_read_only needs private propagation");
	if (!build->request->has_recursive_readonly)
		return fail_text(err, -EOPNOTSUPP,
				 "RROUnsupported: the runtime handler has no recursive read-only mounts");
	return 0;
}

/* Clients with one structure for both kinds send an empty one for a host path. */
static bool is_image(const cri_mount *mount)
{
	return mount->image && is_set(mount->image->image);
}

static void put_readonly(struct spec_build *build, struct mount_list_row *row, const struct item *item)
{
	auto_free char *field = FIELD(item, "readonly");

	if (item->mount->recursive_read_only) {
		put_option(row, item, fault("cri-rro-is-ro") ? "ro" : "rro", "recursive_read_only");
		spec_unmapped(build, field, "recursive_read_only says it of what lies below as well");
	} else {
		put_option(row, item,
			   item->mount->readonly && !fault("cri-mount-readonly-lost") &&
				   !(is_image(item->mount) && fault("cri-image-volume-writable"))
			       ? "ro"
			       : "rw",
			   "readonly");
	}
}

static int put_extra_options(struct mount_list_row *row, const struct item *item, struct err *err)
{
	static const char *const known[] = { "noexec", "nodev", "nosuid" };

	for (size_t i = 0; i < item->mount->n_mount_options; i++) {
		const char *option = item->mount->mount_options[i];
		auto_free char *field = text_format("mounts[%zu].mount_options[%zu]", item->index, i);
		size_t at = 0;

		while (at < ARRAY_SIZE(known) && strcmp(option, known[at]) != 0)
			at++;
		if (at == ARRAY_SIZE(known))
			return fail_text(err, -EINVAL,
					 "mount_options: %s is none of noexec, nodev and nosuid", option);
		mount_list_option(row, option, FROM_CRI, field);
	}
	return 0;
}

static int put_mappings(struct spec_build *build, struct mount_list_row *row, const struct item *item,
			struct err *err)
{
	const cri_mount *mount = item->mount;
	auto_free char *uids = FIELD(item, "uidMappings"), *gids = FIELD(item, "gidMappings");

	if (!mount->n_uidmappings && !mount->n_gidmappings)
		return 0;
	if (!mount->n_uidmappings || !mount->n_gidmappings)
		return fail_text(err, -EINVAL, "uidMappings and gidMappings need each other");
	if (!build->request->has_id_mapped_mounts)
		return fail_text(err, -EOPNOTSUPP,
				 "uidMappings: the runtime handler has no id-mapped mounts");
	mount_list_put(row, "uidMappings", spec_mappings(mount->uidmappings, mount->n_uidmappings), FROM_CRI,
		       uids);
	mount_list_put(row, "gidMappings", spec_mappings(mount->gidmappings, mount->n_gidmappings), FROM_CRI,
		       gids);
	return 0;
}

static void note_missing(struct spec_build *build, const char *path)
{
	struct spec_result *result = &build->result;

	result->missing = realloc(result->missing, (result->missing_count + 1) * sizeof(*result->missing));
	if (!result->missing)
		abort();
	result->missing[result->missing_count++] = text_format("%s", path);
}

static int find_host_path(struct spec_build *build, struct item *item, struct err *err)
{
	const cri_mount *mount = item->mount;
	bool missing = false;
	int r;

	if (!is_set(mount->host_path) || *mount->host_path != '/')
		return fail_text(err, -EINVAL, "host_path \"%s\" is not absolute",
				 mount->host_path ? mount->host_path : "");
	r = mount_source(build->request, mount->host_path, &item->source, &missing, err);
	if (r < 0)
		return r;
	if (missing)
		note_missing(build, item->source);
	else
		r = mount_check_propagation(item->source, mount->propagation, err);
	return r;
}

static int find_image(struct spec_build *build, struct item *item, struct err *err)
{
	const char *const *paths = build->request->image_mounts;
	const char *path = paths ? paths[item->index] : NULL;

	if (is_set(item->mount->host_path) && !fault("cri-image-volume-unchecked"))
		return fail_text(err, -EINVAL, "an image and a host_path at once");
	if (!item->mount->readonly && !fault("cri-image-volume-unchecked"))
		return fail_text(err, -EINVAL, "an image can only be mounted readonly");
	if (!path)
		return fail_text(err, -EINVAL, "ImageVolumeMountFailed: the image %s is not mounted",
				 item->mount->image->image);
	item->source = text_format("%s", path);
	return 0;
}

static void put_origins(struct spec_build *build, struct mount_list_row *row, const struct item *item)
{
	bool image = is_image(item->mount);
	auto_free char *source = FIELD(item, image ? "image" : "host_path");
	auto_free char *sub_path = FIELD(item, "image_sub_path"), *label = FIELD(item, "selinux_relabel");

	mount_list_origin(row, "type", FROM_DEFAULT, "bind mount");
	mount_list_origin(row, "source", FROM_CRI,
			  image && is_set(item->mount->image_sub_path) ? sub_path : source);
	if (image && is_set(item->mount->image_sub_path))
		spec_unmapped(build, source, "its place on this node is part of the source");
	if (item->mount->selinux_relabel)
		spec_unmapped(build, label, "this kernel has no SELinux");
}

static int add_one(struct spec_build *build, struct mount_list *list, struct item *item, struct err *err)
{
	const cri_mount *mount = item->mount;
	auto_free char *target_field = FIELD(item, "container_path"), *target = NULL;
	const char *propagation = propagation_of(mount);
	struct mount_list_row *row;
	int r = check_readonly(build, mount, err);

	if (r < 0)
		return r;
	if (!propagation)
		return fail_text(err, -EINVAL, "propagation: unknown value %d", (int) mount->propagation);
	if (!is_set(mount->container_path))
		return fail_text(err, -EINVAL, "container_path is empty");
	target = mount_clean_path(mount->container_path);
	if (strcmp(target, "/") == 0)
		return fail_text(err, -EINVAL, "container_path: the root is the image's");
	if (mount->selinux_relabel && access("/sys/fs/selinux/enforce", F_OK) == 0)
		return fail_text(err, -EOPNOTSUPP, "selinux_relabel: this server gives files no labels");
	r = is_image(mount) ? find_image(build, item, err) : find_host_path(build, item, err);
	if (r < 0)
		return r;
	row = mount_list_add(list, target, "bind", item->source, FROM_CRI, target_field);
	put_origins(build, row, item);
	mount_list_option(row, "rbind", FROM_DEFAULT, "bind mount");
	put_option(row, item, propagation, "propagation");
	raise_root(build, item, propagation);
	put_readonly(build, row, item);
	/* "readonly (noexec)": the comment of Mount.image in the interface. */
	if (is_image(mount) && !fault("cri-image-volume-executable"))
		mount_list_option(row, "noexec", FROM_DEFAULT, "image volume");
	r = put_extra_options(row, item, err);
	return r < 0 ? r : put_mappings(build, row, item, err);
}

int mounts_add_cri(struct spec_build *build, struct mount_list *list, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < build->container->n_mounts && !fault("cri-mounts-lost"); i++) {
		struct item item = { .mount = build->container->mounts[i], .index = i };

		r = add_one(build, list, &item, err);
		free(item.source);
		if (r < 0)
			return fail(err, r, "mounts[%zu]: %s", i,
				    item.mount->container_path ? item.mount->container_path : "");
	}
	return r;
}
