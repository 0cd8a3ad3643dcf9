/* process.user: numbers or names from the CRI or the image, looked up in the image's own files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/cri/spec/build.h"
#include "runtime-under-test/cri/spec/users.h"
#include "runtime-under-test/oci/faults.h"

/* The kernel takes no more: NGROUPS_MAX of linux/limits.h. */
#define GROUPS_MAX 65536

#define SECURITY "linux.security_context."

/* Who is meant, and who said so. */
struct choice {
	const char *name; /* of a user; NULL: uid counts */
	int64_t uid;
	const char *group_name;
	int64_t gid;
	bool has_uid, has_group; /* has_group: gid or group_name was given */
	enum spec_from from, group_from;
	const char *field, *group_field;
	char *image_user; /* owned: the halves of the image's "user:group" */
};

/* The CRI's fields, which a sandbox has but for run_as_username. */
struct wishes {
	const Runtime__V1__Int64Value *user, *group;
	const char *username;
	const int64_t *groups;
	size_t group_count;
	bool strict;
};

static struct wishes wishes_of(const struct spec_build *build)
{
	struct wishes wishes = { 0 };
	const cri_security *own = build->security;
	const cri_sandbox_security *pod = build->sandbox_security;

	if (build->container && own)
		wishes = (struct wishes){
			own->run_as_user,
			own->run_as_group,
			own->run_as_username,
			own->supplemental_groups,
			own->n_supplemental_groups,
			own->supplemental_groups_policy == RUNTIME__V1__SUPPLEMENTAL_GROUPS_POLICY__Strict
		};
	else if (!build->container && pod)
		wishes = (struct wishes){ pod->run_as_user,
					  pod->run_as_group,
					  NULL,
					  pod->supplemental_groups,
					  pod->n_supplemental_groups,
					  pod->supplemental_groups_policy ==
					      RUNTIME__V1__SUPPLEMENTAL_GROUPS_POLICY__Strict };
	return wishes;
}

static bool is_number(const char *string, int64_t *ret)
{
	long long value;

	if (text_to_i64(string, &value) < 0)
		return false;
	*ret = value;
	return true;
}

static int check_id(const char *field, int64_t id, struct err *err)
{
	if ((id >= 0 && id <= USERS_ID_MAX) || fault("cri-user-range-unchecked"))
		return 0;
	return fail_text(err, -EINVAL, "%s: %lld is no id, which are 0 to %lld", field, (long long) id,
			 USERS_ID_MAX);
}

/* config.md of the image specification, "User": user, uid, user:group, uid:gid, uid:group, user:gid. */
static void choose_image_user(struct spec_build *build, struct choice *choice)
{
	const char *string = json_string(json_member(build->image, "User"));
	char *group;

	if (!is_set(string))
		return;
	choice->image_user = text_format("%s", string);
	group = strchr(choice->image_user, ':');
	if (group)
		*group++ = '\0';
	choice->from = choice->group_from = FROM_IMAGE;
	choice->field = choice->group_field = "User";
	choice->has_uid = *choice->image_user;
	if (choice->has_uid && !is_number(choice->image_user, &choice->uid))
		choice->name = choice->image_user;
	if (!is_set(group))
		return;
	choice->has_group = true;
	if (!is_number(group, &choice->gid))
		choice->group_name = group;
}

static int choose(struct spec_build *build, const struct wishes *wishes, struct choice *choice,
		  struct err *err)
{
	bool named = is_set(wishes->username);

	if (wishes->user && named)
		return fail_text(err, -EINVAL, "run_as_user and run_as_username: at most one may be given");
	if (wishes->group && !wishes->user && !named && !fault("cri-group-without-user"))
		return fail_text(err, -EINVAL, "run_as_group without run_as_user or run_as_username");
	choice->from = choice->group_from = FROM_DEFAULT;
	choice->field = "user", choice->group_field = "group";
	if (!wishes->user && !named) {
		choose_image_user(build, choice);
	} else if (!fault("cri-run-as-user-ignored")) {
		choice->from = FROM_CRI;
		choice->has_uid = true;
		choice->name = named ? wishes->username : NULL;
		choice->field = named ? SECURITY "run_as_username" : SECURITY "run_as_user";
		choice->uid = named ? 0 : wishes->user->value;
		if (named && is_number(wishes->username, &choice->uid))
			choice->name = NULL;
	}
	if (wishes->group) {
		choice->has_group = true;
		choice->gid = wishes->group->value;
		choice->group_name = NULL;
		choice->group_from = FROM_CRI;
		choice->group_field = SECURITY "run_as_group";
	}
	return 0;
}

