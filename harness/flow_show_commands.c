/* The programs that a call ran: helpers of the server, the OCI runtime, network plugins. */
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/flow_show.h"
#include "reports/columns.h"

#define COMMANDS_MAX 8 /* of one call */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void show_command(const struct teller *teller, const struct json *command, const char *label)
{
	const struct json *argv = json_member(command, "argv");
	const char *signal = json_get_string(command, "signal");
	int64_t code = json_int(json_member(command, "code"), 0);
	auto_text line = { 0 };

	for (size_t i = 0; i < json_length(argv); i++) {
		const char *word = json_string(json_at(argv, i));

		text_addf(&line, "%s%s", i ? " " : "", i ? word : base_name(word));
	}
	if (code)
		text_addf(&line, "   -> exit %lld", (long long) code);
	if (signal)
		text_addf(&line, "   -> %s", signal);
	auto_free char *shortened = flow_short(teller, text_str(&line));
	flow_label(teller, label);
	columns_wrap(teller->out, shortened, FLOW_GUTTER + 2, 5, &teller->style);
	text_add_char(teller->out, '\n');
}

/* They get what they need by their environment and their input: their names are all there is to see. */
static bool is_plugin(const struct json *command)
{
	const char *path = json_get_string(command, "argv[0]");

	return path && json_length(json_member(command, "argv")) == 1 && strstr(path, "/cni/");
}

/* All of a call on one line, where the first of them ran. */
static void show_plugins(const struct teller *teller, const struct json *commands, const char *label)
{
	auto_text line = { 0 };

	text_add(&line, "network plugins:");
	for (size_t i = 0; i < json_length(commands); i++)
		if (is_plugin(json_at(commands, i)))
			text_addf(&line, " %s", base_name(json_get_string(json_at(commands, i), "argv[0]")));
	flow_wrap(teller, label, text_str(&line), 2);
}

/* Programs of the payload and copies of a runtime of itself are told by the kernel's calls. */
void flow_show_commands(const struct teller *teller, const struct json *commands)
{
	const char *label = "L3 runs";
	size_t told = 0, more = 0;
	bool plugins = false;

	for (size_t i = 0; i < json_length(commands); i++) {
		const struct json *command = json_at(commands, i);
		const char *kind = json_get_string(command, "kind");

		if (strcmp(kind, "server") != 0 && strcmp(kind, "runtime") != 0)
			continue;
		if (plugins && is_plugin(command))
			continue;
		if (told++ >= COMMANDS_MAX) {
			more++;
			continue;
		}
		if (is_plugin(command))
			show_plugins(teller, commands, label);
		else
			show_command(teller, command, label);
		plugins = plugins || is_plugin(command);
		label = "";
	}
	if (more) {
		auto_free char *rest = text_format("and %zu commands more", more);

		flow_line(teller, "", rest, NULL);
	}
}
