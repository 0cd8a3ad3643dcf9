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
            "init": {key: seen["init"][key] for key in (
                "ns_pids", "uid", "gid", "cmdline", "namespaces", "no_new_privs", "seccomp", "oom_score_adj", "caps")},
            "cgroup": {
                "pids": {"path": seen["cgroup"]["pids"]["path"]},
                "cpu": {"cpu.shares": seen["cgroup"]["cpu"]["cpu.shares"]},
                "memory": {"memory.limit_in_bytes": seen["cgroup"]["memory"]["memory.limit_in_bytes"]}}}},
        "leftovers": whole["host"]["leftovers"],
        "leaks": whole["host"]["leaks"]},
    "inside": {
        "hostname": inside["hostname"],
        "mounts": [{key: mount[key] for key in ("destination", "type", "flags")}
                   for mount in inside["mounts"] if mount["destination"] == "/"]},
}, sys.stdout, separators=(",", ":"))
print()
END
