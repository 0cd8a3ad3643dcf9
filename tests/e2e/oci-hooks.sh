#!/bin/sh
# Hooks that never stop writing, or leave somebody behind who does: the runtime looks at its clock, and at the end of the hook alone.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

# made NAME SCRIPT TIMEOUT: a container with that hook is, within a minute; exit code in $code
made() {
	bundle "$1"
	jq --arg script "$2" --argjson timeout "$3" '.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c", $script],
		env: ["PATH=/usr/bin:/bin"], timeout: $timeout }]' "$W/$1/config.json" > "$W/hooked.json"
	mv "$W/hooked.json" "$W/$1/config.json"
	timeout -k 1 60 "$runtime" --root "$W/state" create -b "$W/$1" "$1" < /dev/null > "$W/out" 2> "$W/err"
	code=$?
}
late() { grep -q 'hooks.createRuntime\[0\].*not done after 1 s' "$W/err"; }
mkfifo "$W/silence"

made flood 'exec yes >&2' 1
is 'a hook that floods its errors ends with its time' 1 "$code"
check 'which is said' late
made silent "exec > /dev/null 2>&1; read -r line < $W/silence" 1
is 'one that closes its output and goes on does so too' 1 "$code"
check 'and it is said as well' late
made daemon 'yes >&2 & exit 0' 100
is 'one that has ended is not waited for, whoever of it floods its errors' 0 "$code"
oci delete --force daemon
made holder "read -r line < $W/silence & exit 0" 100
is 'nor is somebody it leaves behind who holds them open' 0 "$code"
oci delete --force holder
