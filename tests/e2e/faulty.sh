#!/bin/sh
# plumbline-faulty: what it says to wrong words, and that it runs nothing before it has understood all of them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

faulty=$bin/plumbline-faulty

# A runtime that only leaves a trace: harmless outside a world, and proof of what was run with which words.
cat > "$W/runtime" <<'R'
#!/bin/sh
printf '%s\n' "$*" >> "$TRACE"
for word; do
	case $word in --bundle=*) cp "${word#--bundle=}/config.json" "$TRACE.config" ;; esac
	[ "$word" != state ] || printf '{"id": "c1", "status": "created", "pid": 7, "bundle": "/b"}\n'
	[ "$word" != refuse ] || exit 4
done
R
chmod 755 "$W/runtime"
TRACE=$W/trace
export TRACE

# said NAME STATUS WORDS...: exit status, one line on standard error, nothing on standard output, no runtime run.
said() {
	name=$1 status=$2
	shift 2
	rm -f "$TRACE"
	"$faulty" "$@" > "$W/out" 2> "$W/err"
	is "$name: exit status" "$status" "$?"
	is "$name: one sentence" 1 "$(wc -l < "$W/err" | tr -d ' ')"
	is "$name: standard output is empty" 0 "$(wc -c < "$W/out" | tr -d ' ')"
	if [ -e "$TRACE" ]; then not_ok "$name: nothing is run" "it ran: $(cat "$TRACE")"; else ok "$name: nothing is run"; fi
}
said 'no words' 2
said 'another first word' 2 --what
said 'no name' 2 --fault
said 'no --' 2 --fault exits-zero-always "$W/runtime" create c1
said 'no runtime' 2 --fault exits-zero-always --
said 'an unknown fault' 2 --fault no-such-fault -- "$W/runtime" create c1
said 'an empty name' 2 --fault '' -- "$W/runtime" create c1
said 'the heading of the registry' 2 --fault name -- "$W/runtime" create c1
is 'the unknown name is named' 1 "$("$faulty" --fault no-such-fault -- x 2>&1 | grep -c no-such-fault)"

check 'help' "$faulty" --help
is 'help is on standard output' 1 "$("$faulty" --help 2> /dev/null | grep -c '^usage: plumbline-faulty')"
is 'version' "plumbline-faulty" "$("$faulty" --version | cut -d' ' -f1)"
"$faulty" --list > "$W/list"
is 'at least 40 faults' yes "$([ "$(wc -l < "$W/list")" -ge 40 ] && echo yes)"
is 'every line has a sentence' 0 "$(grep -cvE '^[a-z0-9-]+ +[^ ]' "$W/list")"
awk -F'\t' 'NR > 1 && $5 == "built" { print $1 }' fixtures/faults.tsv > "$W/registered"
cut -d' ' -f1 "$W/list" > "$W/listed"
check 'the list is the registry' cmp "$W/registered" "$W/listed"
if "$faulty" --list > /dev/full 2> /dev/null; then not_ok 'a full disk' 'exit 0'; else ok 'a full disk is an error'; fi

# through FAULT WORDS...: runs the harmless runtime behind the fault.
through() {
	fault=$1
	shift
	rm -f "$TRACE"
	"$faulty" --fault "$fault" -- "$W/runtime" "$@" > "$W/out" 2> "$W/err"
	echo $? > "$W/code"
}
mkdir "$W/bundle"
printf '{"hostname": "h", "process": {"args": ["a", "b"], "user": {"uid": 5}}}\n' > "$W/bundle/config.json"
cp "$W/bundle/config.json" "$W/before"

through hostname-dropped --root /r create "--bundle=$W/bundle" c1
is 'the words are passed on as they are' "--root /r create --bundle=$W/bundle c1" "$(cat "$TRACE")"
is 'the runtime reads the edited config' 0 "$(grep -c hostname "$TRACE.config")"
check 'the config is put back' cmp "$W/before" "$W/bundle/config.json"
through hostname-dropped --root /r delete c1
is 'other verbs pass through' '--root /r delete c1' "$(cat "$TRACE")"
through hostname-dropped create refuse
is 'the exit status is the runtime'"'"'s' 4 "$(cat "$W/code")"
through hostname-dropped create --bundle /nonexistent c1
is 'a bundle that is not there is the runtime'"'"'s to refuse' 'create --bundle /nonexistent c1' "$(cat "$TRACE")"
printf 'no JSON' > "$W/bundle/config.json"
through hostname-dropped create "--bundle=$W/bundle" c1
is 'a config that is no JSON is the runtime'"'"'s to refuse' 'no JSON' "$(cat "$TRACE.config")"

through exits-zero-always create refuse
is 'exits-zero-always' '0 not run' "$(cat "$W/code") $([ -e "$TRACE" ] || echo not run)"
through exits-one-always state c1
is 'exits-one-always' '1 not run' "$(cat "$W/code") $([ -e "$TRACE" ] || echo not run)"
through create-never-fails create refuse
is 'create-never-fails' '0 create refuse' "$(cat "$W/code") $(cat "$TRACE")"
through delete-forces delete c1
is 'delete-forces' 'delete --force c1' "$(cat "$TRACE")"
through kill-always-sends-kill --root /r kill c1 TERM
is 'kill-always-sends-kill' '--root /r kill c1 KILL' "$(cat "$TRACE")"
through state-has-wrong-id state c1
is 'state-has-wrong-id' 1 "$(grep -c '"id": *"another"' "$W/out")"
through state-prints-garbage state c1
is 'state-prints-garbage' '{"status": "run' "$(cat "$W/out")"
"$faulty" --fault hostname-dropped -- "$W/no-such-runtime" start c1 2> /dev/null
is 'a runtime that does not exist' 127 "$?"

# The faults that kill want a world: here process 1 is not plumbline.
case $(readlink /proc/1/exe) in
*/plumbline*) skip 'kill-minus-nine-all outside a world' 'process 1 is plumbline' ;;
*)
	(unset PLUMBLINE_WORLD; through kills-parent create c1)
	is 'kills-parent is refused outside a world' 1 "$(cat "$W/code")"
	is 'and says why' 1 "$(grep -c 'not in a world' "$W/err")"
	;;
esac
