/* The recorder's kernel side: raw and BTF tracepoints only, so that it loads where kprobes, fentry and BPF-LSM are refused. */
#include "bpf/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/event.h"

#include "bpf/filter.bpf.h"

#include "bpf/build.bpf.h"

#include "bpf/argument.bpf.h"

#include "bpf/mark.bpf.h"

#include "bpf/call.bpf.h"

#include "bpf/cgroup.bpf.h"

#include "bpf/process.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Optional: newer kernels changed or dropped these tracepoints; the recorder turns off what does not exist. */
SEC("?tp_btf/cap_capable")
int BPF_PROG(on_capability, const struct cred *cred, struct user_namespace *target,
	     const struct user_namespace *owner, int capability, int result)
{
	struct follow *f = follow_current();
	struct building *b;
	int where;

	if (!f || !result) /* only refusals are evidence; grants are thousands */
		return 0;
	b = cpu_event_start((void *) bpf_get_current_task_btf(), f->tag, EVENT_CAPABILITY, &where);
	if (!b)
		return 0;
	b->event.args[0] = capability;
	b->event.args[1] = BPF_CORE_READ(target, ns.inum);
	b->event.result = result;
	cpu_event_end(b);
	return 0;
}

SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring, struct io_kiocb *request)
{
	struct follow *f = follow_current();
	struct building *b;
	int where;

	if (!f)
		return 0;
	b = cpu_event_start((void *) bpf_get_current_task_btf(), f->tag, EVENT_URING, &where);
	if (!b)
		return 0;
	b->event.args[0] = BPF_CORE_READ(request, opcode);
	cpu_event_end(b);
	return 0;
}
