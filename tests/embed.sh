#!/bin/sh
# Writes assembly that holds the given files and a table {name, data, size}: see harness/embedded.h.
set -eu
printf '/* Generated; do not edit. */\n\t.section .rodata\n'
n=0
for f; do
	printf '\t.balign 16\nname%d:\t.asciz "%s"\n\t.balign 16\ndata%d:\t.incbin "%s"\nend%d:\t.byte 0\n' "$n" "${f#build/bin/}" "$n" "$f" "$n"
	n=$((n + 1))
done
printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\n\t.globl embedded_files\nembedded_files:\n'
i=0
while [ "$i" -lt "$n" ]; do
	printf '\t.quad name%d, data%d, end%d - data%d\n' "$i" "$i" "$i" "$i"
	i=$((i + 1))
done
printf '\t.quad 0, 0, 0\n\t.section .note.GNU-stack,"",@progbits\n'
