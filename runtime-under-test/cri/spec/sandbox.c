/* What only a sandbox's config has: its pause, its name, its sysctls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/oci/faults.h"

#define NODE RUNTIME__V1__NAMESPACE_MODE__NODE
#define SECURITY "linux.security_context."

static void put_hostname(struct spec_build *build)
{
	const char *hostname = build->sandbox->hostname;

	if (!is_set(hostname))
		return;
	if (spec_network_mode(build) == NODE)
		spec_unmapped(build, "hostname",
			      "with the node's network the pod has the node's name as well");
	else if (!fault("cri-hostname-ignored"))
		spec_put_string(build, "hostname", hostname, FROM_CRI, "hostname");
}

/* What other parts of the server do with a sandbox's config. */
static void note_elsewhere(struct spec_build *build)
{
	const cri_sandbox *sandbox = build->sandbox;

	const cri_namespaces *options =
	    build->sandbox_security ? build->sandbox_security->namespace_options : NULL;

	if (options && is_set(options->target_id))
		spec_unmapped(build, SECURITY "namespace_options.target_id", "a sandbox joins no container");
	if (sandbox->dns_config)
		spec_unmapped(build, "dns_config", "it becomes the pod's resolv.conf");
	if (sandbox->n_port_mappings)
		spec_unmapped(build, "port_mappings", "CNI plugins get them as portMappings");
	if (sandbox->windows)
		spec_unmapped(build, "windows", "this is Linux");
	if (build->sandbox_security && build->sandbox_security->privileged)
		spec_unmapped(build, SECURITY "privileged",
			      "it allows privileged containers; pause needs none");
	if (build->sandbox_security && build->sandbox_security->readonly_rootfs)
		spec_unmapped(build, SECURITY "readonly_rootfs", "the root of a pause is always read-only");
}

int spec_pause(struct spec_build *build, struct err *err)
{
	int r = spec_user(build, err);

	if (r == 0)
		r = spec_capabilities(build, err);
	if (r < 0)
		return r;
	(void) spec_append(build, "process.args", json_new_string("/pause"), FROM_SERVER, "pause");
	(void) spec_append(
	    build, "process.env",
	    json_new_string("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
	    FROM_DEFAULT, "PATH");
	spec_put_string(build, "process.cwd", "/", FROM_DEFAULT, "working directory");
	spec_put(build, "process.noNewPrivileges", json_new_bool(true), FROM_DEFAULT, "a pause needs none");
	put_hostname(build);
	note_elsewhere(build);
	return 0;
}

/* Of which namespace a sysctl is: what is the node's would be changed for all. */
static int check_sysctl(const struct spec_build *build, const char *key, struct err *err)
{
	static const char *const of_ipc[] = { "kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue." };
	bool ipc = false;

	for (size_t i = 0; i < ARRAY_SIZE(of_ipc); i++)
		ipc = ipc || text_starts(key, of_ipc[i]);
	if (text_starts(key, "net.") && spec_network_mode(build) == NODE)
		return fail_text(err, -EINVAL, "linux.sysctls: %s: the sandbox has the node's network", key);
	if (ipc && spec_ipc_mode(build) == NODE)
		return fail_text(err, -EINVAL, "linux.sysctls: %s: the sandbox has the node's IPC", key);
	return 0;
}

/*
 * As containerd 2: ports below 1024 and ping for every user of the pod, for the network is the pod's alone. The groups of ping
 * must all be mapped (ipv4_ping_group_range()), which they are not in a user namespace.
 */
static void put_defaults(struct spec_build *build)
{
	if (spec_network_mode(build) == NODE || fault("cri-sysctl-defaults-lost"))
		return;
	spec_put_key(build, "linux.sysctl", "net.ipv4.ip_unprivileged_port_start", "0", FROM_DEFAULT,
		     "unprivileged ports");
	if (!spec_has_user_namespace(build))
		spec_put_key(build, "linux.sysctl", "net.ipv4.ping_group_range", "0 2147483647", FROM_DEFAULT,
			     "unprivileged ping");
}

int spec_sysctls(struct spec_build *build, struct err *err)
{
	const Runtime__V1__LinuxPodSandboxConfig *config = build->sandbox->linux;

	put_defaults(build);
	for (size_t i = 0; config && i < config->n_sysctls; i++) {
		auto_free char *field = text_format("linux.sysctls[%s]", config->sysctls[i]->key);
		/* sysctl(8) takes both spellings; where the first separator is a slash, all are. */
		auto_free char *key = text_format("%s", config->sysctls[i]->key);
		int r;

		if (strcspn(key, "/") < strcspn(key, "."))
			for (char *c = key; *c; c++)
				*c = *c == '/' ? '.' : *c == '.' ? '/' : *c;
		r = check_sysctl(build, key, err);
		if (r < 0)
			return r;
		spec_put_key(build, "linux.sysctl", key, config->sysctls[i]->value, FROM_CRI, field);
	}
	return 0;
}