static int look_up(struct spec_build *build, const struct users *users, struct choice *choice,
		   struct err *err)
{
	struct users_entry entry = { 0 };
	bool listed;
	int r;

	if (!choice->name) {
		r = check_id(choice->field, choice->uid, err);
		if (r < 0)
			return r;
	}
	listed = users_find(users, choice->name, choice->uid, &entry);
	if (choice->name && !listed && !fault("cri-unknown-user-is-root"))
		return fail_text(err, -EINVAL, "%s: the image's /etc/passwd has no user %s", choice->field,
				 choice->name);
	if (listed) {
		build->user_name = entry.name;
		choice->uid = entry.uid;
	}
	if (choice->group_name && !users_find_group(users, choice->group_name, &choice->gid))
		return fail_text(err, -EINVAL, "%s: the image's /etc/group has no group %s",
				 choice->group_field, choice->group_name);
	if (!choice->has_group && listed) {
		choice->gid = entry.gid;
		choice->group_from = FROM_IMAGE;
		choice->group_field = "/etc/passwd";
	}
	return check_id(choice->group_field, choice->gid, err);
}

static void add_group(struct spec_build *build, int64_t gid, enum spec_from from, const char *field)
{
	struct spec_user *user = &build->result.user;

	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return;
	user->groups = realloc(user->groups, (user->group_count + 1) * sizeof(*user->groups));
	if (!user->groups)
		abort();
	user->groups[user->group_count++] = gid;
	(void) spec_append(build, "process.user.additionalGids", json_new_int(gid), from, field);
}

/*
 * The primary group is always among them, or leaving it by setgroups(2) would open what is closed to it ("negative groups",
 * CVE-2022-36109). Strict: what the image's /etc/group says about the user does not count.
 */
static int put_groups(struct spec_build *build, const struct users *users, const struct wishes *wishes,
		      const struct choice *choice, struct err *err)
{
	auto_free int64_t *listed = NULL;
	size_t count = 0;
	int r;

	add_group(build, choice->gid, choice->group_from, choice->group_field);
	if ((!wishes->strict || fault("cri-strict-groups-merge")) && build->user_name)
		users_groups_of(users, build->user_name, &listed, &count);
	if (count > GROUPS_MAX || wishes->group_count > GROUPS_MAX)
		return fail_text(err, -EINVAL, "supplemental_groups: more than %d", GROUPS_MAX);
	for (size_t i = 0; i < count; i++)
		add_group(build, listed[i], FROM_IMAGE, "/etc/group");
	for (size_t i = 0; i < wishes->group_count && !fault("cri-supplemental-groups-lost"); i++) {
		auto_free char *field = text_format(SECURITY "supplemental_groups[%zu]", i);

		r = check_id(field, wishes->groups[i], err);
		if (r < 0)
			return r;
		add_group(build, wishes->groups[i], FROM_CRI, field);
	}
	if (wishes->strict)
		spec_unmapped(build, SECURITY "supplemental_groups_policy",
			      "Strict: the groups that the image's /etc/group gives the user are left out");
	return 0;
}

int spec_user(struct spec_build *build, struct err *err)
{
	struct wishes wishes = wishes_of(build);
	struct choice choice = { 0 };
	struct users users = { 0 };
	int r = choose(build, &wishes, &choice, err);

	if (r == 0)
		r = users_read(build->request->rootfs, &users, err);
	if (r == 0)
		r = look_up(build, &users, &choice, err);
	if (r == 0) {
		build->result.user.uid = choice.uid;
		build->result.user.gid = choice.gid;
		spec_put_int(build, "process.user.uid", choice.uid, choice.from, choice.field);
		spec_put_int(build, "process.user.gid", choice.gid, choice.group_from, choice.group_field);
		r = put_groups(build, &users, &wishes, &choice, err);
	}
	users_free(&users);
	free(choice.image_user);
	return r;
}
