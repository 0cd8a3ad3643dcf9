/* One table: what an option is called, where it goes and what --help says. */
#include "runtime-under-test/cri/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

enum kind { FLAG, WORD, WORDS };
enum { GRACE_MAX_MS = 600000 };

struct row {
	const char *name;
	char letter;
	enum kind kind;
	size_t offset;
	const char *argument, *help;
};

#define AT(member) offsetof(struct options, member)
static const struct row rows[] = {
	{ "listen", 0, WORD, AT(listen), "ADDRESS",
	  "unix socket to serve on (unix:///run/plumbline-cri/plumbline-cri.sock)" },
	{ "root", 0, WORD, AT(root), "DIR",
	  "images and records that outlive a reboot (/var/lib/plumbline-cri)" },
	{ "state", 0, WORD, AT(state), "DIR", "what a reboot ends (/run/plumbline-cri)" },
	{ "config", 0, WORD, AT(config), "FILE", "JSON object of options: members are named as these" },
	{ "runtime", 0, WORDS, AT(runtimes), "NAME=PATH",
	  "OCI runtime of a handler; an empty NAME is the default, else plumbline-oci" },
	{ "cgroup-driver", 0, WORD, AT(cgroup_driver), "NAME", "cgroupfs (default) or systemd" },
	{ "network", 0, WORD, AT(network), "MODE", "auto (default), cni, builtin or none" },
	{ "cni-conf", 0, WORD, AT(cni_conf), "DIR", "configurations of CNI (/etc/cni/net.d)" },
	{ "cni-bin", 0, WORD, AT(cni_bin), "DIR", "plugins of CNI (/opt/cni/bin or /usr/lib/cni)" },
	{ "cdi-dir", 0, WORDS, AT(cdi_dirs), "DIR",
	  "files of CDI devices, later ones win (/etc/cdi, /var/run/cdi)" },
	{ "missing-host-path", 0, WORD, AT(missing_host_path), "WORD",
	  "fail (default): refuse the container, as the interface says; make: a directory" },
	{ "stream", 0, WORD, AT(stream), "HOST:PORT",
	  "where exec, attach and port-forward are served (127.0.0.1:0)" },
	{ "import", 0, WORDS, AT(imports), "PATH", "OCI layout or archive of images to take in first" },
	{ "grace", 0, WORD, AT(grace), "MS", "what running calls have once a signal came (5000)" },
	{ "registries", 0, WORD, AT(registries), "FILE", "JSON object about single registries, by host" },
	{ "registry-ca", 0, WORD, AT(registry_ca), "FILE",
	  "certificates (PEM) that registries may show beside those of the system's authorities" },
	{ "help", 'h', FLAG, AT(help), NULL, "print this" },
	{ "version", 'v', FLAG, AT(version), NULL, "print the version" },
};

static const struct row *row_of(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

static void add_string(struct strings *strings, const char *item)
{
	strings->items = realloc(strings->items, (strings->count + 1) * sizeof(*strings->items));
	if (!strings->items)
		abort();
	strings->items[strings->count++] = item;
}

static void store(struct options *options, const struct row *row, const char *value)
{
	void *at = (char *) options + row->offset;

	switch (row->kind) {
	case FLAG:
		*(bool *) at = true;
		break;
	case WORD:
		*(const char **) at = value;
		break;
	case WORDS:
		add_string(at, value);
		break;
	}
}

static const struct row *row_of_argument(const char *argument, const char **ret_value)
{
	const char *equals = strchr(argument, '=');

	*ret_value = NULL;
	if (argument[1] == '-') {
		*ret_value = equals ? equals + 1 : NULL;
		return row_of(argument + 2, equals ? (size_t) (equals - argument) - 2 : strlen(argument) - 2);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].letter && argument[1] == rows[i].letter && argument[2] == '\0')
			return &rows[i];
	return NULL;
}

static int read_arguments(int argc, char *const *argv, struct options *options, int *ret_first,
			  struct err *err)
{
	const struct row *row;
	const char *value;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		row = row_of_argument(argv[i], &value);
		if (!row)
			return fail_text(err, -EINVAL, "unknown option %s", argv[i]);
		if (row->kind == FLAG && value)
			return fail_text(err, -EINVAL, "option --%s takes no value", row->name);
		if (row->kind != FLAG && !value)
			value = i + 1 < argc ? argv[++i] : NULL;
		if (row->kind != FLAG && !value)
			return fail_text(err, -EINVAL, "option --%s needs %s", row->name, row->argument);
		store(options, row, value);
	}
	*ret_first = i;
	return 0;
}

static int store_member(struct options *options, const struct row *row, const struct json *value,
			struct err *err)
{
	const char *word;

