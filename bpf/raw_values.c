/* Single values as text: flags, numbers, quoted strings. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "bpf/raw_args.h"

void raw_flags(uint64_t value, const struct raw_name *names, struct text *ret)
{
	const char *between = "";

	for (; names->name; names++) {
		if (!names->value || (value & names->value) != names->value)
			continue;
		text_addf(ret, "%s%s", between, names->name);
		value &= ~names->value;
		between = "|";
	}
	if (value)
		text_addf(ret, "%s0x%llx", between, (unsigned long long) value);
	else if (!*between)
		text_add_char(ret, '0');
}

void raw_one_of(uint64_t value, const struct raw_name *names, struct text *ret)
{
	for (; names->name; names++)
		if (names->value == value) {
			text_add(ret, names->name);
			return;
		}
	text_addf(ret, "%llu", (unsigned long long) value);
}

void raw_open(uint64_t value, struct text *ret)
{
	static const char *const modes[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	text_add(ret, modes[value & O_ACCMODE]);
	if (value & ~(uint64_t) O_ACCMODE) {
		text_add_char(ret, '|');
		raw_flags(value & ~(uint64_t) O_ACCMODE, raw_open_flags, ret);
	}
}

/* The low byte is the signal that the parent gets: clone(2). */
void raw_clone(uint64_t value, struct text *ret)
{
	uint64_t flags = value & ~(uint64_t) CSIGNAL;
	const char *signal = value & CSIGNAL ? name_of_signal((int) (value & CSIGNAL)) : NULL;

	if (flags || !signal)
		raw_flags(flags, raw_clone_flags, ret);
	if (signal)
		text_addf(ret, "%s%s", flags ? "|" : "", signal);
}

static void raw_mode(uint64_t value, struct text *ret)
{
	static const struct raw_name types[] = {
		{ S_IFCHR, "S_IFCHR|" }, { S_IFBLK, "S_IFBLK|" },   { S_IFIFO, "S_IFIFO|" },
		{ S_IFREG, "S_IFREG|" }, { S_IFSOCK, "S_IFSOCK|" }, { 0, NULL },
	};

	if (value & S_IFMT)
		raw_one_of(value & S_IFMT, types, ret);
	text_addf(ret, "%04llo", (unsigned long long) (value & 07777));
}

static void named(const char *name, uint64_t value, struct text *ret)
{
	if (name)
		text_add(ret, name);
	else
		text_addf(ret, "%llu", (unsigned long long) value);
}

void raw_value(uint64_t value, const struct raw_argument *how, struct text *ret)
{
	switch (how ? how->form : RAW_DECIMAL) {
	case RAW_DECIMAL:
	case RAW_STRUCT:
		text_addf(ret, "%d", (int) value);
		return;
	case RAW_UNSIGNED:
		if ((uint32_t) value == UINT32_MAX)
			text_add(ret, "~0U");
		else
			text_addf(ret, "%llu", (unsigned long long) value);
		return;
	case RAW_HEX:
		text_addf(ret, value ? "%#llx" : "NULL", (unsigned long long) value);
		return;
	case RAW_OCTAL:
		text_addf(ret, "%04llo", (unsigned long long) (value & 07777));
		return;
	case RAW_FLAGS:
		raw_flags(value, how->names, ret);
		return;
	case RAW_ONE_OF:
		raw_one_of(value, how->names, ret);
		return;
	case RAW_OPEN:
		raw_open(value, ret);
		return;
	case RAW_MODE:
		raw_mode(value, ret);
		return;
	case RAW_DEVICE: /* as user space packs it: makedev(3) of 32 bits */
		text_addf(ret, "%llu:%llu", (unsigned long long) (value >> 8 & 0xfff),
			  (unsigned long long) ((value & 0xff) | (value >> 12 & 0xfff00)));
		return;
	case RAW_SIGNAL:
		named(name_of_signal((int) value), value, ret);
		return;
	case RAW_RLIMIT:
		named(name_of_rlimit((int) value), value, ret);
		return;
	case RAW_CLONE:
		raw_clone(value, ret);
		return;
	}
}

/* In quotes, with what a terminal would obey or a reader mistake spelt out. */
void raw_quote(const void *bytes, size_t len, struct text *ret)
{
	const unsigned char *b = bytes;

	text_add_char(ret, '"');
	for (size_t i = 0; i < len; i++) {
		if (b[i] == '"' || b[i] == '\\')
			text_addf(ret, "\\%c", b[i]);
		else if (b[i] == '\n')
			text_add(ret, "\\n");
		else if (b[i] == '\t')
			text_add(ret, "\\t");
		else if (b[i] < 0x20 || b[i] >= 0x7f)
			text_addf(ret, "\\x%02x", b[i]);
		else
			text_add_char(ret, (char) b[i]);
	}
	text_add_char(ret, '"');
}

void raw_capabilities(uint64_t set, struct text *ret)
{
	uint64_t all = (1ull << 41) - 1; /* CAP_CHECKPOINT_RESTORE, 40, is the last: Linux 5.9 */
	const char *between = "";

	if ((set & all) == all) {
		text_add(ret, "all");
		return;
	}
	if (!set)
		text_add_char(ret, '0');
	if (__builtin_popcountll(set & all) > 30) { /* root, short of a few */
		text_add(ret, "all but ");
		set = all & ~set;
	}
	for (int i = 0; i < 64; i++) {
		const char *name = set & (1ull << i) ? name_of_capability(i) : NULL;

		if (!name)
			continue;
		text_addf(ret, "%s%s", between, name);
		between = "|";
	}
}
