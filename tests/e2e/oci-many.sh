#!/bin/sh
# The reference runtime many times: containers made, started and deleted one after the other, and as many as a node has at once. None
# fails, and nothing is left of them. COUNT=2000 ATONCE=300 for more.
# shellcheck source=tests/e2e/oci-lib.sh
. "$(dirname "$0")/oci-lib.sh"

count=${COUNT:-500}
at_once=${ATONCE:-100}

# What a container consists of, where one could be left: names, never numbers that others change too.
census() {
	find /sys/fs/cgroup -mindepth 2 -type d | sort
	# Without the roots of the container's mounts: a mount of the world itself is one line too.
	cut -d ' ' -f 4- /proc/self/mountinfo
	for process in /proc/[0-9]*; do
		[ "${process#/proc/}" = $$ ] || cat "$process/comm" 2> /dev/null
	done | grep -vxE 'find|sort|cut|cat|grep|oci-many.sh' | sort
	readlink /proc/[0-9]*/ns/net 2> /dev/null | sort -u
	awk '{ print $8 }' /proc/net/unix | sort -u
	ls -A "$W/state" 2> /dev/null
}
failed() { printf '%s\n' "$1" >> "$W/failed"; }
# attempt VERB WORD... ID: notes the first words of what does not work
attempt() {
	for id; do :; done
	oci "$@" < /dev/null > "$W/out.$id" 2>&1 || failed "$*: $(head -n 1 "$W/out.$id")"
	rm "$W/out.$id"
}
# Until its program has ended; bounded by the tries.
delete_stopped() {
	tries=0
	until oci delete "$1" 2> /dev/null || [ $tries -ge 200 ]; do tries=$((tries + 1)); done
	[ $tries -lt 200 ] || attempt delete "$1"
}
# all COMMAND...: with the name of every container behind it, at once
all() {
	for i in $(seq "$at_once"); do "$@" "many-$i" & done
	wait
}
kill_it() { oci kill "$1" KILL || failed "kill $1"; }
# no_failure NAME
no_failure() {
	is "$1" '' "$(head -n 3 "$W/failed")"
	: > "$W/failed"
}
: > "$W/failed"

bundle short "$(args '"/bin/true"')s|^\"cgroupsPath\".*||;"
bundle long 's|^"cgroupsPath".*||;'
oci run -b "$W/short" warm < /dev/null
census > "$W/before"

for i in $(seq "$count"); do
	attempt create -b "$W/short" "row-$i"
	attempt start "row-$i"
	delete_stopped "row-$i"
done
no_failure "$count containers in a row"
census > "$W/after"
is 'leave nothing' '' "$(diff "$W/before" "$W/after" | head -n 5)"

all attempt create -b "$W/long"
all attempt start
no_failure "$at_once containers at once"
is 'all of them run' "$at_once" "$(oci list --format json | jq '[.[] | select(.status == "running")] | length')"
all attempt state
all kill_it
all delete_stopped
no_failure 'and are killed and deleted at once'
census > "$W/after"
is 'leaving nothing' '' "$(diff "$W/before" "$W/after" | head -n 5)"

all attempt run -b "$W/short"
no_failure "$at_once runs at once"
census > "$W/after"
is 'leave nothing either' '' "$(diff "$W/before" "$W/after" | head -n 5)"
