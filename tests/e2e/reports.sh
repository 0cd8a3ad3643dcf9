#!/bin/sh
# Foreign parsers read what reports write: the golden files, and those of a hostile run that the unit tests leave in
# build/tests/reports. xmllint for JUnit XML, the page and the badge, Perl's own TAP::Parser for TAP.
set -eu
cd "$(dirname "$0")/../.."

failed=0 checked=0
result() {	# STATUS TEXT
	checked=$((checked + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$checked" "$2"
	else
		printf 'not ok %d - %s\n' "$checked" "$2"
		failed=$((failed + 1))
	fi
}

for tool in xmllint perl; do
	command -v "$tool" >/dev/null || { echo "reports.sh: $tool is missing: make set-up" >&2; exit 3; }
done
[ -d build/tests/reports ] || { echo "reports.sh: run build/tests/harness first" >&2; exit 3; }

valid_junit() {
	status=0
	xmllint --huge --noout --schema tests/e2e/junit.xsd "$1" 2>/dev/null || status=$?
	result "$status" "$1 is JUnit XML"
}

# Arguments of the check: cases, failed ones. The version line is lowered, because TAP::Parser knows 13.
valid_tap() {
	status=0
	sed '1s/^TAP version 14$/TAP version 13/' "$1" | perl -MTAP::Parser -e '
		my $text = do { local $/; <STDIN> };
		my $parser = TAP::Parser->new({ tap => $text });
		my ($yaml, $bad) = (0, 0);
		while (my $result = $parser->next) {
			$yaml++ if $result->is_yaml;
			$bad++ if $result->is_unknown && $result->as_string !~ /^    /;
		}
		my @errors = grep { !/Bail out/ } $parser->parse_errors;
		print STDERR "$_\n" for @errors;
		exit(@errors || $bad || ($ARGV[0] ne "" && $parser->tests_run != $ARGV[0])
			|| ($ARGV[1] ne "" && scalar($parser->failed) != $ARGV[1]));
	' "$2" "$3" || status=$?
	result "$status" "$1 is TAP"
}

# HTML is not XML; what must hold is that the escaped parts balance and that nothing is loaded from elsewhere.
valid_html() {
	status=0
	xmllint --html --huge --noout "$1" 2>&1 | grep -a -v -e 'Tag \(details\|summary\) invalid' | grep -a ' error : ' >&2 && status=1
	result "$status" "$1 is HTML"
	status=0
	grep -n -E '(src|href|action|data)="?[a-z]+:|@import|url\(' "$1" >&2 && status=1
	result "$status" "$1 loads nothing"
}

for junit in tests/golden/one/junit.xml tests/golden/two/junit.xml build/tests/reports/junit.xml; do
	valid_junit "$junit"
done
valid_tap tests/golden/one/report.tap 12 4
valid_tap tests/golden/two/report.tap 2 1
valid_tap build/tests/reports/report.tap "" ""
for page in tests/golden/one tests/golden/two build/tests/reports; do
	valid_html "$page/matrix.html"
	status=0
	xmllint --noout "$page/badge.svg" || status=$?
	result "$status" "$page/badge.svg is XML"
done
printf '%d passed, %d failed, 0 skipped\n' $((checked - failed)) "$failed"
[ "$failed" -eq 0 ]
