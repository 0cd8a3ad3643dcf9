/* Ids, capabilities, no_new_privs, seccomp, keyrings: what a process may still do afterwards. */
#include <errno.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "bpf/calls.h"
#include "bpf/effect_build.h"

static const char *role_now(struct build *b)
{
	return build_role_of(b, b->now->event.tgid);
}

static void build_capset(struct build *b)
{
	struct event_state s;

	if (!part_state(b->now, &s))
		return;
	effect_add_capabilities(b, "capset", "inheritable", s.inheritable);
	effect_add_capabilities(b, "capset", "permitted", s.permitted);
	effect_add_capabilities(b, "capset", "effective", s.effective);
}

static void prctl_bounding(struct build *b)
{
	struct event_state s;

	if (part_state(b->now, &s))
		effect_add_capabilities(b, "prctl(PR_CAPBSET_DROP)", "bounding", s.bounding);
}

static void prctl_ambient(struct build *b)
{
	struct event_state s;

	if (b->now->event.args[1] != PR_CAP_AMBIENT_IS_SET && part_state(b->now, &s))
		effect_add_capabilities(b, "prctl(PR_CAP_AMBIENT)", "ambient", s.ambient);
}

static void prctl_no_new_privs(struct build *b)
{
	if (b->now->event.args[1])
		(void) effect_add(b, SEC_NNP, "prctl", "%s", role_now(b));
}

static void prctl_keepcaps(struct build *b)
{
	(void) effect_add(b, SEC_BITS, "prctl(PR_SET_KEEPCAPS)", "keepcaps:%llu", b->now->event.args[1]);
}

static void prctl_securebits(struct build *b)
{
	(void) effect_add(b, SEC_BITS, "prctl(PR_SET_SECUREBITS)", "securebits:%llu", b->now->event.args[1]);
}

static void prctl_dumpable(struct build *b)
{
	(void) effect_add(b, SEC_BITS, "prctl(PR_SET_DUMPABLE)", "dumpable:%llu", b->now->event.args[1]);
}

static void prctl_deathsig(struct build *b)
{
	const char *name = name_of_signal((int) b->now->event.args[1]);

	(void) effect_add(b, PROC_DEATHSIG, "prctl", "%s", name ? name : "0");
}

static void add_filter(struct build *b, uint64_t flags)
{
	auto_free char *via =
	    text_format("%s, %u instructions", call_name(b->now->event.call), b->now->event.extra);

	(void) effect_add(b, SEC_SECCOMP, via, "%s:%llu", role_now(b), (unsigned long long) flags);
}

static void prctl_seccomp(struct build *b)
{
	if (b->now->event.args[1] == SECCOMP_MODE_FILTER)
		add_filter(b, 0);
}

static const struct {
	int option;
	void (*build)(struct build *b);
} prctl_options[] = {
	{ PR_CAPBSET_DROP, prctl_bounding },         { PR_CAP_AMBIENT, prctl_ambient },
	{ PR_SET_NO_NEW_PRIVS, prctl_no_new_privs }, { PR_SET_KEEPCAPS, prctl_keepcaps },
	{ PR_SET_SECUREBITS, prctl_securebits },     { PR_SET_DUMPABLE, prctl_dumpable },
	{ PR_SET_PDEATHSIG, prctl_deathsig },        { PR_SET_SECCOMP, prctl_seccomp },
};

static void build_prctl(struct build *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(prctl_options); i++)
		if ((int) b->now->event.args[0] == prctl_options[i].option)
			prctl_options[i].build(b);
}

static void build_seccomp(struct build *b)
{
	if (b->now->event.args[0] == SECCOMP_SET_MODE_FILTER && b->now->event.args[2] && b->now->event.extra)
		add_filter(b, b->now->event.args[1]);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* A set: runc sorts it by other rules than the list of the config. */
static void build_setgroups(struct build *b)
{
	const struct event_slice *part = part_find(b->now, 1, PART_BYTES);
	size_t count = part ? part->size / sizeof(uint32_t) : 0;
	auto_free uint32_t *ids = calloc(count + 1, sizeof(*ids));
	auto_text groups = { 0 };

	if (!ids)
		abort();
	if (count)
		memcpy(ids, part->data, count * sizeof(*ids));
	qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		text_addf(&groups, "%s%u", i ? "," : "", ids[i]);
	(void) effect_add(b, CRED_IDS, "setgroups", "groups:%s", groups.len ? text_str(&groups) : "-");
}

static void add_ids(struct build *b, const char *which, uint32_t effective)
{
	(void) effect_add(b, CRED_IDS, call_name(b->now->event.call), "%s:%u", which, effective);
}

static void build_setuid(struct build *b)
{
	struct event_state s;

	if (part_state(b->now, &s))
		add_ids(b, "uid", s.euid);
}

static void build_setgid(struct build *b)
{
	struct event_state s;

	if (part_state(b->now, &s))
		add_ids(b, "gid", s.egid);
}

static void build_keyctl(struct build *b)
{
	static const char *const operations[] = { "get",   "join",    "update",  "revoke",
						  "chown", "setperm", "describe" };
	uint64_t operation = b->now->event.args[0];

	if (operation < ARRAY_SIZE(operations))
		(void) effect_add(b, SEC_KEYRING, "keyctl", "%s", operations[operation]);
	else
		(void) effect_add(b, SEC_KEYRING, "keyctl", "operation %llu", (unsigned long long) operation);
}

static void build_landlock(struct build *b)
{
	(void) effect_add(b, SEC_LSM, "landlock_restrict_self", "landlock");
}

const struct call_effect privilege_call_effects[] = {
	{ SYS_capset, build_capset },
	{ SYS_prctl, build_prctl },
	{ SYS_seccomp, build_seccomp },
	{ SYS_setgroups, build_setgroups },
	{ SYS_setuid, build_setuid },
	{ SYS_setreuid, build_setuid },
	{ SYS_setresuid, build_setuid },
	{ SYS_setgid, build_setgid },
	{ SYS_setregid, build_setgid },
	{ SYS_setresgid, build_setgid },
	{ SYS_keyctl, build_keyctl },
	{ SYS_landlock_restrict_self, build_landlock },
	{ 0 },
};
