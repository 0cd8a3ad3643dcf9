# The whole build, non-recursive. Objects and programs lie under build/, programs in build/bin/.
# Variables: WERROR=1, SAN=address,undefined, CC=clang, CASES=DIR, V=1, DESTDIR=, PREFIX=/usr/local, SUITE=smoke|full.

CC ?= gcc
PREFIX ?= /usr/local
SUITE ?= smoke
CASES ?=
VERSION := 0.1.0

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

B := build
BIN := $(B)/bin

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wvla -Wundef -Wno-missing-field-initializers
OPT ?= -O2 -g
BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(B) -DPLUMBLINE_VERSION='"$(VERSION)"' \
	-fno-common -fstack-protector-strong -ffunction-sections -fdata-sections $(WARN) $(if $(WERROR),-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
LINKFLAGS := -Wl,--gc-sections -Wl,-z,relro,-z,now $(SANFLAGS)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

json_LIBS := -ljson-c
check_LIBS := $(shell pkg-config --libs check 2>/dev/null || echo -lcheck -lsubunit -lm) -lpthread -lrt

base_SRC := $(wildcard base/*.c)
probe_SRC := $(wildcard harness/probe/*.c)
harness_SRC := $(wildcard harness/*.c)
reports_SRC := $(wildcard reports/*.c)
case_DIRS := cases $(CASES)
cases_SRC := $(sort $(shell find $(case_DIRS) -name '*.c' 2>/dev/null))
oci_SRC := $(filter-out %/faults.c,$(wildcard runtime-under-test/oci/*.c))
oci_faulty_SRC := $(wildcard runtime-under-test/oci/*.c)
faulty_SRC := $(wildcard runtime-under-test/faulty/*.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
base_OBJ := $(call obj,$(base_SRC))
harness_OBJ := $(call obj,$(harness_SRC) $(reports_SRC) $(cases_SRC)) $(B)/obj/areas.o $(B)/obj/embedded.o
oci_OBJ := $(call obj,$(oci_SRC))
oci_faulty_OBJ := $(patsubst %.c,$(B)/faulty/%.o,$(oci_faulty_SRC))
faulty_OBJ := $(call obj,$(faulty_SRC))

# The probe is small, static and without sanitizers or libraries: base's json.c stays out.
probe_BASE := base/text.c base/escape.c base/err.c base/names.c base/names_signal.c base/names_errno.c base/file.c
probe_OBJ := $(patsubst %.c,$(B)/probe/%.o,$(probe_SRC) $(wildcard $(probe_BASE)))

# A program whose main() is not there yet is not built.
programs := $(if $(probe_SRC),$(BIN)/plumbline-probe) \
	$(if $(wildcard runtime-under-test/oci/main.c),$(BIN)/plumbline-oci $(BIN)/plumbline-oci-faulty) \
	$(if $(wildcard runtime-under-test/faulty/main.c),$(BIN)/plumbline-faulty) \
	$(if $(wildcard harness/main.c),$(BIN)/plumbline)

.PHONY: all
all: $(programs) $(base_OBJ)

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

$(BIN)/plumbline-oci: $(oci_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -lseccomp -o $@

$(BIN)/plumbline-oci-faulty: $(oci_faulty_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -lseccomp -o $@

# The names of faults have one source, which is part of the program.
$(B)/faults.S: fixtures/faults.tsv tests/embed.sh
	@mkdir -p $(@D)
	@tests/embed.sh fixtures/faults.tsv > $@
$(B)/obj/faults.o: $(B)/faults.S fixtures/faults.tsv
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -c $< -o $@

$(BIN)/plumbline-faulty: $(faulty_OBJ) $(B)/obj/faults.o $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -o $@

$(BIN)/plumbline: $(harness_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) $(check_LIBS) -o $@

# Objects depend on the flags they were made with: a change of CC, SAN or WERROR rebuilds, nothing else does.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS)' > $@
.PHONY: FORCE
FORCE:

# Files named by convention are the registration: cases/oci/mounts.c defines the area oci_mounts.
$(B)/areas.c: FORCE
	@mkdir -p $(@D)
	@tests/areas.sh $(case_DIRS) > $@.new && { cmp -s $@.new $@ || cp $@.new $@; }; rm -f $@.new
$(B)/obj/areas.o: $(B)/areas.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# What plumbline reads at run time lies inside it; harness/embedded.h gives access by name.
embedded_FILES := $(BIN)/plumbline-probe fixtures/default-config.json fixtures/faults.tsv \
	$(sort $(wildcard fixtures/clauses/*.tsv fixtures/schema/*.json runtime-under-test/profiles/*.json))
$(B)/embedded.S: $(embedded_FILES) tests/embed.sh
	@tests/embed.sh $(embedded_FILES) > $@
$(B)/obj/embedded.o: $(B)/embedded.S $(embedded_FILES)
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -c $< -o $@

# Unit tests: one program per folder of tests/, suites found by file name (tests/base/test_text.c defines test_text()).
define unit_test
$(B)/tests/$(1)-suites.c: FORCE
	@mkdir -p $$(@D)
	@tests/suites.sh tests/$(1) > $$@.new && { cmp -s $$@.new $$@ || cp $$@.new $$@; }; rm -f $$@.new
$(B)/tests/$(1): $(call obj,$(wildcard tests/$(1)/*.c)) $(B)/tests/$(1)-suites.c $(2) $(base_OBJ)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(LINKFLAGS) $(CFLAGS) $$^ $(json_LIBS) -lseccomp $(check_LIBS) -o $$@
-include $(patsubst %.c,$(B)/obj/%.d,$(wildcard tests/$(1)/*.c))
endef
unit_programs := $(B)/tests/base $(B)/tests/harness $(B)/tests/oci
$(eval $(call unit_test,base,))
$(eval $(call unit_test,harness,$(filter-out $(B)/obj/harness/main.o,$(harness_OBJ))))
$(eval $(call unit_test,oci,$(filter-out $(B)/obj/runtime-under-test/oci/main.o,$(oci_OBJ))))

.PHONY: clean
clean:
	rm -rf $(B)

-include $(base_OBJ:.o=.d) $(harness_OBJ:.o=.d) $(oci_OBJ:.o=.d) $(oci_faulty_OBJ:.o=.d) $(faulty_OBJ:.o=.d) $(probe_OBJ:.o=.d)
