#!/bin/sh
# Documents name files that exist, and docs/COVERAGE.md leaves out no file of cases.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

for document in docs/COVERAGE.md docs/ARCHITECTURE.md; do
	missing=
	# shellcheck disable=SC2016 # backquotes of Markdown
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
for verb in $("$bin/plumbline" --help | sed -n '/^verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	[ "$verb" = help ] || grep -q "^|.*\`plumbline ${verb}[ \`]" README.md || missing="$missing $verb"
done
is 'README.md says what each verb is for' '' "$missing"
