/* Structures behind pointers, spelt out member by member as far as the recording holds their bytes. */
#include <linux/mount.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/parts.h"
#include "bpf/raw_args.h"
#include "bpf/recording.h"

/* Copies what there is of a structure; false: no byte was recorded, and the pointer stands for it. */
static bool copy(const struct decoded *event, int arg, void *ret, size_t size, struct text *text)
{
	const struct event_slice *part = part_find(event, arg, PART_BYTES);
	uint64_t pointer = event->event.args[arg];

	memset(ret, 0, size);
	if (!part) {
		text_addf(text, pointer ? "%#llx" : "NULL", (unsigned long long) pointer);
		return false;
	}
	memcpy(ret, part->data, part->size < size ? part->size : size);
	return true;
}

void raw_clone_args(const struct decoded *event, int arg, struct text *ret)
{
	struct clone_args a;

	if (!copy(event, arg, &a, sizeof(a), ret))
		return;
	text_add(ret, "{flags=");
	raw_flags(a.flags, raw_clone_flags, ret);
	if (a.exit_signal)
		text_addf(ret, ", exit_signal=%s", name_of_signal((int) a.exit_signal) ?: "?");
	if (a.flags & CLONE_INTO_CGROUP)
		text_addf(ret, ", cgroup=%d", (int) a.cgroup);
	if (a.set_tid_size)
		text_addf(ret, ", set_tid_size=%llu", (unsigned long long) a.set_tid_size);
	text_add_char(ret, '}');
}

void raw_open_how(const struct decoded *event, int arg, struct text *ret)
{
	struct open_how how;

	if (!copy(event, arg, &how, sizeof(how), ret))
		return;
	text_add(ret, "{flags=");
	raw_open(how.flags, ret);
	if (how.mode)
		text_addf(ret, ", mode=%04llo", (unsigned long long) how.mode);
	text_add(ret, ", resolve=");
	raw_flags(how.resolve, raw_resolve_flags, ret);
	text_add_char(ret, '}');
}

void raw_mount_attr(const struct decoded *event, int arg, struct text *ret)
{
	static const struct raw_name propagation[] = {
		{ MS_SHARED, "MS_SHARED" },
		{ MS_SLAVE, "MS_SLAVE" },
		{ MS_PRIVATE, "MS_PRIVATE" },
		{ MS_UNBINDABLE, "MS_UNBINDABLE" },
		{ 0, NULL },
	};
	struct mount_attr attr;

	if (!copy(event, arg, &attr, sizeof(attr), ret))
		return;
	text_add(ret, "{set=");
	raw_flags(attr.attr_set, raw_attr_flags, ret);
	text_add(ret, ", clear=");
	raw_flags(attr.attr_clr, raw_attr_flags, ret);
	if (attr.propagation) {
		text_add(ret, ", propagation=");
		raw_flags(attr.propagation, propagation, ret);
	}
	if (attr.attr_set & MOUNT_ATTR_IDMAP)
		text_addf(ret, ", userns_fd=%llu", (unsigned long long) attr.userns_fd);
	text_add_char(ret, '}');
}

static void add_limit(uint64_t value, struct text *ret)
{
	if (value == UINT64_MAX)
		text_add(ret, "unlimited");
	else
		text_addf(ret, "%llu", (unsigned long long) value);
}

void raw_rlimit(const struct decoded *event, int arg, struct text *ret)
{
	uint64_t limit[2];

	if (!copy(event, arg, limit, sizeof(limit), ret))
		return;
	text_add(ret, "{soft=");
	add_limit(limit[0], ret);
	text_add(ret, ", hard=");
	add_limit(limit[1], ret);
	text_add_char(ret, '}');
}

void raw_cap_header(const struct decoded *event, int arg, struct text *ret)
{
	struct {
		uint32_t version;
		int32_t pid;
	} header;

	if (copy(event, arg, &header, sizeof(header), ret))
		text_addf(ret, "{version=%#x, pid=%d}", header.version, header.pid);
}

