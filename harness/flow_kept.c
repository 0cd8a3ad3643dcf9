/* A pod that was run and kept, by plumbline flow -o or plumbline test --out: its files become the facts of a story. */
#include "harness/flow_kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "bpf/recording.h"
#include "harness/faults.h"
#include "harness/flow.h"
#include "harness/record.h"

#define OBSERVATION_MAX (64u << 20)

int flow_kept_facts(int folder, const char *id, const struct run_record *record,
		    const struct fault_entry *fault, struct json **ret, struct err *err)
{
	auto_free char *observed = text_format("observations/%s.json", id);
	auto_free char *recorded = text_format("recordings/%s.rec", id);
	bool has_recording = faccessat(folder, recorded, F_OK, 0) == 0;
	struct flow_source source = {
		.not_recorded = record->recording,
		.fault = fault ? fault->name : NULL,
		.fault_says = fault ? fault->sentence : NULL,
		.server = record->runtime.version ? record->runtime.version : record->runtime.name,
		.server_path = record->runtime.path,
		.runtime = record->runtime.behind,
	};
	struct recording recording = { 0 };
	auto_json observation = NULL;
	int r = json_read_at(folder, observed, OBSERVATION_MAX, &observation, err);

	if (r >= 0 && has_recording)
		r = recording_read_at(folder, recorded, &recording, err);
	if (r < 0)
		return r;
	source.observation = observation;
	source.recording = has_recording ? &recording : NULL;
	*ret = flow_facts(&source);
	recording_free(&recording);
	return 0;
}

/* A run has a folder for each server; which one is meant is clear when one of them has the pod. */
static int find_folder(const char *run, const char *id, char **ret, struct err *err)
{
	auto_free char *direct = text_format("%s/observations/%s.json", run, id), *found = NULL;
	auto_dir dir = opendir(run);

	if (access(direct, R_OK) == 0) {
		*ret = text_format("%s", run);
		return 0;
	}
	if (!dir)
		return fail(err, -errno, "%s", run);
	for (const struct dirent *entry; (entry = readdir(dir));) {
		auto_free char *path = text_format("%s/%s/observations/%s.json", run, entry->d_name, id);

		if (entry->d_name[0] == '.' || access(path, R_OK) < 0)
			continue;
		if (found)
			return fail_text(err, -EINVAL,
					 "%s has that pod on several servers: name one's folder in it", run);
		found = text_format("%s/%s", run, entry->d_name);
	}
	if (!found)
		return fail_text(err, -ENOENT, "%s has no pod %s: plumbline flow -o keeps one", run, id);
	*ret = TAKE(found);
	return 0;
}

int flow_kept_read(const char *run, const char *id, struct json **ret, struct err *err)
{
	struct run_record record = { 0 };
	auto_free char *path = NULL;
	int r = find_folder(run, id, &path, err);

	if (r < 0)
		return r;
	auto_fd folder = file_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, err);
	if (folder < 0)
		return folder;
	r = run_record_read(folder, "run.json", &record, err);
	if (r >= 0)
		r = flow_kept_facts(folder, id, &record, NULL, ret, err);
	run_record_free(&record);
	return r < 0 ? fail(err, r, "%s", path) : 0;
}
