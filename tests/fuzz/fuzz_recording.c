/*
 * Everything that reads a recording, over bytes of anybody's making. A file is sealed first, so that the checks behind the checksum are
 * reached; what is no file is tried as bare events.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/effects.h"
#include "bpf/invariants.h"
#include "bpf/recording.h"

#define AT_CHECKSUM 16
#define HASHED_FROM 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(unsigned char *file, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = HASHED_FROM; i < size; i++)
		hash = (hash ^ file[i]) * 0x100000001b3u;
	memcpy(file + AT_CHECKSUM, &hash, sizeof(hash));
}

static void read_as_effects(const struct recording *recording)
{
	struct invariant_result rules[INVARIANT_COUNT];
	struct effects effects = { 0 };
	struct err err = { 0 };

	if (effects_from(recording, &effects, &err) < 0)
		return;
	(void) effects_precede(&effects, "mnt.*:/data", "proc.exec:payload");
	json_free(effects_to_json(&effects));
	invariants_check(recording, &effects, NULL, rules);
	effects_free(&effects);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size + 1);
	struct recording recording = { 0 };
	struct err err = { 0 };

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (size > HASHED_FROM && !memcmp(copy, "PLMBREC", 8)) {
		seal(copy, size);
		if (recording_parse(copy, size, &recording, &err) == 0) {
			read_as_effects(&recording);
			recording_free(&recording);
		}
	} else {
		recording = (struct recording){ .symbols = json_new_object(),
						.bytes = copy,
						.size = size,
						.event_count = size / sizeof(struct event) };
		read_as_effects(&recording);
		json_free(recording.symbols);
	}
	free(copy);
	return 0;
}