/* Two structures of three words each, low halves first: capset(2). */
void raw_cap_data(const struct decoded *event, int arg, struct text *ret)
{
	static const char *const sets[] = { "{effective=", ", permitted=", ", inheritable=" };
	uint32_t words[6];

	if (!copy(event, arg, words, sizeof(words), ret))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		text_add(ret, sets[i]);
		raw_capabilities(words[i] | (uint64_t) words[i + 3] << 32, ret);
	}
	text_add_char(ret, '}');
}

void raw_gids(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *part = part_find(event, arg, PART_BYTES);

	text_add_char(ret, '[');
	for (size_t i = 0; part && i + 4 <= part->size; i += 4) {
		uint32_t gid;

		memcpy(&gid, part->data + i, sizeof(gid));
		text_addf(ret, "%s%u", i ? ", " : "", gid);
	}
	text_add_char(ret, ']');
}

/* FNV-1a over the recorded instructions: two filters with the same number are most likely the same. */
void raw_filter(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *part = part_find(event, arg, PART_BYTES);
	uint32_t hash = 0x811c9dc5u;

	if (!part) {
		text_addf(ret, event->event.args[arg] ? "%#llx" : "NULL",
			  (unsigned long long) event->event.args[arg]);
		return;
	}
	for (size_t i = 0; i < part->size; i++)
		hash = (hash ^ part->data[i]) * 0x01000193u;
	text_addf(ret, "{instructions=%u, hash=%08x}", event->event.extra, hash);
}

static void add_dumpable(uint64_t value, struct text *ret)
{
	static const struct raw_name names[] = {
		{ 1, "1 (yes)" }, { 0, "0 (no)" }, { 2, "2 (root only)" }, { 0, NULL }
	};

	raw_one_of(value, names, ret);
}

/* Arguments of prctl(2) mean what the first one says. */
void raw_prctl(const struct decoded *event, int arg, struct text *ret)
{
	static const struct raw_name ambient[] = {
		{ PR_CAP_AMBIENT_IS_SET, "PR_CAP_AMBIENT_IS_SET" },
		{ PR_CAP_AMBIENT_RAISE, "PR_CAP_AMBIENT_RAISE" },
		{ PR_CAP_AMBIENT_LOWER, "PR_CAP_AMBIENT_LOWER" },
		{ PR_CAP_AMBIENT_CLEAR_ALL, "PR_CAP_AMBIENT_CLEAR_ALL" },
		{ 0, NULL },
	};
	uint64_t option = event->event.args[0], value = event->event.args[arg];
	bool capability = (option == PR_CAPBSET_DROP || option == PR_CAPBSET_READ) && arg == 1;
	const char *name = NULL;
	const struct event_slice *string = part_find(event, arg, PART_STRING);

	if (option == PR_SET_NAME && arg == 1 && string) {
		raw_quote(string->data, strnlen((const char *) string->data, string->size), ret);
		return;
	}
	if (option == PR_SET_SECCOMP && arg == 2) {
		raw_filter(event, 1, ret);
		return;
	}
	if (option == PR_SET_DUMPABLE && arg == 1) {
		add_dumpable(value, ret);
		return;
	}
	if (option == PR_CAP_AMBIENT && arg == 1) {
		raw_one_of(value, ambient, ret);
		return;
	}
	if (capability || (option == PR_CAP_AMBIENT && arg == 2))
		name = name_of_capability((int) value);
	else if (option == PR_SET_PDEATHSIG && arg == 1)
		name = name_of_signal((int) value);
	if (name)
		text_add(ret, name);
	else
		text_addf(ret, value > UINT16_MAX ? "%#llx" : "%llu", (unsigned long long) value);
}

