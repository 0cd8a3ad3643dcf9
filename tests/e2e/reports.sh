#!/bin/sh
# Foreign parsers read what reports write: the golden files, and those of a hostile run that the unit tests leave in
# build/tests/reports. xmllint for JUnit XML, the page and the badge, Perl's own TAP::Parser for TAP.
# shellcheck source=tests/e2e/lib.sh
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

for tool in xmllint perl; do
	command -v "$tool" > /dev/null || { skip reports "$tool is missing: make set-up"; exit 0; }
done
hostile=build/tests/reports
if ! [ -d $hostile ]; then
	build/tests/harness > "$W/unit" 2>&1 || true
fi

# valid_tap FILE [CASES] [FAILED]: the version line is lowered, because TAP::Parser knows up to 13.
valid_tap() {
	# shellcheck disable=SC2086 # absent ones are absent
	sed '1s/^TAP version 14$/TAP version 13/' "$1" | perl -MTAP::Parser -e '
		my ($cases, $failed) = @ARGV;
		my $parser = TAP::Parser->new({ tap => do { local $/; <STDIN> } });
		my $odd = 0;
		while (my $result = $parser->next) {
			$odd++ if $result->is_unknown && $result->as_string !~ /^    /;
		}
		my @errors = grep { !/Bail out/ } $parser->parse_errors;
		print STDERR "$_\n" for @errors;
		die "lines that mean nothing: $odd\n" if $odd;
		die "cases: " . $parser->tests_run . "\n" if defined $cases && $parser->tests_run != $cases;
		die "failed: " . $parser->failed . "\n" if defined $failed && scalar($parser->failed) != $failed;
		exit(@errors ? 1 : 0);
	' ${2-} ${3-}
}

# libxml2 knows HTML 4: the two younger elements are no error.
valid_html() {
	! xmllint --html --huge --noout "$1" 2>&1 | grep -a -v -e 'Tag \(details\|summary\) invalid' | grep -a ' error : ' >&2
}
loads_nothing() {
	! grep -a -n -E '(src|href|action|data)="?[a-z]+:|@import|url\(' "$1" >&2
}

for place in tests/golden/one tests/golden/two tests/golden/mixed $hostile; do
	check "$place/junit.xml is JUnit XML" xmllint --huge --noout --schema tests/e2e/junit.xsd "$place/junit.xml"
	check "$place/matrix.html is HTML" valid_html "$place/matrix.html"
	check "$place/matrix.html loads nothing" loads_nothing "$place/matrix.html"
	check "$place/badge.svg is XML" xmllint --noout "$place/badge.svg"
done
check 'TAP of one runtime' valid_tap tests/golden/one/report.tap 12 4
check 'TAP of a runtime and two servers' valid_tap tests/golden/mixed/report.tap 3 2
check 'TAP of two runtimes' valid_tap tests/golden/two/report.tap 2 1
check 'TAP of a hostile run' valid_tap $hostile/report.tap

# The schema and the parsers refuse what is wrong, so their yes means something.
sed 's/<failure /<kaputt /; s/<\/failure>/<\/kaputt>/' tests/golden/one/junit.xml > "$W/junit.xml"
refuses_junit() { ! xmllint --noout --schema tests/e2e/junit.xsd "$1" 2> /dev/null; }
check 'another element is no JUnit XML' refuses_junit "$W/junit.xml"
sed 's/^1\.\.12$/1..13/' tests/golden/one/report.tap > "$W/report.tap"
refuses_tap() { ! valid_tap "$1" 2> /dev/null; }
check 'a wrong plan is no TAP' refuses_tap "$W/report.tap"
