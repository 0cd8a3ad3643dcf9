# The whole build, non-recursive. Objects and programs lie under build/, programs in build/bin/.
# On a bare Debian `make run` and `make test` are all there is to know; the other targets are listed by `make help`.

CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
SUITE ?= smoke
CASES ?=
VERSION := 0.1.0

Q := $(if $(V),,@)
, := ,
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

B := $(if $(SAN),build/san,build)
BIN := $(B)/bin

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wvla -Wundef -Wno-missing-field-initializers
OPT ?= -O2 -g
# -Ulinux: the interface has fields of that name, which GNU C makes a number.
BASE_CFLAGS := -std=gnu11 -Ulinux -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(B) -DPLUMBLINE_VERSION='"$(VERSION)"' \
	-fno-common -fstack-protector-strong -ffunction-sections -fdata-sections $(WARN) $(if $(WERROR),-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# Debug information stays in the objects; the programs people install are small.
# Packed relocations (glibc 2.36) take seven tenths of a megabyte off the tables of cases.
LINKFLAGS := $(if $(SAN),,-Wl,--strip-debug -Wl,-z,pack-relative-relocs) -Wl,--gc-sections -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

json_LIBS := -ljson-c
# The reference runtime starts anew for every step of a container: with everything inside it no loader looks for anything. The linker's
# word that dlopen(3) needs the C library of the same version at run time is true: systemd_bus.c. `make oci_LINK=` leaves all outside.
oci_LINK := $(if $(SAN),,-static-pie $(if $(shell $(CC) -Wl,--help 2>/dev/null | grep -e '--no-warnings'),-Wl$(,)--no-warnings))
oci_LIBS := -ljson-c -lseccomp
check_LIBS := $(shell pkg-config --libs check 2>/dev/null || echo -lcheck -lsubunit -lm) -lpthread -lrt

base_SRC := $(wildcard base/*.c)
probe_SRC := $(wildcard harness/probe/*.c harness/stopwatch/*.c)
bpf_KERNEL := $(wildcard bpf/*.bpf.c)
bpf_SRC := $(filter-out $(bpf_KERNEL),$(wildcard bpf/*.c))
# A registry for images is part of it; of the wire it speaks HTTP alone.
harness_SRC := $(wildcard harness/*.c) base/wire/http.c
reports_SRC := $(wildcard reports/*.c)
case_DIRS := cases $(CASES)
cases_SRC := $(sort $(shell find $(case_DIRS) -name '*.c' 2>/dev/null))
oci_SRC := $(filter-out %/faults.c,$(wildcard runtime-under-test/oci/*.c))
oci_faulty_SRC := $(wildcard runtime-under-test/oci/*.c)
faulty_SRC := $(wildcard runtime-under-test/faulty/*.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
base_OBJ := $(call obj,$(base_SRC))
harness_OBJ := $(call obj,$(harness_SRC) $(bpf_SRC) $(reports_SRC) $(cases_SRC)) $(B)/obj/areas.o $(B)/obj/embedded.o
oci_OBJ := $(call obj,$(oci_SRC))
oci_faulty_OBJ := $(patsubst %.c,$(B)/faulty/%.o,$(oci_faulty_SRC))
faulty_OBJ := $(call obj,$(faulty_SRC)) $(B)/obj/faults.o
bpf_LIBS := $(if $(bpf_KERNEL),-lbpf -lz)

# The probe is small, static and without sanitizers or libraries: base's json.c stays out.
probe_BASE := base/text.c base/escape.c base/err.c base/names.c base/names_signal.c base/names_errno.c base/file.c base/json_check.c
probe_OBJ := $(patsubst %.c,$(B)/probe/%.o,$(probe_SRC) $(wildcard $(probe_BASE)))

# A program whose main() is not there is not built.
programs := $(if $(probe_SRC),$(BIN)/plumbline-probe) \
	$(if $(wildcard runtime-under-test/oci/create.c),$(BIN)/plumbline-oci $(BIN)/plumbline-oci-faulty) \
	$(if $(wildcard runtime-under-test/faulty/main.c),$(BIN)/plumbline-faulty) \
	$(if $(wildcard harness/main.c),$(BIN)/plumbline)
unit_names := $(foreach dir,base bpf harness $(if $(wildcard runtime-under-test/oci/create.c),oci) faulty reports wire cri,$(if $(wildcard tests/$(dir)/test_*.c),$(dir)))
unit_programs := $(addprefix $(B)/tests/,$(unit_names))

.PHONY: all unit
all: $(programs) $(base_OBJ)
unit: $(unit_programs) $(B)/tests/json $(B)/tests/crash

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASE_CFLAGS) $(if $(filter tests/%,$<),-Wno-missing-prototypes) $(OPT) $(SANFLAGS) $(CFLAGS) \
		-MMD -MP -c $< -o $@

$(B)/faulty/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$< (faults))
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS) -DPLUMBLINE_FAULTS -MMD -MP -c $< -o $@

$(B)/probe/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$< (probe))
	$(Q)$(CC) $(BASE_CFLAGS) -Os $(CFLAGS) -MMD -MP -c $< -o $@

$(BIN)/plumbline-probe: $(probe_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -Wl,--gc-sections -s $^ -o $@

$(B)/commit.c: FORCE
	@tests/build/replace.sh $@ tests/build/commit.sh
$(B)/obj/commit.o: $(B)/commit.c runtime-under-test/oci/commit.h $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS) -c $< -o $@

$(BIN)/plumbline-oci: $(oci_OBJ) $(B)/obj/commit.o $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(oci_LINK) $(LINKFLAGS) $^ $(oci_LIBS) -o $@

$(BIN)/plumbline-oci-faulty: $(oci_faulty_OBJ) $(B)/obj/commit.o $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(oci_LINK) $(LINKFLAGS) $^ $(oci_LIBS) -o $@

$(BIN)/plumbline-faulty: $(faulty_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -o $@

# Each row of a case is an object of its own, and nobody asks for the names of thousands.
$(BIN)/plumbline: $(harness_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $(if $(SAN),,-Wl$(,)--strip-all) $^ $(json_LIBS) $(bpf_LIBS) $(check_LIBS) -o $@
	$(if $(CASES),$(Q)$@ list > /dev/null)

# Objects depend on the flags they were made with: a change of CC or WERROR rebuilds, nothing else does.
compile_line = $(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS)
$(B)/flags: FORCE
	@tests/build/replace.sh $@ printf '%s\n' '$(compile_line)'
.PHONY: FORCE
FORCE:

# Files named by convention are the registration: cases/oci/mounts.c defines the area oci_mounts.
$(B)/areas.c: FORCE
	@tests/build/replace.sh $@ tests/build/areas.sh $(case_DIRS)
$(B)/obj/areas.o: $(B)/areas.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# What plumbline reads at run time lies inside it; harness/embedded.h gives access by name.
# The probe is the largest of them by far, and deflated: harness/probe_file.h.
embedded_FILES := $(B)/plumbline-probe.gz fixtures/default-config.json fixtures/default-cri.json fixtures/faults.tsv \
	$(sort $(wildcard fixtures/clauses/*.tsv runtime-under-test/profiles/*.json harness/guest/*))
$(B)/plumbline-probe.gz: $(BIN)/plumbline-probe
	$(Q)gzip -9n < $< > $@
$(B)/embedded.S: FORCE
	@tests/build/replace.sh $@ tests/build/embed.sh $(embedded_FILES)
$(B)/obj/embedded.o: $(B)/embedded.S $(embedded_FILES)
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -c $< -o $@

# The names of faults have one source, which is part of the program that makes them.
$(B)/faults.S: FORCE
	@tests/build/replace.sh $@ tests/build/embed.sh fixtures/faults.tsv
$(B)/obj/faults.o: $(B)/faults.S fixtures/faults.tsv
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -c $< -o $@

# One object for the kernel, and the skeleton that holds and loads it; bpftool's linker leaves the DWARF out. The multiarch folder has <asm/types.h>.
multiarch := $(shell $(CC) -print-multiarch 2>/dev/null)
$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h)
	@mkdir -p $(@D)
	$(call say,BPF,$<)
	$(Q)clang -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -O2 -g -Wall -Werror -Wno-missing-declarations -I.  $(if $(multiarch),-I/usr/include/$(multiarch)) -c $< -o $@.dwarf
	$(Q)bpftool gen object $@ $@.dwarf && rm $@.dwarf
$(B)/bpf/%.skel.h: $(B)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)bpftool gen skeleton $< name $* > $@
skeletons := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.skel.h,$(bpf_KERNEL))
$(call obj,$(bpf_SRC)): $(skeletons)
# Kept: make takes what only leads from one file to another for rubbish, and would compile it again.
.SECONDARY: $(skeletons:.skel.h=.bpf.o)

# Unit tests: one program per folder of tests/, suites found by file name (tests/base/test_text.c defines test_text()).
define unit_test
$(B)/tests/$(1)-suites.c: FORCE
	@tests/build/replace.sh $$@ tests/build/suites.sh tests/$(1)
$(B)/tests/$(1): $(call obj,$(wildcard tests/$(1)/*.c)) $(B)/tests/$(1)-suites.c $(2) $(base_OBJ)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(LINKFLAGS) $(CFLAGS) $$^ $(json_LIBS) $(bpf_LIBS) $(3) $(check_LIBS) -o $$@
endef
without_main = $(filter-out %/main.o,$(1))
$(eval $(call unit_test,base,))
$(eval $(call unit_test,bpf,$(call obj,$(bpf_SRC))))
# The probe is a program of its own; what it parses is tested with the harness.
probe_tested := $(call obj,harness/probe/mount_line.c)
$(eval $(call unit_test,harness,$(call without_main,$(harness_OBJ)) $(probe_tested)))
$(eval $(call unit_test,reports,$(call without_main,$(harness_OBJ))))
$(eval $(call unit_test,oci,$(call without_main,$(oci_OBJ)) $(call obj,tests/base/scratch.c tests/fuzz/config.c tests/fuzz/state.c tests/fuzz/place.c),-lseccomp))
$(eval $(call unit_test,faulty,$(call without_main,$(faulty_OBJ)) $(B)/obj/faults.o))

include runtime-under-test/cri/build.mk

# `make fuzz`: libFuzzer, FUZZ_SECONDS on each reader of what is untrusted: config.json, state.json, recordings, streams, requests, layers, images, devices, networks. Built whole with clang
# and sanitizers below build/fuzz, where what is found lies too.
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz:
	@$(call setup,build fuzz)
	@$(MAKE) --no-print-directory B=build/fuzz CC=clang SAN=fuzzer-no-link,address,undefined \
		build/fuzz/fuzz-config build/fuzz/fuzz-state build/fuzz/fuzz-recording build/fuzz/fuzz-frames build/fuzz/fuzz-request \
		build/fuzz/fuzz-layer build/fuzz/fuzz-image build/fuzz/fuzz-yaml
	@FUZZ_SECONDS='$(FUZZ_SECONDS)' tests/fuzz/run.sh
fuzz_oci_OBJ := $(call without_main,$(oci_OBJ)) $(call obj,tests/fuzz/config.c tests/fuzz/state.c tests/fuzz/place.c)
fuzz_LINK = $(CC) $(BASE_CFLAGS) $(OPT) -fsanitize=fuzzer,address,undefined $^
$(B)/fuzz-config $(B)/fuzz-state: $(B)/fuzz-%: tests/fuzz/entry.c $(fuzz_oci_OBJ) $(base_OBJ)
	$(call say,LINK,$@)
	$(Q)$(fuzz_LINK) -DFUZZ_TARGET=fuzz_$* $(json_LIBS) -lseccomp -o $@
$(B)/fuzz-recording: $(call obj,tests/fuzz/fuzz_recording.c $(filter-out bpf/recorder.c bpf/resolve.c,$(bpf_SRC))) $(base_OBJ)
	$(call say,LINK,$@)
	$(Q)$(fuzz_LINK) $(json_LIBS) -lz -o $@
$(B)/fuzz-frames: $(call obj,tests/fuzz/fuzz_frames.c $(patsubst %,base/wire/%.c,http websocket spdy spdy_dictionary)) $(base_OBJ)
	$(call say,LINK,$@)
	$(Q)$(fuzz_LINK) $(json_LIBS) -lz -lcrypto -o $@
$(call obj,tests/fuzz/fuzz_request.c): | $(cri_API).h
$(B)/fuzz-request: $(call obj,tests/fuzz/fuzz_request.c $(patsubst %,base/wire/%.c,arena message message_check message_json message_from_json methods)) \
		$(cri_API).o $(base_OBJ)
	$(call say,LINK,$@)
	$(Q)$(fuzz_LINK) $(json_LIBS) -lprotobuf-c -o $@
$(B)/fuzz-layer: $(call obj,tests/fuzz/fuzz_layer.c tests/fuzz/place.c) $(filter-out %/main.o %/confine.o %/overlay.o,$(unpack_OBJ)) $(base_OBJ)
	$(call say,LINK,$@)
	$(Q)$(fuzz_LINK) $(json_LIBS) -larchive -lcrypto -o $@
$(B)/fuzz-image: $(call obj,tests/fuzz/fuzz_image.c $(patsubst %,runtime-under-test/cri/image/%.c,manifest reference registry digest)) $(base_OBJ)
	$(call say,LINK,$@)
	$(Q)$(fuzz_LINK) $(json_LIBS) -lcrypto -o $@
$(call obj,tests/fuzz/fuzz_yaml.c): | $(cri_API).h
$(B)/fuzz-yaml: $(call obj,tests/fuzz/fuzz_yaml.c tests/fuzz/place.c $(patsubst %,runtime-under-test/cri/%.c,spec/yaml spec/yaml_library net/conflist)) $(base_OBJ)
	$(call say,LINK,$@)
	$(Q)$(fuzz_LINK) $(json_LIBS) -o $@
-include $(patsubst %.c,$(B)/obj/%.d,$(wildcard tests/fuzz/*.c))

# Reads one value of a JSON document: for the shell tests.
$(B)/tests/json: $(B)/obj/tests/probe/json.o $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -o $@
-include $(B)/obj/tests/probe/json.d

# Kills a runtime in front of its system calls: for tests/e2e/oci-crash.sh.
crash_OBJ := $(call obj,$(wildcard tests/crash/*.c))
$(B)/tests/crash: $(crash_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -o $@
-include $(crash_OBJ:.o=.d)

$(B)/tests/recorder-bench: $(B)/obj/tests/bench/recorder.o $(call obj,$(bpf_SRC)) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) $(bpf_LIBS) -o $@
-include $(B)/obj/tests/bench/recorder.d

# Set-up comes first and make starts anew: what it asked while reading this file may have changed.
setup = $(if $(filter no,$(SETUP)),,tests/setup.sh $(1))
.PHONY: run peers test check golden docs check-root check-vm guests lint format bench help
run:
	@$(call setup,build peers)
	@$(MAKE) --no-print-directory all
	@SUITE='$(SUITE)' tests/run-suite.sh
peers:
	@tests/peers.sh
test:
	@tests/test.sh
check: unit
	@BUILD=$(B) tests/run.sh unit
golden: unit
	@GOLDEN=update BUILD=$(B) tests/run.sh unit
	@git --no-pager diff --stat -- tests/golden
docs: all
	@$(BIN)/plumbline help manual > docs/plumbline.1
	@$(BIN)/plumbline help effects > docs/EFFECTS.md
check-root: all
	@tests/run.sh e2e
check-vm: all
	@SETUP='$(SETUP)' tests/vm/check.sh
guests:
	@$(call setup,vm)
	@tests/vm/guests.sh disk
lint: $(skeletons) $(cri_API).h
	@tests/run.sh lint
bench: all $(B)/tests/recorder-bench
	@$(BIN)/plumbline bench
	@tests/bench/recorder.sh
	@tests/bench.sh

format_FILES = $(filter-out harness/case.h,$(shell find base bpf harness reports runtime-under-test tests -name '*.[ch]'))
format:
	@clang-format --style=file -i $(format_FILES)

.PHONY: install uninstall clean
installed := plumbline plumbline-probe plumbline-oci plumbline-oci-faulty plumbline-faulty $(notdir $(cri_programs))
manuals := $(notdir $(wildcard docs/*.1))
install: all
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -m 755 $(addprefix $(BIN)/,$(installed)) '$(DESTDIR)$(PREFIX)/bin'
	$(if $(manuals),install -m 644 $(addprefix docs/,$(manuals)) '$(DESTDIR)$(PREFIX)/share/man/man1')
uninstall:
	rm -f $(foreach name,$(installed),'$(DESTDIR)$(PREFIX)/bin/$(name)') \
		$(foreach name,$(manuals),'$(DESTDIR)$(PREFIX)/share/man/man1/$(name)')
clean:
	rm -rf build

help:
	@echo 'make run          set up, build, and run the suite on the reference runtime and on every known one here'
	@echo '                  SUITE=smoke (default) or SUITE=full'
	@echo 'make peers        builds youki with cargo, for make run, and crictl and critest with go, for the tests; takes a while'
	@echo 'make test         set up, build, and run all tests of plumbline itself; ends with the counts'
	@echo 'make              build into build/bin; WERROR=1, CC=clang, SAN=address,undefined, CASES=DIR, V=1'
	@echo 'make check        unit tests, without root;  make check-root: end-to-end tests, as root'
	@echo 'make docs         prints docs/plumbline.1 and docs/EFFECTS.md from the tables'
	@echo 'make golden       accept what the unit tests compare with golden files, after a look at git diff'
	@echo 'make check-vm     in emulated guests, as root: pure cgroup v2, v1 and systemd; not part of make test'
	@echo '                  SUITE=smoke, full; FLAVOUR=v2, v1, systemd, hybrid; PROVE=1, PEERS="crun runc": see tests/vm/check.sh'
	@echo 'make guests       what guests start from, for plumbline test --in vm:v2: a kernel, and a disk with systemd'
	@echo 'make lint         compilers, clang-tidy, gcc -fanalyzer, cppcheck, shellcheck, walls, sizes;  make format: clang-format'
	@echo 'make fuzz         libFuzzer on what reads config.json, state.json, recordings, streams and requests; FUZZ_SECONDS=60'
	@echo 'make install      DESTDIR=, PREFIX=/usr/local;  make uninstall, make clean, make bench'
	@echo 'SETUP=no          run and test without looking for packages'

# Also of what a unit test takes from another folder of tests.
-include $(wildcard $(B)/obj/tests/*/*.d)
-include $(base_OBJ:.o=.d) $(harness_OBJ:.o=.d) $(oci_OBJ:.o=.d) $(oci_faulty_OBJ:.o=.d) $(faulty_OBJ:.o=.d) $(probe_OBJ:.o=.d)
