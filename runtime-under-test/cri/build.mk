# The CRI side, read by the Makefile of the tree: the interface generated from fixtures/cri, the reference server with its
# small companions, and the program that makes calls for plumbline.

cri_API := $(B)/cri/runtime_v1.pb-c
$(cri_API).c: fixtures/cri/runtime_v1.proto
	@mkdir -p $(@D)
	$(call say,PROTO,$<)
	$(Q)protoc-c --c_out=$(@D) -Ifixtures/cri $(<F)
$(cri_API).h: $(cri_API).c ;
$(cri_API).o: $(cri_API).c $(B)/flags
	$(call say,CC,$<)
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(SANFLAGS) $(CFLAGS) -I$(B)/cri -Wno-missing-prototypes -c $< -o $@

# gRPC stands on fifty libraries, and looking their names up was most of a start: here they are part of the program, all of them from
# Debian's packages. docs/PERFORMANCE.md has both ways measured; `make cri_LIBS='$(cri_SHARED)'` leaves them outside, as a sanitizer wants.
cri_SHARED := -Wl,--as-needed -ljson-c -lgrpc_unsecure -lgpr -lprotobuf-c -lcrypto -lz -lpthread
cri_STATIC := -Wl,--as-needed -Wl,-Bstatic -ljson-c -lprotobuf-c -Wl,--start-group $(shell pkg-config --static --libs grpc_unsecure 2>/dev/null) \
	-lupb -lre2 -lcares -laddress_sorting -Wl,--end-group -lstdc++ -Wl,-Bdynamic -static-libgcc -lcrypto -lz -lm -lpthread
cri_LIBS := $(if $(SAN),$(cri_SHARED),$(cri_STATIC))
wire_SRC := $(wildcard base/wire/*.c)
cri_SRC := $(wildcard runtime-under-test/cri/*.c $(patsubst %,runtime-under-test/cri/%/*.c,rpc spec image net stream))
monitor_SRC := $(wildcard runtime-under-test/cri/monitor/*.c)
unpack_SRC := $(wildcard runtime-under-test/cri/unpack/*.c) $(addprefix runtime-under-test/cri/image/,digest.c overlay.c)
call_SRC := $(wildcard harness/cri/*.c)

wire_OBJ := $(call obj,$(wire_SRC)) $(if $(wire_SRC),$(cri_API).o)
cri_OBJ := $(call obj,$(cri_SRC)) $(if $(wildcard runtime-under-test/cri/pause/*.c),$(B)/obj/pause.o)
cri_faulty_OBJ := $(patsubst %.c,$(B)/faulty/%.o,$(cri_SRC) runtime-under-test/oci/faults.c) $(filter %/pause.o,$(cri_OBJ))
monitor_OBJ := $(call obj,$(monitor_SRC))
monitor_faulty_OBJ := $(patsubst %.c,$(B)/faulty/%.o,$(monitor_SRC) runtime-under-test/oci/faults.c)
unpack_OBJ := $(call obj,$(unpack_SRC))
call_OBJ := $(call obj,$(call_SRC))

cri_programs := $(if $(wildcard runtime-under-test/cri/main.c),$(BIN)/plumbline-cri $(BIN)/plumbline-cri-faulty) \
	$(if $(monitor_SRC),$(BIN)/plumbline-monitor $(BIN)/plumbline-monitor-faulty) $(BIN)/plumbline-unpack \
	$(if $(wildcard harness/cri/main.c),$(BIN)/plumbline-cri-call)

all: $(cri_programs) $(call obj,$(wire_SRC))

# What includes the generated header waits for it; what it included is known only afterwards.
$(filter-out %.pb-c.o %/pause.o,$(wire_OBJ) $(cri_OBJ) $(cri_faulty_OBJ)) $(call_OBJ): | $(cri_API).h
$(call obj,$(wildcard tests/wire/*.c tests/cri/*.c)): | $(cri_API).h

$(BIN)/plumbline-cri: $(cri_OBJ) $(wire_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(cri_LIBS) -o $@
$(BIN)/plumbline-cri-faulty: $(cri_faulty_OBJ) $(wire_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(cri_LIBS) -o $@
# One runs beside each container: static, for every page of the C library that a program touches counts as its own.
$(BIN)/plumbline-monitor: $(monitor_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(if $(SAN),,-static -s) $(LINKFLAGS) $^ $(json_LIBS) -o $@
$(BIN)/plumbline-monitor-faulty: $(monitor_faulty_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -o $@
$(BIN)/plumbline-unpack: $(unpack_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -larchive -lcrypto -o $@
$(BIN)/plumbline-cri-call: $(call_OBJ) $(wire_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(cri_LIBS) -o $@

# Takes the time of a start: for tests/bench/cri-rpc.sh.
$(B)/tests/first-answer: $(call obj,tests/bench/first_answer.c tests/cri/http2.c) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -o $@
-include $(B)/obj/tests/bench/first_answer.d

# Drives the monitor as the server does: for tests/e2e/cri-*.sh.
$(B)/tests/monitor: $(B)/obj/tests/probe/monitor.o $(call obj,$(wildcard runtime-under-test/cri/monitor_*.c)) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(json_LIBS) -lpthread -o $@
unit: $(B)/tests/monitor
-include $(B)/obj/tests/probe/monitor.d

# The first process of a sandbox: static, and carried inside the server.
$(BIN)/plumbline-pause: $(wildcard runtime-under-test/cri/pause/*.c)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_CFLAGS) -Os -static -Wl,--gc-sections -s $^ -o $@
$(B)/pause.S: FORCE
	@tests/build/replace.sh $@ tests/build/embed.sh $(BIN)/plumbline-pause
$(B)/obj/pause.o: $(B)/pause.S $(BIN)/plumbline-pause
	@mkdir -p $(@D)
	$(Q)$(CC) -I. -c $< -o $@

$(eval $(call unit_test,wire,$(wire_OBJ),-lprotobuf-c -lz -lcrypto))
$(eval $(call unit_test,cri,$(call without_main,$(cri_OBJ) $(monitor_OBJ) $(unpack_OBJ)) $(wire_OBJ) $(call obj,tests/base/scratch.c),$(cri_LIBS) -larchive))

# The same tests over a server with mistakes, of which they must notice each: tests/e2e/cri-faults.sh.
$(B)/tests/cri-faulty: $(call obj,$(wildcard tests/cri/*.c)) $(B)/tests/cri-suites.c $(call without_main,$(cri_faulty_OBJ) \
		$(filter-out $(cri_faulty_OBJ),$(monitor_faulty_OBJ)) $(filter-out $(cri_OBJ),$(unpack_OBJ))) $(wire_OBJ) $(call obj,tests/base/scratch.c) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(BASE_CFLAGS) $(OPT) $(LINKFLAGS) $(CFLAGS) $^ $(cri_LIBS) -larchive $(check_LIBS) -o $@

# Calls the network module by hand, in a world: tests/e2e/cri-net.sh.
$(B)/tests/cri-net: $(call obj,tests/net/main.c) $(call without_main,$(cri_faulty_OBJ)) $(wire_OBJ) $(base_OBJ)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LINKFLAGS) $^ $(cri_LIBS) -o $@
$(call obj,tests/net/main.c): | $(cri_API).h
unit: $(B)/tests/cri-faulty $(B)/tests/cri-net
-include $(call obj,tests/net/main.c:.o=.d)

-include $(patsubst %.o,%.d,$(wire_OBJ) $(cri_OBJ) $(cri_faulty_OBJ) $(monitor_OBJ) $(monitor_faulty_OBJ) $(unpack_OBJ) $(call_OBJ))
