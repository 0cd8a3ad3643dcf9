/* Tries: who the process is, and what it may become. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

static int result(long r)
{
	return r < 0 ? -errno : (int) r;
}

static int with_number(struct try *try, long (*set)(long long))
{
	long long number;

	return try_number(try->words[1], &number) < 0 ? -EINVAL : result(set(number));
}

static long set_uid(long long id)
{
	return setuid((uid_t) id);
}

static long set_gid(long long id)
{
	return setgid((gid_t) id);
}

static long set_groups(long long id)
{
	gid_t group = (gid_t) id;

	return setgroups(1, &group);
}

static long set_securebits(long long bits)
{
	return prctl(PR_SET_SECUREBITS, (unsigned long) bits, 0, 0, 0);
}

static int try_setuid(struct try *try)
{
	return with_number(try, set_uid);
}

static int try_setgid(struct try *try)
{
	return with_number(try, set_gid);
}

static int try_setgroups(struct try *try)
{
	/* Without a group: none is left. */
	return try->count > 1 ? with_number(try, set_groups) : result(setgroups(0, NULL));
}

static int try_securebits(struct try *try)
{
	return with_number(try, set_securebits);
}

static int try_capset(struct try *try)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	int number = name_to_capability(try->words[1]);
	const char *set = try_word(try, 2, "effective");
	uint32_t bit;

	if (number < 0)
		return -EINVAL;
	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	bit = 1u << number % 32;
	if (!strcmp(set, "drop")) {
		data[number / 32].effective &= ~bit;
		data[number / 32].permitted &= ~bit;
		data[number / 32].inheritable &= ~bit;
	} else if (!strcmp(set, "inheritable")) {
		data[number / 32].inheritable |= bit;
	} else if (!strcmp(set, "permitted")) {
		data[number / 32].permitted |= bit;
	} else {
		data[number / 32].effective |= bit;
	}
	return result(syscall(SYS_capset, &header, data));
}

static int with_capability(struct try *try, int option, long argument)
{
	int number = name_to_capability(try->words[1]);

	if (number < 0)
		return -EINVAL;
	if (argument)
		return result(prctl(option, argument, number, 0, 0));
	return result(prctl(option, number, 0, 0, 0));
}

static int try_ambient(struct try *try)
{
	return with_capability(try, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE);
}

static int try_capbset_drop(struct try *try)
{
	return with_capability(try, PR_CAPBSET_DROP, 0);
}

static int try_no_new_privs(struct try *try)
{
	(void) try;
	return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* "keyring;UID;GID;PERM;NAME": keyctl_describe(3). */
static int try_keyring(struct try *try)
{
	char description[TRY_DATA_MAX] = "";
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0), length;
	const char *name;

	if (id < 0)
		return -errno;
	out_int(try->out, "id", id);
	length = syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, description, sizeof(description) - 1);
	if (length < 0)
		return -errno;
	name = strrchr(description, ';');
	out_string(try->out, "name", name ? name + 1 : description);
	out_string(try->out, "description", description);
	return 0;
}

static int try_sethostname(struct try *try)
{
	return result(sethostname(try->words[1], strlen(try->words[1])));
}

static int try_setdomainname(struct try *try)
{
	return result(setdomainname(try->words[1], strlen(try->words[1])));
}

const struct try_verb try_identity_verbs[] = {
	{ "setuid N", try_setuid, 1, "setuid(2)" },
	{ "setgid N", try_setgid, 1, "setgid(2)" },
	{ "setgroups [N]", try_setgroups, 0, "setgroups(2) to one group, or to none" },
	{ "securebits N", try_securebits, 1, "PR_SET_SECUREBITS" },
	{ "capset NAME [effective|permitted|inheritable|drop]", try_capset, 1,
	  "raises in that set, or drops from all" },
	{ "ambient NAME", try_ambient, 1, "PR_CAP_AMBIENT_RAISE" },
	{ "capbset-drop NAME", try_capbset_drop, 1, "PR_CAPBSET_DROP" },
	{ "no-new-privs", try_no_new_privs, 0, "PR_SET_NO_NEW_PRIVS" },
	{ "keyring", try_keyring, 0, "id, name, description of the session keyring" },
	{ "sethostname NAME", try_sethostname, 1, "sethostname(2)" },
	{ "setdomainname NAME", try_setdomainname, 1, "setdomainname(2)" },
	{ NULL },
};