	if (row->kind == WORD) {
		word = json_string(value);
		if (!word)
			return fail_text(err, -EINVAL, "%s: expected a string", row->name);
		if (!*(const char **) ((char *) options + row->offset))
			store(options, row, word);
		return 0;
	}
	if (json_kind(value) != JSON_ARRAY)
		return fail_text(err, -EINVAL, "%s: expected an array of strings", row->name);
	for (size_t i = 0; i < json_length(value); i++) {
		word = json_string(json_at(value, i));
		if (!word)
			return fail_text(err, -EINVAL, "%s[%zu]: expected a string", row->name, i);
		store(options, row, word);
	}
	return 0;
}

static int read_file(struct options *options, struct err *err)
{
	const struct row *row;
	const char *key;
	int r;

	r = json_read_at(AT_FDCWD, options->config, 1 << 20, &options->file, err);
	if (r < 0)
		return r;
	if (json_kind(options->file) != JSON_OBJECT)
		return fail_text(err, -EINVAL, "%s: expected an object", options->config);
	for (size_t i = 0; i < json_length(options->file); i++) {
		key = json_key_at(options->file, i);
		row = row_of(key, strlen(key));
		if (!row || row->kind == FLAG || row->offset == AT(config))
			return fail_text(err, -EINVAL, "%s: no option is called \"%s\"", options->config,
					 key);
		r = store_member(options, row, json_value_at(options->file, i), err);
		if (r < 0)
			return fail_text(err, r, "%s", options->config);
	}
	return 0;
}

static int check(const struct options *options, struct err *err)
{
	const char *driver = options->cgroup_driver;
	unsigned long long grace;

	if (text_to_u64(options->grace, &grace) < 0 || grace > GRACE_MAX_MS)
		return fail_text(err, -EINVAL, "option --grace takes milliseconds up to %d, not \"%s\"",
				 GRACE_MAX_MS, options->grace);
	if (strcmp(driver, "cgroupfs") != 0 && strcmp(driver, "systemd") != 0)
		return fail_text(err, -EINVAL, "option --cgroup-driver takes cgroupfs or systemd, not \"%s\"",
				 driver);
	if (strcmp(options->missing_host_path, "fail") != 0 &&
	    strcmp(options->missing_host_path, "make") != 0)
		return fail_text(err, -EINVAL, "option --missing-host-path takes fail or make, not \"%s\"",
				 options->missing_host_path);
	for (size_t i = 0; i < options->runtimes.count; i++) {
		const char *equals = strchr(options->runtimes.items[i], '=');

		if (!equals || equals[1] != '/')
			return fail_text(err, -EINVAL, "option --runtime takes NAME=/PATH, not \"%s\"",
					 options->runtimes.items[i]);
	}
	if (options->root[0] != '/' || options->state[0] != '/')
		return fail_text(err, -EINVAL, "options --root and --state take absolute paths");
	return 0;
}

int options_read(int argc, char *const *argv, struct options *ret, int *ret_first, struct err *err)
{
	static const struct {
		size_t offset;
		const char *value;
	} defaults[] = {
		{ AT(listen), "unix:///run/plumbline-cri/plumbline-cri.sock" },
		{ AT(root), "/var/lib/plumbline-cri" },
		{ AT(state), "/run/plumbline-cri" },
		{ AT(cgroup_driver), "cgroupfs" },
		{ AT(network), "auto" },
		{ AT(missing_host_path), "fail" },
		{ AT(stream), "127.0.0.1:0" },
		{ AT(grace), "5000" },
	};
	int r;

	*ret = (struct options){ 0 };
	r = read_arguments(argc, argv, ret, ret_first, err);
	if (r < 0 || ret->help || ret->version)
		return r;
	if (ret->config) {
		r = read_file(ret, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		const char **at = (const char **) ((char *) ret + defaults[i].offset);

		if (!*at)
			*at = defaults[i].value;
	}
	return check(ret, err);
}

void options_free(struct options *options)
{
	free(options->runtimes.items);
	free(options->imports.items);
	free(options->cdi_dirs.items);
	json_free(options->file);
}

/* The first one wins: those of the file come after those of the command line. */
const char *options_runtime(const struct options *options, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < options->runtimes.count; i++) {
		const char *item = options->runtimes.items[i];

		if (strncmp(item, name, len) == 0 && item[len] == '=')
			return item + len + 1;
	}
	return NULL;
}

void options_describe(struct text *out)
{
	auto_text left = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		text_cut(&left, 0);
		text_addf(&left, "--%s", rows[i].name);
		if (rows[i].letter)
			text_addf(&left, ", -%c", rows[i].letter);
		if (rows[i].argument)
			text_addf(&left, " %s", rows[i].argument);
		text_addf(out, "  %-22s %s\n", text_str(&left), rows[i].help);
	}
}
