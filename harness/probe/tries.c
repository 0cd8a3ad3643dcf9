/* Reads the tries and runs them one after the other: see try.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/read.h"
#include "harness/probe/try.h"

#define LINES_MAX 1024

static const struct try_verb *const tables[] = {
	try_file_verbs,  try_name_verbs, try_attribute_verbs, try_mount_verbs,   try_identity_verbs,
	try_limit_verbs, try_exec_verbs, try_process_verbs,   try_syscall_verbs, try_socket_verbs,
	try_ipc_verbs,   try_flow_verbs, try_look_verbs,      try_race_verbs,
};

const struct try_verb *try_verb_at(size_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct try_verb *verb = tables[i]; verb->usage; verb++)
			if (index-- == 0)
				return verb;
	return NULL;
}

static const struct try_verb *find_verb(const char *word)
{
	const struct try_verb *verb;
	size_t len = strlen(word);

	for (size_t i = 0; (verb = try_verb_at(i)); i++)
		if (!strncmp(verb->usage, word, len) && (verb->usage[len] == ' ' || !verb->usage[len]))
			return verb;
	return NULL;
}

/* Words are parted by blanks; 'quotes' keep blanks, anywhere in a word. Changes line. */
static int split(char *line, char **words)
{
	char *from = line, *to = line;
	int count = 0;

	for (;;) {
		bool quoted = false;

		from += strspn(from, " \t");
		if (!*from || count == TRY_WORDS)
			break;
		words[count++] = to;
		for (; *from && (quoted || !strchr(" \t", *from)); from++) {
			if (*from == '\'')
				quoted = !quoted;
			else
				*to++ = *from;
		}
		from += *from != '\0';
		*to++ = '\0';
	}
	words[count] = NULL;
	return count;
}

const char *try_rest(const struct try *try, int word)
{
	const char *at = try->line + strspn(try->line, " \t");

	for (int i = 0; i < word; i++) {
		for (bool quoted = false; *at && (quoted || !strchr(" \t", *at)); at++)
			quoted ^= *at == '\'';
		at += strspn(at, " \t");
	}
	return at;
}

const char *try_word(const struct try *try, int word, const char *otherwise)
{
	return word < try->count ? try->words[word] : otherwise;
}

int try_number(const char *word, long long *ret)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(word, &end, 0);
	if (errno == ERANGE) {
		/* Addresses and masks may use all 64 bits. */
		errno = 0;
		value = (long long) strtoull(word, &end, 0);
	}
	if (errno || end == word || *end)
		return -EINVAL;
	*ret = value;
	return 0;
}

void try_begin(struct try *try)
{
	if (try->begun)
		return;
	try->begun = true;
	out_line(try->out, try->probe->nonce);
	if (try->repeat)
		out_format(try->out, "try", "%s #%d", try->line, try->repeat + 1);
	else
		out_string(try->out, "try", try->line);
}

static void try_finish(struct try *try, int r)
{
	int64_t took = probe_now_ns() - try->began_ns;

	try_begin(try);
	out_int(try->out, "ret", r < 0 ? -1 : r);
	if (r < 0)
		out_string(try->out, "errno", errno_word(-r));
	out_ms(try->out, "ms", took);
	(void) out_line_end(try->out);
}

static void try_run(struct try *try)
{
	const struct try_verb *verb = find_verb(try->words[0]);

	if (!verb || try->count - 1 < verb->least) {
		/* A slip of the case's author, told apart from an answer of the kernel. */
		try_begin(try);
		out_string(try->out, "usage", verb ? verb->usage : "unknown verb");
		try_finish(try, -EINVAL);
		return;
	}
	if (!verb->bare)
		try_begin(try);
	try->began_ns = probe_now_ns();
	try_finish(try, verb->run(try));
}

void tries_end(const struct probe *probe, struct out *out)
{
	out_line(out, probe->nonce);
	out_bool(out, "end", true);
	(void) out_line_end(out);
}

int tries_run(const struct probe *probe, struct out *out, char *lines)
{
	const char *seen[LINES_MAX];
	size_t count = 0;
	char *line;

	while (lines && count < LINES_MAX && (line = strsep(&lines, "\n"))) {
		auto_free char *copy = text_format("%s", line);
		char *words[TRY_WORDS + 1];
		struct try try = { .probe = probe, .out = out, .line = line, .words = words };

		try.count = split(copy, words);
		if (!try.count)
			continue;
		for (size_t i = 0; i < count; i++)
			try.repeat += !strcmp(seen[i], line);
		seen[count++] = line;
		try_run(&try);
	}
	tries_end(probe, out);
	return EXIT_SUCCESS;
}
