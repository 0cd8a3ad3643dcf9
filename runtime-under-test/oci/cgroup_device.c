/*
 * Device rules in the unified hierarchy: a small program that the kernel asks at every open and mknod. One a cgroup:
 * an update replaces it, for each one more would have to allow as well, and 64 is the end (runc issue 2366).
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/oci/cgroup.h"
#include "runtime-under-test/oci/cgroup_apply.h"
#include "runtime-under-test/oci/cgroup_journal.h"
#include "runtime-under-test/oci/spec.h"

/* Seven instructions a rule at most, and the frame around them. */
#define PER_RULE 8
#define FRAME 12
#define PROGRAM_NAME "plumbline_dev" /* 15 bytes at most: BPF_OBJ_NAME_LEN */

/* Registers: 2 the type, 3 the access still to be allowed, 4 the major, 5 the minor number; 6 is scratch. */
struct program {
	struct bpf_insn *code;
	size_t count;
};

static void emit(struct program *program, struct bpf_insn instruction)
{
	program->code[program->count++] = instruction;
}

static void load(struct program *program, unsigned to, size_t offset)
{
	emit(program, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
					 .dst_reg = to & 15,
					 .src_reg = 1,
					 .off = (short) offset });
}

static void calculate(struct program *program, int operation, unsigned to, int32_t value)
{
	emit(program, (struct bpf_insn){ .code = (unsigned char) (BPF_ALU | operation | BPF_K),
					 .dst_reg = to & 15,
					 .imm = value });
}

static void copy(struct program *program, unsigned to, unsigned from)
{
	emit(program, (struct bpf_insn){
			  .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to & 15, .src_reg = from & 15 });
}

