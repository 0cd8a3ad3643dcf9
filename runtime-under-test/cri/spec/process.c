/* process: what runs, with which environment, where. The image proposes, the CRI decides. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/oci/faults.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void add_cri_args(struct spec_build *build, char **args, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		auto_free char *field = text_format("%s[%zu]", name, i);

		(void) spec_append(build, "process.args", json_new_string(args[i]), FROM_CRI, field);
	}
}

static int add_image_args(struct spec_build *build, const char *name, struct err *err)
{
	const struct json *list = json_member(build->image, name);

	for (size_t i = 0; i < json_length(list); i++) {
		auto_free char *field = text_format("%s[%zu]", name, i);
		const char *word = json_string(json_at(list, i));

		if (!word)
			return fail_text(err, -EINVAL, "image: %s is no string", field);
		(void) spec_append(build, "process.args", json_new_string(word), FROM_IMAGE, field);
	}
	return 0;
}

/*
 * As Kubernetes documents it ("Define a Command and Arguments for a Container"): a command drops the image's Cmd as well, for
 * that was written for the image's Entrypoint.
 */
static int put_args(struct spec_build *build, struct err *err)
{
	const cri_container *container = build->container;
	int r = 0;

	if (!container->n_command)
		r = add_image_args(build, "Entrypoint", err);
	add_cri_args(build, container->command, container->n_command, "command");
	if (r == 0 && !container->n_command && !container->n_args)
		r = add_image_args(build, "Cmd", err);
	if (fault("cri-command-keeps-cmd") && container->n_command && !container->n_args)
		r = add_image_args(build, "Cmd", err);
	add_cri_args(build, container->args, container->n_args, "args");
	if (r < 0)
		return r;
	if (!json_length(json_get(build->result.config, "process.args")) && fault("cri-no-command-is-shell"))
		(void) spec_append(build, "process.args", json_new_string("/bin/sh"), FROM_DEFAULT, "shell");
	if (!json_length(json_get(build->result.config, "process.args")))
		return fail_text(err, -EINVAL,
				 "no command: neither the container nor its image says what to run");
	return 0;
}

/* A later value replaces an earlier one where that stands: the order is the one in which names came up first. */
void spec_put_env(struct spec_build *build, const char *entry, enum spec_from from, const char *field)
{
	struct json *list = json_get(build->result.config, "process.env");
	size_t name = strcspn(entry, "=");

	for (size_t i = 0; i < json_length(list); i++) {
		const char *old = json_string(json_at(list, i));
		auto_free char *row = text_format("process.env[%zu]", i);

		if (strncmp(old, entry, name) != 0 || (old[name] != '=' && old[name]))
			continue;
		json_put_at(list, i, json_new_string(entry));
		spec_origin(build, row, from, field);
		return;
	}
	(void) spec_append(build, "process.env", json_new_string(entry), from, field);
}

static int put_image_env(struct spec_build *build, struct err *err)
{
	const struct json *list = json_member(build->image, "Env");

	for (size_t i = 0; i < json_length(list); i++) {
		auto_free char *field = text_format("Env[%zu]", i);
		const char *entry = json_string(json_at(list, i));

		if (!entry || entry[0] == '=' || !entry[0])
			return fail_text(err, -EINVAL, "image: %s is no NAME=VALUE", field);
		spec_put_env(build, entry, FROM_IMAGE, field);
	}
	return 0;
}

static bool is_utf8(const char *bytes, size_t len)
{
	size_t step;

	for (; len; bytes += step, len -= step) {
		step = text_utf8_length(bytes, len);
		if (!step || !*bytes)
			return false;
	}
	return true;
}

