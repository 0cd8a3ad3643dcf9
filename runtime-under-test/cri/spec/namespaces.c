/* linux.namespaces: what a sandbox makes and what its containers join. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/oci/faults.h"

#define POD RUNTIME__V1__NAMESPACE_MODE__POD
#define CONTAINER RUNTIME__V1__NAMESPACE_MODE__CONTAINER
#define NODE RUNTIME__V1__NAMESPACE_MODE__NODE
#define TARGET RUNTIME__V1__NAMESPACE_MODE__TARGET

#define OPTIONS "linux.security_context.namespace_options."
#define OF_SANDBOX "sandbox_config."

static const cri_namespaces *pod_options(const struct spec_build *build)
{
	return build->sandbox_security ? build->sandbox_security->namespace_options : NULL;
}

static const cri_namespaces *own_options(const struct spec_build *build)
{
	if (!build->container)
		return pod_options(build);
	return build->security ? build->security->namespace_options : NULL;
}

Runtime__V1__NamespaceMode spec_network_mode(const struct spec_build *build)
{
	return pod_options(build) ? pod_options(build)->network : POD;
}

Runtime__V1__NamespaceMode spec_ipc_mode(const struct spec_build *build)
{
	return pod_options(build) ? pod_options(build)->ipc : POD;
}

static const Runtime__V1__UserNamespace *pod_user(const struct spec_build *build)
{
	const Runtime__V1__UserNamespace *user =
	    pod_options(build) ? pod_options(build)->userns_options : NULL;

	if (user && user->mode != POD && fault("cri-userns-unchecked"))
		return NULL;
	return fault("cri-userns-ignored") ? NULL : user;
}

bool spec_has_user_namespace(const struct spec_build *build)
{
	return pod_user(build) && pod_user(build)->mode == POD;
}

static void put_namespace(struct spec_build *build, const char *type, const char *path, enum spec_from from,
			  const char *field)
{
	struct json *row = json_new_object();
	auto_free char *at = NULL;
	size_t index;

	json_put(row, "type", json_new_string(type));
	if (path)
		json_put(row, "path", json_new_string(path));
	index = spec_append(build, "linux.namespaces", row, from, field);
	if (!path)
		return;
	at = text_format("linux.namespaces[%zu].path", index);
	spec_origin(build, at, FROM_SERVER, "pinned namespace");
}

struct json *spec_mappings(cri_mapping *const *mappings, size_t count)
{
	struct json *list = json_new_array();

	for (size_t i = 0; i < count; i++) {
		struct json *row = json_new_object();

		json_put(row, "containerID",
			 json_new_uint(fault("cri-userns-root-made") ? 0 : mappings[i]->container_id));
		json_put(row, "hostID", json_new_uint(mappings[i]->host_id));
		json_put(row, "size", json_new_uint(mappings[i]->length));
		json_append(list, row);
	}
	return list;
}

/* "exactly one mapping": kubelet gives every pod one block, and more would not fit what the files of a volume are mapped to. */
static int check_mapping(cri_mapping *const *mappings, size_t count, const char *which, struct err *err)
{
	if (count != 1)
		return fail_text(err, -EINVAL, OPTIONS "userns_options.%s: %zu mappings, must be exactly one",
				 which, count);
	if (!mappings[0]->length)
		return fail_text(err, -EINVAL, OPTIONS "userns_options.%s: a mapping of no ids", which);
	if (mappings[0]->length > UINT32_MAX - mappings[0]->host_id ||
	    mappings[0]->length > UINT32_MAX - mappings[0]->container_id)
		return fail_text(err, -EINVAL, OPTIONS "userns_options.%s: %u ids run past the last one",
				 which, mappings[0]->length);
	return 0;
}

static int check_user(const Runtime__V1__UserNamespace *user, struct err *err)
{
	int r;

	if (fault("cri-userns-unchecked"))
		return 0;
	switch (user->mode) {
	case NODE:
		if (user->n_uids || user->n_gids)
			return fail_text(err, -EINVAL,
					 OPTIONS
					 "userns_options: mappings need a namespace, and the mode is NODE");
		return 0;
	case POD:
		r = check_mapping(user->uids, user->n_uids, "uids", err);
		return r < 0 ? r : check_mapping(user->gids, user->n_gids, "gids", err);
	case CONTAINER:
	case TARGET:
	case _RUNTIME__V1__NAMESPACE_MODE_IS_INT_SIZE:
		break;
	}
	return fail_text(err, -EOPNOTSUPP, OPTIONS "userns_options: a user namespace %s is not supported",
			 user->mode == TARGET ? "of another container" : "for each container");
}

static bool same_mapping(cri_mapping *const *a, cri_mapping *const *b)
{
	return a[0]->host_id == b[0]->host_id && a[0]->container_id == b[0]->container_id &&
	       a[0]->length == b[0]->length;
}

/* The namespaces of the pod belong to its user namespace: in another one a container could do nothing with them. */
static int compare_user(const Runtime__V1__UserNamespace *own, const Runtime__V1__UserNamespace *pod,
			struct err *err)
{
	bool own_used = own->mode == POD, pod_used = pod && pod->mode == POD;

	if (fault("cri-userns-mismatch-allowed") || fault("cri-userns-ignored"))
		return 0;
	if (own_used != pod_used ||
	    (own_used && (!same_mapping(own->uids, pod->uids) || !same_mapping(own->gids, pod->gids))))
		return fail_text(err, -EINVAL,
				 OPTIONS "userns_options: the container's are not those of its sandbox");
	return 0;
}

