#!/bin/sh
# The reference runtime itself under the address, leak and undefined-behaviour sanitizers: what they find ends it, and a case fails.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

program=$top/build/san/bin/plumbline-oci
if [ ! -x "$program" ]; then
	skip 'the reference runtime under sanitizers' 'it is not built: make SAN=address,undefined'
	exit 0
fi
[ "$(id -u)" = 0 ] || { skip 'the reference runtime under sanitizers' 'it needs root' && exit 0; }

# One case or two of each stage of a container's life.
"$bin/plumbline" test --runtime "$program" --timeout-scale 10 --record off --out "$W/run" --json \
	oci/lifecycle/state_follows_the_lifecycle oci/bundle/a_bundle_without_a_config_is_refused \
	oci/capabilities/no_capabilities_means_none oci/cgroup_v1/a_cpu_set_is_applied \
	oci/devices/a_device_that_is_not_allowed_cannot_be_opened oci/events/statistics_follow_an_update \
	oci/exec/a_capability_can_be_added oci/exec/standard_input_reaches_the_command oci/features/features_lists_mount_options_that_work \
	oci/hooks/a_create_container_hook_that_fails_fails_create oci/kill/kill_reaches_a_created_container \
	oci/masked_paths/every_masked_path_is_masked oci/mounts/mode_of_a_tmpfs_is_applied oci/pause/a_killed_paused_container_ends \
	oci/process/the_oom_score_is_set oci/propagation/rslave_sees_what_the_host_mounts_later \
	oci/ps/a_process_in_a_group_below_is_listed oci/rlimits/the_soft_limit_is_its_own oci/root/a_missing_root_is_refused \
	oci/seccomp/an_equal_argument_is_matched oci/state/annotations_come_back oci/sysctl/an_ipc_parameter_is_set \
	oci/update/quota_and_period_grow_together oci/userns/files_made_inside_belong_to_the_mapped_id \
	oci/version/unknown_properties_are_ignored security/links/a_link_to_proc_of_the_runtime_is_no_way_out \
	> "$W/results" 2> "$W/errors"
cat "$W/errors" >&2
grep -v '"verdict": *"\(pass\|skip\)"' "$W/results" | grep '"type": *"case"' > "$W/bad"
is 'the reference runtime under sanitizers' '' "$(cut -c1-300 "$W/bad")"
# Whatever the verdict: no report of theirs in anything that was seen.
is 'no sanitizer says a word' '' "$(grep -rlE '(Address|Leak|Undefined)[A-Za-z]*Sanitizer|runtime error:' "$W/run" | head -n 3)"
is 'at least twenty cases ran' true "$(jq -s 'map(select(.type == "summary"))[0] | .selected >= 24 and .pass >= 20' "$W/results")"
