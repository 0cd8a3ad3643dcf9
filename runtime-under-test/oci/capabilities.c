/* From the config's sets to the payload's. Nothing is ever raised again after capabilities_bound() but what was kept. */
#include "runtime-under-test/oci/capabilities.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/oci/faults.h"
#include "runtime-under-test/oci/log.h"
#include "runtime-under-test/oci/spec.h"

#define BIT(number) (1ull << (number))
#define CAPABILITY_LIMIT 64

struct sets {
	uint64_t effective, permitted, inheritable;
};

static int get_sets(struct sets *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	ret->effective = data[0].effective | (uint64_t) data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t) data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t) data[1].inheritable << 32;
	return 0;
}

static int set_sets(const struct sets *sets, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t) sets->effective, (uint32_t) sets->permitted, (uint32_t) sets->inheritable },
		{ (uint32_t) (sets->effective >> 32), (uint32_t) (sets->permitted >> 32),
		  (uint32_t) (sets->inheritable >> 32) },
	};

	if (syscall(SYS_capset, &header, data) < 0)
		return fail(err, -errno, "set the capabilities");
	return 0;
}

bool capability_is_effective(int capability)
{
	struct sets sets;

	return get_sets(&sets) == 0 && sets.effective & BIT(capability);
}

uint64_t capabilities_available(bool new_user_namespace)
{
	uint64_t available = 0;

	for (int i = 0; i < CAPABILITY_LIMIT; i++) {
		int r = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (r < 0)
			break; /* past the kernel's last one */
		if (r > 0 || new_user_namespace)
			available |= BIT(i);
	}
	return available;
}

static void warn_about(uint64_t set, const char *why, const struct log *log)
{
	auto_text names = { 0 };

	for (int i = 0; i < CAPABILITY_LIMIT; i++)
		if (set & BIT(i))
			text_addf(&names, "%s%s", names.len ? ", " : "",
				  name_of_capability(i) ? name_of_capability(i) : "?");
	if (names.len)
		log_warning(log, "process.capabilities: %s: %s", text_str(&names), why);
}

struct capabilities capabilities_plan(const struct spec_process *process, uint64_t available,
				      const struct log *log)
{
	const uint64_t *sets = process->capabilities;
	struct capabilities plan = {
		.effective = sets[CAPS_EFFECTIVE] & available,
		.permitted = sets[CAPS_PERMITTED] & available,
		.inheritable = sets[CAPS_INHERITABLE] & available,
		.bounding = sets[CAPS_BOUNDING] & available,
		.ambient = sets[CAPS_AMBIENT] & available,
	};
	uint64_t missing = 0, loose;

	for (int i = 0; i < CAPS_COUNT; i++)
		missing |= sets[i] & ~available;
	warn_about(missing, "cannot be granted here", log);
	/* The kernel has no effective capability that is not permitted, no ambient one that is not inheritable as well. */
	loose = plan.effective & ~plan.permitted;
	warn_about(loose, "effective but not permitted", log);
	plan.effective &= plan.permitted;
	/* Engines ask for all five sets alike and leave inheritable out (buildah): no warning, it would stand in the output. */
	plan.ambient &= plan.permitted & plan.inheritable;
	return plan;
}

int capabilities_bound(const struct capabilities *wanted, struct err *err)
{
	struct sets sets;
	uint64_t available = capabilities_available(false);
	int r = get_sets(&sets);

	if (r < 0)
		return fail(err, r, "read the capabilities");
	/* capset(2) raises inheritable only within the bounding set, so this must come before that falls. */
	sets.inheritable = wanted->inheritable;
	r = set_sets(&sets, err);
	if (r < 0)
		return r;
	for (int i = 0; i < CAPABILITY_LIMIT && !fault("bounding-kept"); i++) {
		if (!(available & BIT(i)) || wanted->bounding & BIT(i))
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
			return fail(err, -errno, "drop %s from the bounding set", name_of_capability(i));
	}
	return 0;
}

int capabilities_hold(struct err *err)
{
	struct sets sets;
	int r = get_sets(&sets);

	if (r < 0)
		return fail(err, r, "read the capabilities");
	sets.effective = sets.permitted;
	return set_sets(&sets, err);
}

int capabilities_apply(const struct capabilities *wanted, struct err *err)
{
	const struct sets sets = { wanted->effective, wanted->permitted, wanted->inheritable };
	int r = set_sets(&sets, err);

	if (r < 0)
		return r;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return fail(err, -errno, "clear the ambient capabilities");
	for (int i = 0; i < CAPABILITY_LIMIT && !fault("ambient-forgotten"); i++)
		if (wanted->ambient & BIT(i) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return fail(err, -errno, "raise the ambient %s", name_of_capability(i));
	return 0;
}
