/*
 * A state.json: it is refused with a sentence, or what was read is written and read again as the same. Nothing is done with
 * it: deleting a container that a fuzzer made up would be a bad idea.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/state.h"
#include "tests/fuzz/fuzz.h"

static void demand(int holds)
{
	if (!holds)
		abort();
}

static int directory(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	fd = open(fuzz_place(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	demand(fd >= 0);
	return fd;
}

static void put(int fd, const char *data, size_t size)
{
	auto_fd file = openat(fd, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	demand(file >= 0 && file_write_all(file, data, size) == 0);
}

static bool same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void compare(const struct state *one, const struct state *two)
{
	demand(same(one->id, two->id) && same(one->bundle, two->bundle) && same(one->created, two->created));
	demand(same(one->spec_version, two->spec_version));
	demand(one->status == two->status && one->pid == two->pid && one->owner == two->owner);
	demand(one->start_ticks == two->start_ticks && one->no_new_keyring == two->no_new_keyring);
}

static void use(int fd, struct state *state)
{
	auto_json shown = state_to_json(state, state->status);
	auto_cgroups cgroups = { 0 };
	struct state again = { 0 };
	struct err err = { 0 };

	demand(shown != NULL);
	demand(state_status(state) <= STATUS_STOPPED);
	if (cgroups_from_json(state->cgroups, &cgroups, &err) < 0)
		demand(err.text[0] != '\0');
	demand(state_write(fd, state, NULL) == 0);
	demand(state_read(fd, &again, &err) == 0);
	compare(state, &again);
	state_clear(&again);
}

int fuzz_state(const uint8_t *data, size_t size)
{
	struct state state = { 0 };
	struct err err = { 0 };
	int fd = directory();

	put(fd, (const char *) data, size);
	if (state_read(fd, &state, &err) < 0)
		demand(err.text[0] && !state.id && !state.config);
	else
		use(fd, &state);
	state_clear(&state);
	return 0;
}
