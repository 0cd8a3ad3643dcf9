#!/bin/sh
# Records the pod of the golden story anew: as root, by a plumbline that has been built. Then `make golden` and a look.
set -eu
run=$(mktemp -d) place=/opt/plumbline-golden
trap 'rm -rf "$run" "$place"' EXIT
# Paths of the machine that records must not be in what is published.
mkdir -p "$place"
cp build/bin/plumbline* "$place"
"$place/plumbline" flow -o "$run" > "$run/story"
cp "$run/plumbline-cri/recordings/flow/one_pod.rec" fixtures/recordings/flow.rec
# Of the observation what a story is told from.
python3 - "$run/plumbline-cri/observations/flow/one_pod.json" > fixtures/recordings/flow.json << 'END'
import json, sys

whole = json.load(open(sys.argv[1], encoding="utf-8"))
states, seen, inside = whole["state"]["after"], whole["host"]["after"]["ready"], whole["inside"]
def some(table, names):
    return {name: table[name] for name in names}


json.dump({
    "case": whole["case"],
    "symbols": whole["symbols"],
    "exit": whole["exit"],
    "state": {"after": {
        "RunPodSandbox": {"sandbox_info": states["RunPodSandbox"]["sandbox_info"]},
        "CreateContainer": {"info": states["CreateContainer"]["info"]}}},
    "host": {
        "world": {"namespaces": whole["host"]["world"]["namespaces"]},
        "after": {"ready": {
            "init": some(seen["init"], (
                "ns_pids", "uid", "gid", "cmdline", "namespaces", "no_new_privs", "seccomp", "oom_score_adj", "caps")),
            "cgroup": {
                "pids": some(seen["cgroup"]["pids"], ("path", "pids.max")),
                "cpu": some(seen["cgroup"]["cpu"], ("cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us")),
                "devices": some(seen["cgroup"]["devices"], ("devices.list",)),
                "memory": some(seen["cgroup"]["memory"], ("memory.limit_in_bytes",))}}},
        "logs": {name: {} for name in whole["host"]["logs"]},
        "leftovers": whole["host"]["leftovers"],
        "leaks": whole["host"]["leaks"]},
    "inside": {
        **some(inside, ("hostname", "pid", "cwd", "env_list", "uid", "gid", "groups", "tty", "usual_paths", "uid_map", "gid_map")),
        "sysctls": {key: value for key, value in inside["sysctls"].items() if key.startswith("net.ipv4.ip_")},
        "devices": [some(device, ("path", "kind", "major", "minor")) for device in inside["devices"]],
        "mounts": [some(mount, ("destination", "type", "flags", "propagation")) for mount in inside["mounts"]]},
}, sys.stdout, separators=(",", ":"))
print()
END
