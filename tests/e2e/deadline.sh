#!/bin/sh
# A script that waits for ever is shown, ended and counted by tests/run.sh, and the ones behind it still run.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
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

is 'a script that hangs is a failure, and the next one runs' '2 passed, 1 failed, 0 skipped' "$(tail -n 1 "$W/out")"
check 'its processes are shown' grep -q "cat $W/never" "$W/out"
is 'and ended' '' "$(pgrep -f "cat $W/never")"
