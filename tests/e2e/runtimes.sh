#!/bin/sh
# The suite against runtimes that nobody here wrote, and against programs that only pretend to be one. Every pretender runs in a world.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

plumbline=$bin/plumbline
case_id=oci/lifecycle/start_runs_the_program

# Verdicts of one case on a runtime, as JSON Lines in $W/out; prints the verdict.
verdict() {
	timeout 120 "$plumbline" test "$case_id" --runtime "$1" --json --out "$W/run" > "$W/out" 2> "$W/err"
	echo $? > "$W/code"
	cat "$W/err" >&2
	sed -n 's/.*"type": *"case".*"verdict": *"\([a-z]*\)".*/\1/p' "$W/out"
}
# pretender NAME: the script on standard input, as an executable.
pretender() {
	cat > "$W/$1"
	chmod 755 "$W/$1"
}

for runtime in crun runc; do
	if path=$(command -v $runtime); then
		is "$runtime passes $case_id" pass "$(verdict "$path")"
		is "$runtime: exit code 0" 0 "$(cat "$W/code")"
	else
		skip "$runtime" "it is not installed"
	fi
done

pretender always-0 <<'R'
#!/bin/sh
exit 0
R
is 'a runtime that always exits 0 fails' fail "$(verdict "$W/always-0")"
is 'and so does plumbline' 1 "$(cat "$W/code")"

pretender always-1 <<'R'
#!/bin/sh
exit 1
R
is 'a runtime that always exits 1 fails' fail "$(verdict "$W/always-1")"

# Neither of them may pass a single case.
for name in always-0 always-1; do
	timeout 300 "$plumbline" test 'area:oci/errors' --runtime "$W/$name" --json --out "$W/run" > "$W/out" 2> /dev/null
	is "$name passes no case of errors" 0 "$(grep -c '"verdict": *"pass"' "$W/out")"
done

pretender murderer <<'R'
#!/bin/sh
[ "$1" = --version ] && { echo "murderer version 1"; exit 0; }
kill -9 -1
exit 0
R
is 'a runtime that kills every process it sees' fail "$(verdict "$W/murderer" | sed 's/broken/fail/')"

pretender orphan-maker <<'R'
#!/bin/sh
[ "$1" = --version ] && { echo "orphan-maker version 1"; exit 0; }
setsid sh -c 'exec cat /dev/zero > /dev/null' &
kill -9 $PPID
exit 1
R
is 'a runtime that leaves orphans and kills its parent' fail "$(verdict "$W/orphan-maker" | sed 's/broken/fail/')"

pretender flood <<'R'
#!/bin/sh
[ "$1" = --version ] && { echo "flood version 1"; exit 0; }
head -c 1000000000 /dev/zero
exit 1
R
is 'a runtime that prints a gigabyte' fail "$(verdict "$W/flood")"

"$plumbline" test --runtime "$W/nothing-there" > "$W/out" 2> "$W/err"
is 'a runtime that does not exist: exit code 2' 2 $?
is 'one sentence says so' 1 "$(grep -c . "$W/err")"
: > "$W/plain-file"
"$plumbline" test --runtime "$W/plain-file" > "$W/out" 2> "$W/err"
is 'a runtime that is not executable: exit code 2' 2 $?
"$plumbline" test 'oci/no/such' > "$W/out" 2> "$W/err"
is 'a selection that is empty or has no runtime ends with 2 or 4' yes "$(case $? in 2 | 4) echo yes ;; esac)"
exit 0