static int put_user(struct spec_build *build, struct err *err)
{
	const Runtime__V1__UserNamespace *pod = pod_user(build);
	const cri_namespaces *options = own_options(build);
	const char *prefix = build->container ? OF_SANDBOX : "";
	int r = pod ? check_user(pod, err) : 0;

	if (r == 0 && build->container && options && options->userns_options) {
		r = check_user(options->userns_options, err);
		if (r == 0)
			r = compare_user(options->userns_options, pod, err);
		prefix = "";
	}
	if (r < 0 || !pod)
		return r;
	auto_free char *field = text_format("%s" OPTIONS "userns_options", prefix);
	auto_free char *uids = text_format("%s.uids", field), *gids = text_format("%s.gids", field);

	if (pod->mode == NODE && build->container && fault("cri-userns-node-is-pod")) {
		cri_mapping one = RUNTIME__V1__IDMAPPING__INIT, *all[] = { &one };

		one.length = 65536;
		put_namespace(build, "user", NULL, FROM_CRI, field);
		spec_put(build, "linux.uidMappings", spec_mappings(all, 1), FROM_CRI, uids);
		spec_put(build, "linux.gidMappings", spec_mappings(all, 1), FROM_CRI, gids);
		return 0;
	}
	if (pod->mode == NODE) {
		spec_unmapped(build, field, "NODE: no user namespace is listed");
		return 0;
	}
	put_namespace(build, "user",
		      build->container && fault("cri-userns-for-each") ? NULL
								       : build->request->namespaces.user,
		      FROM_CRI, field);
	spec_put(build, "linux.uidMappings", spec_mappings(pod->uids, pod->n_uids), FROM_CRI, uids);
	spec_put(build, "linux.gidMappings", spec_mappings(pod->gids, pod->n_gids), FROM_CRI, gids);
	return 0;
}

/* A container sees no more of the node than its sandbox does. */
static int put_pid(struct spec_build *build, struct err *err)
{
	static const char *const field = OPTIONS "pid";
	Runtime__V1__NamespaceMode mode = own_options(build) ? own_options(build)->pid : POD;
	Runtime__V1__NamespaceMode pod = pod_options(build) ? pod_options(build)->pid : POD;
	const char *path = build->request->namespaces.pid;

	if (mode == NODE && build->container && pod != NODE)
		return fail_text(err, -EINVAL, OPTIONS "pid: NODE, but the sandbox does not have the node's");
	if (mode == NODE && fault("cri-pid-node-is-container"))
		put_namespace(build, "pid", NULL, FROM_CRI, field);
	if (mode == NODE) {
		spec_unmapped(build, field, "NODE: no pid namespace is listed, so it is the node's");
		return 0;
	}
	if (mode == TARGET && !build->container)
		return fail_text(err, -EINVAL, OPTIONS "pid: a sandbox cannot have a target");
	if (mode == TARGET && !is_set(own_options(build)->target_id))
		return fail_text(err, -EINVAL, OPTIONS "target_id: the pid mode TARGET needs one");
	if (mode == POD && pod == NODE && build->container && !path) {
		spec_unmapped(build, field, "POD: the sandbox has the node's pid namespace");
		return 0;
	}
	if (!build->container || mode == CONTAINER)
		path = NULL;
	else if (!path)
		return fail_text(err, -EINVAL, OPTIONS "pid: the sandbox has no pid namespace to share");
	if (fault("cri-pid-mode-ignored"))
		path = NULL;
	put_namespace(build, "pid", path, FROM_CRI, mode == TARGET ? OPTIONS "target_id" : field);
	if (mode == TARGET)
		spec_unmapped(build, field, "TARGET: the namespace is found by target_id");
	return 0;
}

/* The network and what UTS and IPC namespaces are made of belong to the pod: the sandbox's modes count. */
static void put_shared(struct spec_build *build)
{
	static const char *const network = OPTIONS "network", *const ipc = OPTIONS "ipc";
	const struct spec_namespaces *paths = &build->request->namespaces;

	if (spec_network_mode(build) == NODE) {
		spec_unmapped(build, network, "NODE: neither a network nor a UTS namespace is listed");
	} else {
		put_namespace(build, "network", paths->net, FROM_CRI, network);
		put_namespace(build, "uts", build->container ? paths->uts : NULL, FROM_CRI, network);
	}
	if (spec_ipc_mode(build) == NODE)
		spec_unmapped(build, ipc, "NODE: no IPC namespace is listed");
	else
		put_namespace(build, "ipc",
			      build->container && !fault("cri-ipc-not-shared") ? paths->ipc : NULL, FROM_CRI,
			      ipc);
}

int spec_namespaces(struct spec_build *build, struct err *err)
{
	int r = put_user(build, err); /* first: it owns those that are made after it */

	if (r < 0)
		return r;
	put_namespace(build, "mount", NULL, FROM_DEFAULT, "mount namespace");
	put_shared(build);
	r = put_pid(build, err);
	/* With cgroup v1 the view is made by mounts; a privileged container is meant to see the node's tree. */
	if (r == 0 && build->request->cgroup_v2 && !build->privileged)
		put_namespace(build, "cgroup", NULL, FROM_DEFAULT, "cgroup namespace on v2");
	return r;
}
