#!/bin/sh
# Writes assembly that holds the given files and a table {name, data, size}: see harness/embedded.h.
# What was built is known by its base name, everything else by its path in the tree.
set -eu

printf '/* Generated; do not edit. */\n\t.section .rodata\n'
n=0
for file; do
	case $file in
	build/*) name=${file##*/} ;;
	*) name=$file ;;
	esac
	printf '\t.balign 16\n.Lname%d:\t.asciz "%s"\n\t.balign 16\n' "$n" "$name"
	printf '.Ldata%d:\t.incbin "%s"\n.Lend%d:\t.byte 0\n' "$n" "$file" "$n"
	n=$((n + 1))
done
printf '\t.section .data.rel.ro,"aw"\n\t.balign 8\n\t.globl embedded_files\nembedded_files:\n'
i=0
while [ "$i" -lt "$n" ]; do
	printf '\t.quad .Lname%d, .Ldata%d, .Lend%d - .Ldata%d\n' "$i" "$i" "$i" "$i"
	i=$((i + 1))
done
printf '\t.quad 0, 0, 0\n\t.section .note.GNU-stack,"",@progbits\n'
