#!/bin/sh
# cppcheck, which reads the sources as one program.
set -u
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

name='cppcheck finds nothing'
tool cppcheck cppcheck "$name"
# memleak, redundantInitialization: it does not know the cleanup attribute.
# ElfW, LIBBPF_OPTS: macros of <link.h> and <bpf/libbpf.h>, which it does not read.
# try_flow.c: the probe dies by a null pointer on purpose.
# shellcheck disable=SC2046 # names of our own files hold no blanks
clean "$name" cppcheck -q --error-exitcode=1 -j "$(nproc)" --inline-suppr --suppress=redundantInitialization --suppress=memleak \
	--suppress=nullPointer:harness/probe/try_flow.c --std=c11 -D__linux__ '-DElfW(type)=Elf64_##type' '-DLIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }' -I. \
	$(user_sources base bpf harness reports runtime-under-test)
