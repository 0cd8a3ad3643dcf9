/* linux.seccomp: none, a file of the node, or the default of seccomp_profile.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/cri/spec/seccomp_profile.h"
#include "runtime-under-test/oci/faults.h"

#define FIELD "linux.security_context."
#define PROFILE_BYTES_MAX (1u << 20)

enum wish { WISH_NOTHING, WISH_DEFAULT, WISH_UNCONFINED, WISH_FILE };

static enum wish wish_of_profile(const cri_profile *profile, const char **ret_file)
{
	*ret_file = profile->localhost_ref;
	switch (profile->profile_type) {
	case RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__RuntimeDefault:
		return WISH_DEFAULT;
	case RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Localhost:
		return WISH_FILE;
	case RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE__Unconfined:
		return fault("cri-seccomp-unconfined-is-default") ? WISH_DEFAULT : WISH_UNCONFINED;
	case _RUNTIME__V1__SECURITY_PROFILE__PROFILE_TYPE_IS_INT_SIZE:
		break;
	}
	return WISH_UNCONFINED;
}

/* The deprecated field: "", "unconfined", "runtime/default", "docker/default", "localhost/PATH". -1: another word. */
static int wish_of_path(const char *path, const char **ret_file)
{
	static const struct {
		const char *word;
		enum wish wish;
	} words[] = {
		{ "", WISH_NOTHING },
		{ "unconfined", WISH_UNCONFINED },
		{ "runtime/default", WISH_DEFAULT },
		{ "docker/default", WISH_DEFAULT },
	};

	*ret_file = path;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(path, words[i].word) == 0)
			return words[i].wish;
	return text_starts(path, "localhost/") ? WISH_FILE : -1;
}

static int put_file(struct spec_build *build, const char *path, const char *field, struct err *err)
{
	auto_json profile = NULL;
	int r;

	if (text_starts(path, "localhost/"))
		path += strlen("localhost/");
	if (*path != '/')
		return fail_text(err, -EINVAL, "%s: the profile \"%s\" has no absolute path", field, path);
	r = json_read_at(AT_FDCWD, path, PROFILE_BYTES_MAX, &profile, err);
	if (r < 0)
		return fail(err, r == -ENOENT ? -EINVAL : r, "%s: read the profile %s", field, path);
	if (!json_get_string(profile, "defaultAction"))
		return fail_text(err, -EINVAL, "%s: %s is no seccomp profile: it has no defaultAction", field,
				 path);
	spec_put(build, "linux.seccomp", TAKE(profile), FROM_CRI, field);
	return 0;
}

static void put_default(struct spec_build *build, const char *field)
{
	const struct json *held = json_get(build->result.config, "process.capabilities.bounding");

	spec_put(build, "linux.seccomp", seccomp_profile(held), FROM_CRI, field);
	spec_origin(build, "linux.seccomp.syscalls", FROM_DEFAULT, "seccomp profile of RuntimeDefault");
}

static int put_wish(struct spec_build *build, enum wish wish, const char *file, const char *field,
		    struct err *err)
{
	int r;

	if (wish == WISH_NOTHING)
		return 0;
	if (build->privileged && !fault("cri-seccomp-of-privileged")) {
		spec_unmapped(build, field, "privileged: no filter");
		return 0;
	}
	if (fault("cri-seccomp-forgotten"))
		return 0;
	switch (wish) {
	case WISH_UNCONFINED:
		spec_unmapped(build, field, "Unconfined: no filter");
		return 0;
	case WISH_DEFAULT:
		put_default(build, field);
		return 0;
	case WISH_FILE:
		r = put_file(build, file, field, err);
		return r < 0 && fault("cri-seccomp-file-unchecked") ? 0 : r;
	case WISH_NOTHING:
		break;
	}
	return 0;
}

static int put_profile(struct spec_build *build, const cri_profile *profile, const char *path,
		       struct err *err)
{
	const char *file = NULL;
	enum wish wish = wish_of_profile(profile, &file);

	if (wish != WISH_FILE && is_set(file) && !fault("cri-seccomp-file-unneeded"))
		return fail_text(err, -EINVAL,
				 FIELD "seccomp.localhost_ref: only the type Localhost has a file");
	if (is_set(path))
		spec_unmapped(build, FIELD "seccomp_profile_path", "deprecated, and overruled by seccomp");
	return put_wish(build, wish, file, FIELD "seccomp", err);
}

int spec_seccomp(struct spec_build *build, struct err *err)
{
	const cri_sandbox_security *pod = build->sandbox_security;
	const cri_security *own = build->security;
	const cri_profile *profile = NULL;
	const char *path = NULL, *file = NULL;

	if (build->container && own) {
		profile = own->seccomp;
		path = own->seccomp_profile_path;
	} else if (!build->container && pod) {
		profile = pod->seccomp;
		path = pod->seccomp_profile_path;
	}
	if (!profile && pod && fault("cri-seccomp-from-sandbox"))
		profile = pod->seccomp;
	if (profile && !(is_set(path) && fault("cri-seccomp-older-field-wins")))
		return put_profile(build, profile, path, err);
	if (!is_set(path) || fault("cri-seccomp-older-field-ignored"))
		path = fault("cri-seccomp-always") ? "runtime/default" : "";
	int wish = wish_of_path(path, &file);
	if (wish < 0)
		return fail_text(err, -EINVAL, FIELD "seccomp_profile_path: %s is no profile", path);
	return put_wish(build, (enum wish) wish, file, FIELD "seccomp_profile_path", err);
}