static void answer(struct program *program, int32_t value)
{
	emit(program,
	     (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value });
	emit(program, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

/* Jumps whose target is the end of the rule are written with offset 0 and mended when that end is known. */
static void jump_if(struct program *program, int operation, unsigned what, int32_t value)
{
	emit(program, (struct bpf_insn){ .code = (unsigned char) (BPF_JMP | operation | BPF_K),
					 .dst_reg = what & 15,
					 .imm = value });
}

static int32_t access_bits(const struct spec_device_rule *rule)
{
	return (strchr(rule->access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0) |
	       (strchr(rule->access, 'r') ? BPF_DEVCG_ACC_READ : 0) |
	       (strchr(rule->access, 'w') ? BPF_DEVCG_ACC_WRITE : 0);
}

/*
 * The last rule that names an access decides over it, so the program asks the rules from the last to the first: a deny that
 * touches what is left of the request ends it, an allow takes its part out, and nothing left means yes.
 */
static void emit_rule(struct program *program, const struct spec_device_rule *rule)
{
	size_t start = program->count;
	int32_t bits = access_bits(rule);

	if (rule->type != 'a')
		jump_if(program, BPF_JNE, BPF_REG_2,
			rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major >= 0)
		jump_if(program, BPF_JNE, BPF_REG_4, (int32_t) rule->major);
	if (rule->minor >= 0)
		jump_if(program, BPF_JNE, BPF_REG_5, (int32_t) rule->minor);
	if (rule->allow) {
		calculate(program, BPF_AND, BPF_REG_3, ~bits);
		jump_if(program, BPF_JNE, BPF_REG_3, 0);
		answer(program, 1);
	} else {
		copy(program, BPF_REG_6, BPF_REG_3);
		calculate(program, BPF_AND, BPF_REG_6, bits);
		jump_if(program, BPF_JEQ, BPF_REG_6, 0);
		answer(program, 0);
	}
	for (size_t i = start; i < program->count; i++) {
		struct bpf_insn *instruction = &program->code[i];
		int operation = BPF_OP(instruction->code);

		if (BPF_CLASS(instruction->code) == BPF_JMP && (operation == BPF_JNE || operation == BPF_JEQ))
			instruction->off = (short) (program->count - i - 1);
	}
}

size_t cgroup_device_program(const struct spec_device_rule *rules, size_t count, struct bpf_insn **ret)
{
	struct program program = { .code = calloc(count * PER_RULE + FRAME, sizeof(struct bpf_insn)) };

	if (!program.code)
		abort();
	load(&program, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	copy(&program, BPF_REG_3, BPF_REG_2);
	calculate(&program, BPF_AND, BPF_REG_2, 0xffff);
	calculate(&program, BPF_RSH, BPF_REG_3, 16);
	load(&program, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(&program, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = count; i-- > 0;)
		emit_rule(&program, &rules[i]);
	answer(&program, 1); /* what no rule names is as before there was a program */
	*ret = program.code;
	return program.count;
}

static int bpf(int command, union bpf_attr *attr)
{
	int r = (int) syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

static int load_program(const struct bpf_insn *code, size_t count, struct err *err)
{
	union bpf_attr attr = { 0 };
	int fd;

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t) code;
	attr.insn_cnt = (uint32_t) count;
	attr.license = (uintptr_t) "Apache-2.0"; /* it calls no helper that would ask for another one */
	memcpy(attr.prog_name, PROGRAM_NAME, sizeof(PROGRAM_NAME));
	fd = bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? fail(err, fd, "devices: load the device program") : fd;
}

static bool is_ours(int program)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { 0 };

	attr.info.bpf_fd = (uint32_t) program;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t) &info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && strcmp(info.name, PROGRAM_NAME) == 0;
}

/* The one of ours that is attached here already, by an earlier call; systemd may have one beside it. -ENOENT: none. */
static int open_attached(int directory)
{
	uint32_t ids[64] = { 0 };
	union bpf_attr attr = { 0 };
	uint32_t count;
	int r;

	attr.query.target_fd = (uint32_t) directory;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t) ids;
	attr.query.prog_cnt = sizeof(ids) / sizeof(*ids);
	r = bpf(BPF_PROG_QUERY, &attr);
	count = r < 0 ? 0 : attr.query.prog_cnt;
	for (uint32_t i = 0; i < count; i++) {
		auto_fd program = -EBADF;

		memset(&attr, 0, sizeof(attr));
		attr.prog_id = ids[i];
		program = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
		if (program >= 0 && is_ours(program))
			return TAKE_FD(program);
	}
	return r < 0 ? r : -ENOENT;
}

/* BPF_F_REPLACE: kernel commit 7dd68b3279f1, v5.6. In one step, so that no moment is without rules. */
static int attach_program(int directory, int program, int old)
{
	union bpf_attr attr = { 0 };

	attr.target_fd = (uint32_t) directory;
	attr.attach_bpf_fd = (uint32_t) program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0);
	if (old >= 0)
		attr.replace_bpf_fd = (uint32_t) old;
	return bpf(BPF_PROG_ATTACH, &attr);
}

int cgroup_program_restore(int directory, int program)
{
	auto_fd present = open_attached(directory);
	union bpf_attr attr = { 0 };

	if (program >= 0)
		return attach_program(directory, program, present);
	if (present < 0)
		return 0;
	attr.target_fd = (uint32_t) directory;
	attr.attach_bpf_fd = (uint32_t) present;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_DETACH, &attr);
}

int cgroup_v2_devices(const struct cgroup_place *place, const struct spec_resources *resources,
		      struct err *err)
{
	size_t count, length;
	auto_free struct spec_device_rule *rules = cgroup_device_rules(resources, &count);
	auto_free struct bpf_insn *code = NULL;
	auto_fd program = -EBADF, old = -EBADF;
	int r;

	length = cgroup_device_program(rules, count, &code);
	program = load_program(code, length, err);
	if (program < 0)
		return program;
	old = open_attached(place->directory);
	r = attach_program(place->directory, program, old);
	if (r < 0)
		return fail(err, r, "devices: attach the device program");
	cgroup_note_program(place, old >= 0 ? TAKE_FD(old) : -EBADF);
	return 0;
}
