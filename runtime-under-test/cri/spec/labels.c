/* AppArmor and SELinux: what the kernel has none of is refused where it was named, and left out where it was only the default. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"

#define FIELD "linux.security_context."

static bool has_apparmor(void)
{
	auto_text text = { 0 };

	return file_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text, NULL) == 0 &&
	       text_starts(text_str(&text), "Y");
}

static bool has_selinux(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

/* The profile that must be loaded already, "" for the default, "unconfined"; NULL: nothing was said. */
static const char *apparmor_wish(const cri_security *security, const char **ret_field)
{
	const cri_profile *profile = security->apparmor;
	const char *old = security->apparmor_profile;

	*ret_field = FIELD "apparmor";
	if (profile && profile->profile_type == RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Localhost)
		return profile->localhost_ref;
	if (profile && profile->profile_type == RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Unconfined)
		return "unconfined";
	if (profile)
		return "";
	*ret_field = FIELD "apparmor_profile";
	if (!is_set(old))
		return NULL;
	return strcmp(old, "runtime/default") == 0 ? "" : old;
}

static int put_apparmor(struct spec_build *build, struct err *err)
{
	const char *field, *wish = apparmor_wish(build->security, &field);

	if (!wish)
		return 0;
	if (build->security->apparmor && is_set(build->security->apparmor_profile))
		spec_unmapped(build, FIELD "apparmor_profile", "deprecated, and overruled by apparmor");
	if (text_starts(wish, "localhost/"))
		wish += strlen("localhost/");
	if (build->privileged)
		spec_unmapped(build, field, "privileged: unconfined");
	else if (!*wish)
		spec_unmapped(build, field,
			      "RuntimeDefault: this server loads no AppArmor profile of its own");
	else if (strcmp(wish, "unconfined") == 0)
		spec_unmapped(build, field, "Unconfined: no profile is set");
	else if (!has_apparmor())
		return fail_text(err, -EOPNOTSUPP, "%s: profile %s: this kernel has no AppArmor", field,
				 wish);
	else
		spec_put_string(build, "process.apparmorProfile", wish, FROM_CRI, field);
	return 0;
}

/* A label has four parts; what the CRI leaves out is what the policies for containers (container-selinux) have there. */
static char *label(const Runtime__V1__SELinuxOption *options, bool of_files)
{
	const char *role = of_files ? "object_r" : is_set(options->role) ? options->role : "system_r";
	const char *type = of_files                ? "container_file_t"
			   : is_set(options->type) ? options->type
						   : "container_t";

	return text_format("%s:%s:%s:%s", is_set(options->user) ? options->user : "system_u", role, type,
			   is_set(options->level) ? options->level : "s0");
}

static void put_selinux(struct spec_build *build, const Runtime__V1__SELinuxOption *options)
{
	static const char *const field = FIELD "selinux_options";
	auto_free char *process = NULL, *files = NULL;

	if (!options)
		return;
	if (!has_selinux()) {
		spec_unmapped(build, field, "this kernel has no SELinux");
		return;
	}
	process = label(options, false);
	files = label(options, true);
	if (!build->privileged)
		spec_put_string(build, "process.selinuxLabel", process, FROM_CRI, field);
	spec_put_string(build, "linux.mountLabel", files, FROM_CRI, field);
}

int spec_labels(struct spec_build *build, struct err *err)
{
	const cri_sandbox_security *pod = build->sandbox_security;

	if (build->container && build->security) {
		put_selinux(build, build->security->selinux_options);
		return put_apparmor(build, err);
	}
	if (!build->container && pod) {
		put_selinux(build, pod->selinux_options);
		if (pod->apparmor)
			spec_unmapped(build, FIELD "apparmor",
				      "pause runs no code of the pod: it is not confined");
	}
	return 0;
}