/* The value is bytes in the CRI, but JSON has no place for what is no text, and execve(2) none for NUL. */
static int put_cri_env(struct spec_build *build, struct err *err)
{
	if (fault("cri-server-environment-leaks"))
		spec_put_env(build, "PLUMBLINE_STRAY=1", FROM_SERVER, "environment");
	for (size_t i = 0; i < build->container->n_envs; i++) {
		const Runtime__V1__KeyValue *env = build->container->envs[i];
		auto_free char *field = text_format("envs[%zu]", i);
		auto_free char *entry = NULL;

		if (!is_set(env->key) || strchr(env->key, '='))
			return fail_text(err, -EINVAL, "%s: \"%s\" is no name of a variable", field,
					 env->key ? env->key : "");
		if (!is_utf8((const char *) env->value.data, env->value.len))
			return fail_text(err, -EINVAL, "%s: the value of %s is not UTF-8 without NUL", field,
					 env->key);
		entry = text_format("%s=%.*s", env->key, (int) env->value.len,
				    env->value.len ? (const char *) env->value.data : "");
		spec_put_env(build, entry, FROM_CRI, field);
	}
	return 0;
}

static void put_hostname(struct spec_build *build)
{
	char host[HOST_NAME_MAX + 1] = "";
	auto_free char *entry = NULL;

	if (is_set(build->sandbox->hostname)) {
		entry = text_format("HOSTNAME=%s", build->sandbox->hostname);
		spec_put_env(build, entry, FROM_CRI, "sandbox_config.hostname");
		return;
	}
	/* "may be empty only for host network": then the host's is the one that uname(2) says inside. */
	if (gethostname(host, sizeof(host) - 1) < 0 || !host[0])
		return;
	entry = text_format("HOSTNAME=%s", host);
	spec_put_env(build, entry, FROM_SERVER, "name of the host");
}

static int put_environment(struct spec_build *build, struct err *err)
{
	bool backwards = fault("cri-image-env-wins");
	int r = 0;

	spec_put_env(build, "PATH=" PATH_DEFAULT, FROM_DEFAULT, "PATH");
	if (build->container->tty)
		spec_put_env(build, "TERM=xterm", FROM_DEFAULT, "TERM of a terminal");
	put_hostname(build);
	if (!backwards)
		r = put_image_env(build, err);
	if (r == 0)
		r = put_cri_env(build, err);
	return r == 0 && backwards ? put_image_env(build, err) : r;
}

static int put_directory(struct spec_build *build, struct err *err)
{
	const char *own = build->container->working_dir;
	const char *image = json_string(json_member(build->image, "WorkingDir"));

	if (is_set(own) && *own != '/')
		return fail_text(err, -EINVAL, "working_dir: %s is not absolute", own);
	if (is_set(own) && !fault("cri-working-dir-ignored")) {
		spec_put_string(build, "process.cwd", own, FROM_CRI, "working_dir");
	} else if (is_set(image)) {
		/* Builders that know no base directory write relative ones; they start at the root. */
		auto_free char *path = text_format("%s%s", *image == '/' ? "" : "/", image);

		spec_put_string(build, "process.cwd", path, FROM_IMAGE, "WorkingDir");
	} else {
		spec_put_string(build, "process.cwd", "/", FROM_DEFAULT, "working directory");
	}
	return 0;
}

static void put_flags(struct spec_build *build)
{
	bool asked = build->security && build->security->no_new_privs;

	spec_put(build, "process.terminal",
		 json_new_bool(build->container->tty || fault("cri-terminal-always")), FROM_CRI, "tty");
	spec_put(build, "process.noNewPrivileges", json_new_bool(asked && !fault("cri-no-new-privs-ignored")),
		 FROM_CRI, "linux.security_context.no_new_privs");
	if (build->container->stdin)
		spec_unmapped(build, "stdin", "the monitor keeps standard input open for attach");
	if (build->container->stdin_once)
		spec_unmapped(build, "stdin_once",
			      "the monitor closes standard input after the first attach");
}

int spec_process(struct spec_build *build, struct err *err)
{
	int r = put_args(build, err);

	put_flags(build);
	if (r == 0)
		r = put_environment(build, err);
	if (r == 0)
		r = put_directory(build, err);
	if (r == 0)
		r = spec_user(build, err);
	if (r == 0)
		r = spec_capabilities(build, err);
	return r;
}
