/*
 * annotations: the names under which tools look for a pod behind a container (sandboxed runtimes read them too). They are
 * containerd's, for those are what is looked for.
 */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"

#define PREFIX "io.kubernetes.cri."

static void put(struct spec_build *build, const char *name, const char *value, enum spec_from from,
		const char *field)
{
	auto_free char *key = text_format(PREFIX "%s", name);

	if (is_set(value))
		spec_put_key(build, "annotations", key, value, from, field);
}

static void put_number(struct spec_build *build, const char *name, int64_t value, const char *field)
{
	auto_free char *string = text_format("%lld", (long long) value);

	put(build, name, string, FROM_CRI, field);
}

static void put_pod(struct spec_build *build)
{
	const Runtime__V1__PodSandboxMetadata *pod = build->sandbox->metadata;
	bool own = !build->container;

	put(build, "sandbox-id", build->request->sandbox_id ? build->request->sandbox_id : build->request->id,
	    FROM_SERVER, "id of the sandbox");
	if (!pod)
		return;
	put(build, "sandbox-name", pod->name, FROM_CRI,
	    own ? "metadata.name" : "sandbox_config.metadata.name");
	put(build, "sandbox-namespace", pod->namespace_, FROM_CRI,
	    own ? "metadata.namespace" : "sandbox_config.metadata.namespace");
	put(build, "sandbox-uid", pod->uid, FROM_CRI, own ? "metadata.uid" : "sandbox_config.metadata.uid");
}

static void put_sandbox(struct spec_build *build)
{
	const Runtime__V1__LinuxPodSandboxConfig *own = build->sandbox->linux;
	const cri_resources *resources = own ? own->resources : NULL;

	put(build, "container-type", "sandbox", FROM_DEFAULT, "container type");
	put(build, "sandbox-log-directory", build->sandbox->log_directory, FROM_CRI, "log_directory");
	if (build->sandbox->metadata)
		spec_unmapped(build, "metadata.attempt", "kept for names and statuses");
	if (build->sandbox->n_labels)
		spec_unmapped(build, "labels", "kept for statuses and filters");
	if (build->sandbox->n_annotations)
		spec_unmapped(build, "annotations", "kept for statuses; no runtime is given them unasked");
	if (!resources)
		return;
	put_number(build, "sandbox-cpu-period", resources->cpu_period, "linux.resources.cpu_period");
	put_number(build, "sandbox-cpu-quota", resources->cpu_quota, "linux.resources.cpu_quota");
	put_number(build, "sandbox-cpu-shares", resources->cpu_shares, "linux.resources.cpu_shares");
	put_number(build, "sandbox-memory", resources->memory_limit_in_bytes,
		   "linux.resources.memory_limit_in_bytes");
}

static void put_image(struct spec_build *build)
{
	const Runtime__V1__ImageSpec *image = build->container->image;

	if (build->request->image_name)
		put(build, "image-name", build->request->image_name, FROM_SERVER, "name of the image");
	else if (image)
		put(build, "image-name", image->image, FROM_CRI, "image.image");
	if (image)
		spec_unmapped(build, "image", "it is looked up by the image store, and becomes root.path");
}

static void put_container(struct spec_build *build)
{
	put(build, "container-type", "container", FROM_DEFAULT, "container type");
	if (build->container->metadata) {
		put(build, "container-name", build->container->metadata->name, FROM_CRI, "metadata.name");
		spec_unmapped(build, "metadata.attempt", "kept for names and statuses");
	}
	put_image(build);
	if (build->container->n_labels)
		spec_unmapped(build, "labels", "kept for statuses and filters");
	if (build->container->n_annotations)
		spec_unmapped(
		    build, "annotations",
		    "kept for statuses; no runtime is given them unasked, cdi.k8s.io/* name devices");
	if (is_set(build->container->log_path))
		spec_unmapped(build, "log_path", "the monitor writes the log there");
	if (build->container->windows)
		spec_unmapped(build, "windows", "this is Linux");
	if (build->container->stop_signal)
		spec_unmapped(build, "stop_signal", "StopContainer sends it");
}

void spec_annotations(struct spec_build *build)
{
	put_pod(build);
	if (build->container)
		put_container(build);
	else
		put_sandbox(build);
}
