/* The words of the story: one row a kind, what it did to what. */
#include "harness/trace_words.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* An effect's text is kind:object[:detail]. */
static const char *object_of(const struct effect *effect)
{
	const char *colon = strchr(effect->text, ':');

	return colon ? colon + 1 : "";
}

static const char *detail_of(const struct effect *effect)
{
	const char *object = object_of(effect), *colon = strchr(object, ':');

	return colon ? colon + 1 : "";
}

static void name_object(const struct effect *effect, struct text *ret)
{
	const char *object = object_of(effect);

	text_add_bytes(ret, object, strcspn(object, ":"));
}

static void name_detail(const struct effect *effect, struct text *ret)
{
	text_add(ret, detail_of(effect));
}

static void name_via(const struct effect *effect, struct text *ret)
{
	if (effect->via && strcmp(effect->via, "/") != 0)
		text_add(ret, effect->via);
	else /* executed by descriptor: its mount is gone */
		text_add(ret, "itself");
}

static void name_both(const struct effect *effect, struct text *ret)
{
	const char *detail = detail_of(effect);

	name_object(effect, ret);
	text_add_char(ret, ' ');
	text_add(ret, strcmp(detail, "-") == 0 ? "none" : detail);
}

static void name_setting(const struct effect *effect, struct text *ret)
{
	name_object(effect, ret);
	text_add_char(ret, '=');
	text_add(ret, detail_of(effect));
}

/* "bounding 3": how many are left. */
static void name_capabilities(const struct effect *effect, struct text *ret)
{
	const char *left = detail_of(effect);
	int count = strcmp(left, "-") != 0;

	for (const char *comma = left; (comma = strchr(comma, ',')); comma++)
		count++;
	name_object(effect, ret);
	text_addf(ret, " %d", count);
}

static const struct story_words words[] = {
	{ PROC_SPAWN, NULL, "starts processes:", 8, true, name_object },
	{ PROC_EXEC, NULL, "executes", 9, true, name_via },
	{ PROC_EXIT, NULL, "exits with", 6, true, name_detail },
	{ PROC_DEATHSIG, NULL, "wants to die with its parent, by", 3, false, name_object },
	{ PROC_SESSION, NULL, "begins a session of its own", 5, false, NULL },
	{ SIGNAL_SEND, NULL, "sends", 5, true, name_both },
	{ HOOK_RUN, NULL, "runs the hook", 9, true, name_object },
	{ NS_NEW, NULL, "makes namespaces", 9, false, name_object },
	{ NS_JOIN, NULL, "joins namespaces", 9, false, name_object },
	{ USERNS_MAP, NULL, "maps ids:", 8, false, name_both },
	{ UTS_SET, NULL, "sets", 7, false, name_both },
	{ TIME_OFFSET, NULL, "shifts clocks:", 7, false, name_object },
	{ NET_LINK, NULL, "configures network links:", 6, false, name_object },
	{ MNT_PROPAGATE, NULL, "sets propagation:", 7, false, name_both },
	{ MNT_NEW, NULL, "mounts", 9, false, name_object },
	{ MNT_BIND, NULL, "binds", 8, false, name_object },
	{ MNT_ATTR, NULL, "sets mount flags of", 5, false, name_object },
	{ MNT_MOVE, NULL, "moves mounts to", 7, false, name_object },
	{ MNT_UMOUNT, NULL, "unmounts", 7, false, name_object },
	{ ROOT_SWITCH, "pivot", "makes the rootfs its root (pivot_root)", 9, false, NULL },
	{ ROOT_SWITCH, NULL, "makes the rootfs its root (chroot)", 9, false, NULL },
	{ PATH_MASK, NULL, "hides", 9, false, name_object },
	{ PATH_READONLY, NULL, "makes read-only", 8, false, name_object },
	{ PATH_RESOLVE, NULL, "looks up, inside bounds,", 1, false, name_object },
	{ FS_NODE, NULL, "makes nodes", 7, false, name_object },
	{ FS_SYMLINK, NULL, "makes links", 4, false, name_object },
	{ FS_OWNER, NULL, "sets the owner of", 2, false, name_object },
	{ CRED_IDS, NULL, "becomes", 8, false, name_both },
	{ CAP_CHANGE, NULL, "capabilities left:", 9, false, name_capabilities },
	{ SEC_BITS, NULL, "sets", 3, false, name_setting },
	{ SEC_NNP, NULL, "can gain no privileges any more", 9, false, NULL },
	{ SEC_SECCOMP, NULL, "installs a system call filter", 9, false, NULL },
	{ SEC_DENIED, NULL, "is refused by its filter:", 4, true, name_object },
	{ SEC_LSM, NULL, "sets its security label", 8, false, name_detail },
	{ SEC_KEYRING, NULL, "keyring:", 4, false, name_object },
	{ CG_LIFE, "mkdir", "makes cgroups", 8, true, name_detail },
	{ CG_LIFE, NULL, "removes cgroups", 7, true, name_detail },
	{ CG_ATTACH, NULL, "moves into cgroups:", 8, true, name_object },
	{ CG_SET, NULL, "writes", 8, false, name_setting },
	{ PROC_TUNE, "umask", "sets its umask:", 0, false, name_detail },
	{ PROC_TUNE, NULL, "tunes", 6, false, name_setting },
	{ FD_SEND, NULL, "passes descriptors on:", 6, false, name_object },
	{ URING_OP, NULL, "asks io_uring for", 6, true, name_object },
	{ FD_SURVIVE, NULL, "begins with descriptors", 6, false, name_object },
	{ EXE_PROTECT, NULL, "puts its executable out of reach:", 6, false, name_object },
	{ 0, NULL, "does", 0, false, name_object },
};

/* Whatever it takes to hide a path or to make it read-only is one matter in the story. */
static enum effect_kind kind_told(const struct effect *effect)
{
	if (effect->field && strcmp(effect->field, "linux.maskedPaths") == 0)
		return PATH_MASK;
	if (effect->field && strcmp(effect->field, "linux.readonlyPaths") == 0)
		return PATH_READONLY;
	return effect->kind;
}

const struct story_words *story_words_of(const struct effect *effect)
{
	const char *object = object_of(effect);
	enum effect_kind kind = kind_told(effect);
	size_t len = strcspn(object, ":"), i;

	for (i = 0; words[i].kind; i++)
		if (words[i].kind == kind &&
		    (!words[i].object ||
		     (strlen(words[i].object) == len && strncmp(words[i].object, object, len) == 0)))
			break;
	return &words[i];
}
