/* A few instructions of classic BPF for each architecture, then on to the filter that they stand in front of. */
#include "runtime-under-test/oci/seccomp_stub.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-under-test/oci/seccomp.h"

#define X32_BIT 0x40000000u
#define PART_MAX 9 /* instructions of one architecture, at most */
#define TO_FILTER UINT32_MAX /* a jump whose distance is known at the end only */

struct stub {
	struct sock_filter *code;
	size_t length;
};

static void add(struct stub *stub, uint16_t code, uint32_t k, uint8_t if_true, uint8_t if_false)
{
	stub->code[stub->length++] = (struct sock_filter){ code, if_true, if_false, k };
}

static void add_load(struct stub *stub, size_t offset)
{
	add(stub, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void add_answer(struct stub *stub)
{
	add(stub, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
}

/* Three instructions. */
static void add_limit(struct stub *stub, uint32_t last)
{
	add(stub, BPF_JMP | BPF_JGT | BPF_K, last, 0, 1);
	add_answer(stub);
	add(stub, BPF_JMP | BPF_JA, TO_FILTER, 0, 0);
}

/* x86-64 and x32 are one architecture to the kernel: each leaves the other one's calls to what follows. */
static void add_space(struct stub *stub, const struct seccomp_known *known)
{
	if (known->audit == AUDIT_ARCH_X86_64)
		add(stub, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, known->x32 ? 0 : 3, known->x32 ? 3 : 0);
	if (known->multiplexes) {
		add(stub, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
		add_answer(stub);
	}
	add_limit(stub, known->last);
}

void seccomp_add_stub(const struct seccomp_known *known, size_t count, struct seccomp_program *program)
{
	struct stub stub = { .code = calloc(1 + count * PART_MAX + program->length, sizeof(*stub.code)) };

	if (!stub.code)
		abort();
	for (size_t i = 0; i < count; i++) {
		size_t branch;

		add_load(&stub, offsetof(struct seccomp_data, arch));
		branch = stub.length;
		add(&stub, BPF_JMP | BPF_JEQ | BPF_K, known[i].audit, 0, 0);
		add_load(&stub, offsetof(struct seccomp_data, nr));
		add_space(&stub, &known[i]);
		stub.code[branch].jf = (uint8_t) (stub.length - branch - 1);
	}
	for (size_t i = 0; i < stub.length; i++)
		if (stub.code[i].code == (BPF_JMP | BPF_JA) && stub.code[i].k == TO_FILTER)
			stub.code[i].k = (uint32_t) (stub.length - i - 1);
	memcpy(stub.code + stub.length, program->code, program->length * sizeof(*stub.code));
	free(program->code);
	program->code = stub.code;
	program->length += stub.length;
}