void raw_address(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *part = part_find(event, arg, PART_BYTES);
	uint16_t family = 0;

	if (!part || part->size < sizeof(family)) {
		text_addf(ret, "%#llx", (unsigned long long) event->event.args[arg]);
		return;
	}
	memcpy(&family, part->data, sizeof(family));
	if (family != AF_UNIX) {
		text_addf(ret, "{family=%u}", family);
		return;
	}
	const char *path = (const char *) part->data + sizeof(family);
	size_t len = part->size - sizeof(family);
	bool abstract = len && !*path;

	text_add(ret, "{AF_UNIX, ");
	text_add(ret, abstract ? "@" : "");
	raw_quote(path + abstract, abstract ? len - 1 : strnlen(path, len), ret);
	text_add_char(ret, '}');
}

/* struct ifreq as SIOCSIFFLAGS reads it: the interface's name, then its flags. */
void raw_ifreq(const struct decoded *event, int arg, struct text *ret)
{
	static const struct raw_name flags[] = { { IFF_UP, "IFF_UP" },
						 { IFF_RUNNING, "IFF_RUNNING" },
						 { 0, NULL } };
	struct ifreq request;

	if (!copy(event, arg, &request, sizeof(request), ret))
		return;
	text_add_char(ret, '{');
	raw_quote(request.ifr_name, strnlen(request.ifr_name, IFNAMSIZ), ret);
	text_add(ret, ", ");
	raw_flags((uint16_t) request.ifr_flags, flags, ret);
	text_add_char(ret, '}');
}

/* union bpf_attr: the words that tell what a program or map is for come first. */
void raw_bpf_attr(const struct decoded *event, int arg, struct text *ret)
{
	enum { PROG_LOAD = 5, PROG_ATTACH = 8, PROG_DETACH = 9, PROG_QUERY = 16 };
	uint32_t words[6];

	if (!copy(event, arg, words, sizeof(words), ret))
		return;
	if (event->event.args[0] == PROG_LOAD)
		text_addf(ret, "{type=%u, instructions=%u}", words[0], words[1]);
	else if (event->event.args[0] == PROG_ATTACH || event->event.args[0] == PROG_DETACH)
		text_addf(ret, "{target_fd=%u, program_fd=%u, type=%u, flags=%#x}", words[0], words[1],
			  words[2], words[3]);
	else if (event->event.args[0] == PROG_QUERY)
		text_addf(ret, "{target_fd=%u, type=%u}", words[0], words[1]);
	else
		text_add(ret, "{...}");
}

/* The descriptors that travel along: unix(7), SCM_RIGHTS. */
static void add_rights(const struct decoded *event, struct text *ret)
{
	const struct event_slice *control = part_find(event, 2, PART_BYTES);
	struct cmsghdr header = { 0 };
	size_t count = 0;

	for (int i = 0; i < RIGHTS_MAX; i++) {
		auto_text path = { 0 };
		struct event_file file;

		if (!part_file(event, PART_ARG_RIGHTS + i, &file))
			continue;
		(void) part_path(event, PART_ARG_RIGHTS + i, &path);
		text_addf(ret, "%s%d<%s>", count++ ? ", " : ", SCM_RIGHTS=[", file.fd, text_str(&path));
	}
	if (count) {
		text_add_char(ret, ']');
		return;
	}
	if (!control || control->size < sizeof(header))
		return;
	memcpy(&header, control->data, sizeof(header));
	if (header.cmsg_level == SOL_SOCKET && header.cmsg_type == SCM_RIGHTS &&
	    header.cmsg_len >= sizeof(header) && header.cmsg_len <= control->size)
		text_addf(ret, ", SCM_RIGHTS x%zu", (size_t) (header.cmsg_len - sizeof(header)) / 4);
}

/* The first data vector, and what goes with it. */
void raw_message(const struct decoded *event, int arg, struct text *ret)
{
	const struct event_slice *data = part_find(event, 1, PART_BYTES);

	(void) arg;
	text_add(ret, "{data=");
	if (data)
		raw_quote(data->data, data->size < 64 ? data->size : 64, ret);
	else
		text_add(ret, "?");
	add_rights(event, ret);
	text_add_char(ret, '}');
}
