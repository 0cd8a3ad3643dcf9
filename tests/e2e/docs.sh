#!/bin/sh
# Documents name files that exist, and docs/COVERAGE.md leaves out no file of cases.
# shellcheck source=tests/e2e/lib.sh disable=SC2016 # backquotes of Markdown
. "$(dirname "$0")/lib.sh"

for document in docs/COVERAGE.md docs/ARCHITECTURE.md; do
	missing=
	for word in $(grep -oE '`[a-z_/.-]+[a-z_*-]+\.[chS]`' $document | tr -d '`' | sort -u); do
		found=
		for place in $word cases/$word harness/$word build/$word; do
			[ -e "$place" ] && found=1
		done
		[ "$found" ] || missing="$missing $word"
	done
	is "$document names files that exist" '' "$missing"
done

left_out=
for file in $(find cases -name '*.c' | sort); do
	grep -q -F "\`${file#cases/}\`" docs/COVERAGE.md || left_out="$left_out $file"
done
is 'docs/COVERAGE.md leaves out no file of cases' '' "$left_out"

said=
for word in $(grep -oE 'no case says (`[^`]+`(, )?)+' docs/COVERAGE.md | grep -oE '`[^`]+`' | tr -d '`'); do
	! grep -rqF -e "$word" cases || said="$said $word"
done
is 'what no case says by docs/COVERAGE.md, no case says' '' "$said"
is 'docs/COVERAGE.md counts the cases' "$("$bin/plumbline" list 'cri/*' | wc -l) $("$bin/plumbline" list 'kernel/*' | wc -l)" \
	"$(grep -oE '[0-9]+ cases stand for' docs/COVERAGE.md | cut -d' ' -f1) $(grep -oE '[0-9]+ cases of their own' docs/COVERAGE.md | cut -d' ' -f1)"

for family in life cli hook ns userns mnt fs dev net cg res upd proc cap sec tty fd rdt feat ckpt stack kinv; do
	grep -q "^| \`$family\`" docs/COVERAGE.md || not_ok "the family $family" 'is not in docs/COVERAGE.md'
done
ok 'docs/COVERAGE.md has every family'

# plumbline.1 is printed by the program (tests/harness/test_options.c), plumbline-oci.1 partly (tests/e2e/oci-manual.sh).
for program in plumbline-faulty plumbline-probe plumbline-cri plumbline-cri-call; do
	# As a reader sees the page: both macro languages have their own dashes.
	sed 's/\\-/-/g; s/\\f.//g; s/Fl -/--/g; /^\.\\"/d' "docs/$program.1" > "$W/page"
	missing=
	for option in $("$bin/$program" --help 2>&1 | grep -oE -e '(^|[ [])--[a-z-]+' | grep -oE -e '--.*' | sort -u); do
		grep -q -F -e "$option" "$W/page" || missing="$missing $option"
	done
	is "docs/$program.1 has the options of --help" '' "$missing"
done

missing=
for try in $("$bin/plumbline-probe" --help | sed -n '/^tries:/,$s/^  \([a-z0-9-]*\).*/\1/p'); do
	grep -q "^\.It Cm $try\( \|\$\)" docs/plumbline-probe.1 || missing="$missing $try"
done
is 'docs/plumbline-probe.1 has each try' '' "$missing"

missing=
for verb in $("$bin/plumbline" --help | sed -n '/^verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	[ "$verb" = help ] || grep -q "^|.*\`plumbline ${verb}[ \`]" README.md || missing="$missing $verb"
done
is 'README.md says what each verb is for' '' "$missing"

# Commands that documents show can be given: the verb is there, and every option is one of its own.
# said FILE: commands in code, without what follows a bare -- or a pipe.
said() {
	{
		grep -oE '`(build/bin/)?plumbline [^`]*`' "$1" | tr -d '`'
		sed -n 's/^    \(\$ \)\{0,1\}\(\(build\/bin\/\)\{0,1\}plumbline .*\)/\2/p' "$1"
	} | sed 's/^build\/bin\///; s/ -- .*//; s/ [|&#<>].*//'
}
for document in README.md CONTRIBUTING.md docs/*.md; do
	said "$document" > "$W/commands"
	wrong=
	while read -r _ verb rest; do
		case $verb in
		[a-z]*) "$bin/plumbline" "$verb" --help > "$W/help" 2>&1 || wrong="$wrong $verb" ;;
		*) continue ;; # plumbline's options, or its name in a sentence
		esac
		for option in $(printf '%s\n' "$rest" | grep -oE -e '(^| )--[a-z-]+' | tr -d ' '); do
			grep -qE -e "^  (-[a-z], )?$option([ =[]|\$)" "$W/help" || wrong="$wrong $verb:$option"
		done
	done < "$W/commands"
	is "$document shows commands that there are" '' "$wrong"
done

# As are the targets of make that they name.
for document in README.md CONTRIBUTING.md docs/*.md; do
	wrong=
	# shellcheck disable=SC2013 # words without blanks
	for target in $(grep -oE -e '(`|^    )make [a-z-]+([ `]|$)' "$document" | grep -oE 'make [a-z-]+' | cut -d' ' -f2 | sort -u); do
		grep -qE "^([a-z-]+ )*$target( [a-z-]+)*:" Makefile runtime-under-test/cri/build.mk || wrong="$wrong $target"
	done
	is "$document names targets of make that there are" '' "$wrong"
done

# The run that README.md shows is the one that a reader gets.
command=$(sed -n 's/^    \$ \(build\/bin\/plumbline test .*\)/\1/p' README.md)
shown=$(sed -n 's/^    \([0-9]* cases\) in [0-9.]* s: \(.*\)/\1: \2/p' README.md)
if [ "$(id -u)" = 0 ] && command -v crun > /dev/null; then
	# shellcheck disable=SC2086 # words
	(cd "$W" && "$top"/$command --out "$W/run" 2> "$W/err" < /dev/null) > "$W/out"
	is "README.md: $command" "$shown" "$(sed -n 's/^\([0-9]* cases\) in [0-9.]* s: \(.*\)/\1: \2/p' "$W/out")"
else
	skip "README.md: $command" 'it needs root and crun'
fi
