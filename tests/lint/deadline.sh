#!/bin/sh
# A script that waits for ever is shown, ended and counted by tests/run.sh, and the ones behind it still run.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

W=$(mktemp -d)
trap 'rm -rf "$W"' EXIT
# A pipe that nobody writes to holds it up.
mkfifo "$W/never"
cat > "$W/hangs.sh" << HANGS
#!/bin/sh
echo 'ok first'
cat "$W/never"
HANGS
printf '#!/bin/sh\necho "ok behind"\n' > "$W/behind.sh"
chmod +x "$W/hangs.sh" "$W/behind.sh"
LIMIT=1 timeout 60 tests/run.sh "$W/hangs.sh" "$W/behind.sh" > "$W/out" 2>&1

# verdict NAME WHY COMMAND...
verdict() {
	name=$1 why=$2
	shift 2
	if "$@"; then printf 'ok %s\n' "$name"; else printf 'not ok %s: %s\n' "$name" "$why"; fi
}
last=$(tail -n 1 "$W/out")
verdict 'a script that hangs is a failure, and the next one runs' "$last" [ "$last" = '2 passed, 1 failed, 0 skipped' ]
verdict 'its processes are shown' "$(head -n 3 "$W/out")" grep -q "cat $W/never" "$W/out"
verdict 'and ended' 'one runs on' [ -z "$(pgrep -f "cat $W/never")" ]
