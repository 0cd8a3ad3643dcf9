#!/bin/sh
# manual.sh PAGE PROGRAM: prints the manual page with its parts VERBS and OPTIONS made anew from what the program says
# for --help; all other parts stay as people wrote them. Runs the program: in a world only.
set -eu
page=$1 program=$2

# Lines of --help as roff: what is typed is bold, what it stands for (VALUE, N, ID) italic.
options() {
	awk '
	function plain(s) { gsub(/-/, "\\-", s); return s }
	/^  -/ {
		at = match($0, /[a-z]( (VALUE|N))?  +/) # the first gap of two blanks ends the words
		words = substr($0, 3, RSTART + RLENGTH - 3); help = substr($0, RSTART + RLENGTH)
		sub(/ +$/, "", words)
		value = ""
		if (match(words, / (VALUE|N)$/)) { value = " \\fI" substr(words, RSTART + 1) "\\fR"; words = substr(words, 1, RSTART - 1) }
		gsub(/, /, "\\fR, \\fB", words)
		print ".TP\n\\fB" plain(words) "\\fR" value "\n" plain(help)
	}'
}
verbs() {
	"$program" --help | awk '/^verbs:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'
}
part_verbs() {
	for verb in $(verbs); do
		help=$("$program" "$verb" --help)
		printf '%s\n' "$help" | sed -n '1s/^usage: plumbline-oci \(.*[^ ]\) *$/.SS "\1"/p; 3s/-/\\-/g; 3s/^./\U&/; 3s/$/./p'
		printf '%s\n' "$help" | options
	done
}
part_options() {
	"$program" --help | sed '1,/^options:/d' | options
}

while IFS= read -r line; do
	case $line in
	'.SH VERBS')
		printf '%s\n' "$line"
		part_verbs
		skip=yes
		continue
		;;
	'.SH OPTIONS')
		printf '%s\n' "$line"
		part_options
		skip=yes
		continue
		;;
	'.SH '*) skip= ;;
	esac
	[ "${skip:-}" ] || printf '%s\n' "$line"
done < "$page"
