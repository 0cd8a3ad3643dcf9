/* config.json of a container, and what both kinds of config have in common. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/cri/spec/signals.h"
#include "runtime-under-test/oci/faults.h"

#define SECURITY "linux.security_context."

/* The first specification with idmap and recursive read-only mounts: what is newer nothing here asks for. */
#define OCI_VERSION "1.1.0"

void spec_result_free(struct spec_result *result)
{
	json_free(result->config);
	json_free(result->origins);
	free(result->user.groups);
	for (size_t i = 0; i < result->volume_count; i++) {
		free(result->volumes[i].source);
		free(result->volumes[i].destination);
	}
	free(result->volumes);
	for (size_t i = 0; i < result->missing_count; i++)
		free(result->missing[i]);
	free(result->missing);
	*result = (struct spec_result){ 0 };
}

static void begin(struct spec_build *build)
{
	build->result.config = json_new_object();
	build->result.origins = json_new_object();
	build->device_mounts = json_new_array();
	spec_put_string(build, "ociVersion", OCI_VERSION, FROM_SERVER, "version of the specification");
}

static int finish(struct spec_build *build, int r, struct spec_result *ret)
{
	free(build->user_name);
	json_free(build->device_mounts);
	if (r < 0) {
		spec_result_free(&build->result);
		return r;
	}
	*ret = build->result;
	return 0;
}

/* Privilege is the sandbox's to give: what protects the node may hang on the pod's being without. */
static int check_privilege(struct spec_build *build, struct err *err)
{
	bool allowed = build->sandbox_security && build->sandbox_security->privileged;

	build->privileged = build->security && build->security->privileged;
	if (build->privileged && !allowed && !fault("cri-privileged-ungated"))
		return fail_text(
		    err, -EINVAL,
		    "no privileged container allowed in sandbox: its security context is without");
	if (build->privileged)
		spec_unmapped(build, "sandbox_config." SECURITY "privileged",
			      "it allows the container's own privileged");
	return 0;
}

static void put_path_list(struct spec_build *build, const char *path, char *const *list, size_t count,
			  const char *name)
{
	for (size_t i = 0; i < count && !build->privileged; i++) {
		auto_free char *field = text_format(SECURITY "%s[%zu]", name, i);

		(void) spec_append(build, path, json_new_string(list[i]), FROM_CRI, field);
	}
	if (count && build->privileged) {
		auto_free char *field = text_format(SECURITY "%s", name);

		spec_unmapped(build, field, "privileged: every path is open");
	}
}

/* Verbatim: kubelet sends its whole list, and a server that adds to it takes procMount: Unmasked away. */
void spec_paths(struct spec_build *build)
{
	if (!build->security)
		return;
	if (fault("cri-masked-always") && !build->security->n_masked_paths)
		(void) spec_append(build, "linux.maskedPaths", json_new_string("/proc/timer_list"),
				   FROM_DEFAULT, "masked paths");
	if (!fault("cri-masked-paths-lost"))
		put_path_list(build, "linux.maskedPaths", build->security->masked_paths,
			      build->security->n_masked_paths, "masked_paths");
	if (!fault("cri-readonly-paths-lost"))
		put_path_list(build, "linux.readonlyPaths", build->security->readonly_paths,
			      build->security->n_readonly_paths, "readonly_paths");
}

static void put_root(struct spec_build *build)
{
	const char *path = build->request->rootfs_path;
	bool readonly = build->security && build->security->readonly_rootfs && !fault("cri-rootfs-writable");

	spec_put_string(build, "root.path", path ? path : "rootfs", FROM_SERVER, "root file system");
	if (build->container)
		spec_put(build, "root.readonly", json_new_bool(readonly), FROM_CRI,
			 SECURITY "readonly_rootfs");
	else
		spec_put(build, "root.readonly", json_new_bool(true), FROM_SERVER, "a pause writes nothing");
}

static int build_container(struct spec_build *build, struct err *err)
{
	int (*const parts[])(struct spec_build *, struct err *) = {
		spec_process,   spec_labels,  spec_seccomp, spec_namespaces, spec_cgroup,
		spec_resources, spec_devices, spec_cdi,     spec_mounts,
	};
	int r = check_privilege(build, err);

	put_root(build);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](build, err);
	if (r < 0)
		return r;
	spec_paths(build);
	spec_annotations(build);
	build->result.stop_signal = stop_signal(build);
	return 0;
}

int spec_container(const struct spec_request *request, struct spec_result *ret, struct err *err)
{
	struct spec_build build = { .request = request,
				    .sandbox = request->sandbox,
				    .container = request->container };

	if (request->container->linux)
		build.security = request->container->linux->security_context;
	if (request->sandbox->linux)
		build.sandbox_security = request->sandbox->linux->security_context;
	build.image = json_member(request->image, "config");
	begin(&build);
	return finish(&build, build_container(&build, err), ret);
}

static int build_sandbox(struct spec_build *build, struct err *err)
{
	int (*const parts[])(struct spec_build *, struct err *) = {
		spec_pause,  spec_labels,    spec_seccomp, spec_namespaces,
		spec_cgroup, spec_resources, spec_mounts,  spec_sysctls,
	};
	int r = 0;

	put_root(build);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](build, err);
	if (r == 0)
		spec_annotations(build);
	return r;
}

int spec_sandbox(const struct spec_request *request, struct spec_result *ret, struct err *err)
{
	struct spec_build build = { .request = request, .sandbox = request->sandbox };

	if (request->sandbox->linux)
		build.sandbox_security = request->sandbox->linux->security_context;
	begin(&build);
	return finish(&build, build_sandbox(&build, err), ret);
}
