/* Census: user and group ids, capabilities, and the switches that go with them. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "harness/probe/census.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"

static void ids_row(struct out *out, const char *key, const unsigned ids[4])
{
	static const char *const names[] = { "real", "effective", "saved", "fs" };

	out_object(out, key);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		out_uint(out, names[i], ids[i]);
	out_end(out);
}

/*
 * The fourth number of the line "Uid:" or "Gid:"; setfsuid(-1) changes nothing and tells the same without
 * /proc.
 */
static unsigned file_system_id(const struct probe *probe, const char *name, int (*fallback)(unsigned))
{
	const char *value = probe_status(probe, name);
	unsigned ids[4];

	if (value && sscanf(value, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4)
		return ids[3];
	return (unsigned) fallback((unsigned) -1);
}

int census_uid(const struct probe *probe, struct out *out, const char *key)
{
	unsigned ids[4];

	if (getresuid(&ids[0], &ids[1], &ids[2]) < 0)
		return -errno;
	ids[3] = file_system_id(probe, "Uid", setfsuid);
	ids_row(out, key, ids);
	return 0;
}

int census_gid(const struct probe *probe, struct out *out, const char *key)
{
	unsigned ids[4];

	if (getresgid(&ids[0], &ids[1], &ids[2]) < 0)
		return -errno;
	ids[3] = file_system_id(probe, "Gid", setfsgid);
	ids_row(out, key, ids);
	return 0;
}

static int compare_groups(const void *a, const void *b)
{
	gid_t x = *(const gid_t *) a, y = *(const gid_t *) b;

	return x < y ? -1 : x > y;
}

int census_groups(const struct probe *probe, struct out *out, const char *key)
{
	int count = getgroups(0, NULL);
	auto_free gid_t *groups = NULL;

	(void) probe;
	if (count < 0)
		return -errno;
	groups = calloc((size_t) count + 1, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	count = getgroups(count, groups);
	if (count < 0)
		return -errno;
	qsort(groups, (size_t) count, sizeof(*groups), compare_groups);
	out_array(out, key);
	for (int i = 0; i < count && i < CENSUS_MAX; i++)
		out_uint(out, NULL, groups[i]);
	out_end(out);
	return count > CENSUS_MAX;
}

int census_umask(const struct probe *probe, struct out *out, const char *key)
{
	const char *value = probe_status(probe, "Umask");
	unsigned mask;

	if (value) {
		mask = (unsigned) strtoul(value, NULL, 8);
	} else {
		mask = umask(0);
		(void) umask(mask);
	}
	out_format(out, key, "%04o", mask);
	return 0;
}

static void capability_set(struct out *out, const char *key, uint64_t set)
{
	const char *names[64];
	size_t count = 0;

	for (int i = 0; i < 64; i++) {
		const char *name = name_of_capability(i);

		if (set >> i & 1)
			names[count++] = name ? name : "CAP_UNKNOWN";
	}
	out_sorted(out, key, names, count);
}

static int capability_sets(uint64_t ret[3])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	ret[0] = data[0].effective | (uint64_t) data[1].effective << 32;
	ret[1] = data[0].permitted | (uint64_t) data[1].permitted << 32;
	ret[2] = data[0].inheritable | (uint64_t) data[1].inheritable << 32;
	return 0;
}

/* One bit a capability that the prctl says yes to. */
static uint64_t capability_ask(int option, int argument)
{
	uint64_t set = 0;

	for (int i = 0; i < 64; i++) {
		int r = argument ? prctl(option, argument, i, 0, 0) : prctl(option, i, 0, 0, 0);

		if (r < 0)
			break;
		set |= (uint64_t) (r > 0) << i;
	}
	return set;
}

int census_caps(const struct probe *probe, struct out *out, const char *key)
{
	uint64_t sets[3] = { 0 };
	int r = capability_sets(sets);

	(void) probe;
	if (r < 0)
		return r;
	out_object(out, key);
	capability_set(out, "effective", sets[0]);
	capability_set(out, "permitted", sets[1]);
	capability_set(out, "inheritable", sets[2]);
	capability_set(out, "bounding", capability_ask(PR_CAPBSET_READ, 0));
	capability_set(out, "ambient", capability_ask(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET));
	out_end(out);
	return 0;
}

int census_last_cap(const struct probe *probe, struct out *out, const char *key)
{
	int last = -1;

	(void) probe;
	while (last < 63 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	if (last < 0)
		return -errno;
	out_int(out, key, last);
	return 0;
}

static int prctl_number(struct out *out, const char *key, int option)
{
	int r = prctl(option, 0, 0, 0, 0);

	if (r < 0)
		return -errno;
	out_int(out, key, r);
	return 0;
}

int census_securebits(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	return prctl_number(out, key, PR_GET_SECUREBITS);
}

int census_keep_caps(const struct probe *probe, struct out *out, const char *key)
{
	int r = prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0);

	(void) probe;
	if (r < 0)
		return -errno;
	out_bool(out, key, r);
	return 0;
}

int census_no_new_privs(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	return prctl_number(out, key, PR_GET_NO_NEW_PRIVS);
}

int census_dumpable(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	return prctl_number(out, key, PR_GET_DUMPABLE);
}

int census_timer_slack(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	return prctl_number(out, key, PR_GET_TIMERSLACK);
}

int census_seccomp(const struct probe *probe, struct out *out, const char *key)
{
	const char *mode = probe_status(probe, "Seccomp"), *filters = probe_status(probe, "Seccomp_filters");
	int number = mode ? atoi(mode) : prctl(PR_GET_SECCOMP, 0, 0, 0, 0);

	if (number < 0)
		return -errno;
	out_object(out, key);
	out_int(out, "mode", number);
	if (filters)
		out_int(out, "filters", atoi(filters));
	out_end(out);
	return 0;
}

static int prctl_pointer(struct out *out, const char *key, int option, bool is_signal)
{
	int value = 0;

	if (prctl(option, &value, 0, 0, 0) < 0)
		return -errno;
	if (is_signal)
		out_string(out, key, value && name_of_signal(value) ? name_of_signal(value) : "");
	else
		out_bool(out, key, value);
	return 0;
}

int census_parent_death_signal(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	return prctl_pointer(out, key, PR_GET_PDEATHSIG, true);
}

int census_child_subreaper(const struct probe *probe, struct out *out, const char *key)
{
	(void) probe;
	return prctl_pointer(out, key, PR_GET_CHILD_SUBREAPER, false);
}
