#!/bin/sh
# replace.sh FILE COMMAND...: the command's output becomes FILE, which is left alone when nothing has changed, so that
# only a difference rebuilds what depends on it.
set -eu

file=$1
shift
mkdir -p "$(dirname "$file")"
"$@" > "$file.new" || { rm -f "$file.new"; exit 1; }
if cmp -s "$file.new" "$file"; then rm -f "$file.new"; else mv "$file.new" "$file"; fi
